"""The central object fits the central call: PixelSeries go where arrays go; objects show themselves."""

import numpy as np
import pytest

import timesen_nb as tn
from timesen_nb.model.words import NeverTheAnswer

WORDS = ["maize", "a meadow", "a village"]


@pytest.fixture(scope="module")
def series() -> list[tn.PixelSeries]:
    source = tn.open_source("flanders")
    west, south, east, north = source.bounds
    places = np.random.default_rng(3).uniform((west, south), (east, north), (4, 2))
    return source.pixels([(float(x), float(y)) for x, y in places])


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


def test_one_series_a_list_and_arrays_are_the_same(
    model: tn.TimeSenCLIP, series: list[tn.PixelSeries]
) -> None:
    values, valid = (np.stack([getattr(s, name) for s in series]) for name in ("values", "valid"))
    words = model.zero_shot(WORDS)
    expected = words.probabilities(values, valid=valid)
    np.testing.assert_allclose(words.probabilities(series), expected, atol=1e-6)
    np.testing.assert_allclose(words.probabilities(series[1]), expected[1:2], atol=1e-6)
    np.testing.assert_allclose(model.encode(series), model.encode(values, valid=valid), atol=1e-6)
    assert words.predict(series) == words.predict(values, valid=valid)
    assert words.predict(series[0]) == words.predict(values[:1], valid=valid[:1])


def test_what_is_mixed_up_is_refused(model: tn.TimeSenCLIP, series: list[tn.PixelSeries]) -> None:
    with pytest.raises(ValueError, match="say themselves what is missing"):
        model.encode(series, valid=np.ones((4, 12), bool))
    with pytest.raises(ValueError, match="say themselves what is missing"):
        model.encode([series[0], series[1].values])
    with pytest.raises(ValueError, match=r"One series alone is values\[None\]"):
        model.encode(series[0].values)


def test_what_a_month_holds_does_not_matter_once_it_is_not_valid(model: tn.TimeSenCLIP) -> None:
    values = np.full((1, 12, 10), 1500.0)
    valid = np.ones((1, 12), bool)
    valid[0, 3] = False
    strange = values.copy()
    strange[0, 3] = np.inf
    np.testing.assert_array_equal(model.encode(strange, valid=valid), model.encode(values, valid=valid))


def test_objects_show_themselves_in_a_line(model: tn.TimeSenCLIP, series: list[tn.PixelSeries]) -> None:
    for thing in (
        model,
        model.zero_shot(WORDS),
        series[0],
        tn.open_source("flanders"),
        tn.open_source("sample"),
    ):
        assert "\n" not in repr(thing)
        assert "object at 0x" not in repr(thing)
    assert repr(series[0]).startswith("<PixelSeries: 3.02")
    assert "11 of 12 months" in repr(series[0])
    assert repr(model.zero_shot(WORDS)) == "<ZeroShot: 3 classes: maize, a meadow, a village>"
    assert "10 bands" in repr(model)


def test_notebooks_show_a_table_without_trusting_anyones_text(series: list[tn.PixelSeries]) -> None:
    values = series[0].values
    named = tn.PixelSeries(values, series[0].valid, 3.0, 50.8, 2018, "<script>alert(1)</script>", "<b>a</b>")
    html = named._repr_html_()
    assert "<script>" not in html
    assert "<b>a</b>" not in html
    assert html.count("<td") == 12
    assert html.count('title="missing"') == 1
    with pytest.warns(NeverTheAnswer):
        words = tn.load("pocket").zero_shot(["<i>meadow</i>", "forest", "qwertyuiop"])
    assert "qwertyuiop (never the answer)</td>" in words._repr_html_()
    assert "forest</td>" in words._repr_html_()
    assert "<i>" not in words._repr_html_()
    assert "&lt;i&gt;meadow" in words._repr_html_()


@pytest.mark.parametrize("name", ["Pairs", "datasets", "evaluation", "regions", "training", "plots", "model"])
def test_what_notebooks_use_is_there_whatever_was_imported_before(name: str) -> None:
    assert name in dir(tn)
    assert getattr(tn, name) is not None
