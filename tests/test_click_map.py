"""The click map, by its public names: what a click, a word, a wrong word and a slow source do."""

import asyncio
import json
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from clicks import WORDS, on_map, settle, until
from ipywidgets import Label
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.widgets.charts import compare_chart
from timesen_nb.widgets.page import seen
from timesen_nb.widgets.question import MOST_CLASSES, OWN_WORDS

# A click


def test_a_click_says_what_the_model_says(app: tn.ClickMap, source: GridSource) -> None:
    answer = app.click(*source.place(5, 7))
    assert answer is app.result
    assert app.error is None
    values = source.grid[:, :, 7, 5].values[None]
    expected = small_model().zero_shot(WORDS).probabilities(values)[0]
    assert answer.classes == tuple(WORDS)
    np.testing.assert_allclose(answer.probabilities, expected, rtol=1e-5)
    assert answer.top == WORDS[int(expected.argmax())]
    assert answer.ranked()[0] == (answer.top, pytest.approx(expected.max()))


def test_the_panel_shows_place_source_classes_and_missing_months(
    app: tn.ClickMap, source: GridSource
) -> None:
    lon, lat = source.place(5, 7)
    year = app.click(lon, lat).series.describe()
    for words in [*WORDS, f"{lon:.5f}", f"{lat:.5f}", "2018", source.name, "missing: December", year]:
        assert words in app.text
    assert app.panel.place.value == f"{lon:.5f}, {lat:.5f}"


def test_one_click_is_one_request(app: tn.ClickMap, source: GridSource) -> None:
    on_map(app, *source.place(3, 3))
    assert source.requests == [source.place(3, 3)]


def test_a_double_click_is_one_click(app: tn.ClickMap, source: GridSource) -> None:
    place = source.place(3, 3)
    for kind in ("mousedown", "mouseup", "click", "mousedown", "mouseup", "click", "dblclick"):
        on_map(app, *place, kind)
    assert source.requests == [place]


def test_two_quick_clicks_on_two_places_are_two(app: tn.ClickMap, source: GridSource) -> None:
    on_map(app, *source.place(3, 3))
    on_map(app, *source.place(4, 3))
    assert len(source.requests) == 2
    assert (app.result.lon, app.result.lat) == source.place(4, 3)


def test_a_click_beyond_the_date_line_is_brought_back(app: tn.ClickMap, source: GridSource) -> None:
    lon, lat = source.place(3, 3)
    on_map(app, lon + 360, lat)
    assert app.error is None
    assert source.requests[0] == pytest.approx((lon, lat))


def test_typing_a_place_is_the_same_as_clicking_it(app: tn.ClickMap, source: GridSource) -> None:
    lon, lat = source.place(9, 9)
    clicked = app.click(lon, lat).probabilities
    for text in (f"{lon}, {lat}", f"{lon} {lat}", f" {lon};{lat} "):
        on_map(app, *source.place(1, 1))
        app.panel.place.value = text
        np.testing.assert_array_equal(app.result.probabilities, clicked)
    assert app.panel.place.value == f"{lon:.5f}, {lat:.5f}"


def test_every_click_in_a_row_has_its_own_answer(app: tn.ClickMap, source: GridSource) -> None:
    places = [source.place(c, r) for r in range(10) for c in range(10)]
    seen = []
    for place in places:
        on_map(app, *place)
        seen.append((app.result.lon, app.result.lat))
    assert seen == places


# What goes wrong


def bad_places(source: GridSource) -> list[tuple[object, object, str]]:
    return [
        (0.0, 0.0, "outside the data"),
        (*source.place(0, 31), "no month of 2018"),
        ("here", 50, "two numbers"),
        (50.0, 300.0, "latitude -90 to 90"),
        (None, None, "two numbers"),
        (float("nan"), 50.0, "expected longitude"),
    ]


def test_a_bad_place_is_said_and_the_last_answer_stays(app: tn.ClickMap, source: GridSource) -> None:
    good = app.click(*source.place(5, 5))
    for lon, lat, words in bad_places(source):
        assert app.click(lon, lat) is None
        assert words in app.error
        assert words[1:] in app.text
        assert app.result is good
        assert good.top in app.text
    assert app.click(*source.place(6, 6)) is app.result
    assert app.error is None


@pytest.mark.parametrize("text", ["", "4.35", "a, b", "4.35, 50.85, 3", "<b>1</b>, 2", "999, 50"])
def test_a_place_typed_wrongly_is_said(app: tn.ClickMap, source: GridSource, text: str) -> None:
    app.panel.place.value = "x"
    app.panel.place.value = text
    assert "expected" in app.error
    assert source.requests == []


def test_the_other_order_is_offered_where_only_it_fits(app: tn.ClickMap, source: GridSource) -> None:
    lon, lat = source.place(9, 9)
    app.panel.place.value = f"{lat}, {lon}"
    assert "Did you mean" in app.error
    assert source.requests == []
    assert seen(app.panel.mend)
    app.panel.mend.click()
    settle(app)
    assert (app.result.lon, app.result.lat) == pytest.approx((lon, lat), abs=1e-4)
    assert app.error is None
    assert not seen(app.panel.mend)


