"""The click map, by its public names: words that are typed, and places that are kept and labelled."""

import csv
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from clicks import settle
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.widgets.page import seen


def test_kept_places_can_be_compared_removed_and_exported(app, source: GridSource, tmp_path: Path) -> None:
    for place in [(5, 7), (6, 8), (9, 9)]:
        app.click(*source.place(*place))
        app.panel.keep.click()
    app.kept._remove(2)
    assert app.error is None
    rows = list(csv.DictReader(io.StringIO(app.export(tmp_path / "kept.csv").read_text())))
    assert [r["place"] for r in rows] == ["1", "3"]
    assert (float(rows[1]["lon"]), float(rows[1]["lat"])) == pytest.approx(source.place(9, 9))
    assert float(rows[1]["B8_m06"]) == pytest.approx(source.grid[5, 6, 9, 9].item(), rel=1e-5)
    assert rows[1]["B8_m12"] == rows[1]["NDVI_m12"] == ""
    features = json.loads(app.export(tmp_path / "kept.geojson").read_text())["features"]
    assert features[0]["geometry"]["coordinates"] == pytest.approx(source.place(5, 7))
    told = features[0]["properties"]
    assert sum(p for name, p in told.items() if name.startswith("p_")) == pytest.approx(1, abs=1e-4)
    assert told["ndvi_12"] is None
    assert json.loads(told["provenance"]) == app.session.kept[1].series.provenance
    app.kept.tick(1)
    app.kept.tick(3)
    assert seen(app.kept._chart)
    assert not seen(app.kept._beyond)
    for place in [(5, 5), (7, 7), (8, 8)]:
        app.click(*source.place(*place))
        app.panel.keep.click()
        app.kept.tick(max(dict(app.session.kept)))
    assert seen(app.kept._beyond)
    assert app.kept._beyond.value == (
        "At most 4 places are drawn over each other: 1 of those ticked is left out."
    )


def test_words_that_are_typed_light_up_a_small_source(app: tn.ClickMap, monkeypatch) -> None:
    app.words.words.value = "a lake\na meadow"
    settle(app)
    seen, drawn = app.session.view, app._layer.drawn
    assert len(seen.vectors) == seen.readable.sum() > 900, "the whole of it"
    assert set(drawn.classes) <= {"a lake", "a meadow"}
    app.words.words.value = "a forest\na town"
    assert app.session.view is seen, "nothing is read again"
    assert set(app._layer.drawn.classes) <= {"a forest", "a town"}
    monkeypatch.setattr("timesen_nb.widgets.view_layer.AT_ONCE", 10)
    app.session.view = None
    app.words.words.value = "a lake\na meadow"
    settle(app)
    assert app.session.view is None, "of what is large nothing is read unasked"


def test_words_are_scored_letter_by_letter_however_long_a_view_is_read(app: tn.ClickMap, monkeypatch) -> None:
    monkeypatch.setattr("timesen_nb.widgets.actions.QUICK", 1.0)
    monkeypatch.setattr(app._layer, "light_up", lambda: time.sleep(1.1))
    app.words.words.value = "a lake\na meadow"
    assert app.session.classes == ["a lake", "a meadow"]
    assert app.words.words.continuous_update


def test_labels_of_kept_places_teach_the_words(app: tn.ClickMap, source: GridSource) -> None:
    app.use(task=["a meadow", "a lake"])
    first = app.click(*source.place(5, 7))
    app.keep()
    other = "a lake" if first.top == "a meadow" else "a meadow"
    app.kept.labels[1].value = other
    assert app.error is None
    assert app.result.top == other, "the place that was labelled is what it was said to be"
    assert app.session.classes == ["a meadow", "a lake"]
    app.map_view()
    before = app.session.words.of_vectors(app.session.view.vectors)
    app.click(*source.place(6, 8))
    app.keep()
    app.label(2, "a qwertyuiop field")
    assert app.session.classes == ["a meadow", "a lake", "a qwertyuiop field"]
    # what labels brought stands in the bars; in the box somebody may be typing
    assert app.words.words.value == "a meadow\na lake"
    app.words.words.value = "a"
    app.words.words.value = "a la"
    assert app.words.words.value == "a la"
    assert app.session.classes == ["a la", other, "a qwertyuiop field"]
    app.words.words.value = "a meadow\na lake"
    assert app.result.top == "a qwertyuiop field", "what somebody has seen there is an answer"
    assert "no word we know" not in app.text
    assert app.session.words.of_vectors(app.session.view.vectors).shape[1] == before.shape[1] + 1
    app.kept._remove(2)
    assert app.error is None
    app.label(1, "")
    assert app.session.words.lesson is None
    app.click(*source.place(5, 7))
    np.testing.assert_allclose(app.result.probabilities, first.probabilities, atol=1e-5)
    app.label(7, "a meadow")
    assert "place 7 is not kept" in app.error


def test_nothing_kept_is_no_file(app: tn.ClickMap, source: GridSource, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to export"):
        app.export(tmp_path / "kept.csv")
    app.keep()
    assert "Click the map first" in app.error
    app.click(*source.place(5, 7))
    app.keep()
    with pytest.raises(ValueError, match=r"ends in \.geojson, \.gpkg"):
        app.export(tmp_path / "kept.xlsx")