def test_a_place_outside_offers_the_way_back(app: tn.ClickMap, source: GridSource) -> None:
    app.map.center = (0.0, 0.0)
    app.panel.place.value = "0.5, 0.5"
    assert "outside the data" in app.error
    app.panel.mend.click()
    assert app.error is None
    assert app.map.center == pytest.approx(source.place(16, 16)[::-1], abs=0.01)


def test_a_source_that_breaks_is_said_and_logged(
    app: tn.ClickMap, source: GridSource, caplog: pytest.LogCaptureFixture
) -> None:
    good = app.click(*source.place(5, 5))
    source.fail = RuntimeError("the line is cut")
    on_map(app, *source.place(6, 6))
    assert "the line is cut" in app.text
    assert app.result is good
    assert any(r.exc_info and "line is cut" in str(r.exc_info[1]) for r in caplog.records)
    on_map(app, *source.place(7, 7))
    assert app.error is None


def test_a_handler_that_breaks_is_seen(app: tn.ClickMap, source: GridSource, monkeypatch) -> None:
    app.click(*source.place(5, 5))
    monkeypatch.setattr(app.session.model, "encode", lambda *a, **k: 1 / 0)
    on_map(app, *source.place(6, 6))
    assert "ZeroDivisionError" in app.text


# Words


def test_other_words_are_scored_without_asking_again(app: tn.ClickMap, source: GridSource) -> None:
    answer = app.click(*source.place(5, 7))
    app.words.words.value = "vineyard\n\n  olive   grove \nbog\n"
    assert app.result.classes == ("vineyard", "olive grove", "bog")
    expected = small_model().zero_shot(["vineyard", "olive grove", "bog"]).of_vectors(answer.vector[None])[0]
    np.testing.assert_allclose(app.result.probabilities, expected, rtol=1e-5)
    assert len(source.requests) == 1
    assert app.session.task == OWN_WORDS


def bad_lists() -> list[tuple[str, str]]:
    return [
        ("", "empty"),
        (" \n\n", "empty"),
        ("\n".join(f"class {i}" for i in range(5000)), f"5,000 classes given; at most {MOST_CLASSES}"),
        ("oak\nOak", "twice"),
        ("x" * 5000, "5,000 characters"),
    ]


@pytest.mark.parametrize(("text", "words"), bad_lists())
def test_a_bad_class_list_is_said_and_the_old_one_stays(
    app, source: GridSource, text: str, words: str
) -> None:
    good = app.click(*source.place(5, 7))
    app.words.words.value = "x"
    app.words.words.value = "\n".join(WORDS)
    app.words.words.value = text
    assert words in app.error
    assert app.result.classes == tuple(WORDS)
    np.testing.assert_array_equal(app.result.probabilities, good.probabilities)
    app.words.words.value = "\n".join(WORDS)
    assert app.error is None


@pytest.mark.parametrize("nothing", ["qwxyz", "🌽", "漢字"])
def test_a_word_that_means_nothing_stops_no_others_in_whatever_signs(nothing: str) -> None:
    flanders = tn.open_source("flanders")
    app = tn.ClickMap(tn.load("pocket"), flanders, ["maize", "a meadow"])
    west, south, east, north = flanders.bounds
    place = (west + east) / 2, (south + north) / 2
    alone = app.click(*place)
    app.use(task=["maize", nothing, "a meadow"])
    assert app.error is None
    assert app.result.probabilities[1] == 0
    np.testing.assert_allclose(app.result.probabilities[[0, 2]], alone.probabilities, rtol=1e-5)
    app.use(task=[nothing])
    assert app.error is None
    assert app.result.headline == "These words give no answer"
    app.use(task=["\u0301", "maize"])
    assert "there is nothing to read in '\u0301'; expected English words" in app.error
    assert "[" not in app.error


def test_the_longest_list_allowed_is_scored(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    app.words.words.value = "\n".join(f"class {i}" for i in range(MOST_CLASSES))
    assert app.error is None
    assert len(app.result.classes) == MOST_CLASSES
    assert f"{MOST_CLASSES - 8} more" in app.text


def test_markup_in_a_class_stays_text_everywhere(
    app: tn.ClickMap, source: GridSource, tmp_path: Path
) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    app.click(*source.place(5, 7))
    app.words.words.value = f"{nasty}\n</svg><script>alert(2)</script>"
    app.keep()
    app.kept.tick(1)
    assert nasty in app.text
    properties = json.loads(app.export(tmp_path / "k.geojson").read_text())["features"][0]["properties"]
    assert f"p_{nasty}" in properties
    chart = compare_chart([(nasty, app.result.series), ("</svg>", app.result.series)])
    assert nasty in "".join(ET.fromstring(chart).itertext())
    markup = [w.value for w in _widgets(app) if type(w).__name__ in ("HTML", "HTMLMath")]
    assert markup
    assert not any("onerror" in m or "<script" in m for m in markup)
    # a notebook typesets what stands between two $ in a label
    assert all("mathjax_ignore" in w._dom_classes for w in _widgets(app) if isinstance(w, Label))


def _widgets(box) -> list:
    return [box, *(w for child in getattr(box, "children", ()) for w in _widgets(child))]


def test_prompt_style_changes_the_vectors_not_the_request(app: tn.ClickMap, source: GridSource) -> None:
    answer = app.click(*source.place(5, 7))
    for style in ("names", "template", "descriptions"):
        app.words.prompts.value = style
        expected = small_model().zero_shot(WORDS, prompts=style).of_vectors(answer.vector[None])[0]
        np.testing.assert_allclose(app.result.probabilities, expected, rtol=1e-5)
        assert app.result.prompts == style
    assert len(source.requests) == 1


def test_a_task_can_be_chosen(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    app.words.task.value = "land_cover"
    assert app.result.classes == tuple(tn.tasks["land_cover"].classes)
    assert app.words.words.value.splitlines() == list(tn.tasks["land_cover"].classes)
    assert app.session.task == "land_cover"
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"task": "no such task"}, "no such task"), ({"prompts": "loud"}, "loud"), ({"year": 1990}, "1990")],
)
def test_what_python_gives_wrongly_is_a_value_error(source: GridSource, wrong: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tn.ClickMap(small_model(), source, **wrong)


# Slow sources


def test_a_slow_source_leaves_the_page_alive_and_the_latest_click_wins(
    app: tn.ClickMap, source: GridSource
) -> None:
    go_on = threading.Event()
    source.pause = lambda: go_on.wait(20) if len(source.requests) == 1 else None
    first, second = source.place(3, 3), source.place(4, 4)
    on_map(app, *first, wait=False)
    assert app.busy
    assert source.name in app.status
    assert app.panel.stop.layout.visibility == "visible"
    on_map(app, *second)
    assert (app.result.lon, app.result.lat) == second
    go_on.set()
    time.sleep(0.1)
    assert (app.result.lon, app.result.lat) == second
    assert not app.busy


def test_a_slow_answer_arrives(app: tn.ClickMap, source: GridSource) -> None:
    go_on = threading.Event()
    source.pause = lambda: go_on.wait(20)
    on_map(app, *source.place(3, 3), wait=False)
    assert app.result is None
    go_on.set()
    until(lambda: app.result is not None)
    assert app.error is None


def test_waiting_can_be_cancelled(app: tn.ClickMap, source: GridSource) -> None:
    go_on = threading.Event()
    source.pause = lambda: go_on.wait(20)
    on_map(app, *source.place(3, 3), wait=False)
    app.panel.stop.click()
    # the answer never comes, so only what else was under way, such as the picture, is waited for
    until(lambda: not app.busy)
    assert "Cancelled" in app.status
    go_on.set()
    time.sleep(0.1)
    assert app.result is None


def test_what_a_source_says_of_its_request_is_shown_and_cancel_reaches_it(app: tn.ClickMap) -> None:
    class Remote(GridSource):
        state, cancelled = "waiting 2 s after an answer 429", False

        def cancel(self) -> None:
            self.cancelled = True

    remote, go_on = Remote(), threading.Event()
    app.session.use_source(remote)
    remote.requests = 3  # what real remote sources count
    remote.pixel = lambda *_, **__: go_on.wait(20)

    async def page() -> str:
        on_map(app, *remote.place(3, 3), wait=False)
        await asyncio.sleep(0.1)
        said = app.status
        app.cancel()
        return said

    said = asyncio.run(page())
    go_on.set()
    assert "waiting 2 s after an answer 429 (3 requests sent so far)" in said
    assert remote.cancelled
    assert "Cancelled" in app.status


def test_a_failure_is_said_no_longer_than_it_lasts(app: tn.ClickMap, source: GridSource) -> None:
    for read in (False, True):
        if read:
            app.click(*source.place(5, 7))
        before = app.status
        app.use(["maize", "maize"])
        assert app.error is not None
        assert app.status.startswith("That did not work")
        app.use(["maize", "a meadow"])
        assert app.error is None
        assert app.status == before


def test_what_is_given_in_place_of_text_or_a_path_is_said() -> None:
    app = tn.ClickMap(small_model(), GridSource(), task=["meadow", "lake"])
    app.click(*GridSource().place(5, 5))
    app.keep()
    for given in (3, None, b"x"):
        for call, expected in (
            (app.find, "expected that of a place"),
            (app.open_link, "expected text"),
            (app.load_labels, "expected the path of a .csv"),
        ):
            call(given)
            assert f"given is {given!r}" in app.error
            assert expected in app.error
        with pytest.raises(ValueError, match=rf"the file given is {given!r}; expected a path that ends in"):
            app.export(given)
    app.label([1], "meadow")
    assert "place [1] is not kept; kept are [1]" in app.error
