"""The click map, by its public names: years, sources, what is kept, mapped views and regions."""

import csv
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from clicks import WORDS, on_map, settle
from PIL import Image
from pyproj import Transformer
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.page import seen
from timesen_nb.widgets.view import MOST_PIXELS, visible

# Year, month, source


def test_another_year_asks_once_for_the_same_place(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    app.time.year.value = 2019
    settle(app)
    assert app.result.series.year == 2019
    assert len(source.requests) == 2


@pytest.mark.parametrize("end", ["cancelled", "failed", "no clear month"])
def test_an_answer_that_outlives_a_change_of_the_year_says_its_own(
    app: tn.ClickMap, source: GridSource, end: str
) -> None:
    answer = app.click(*source.place(5, 7))
    said = app.panel._headline.value
    go_on, real = threading.Event(), source.pixel

    def pixel(lon: float, lat: float, year: int) -> tn.PixelSeries:
        go_on.wait(20)
        if end == "failed":
            raise OSError("the connection broke")
        series = real(lon, lat, year)
        return tn.PixelSeries(series.values * np.nan, series.valid & False, lon, lat, year, source.name)

    source.pixel = pixel
    app.time.year.value = 2019
    if end == "cancelled":
        app.panel.stop.click()
    go_on.set()
    settle(app)
    assert (app.result, app.session.year) == (answer, 2019)
    assert app.panel._headline.value == f"{said} in 2018"
    assert "year=2018" in app._actions._screen.link.value
    app.use(task=["bog", "heath"])
    assert app.panel._headline.value.endswith(" in 2018")
    source.pixel = real
    app.click(*source.place(5, 7))
    assert " in 20" not in app.panel._headline.value
    assert "year=2019" in app._actions._screen.link.value


def test_python_chooses_words_prompts_and_year_as_the_page_does(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    app.use(task=["bog", "heath"], prompts="names", year=2019)
    assert app.error is None
    assert app.result.classes == ("bog", "heath")
    assert app.result.prompts == app.words.prompts.value == "names"
    assert app.result.series.year == app.time.year.value == 2019
    app.use(task="no such task")
    assert "no such task" in app.error
    app.use(year=1990)
    assert "1990" in app.error
    assert app.result.classes == ("bog", "heath")
    app.keep()
    assert app.table().loc[0, "year"] == 2019


def test_a_month_without_data_is_said(app: tn.ClickMap) -> None:
    app.time.month.value = 12
    settle(app)
    assert "December" in app.time._note.value
    app.time.month.value = 6
    settle(app)
    assert app.time._note.value == ""


def test_the_landscape_of_every_month_is_drawn_once(app: tn.ClickMap, source: GridSource) -> None:
    settle(app)
    july = app.map._landscape.url
    app.time.month.value = 2
    settle(app)
    assert app.map._landscape.url != july
    source.grid[:] = np.nan
    app.time.month.value = 7
    settle(app)
    assert app.map._landscape.url == july


def test_a_source_that_cannot_be_opened_leaves_the_old_one(app: tn.ClickMap, source: GridSource) -> None:
    app.data.source.value = "file"
    app.data.go.click()
    assert "no file is named" in app.error
    app.data.path.value = "/no/such/file.nc"
    app.data.go.click()
    settle(app)
    assert "/no/such/file.nc" in app.error
    assert app.click(*source.place(5, 5)) is not None


def test_the_real_sample_opens_lit_and_other_data_are_lit_once_they_are_opened(source: GridSource) -> None:
    app = tn.ClickMap(tn.load("pocket"), tn.open_source("flanders"))
    settle(app)
    assert "On the map" in app.legend.text
    assert app.map._layer.url.startswith("data:image/png")
    source.years = (2017, 2018)
    app.open_source(source)
    settle(app)
    assert app.session.view.view.source == source.name
    app.use(year=2017)
    settle(app)
    assert app.session.view.view.year == 2017
    assert "On the map" in app.legend.text
    app.words.lit.value = False
    app.use(year=2018)
    settle(app)
    assert app.session.view is None
    # without vectors that were made beforehand nothing is read unasked at the start
    assert tn.ClickMap(small_model(), tn.open_source("flanders")).session.view is None


def test_other_data_of_the_switch_leads_to_where_any_source_is_opened(app: tn.ClickMap) -> None:
    assert [label for label, _ in app.map.switch.options] == [
        "Real sample",
        "Simulated landscape",
        "Other data…",
    ]
    pages = app._actions._screen.below.choice
    app.map.switch.value = "other"
    assert pages.value == "Data"
    assert app.map.switch.value is None  # a grid of a test is none of them
    pages.value = "Fields"
    app.open_source(tn.open_source("flanders"))
    opened = app.session.source
    app.map.switch.value = "other"
    assert (pages.value, app.map.switch.value) == ("Data", "flanders")
    assert app.session.source is opened


def test_another_source_is_opened_with_its_own_years_and_the_words_stay(app, source: GridSource) -> None:
    app.click(*source.place(5, 5))
    app.map_view("lake")
    other = GridSource()
    other.name, other.years = "another grid", (2020, 2021)
    app.open_source(other)
    settle(app)
    assert app.error is None
    assert app.session.year == app.time.year.value == 2021
    assert "another grid" in app.data._covers.value
    assert app.session.view.view.source == "another grid"  # lit by the same words
    assert app.session.view.view.year == 2021
    assert other.requests == []
    assert app.click(*other.place(6, 6)).series.source == "another grid"
    assert app.result.classes == tuple(WORDS)


@pytest.mark.parametrize(
    ("choice", "box", "typed", "expected"),
    [
        ("earthengine", "project", " my-project ", ("earthengine", {"project": "my-project"})),
        ("earthengine", "project", "", ("earthengine", {"project": None})),
        ("stac", "catalog", "planetary-computer", ("stac", {"catalog": "planetary-computer"})),
        ("stac", "catalog", "", ("stac", {"catalog": "earth-search"})),
        ("sample", "path", "", ("sample", {})),
    ],
)
def test_a_source_is_told_what_was_typed(app, monkeypatch, choice, box, typed, expected) -> None:
    import timesen_nb.sources

    asked = []
    monkeypatch.setattr(
        timesen_nb.sources, "open_source", lambda name, **more: asked.append((name, more)) or GridSource()
    )
    app.data.source.value = choice
    getattr(app.data, box).value = typed
    assert asked == []
    app.data.go.click()
    settle(app)
    assert asked == [expected]
    assert app.error is None


# Keeping


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


# Map this view


def test_the_view_is_mapped_and_other_words_reuse_it(
    app: tn.ClickMap, source: GridSource, monkeypatch
) -> None:
    encoded = app.map_view("lake")
    assert app.error is None
    assert encoded.readable.sum() == 32 * 32 - 1
    share = encoded.probabilities(app.session.words)
    expected = small_model().zero_shot(WORDS).probabilities(source.grid[:, :, 4, 6].values[None])[0]
    np.testing.assert_allclose(share[4, 6], expected, rtol=1e-4)
    assert np.isnan(share[-1, 0]).all()
    assert app.view.class_name == "lake"
    before = app.map._layer.url
    monkeypatch.setattr(app.session.model, "encode", lambda *a, **k: pytest.fail("encoded again"))
    app.words.words.value = "bog\nheath"
    assert app.map._layer.url != before
    assert app.view.class_name is None
    assert app.map_view("heath") is encoded


def test_the_most_probable_class_of_a_view_has_a_legend(app: tn.ClickMap, source: GridSource) -> None:
    encoded = app.map_view()
    top = encoded.probabilities(app.session.words)[encoded.readable].argmax(axis=1)
    area = np.bincount(top, minlength=3) / len(top)
    legend = app.legend.text
    for name, share in zip(WORDS, area, strict=True):
        assert (f"{name} · {percent(share)}" in legend) == (share > 0)


def mapping_held_up(app: tn.ClickMap, monkeypatch) -> threading.Event:
    """Map a view with a model that waits; set the event to let it go on."""
    started, go_on = threading.Event(), threading.Event()
    real = app.session.model.encode

    def slow(values, **more):
        started.set()
        go_on.wait(20)
        return real(values, **more)

    monkeypatch.setattr(app.session.model, "encode", slow)
    app.view.start.click()
    assert started.wait(10)
    return go_on


def test_mapping_can_be_cancelled(app: tn.ClickMap, monkeypatch) -> None:
    go_on = mapping_held_up(app, monkeypatch)
    app.view.stop.click()
    go_on.set()
    time.sleep(0.2)
    assert app.session.view is None
    assert app.view.progress.layout.visibility == "hidden"
    assert not app.view.start.disabled


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_part_of_a_view_that_nobody_waits_for_is_no_map(app: tn.ClickMap, monkeypatch, end: str) -> None:
    monkeypatch.setattr("timesen_nb.widgets.view.A_PART", -1.0)
    monkeypatch.setattr("timesen_nb.widgets.view.BAND", 320)
    reached, go_on = threading.Event(), threading.Event()
    real, calls = app.session.model.encode, []

    def slow(values, **more):
        calls.append(len(values))
        if sum(calls) > 640:
            reached.set()
            go_on.wait(20)
            if end == "failed":
                raise OSError("the connection broke")
        return real(values, **more)

    monkeypatch.setattr(app.session.model, "encode", slow)
    app.view.start.click()
    assert reached.wait(20)
    assert app._layer.drawn is not None
    assert "not read yet · " in app.legend.text
    assert "no clear month" not in app.legend.text
    if end == "cancelled":
        app.view.stop.click()
    go_on.set()
    settle(app)
    time.sleep(0.2)
    assert app._layer.drawn is None
    assert app.legend.text == ""
    assert list(app.map._layer.bounds) == [(0, 0), (0, 0)]
    monkeypatch.setattr(app.session.model, "encode", real)
    app.map_view()
    assert "no clear month · " in app.legend.text
    assert "not read yet" not in app.legend.text


def test_what_is_read_of_a_source_does_not_lie_over_the_next(app: tn.ClickMap, monkeypatch) -> None:
    go_on = mapping_held_up(app, monkeypatch)
    other = GridSource()
    other.name = "another grid"
    app.open_source(other)
    go_on.set()
    settle(app)
    assert app.session.view is None or app.session.view.view.source == "another grid"
    assert "pixels read" not in app.view._state.value or app.session.view is not None


def test_a_view_without_data_or_too_large_is_said(app: tn.ClickMap) -> None:
    assert app.map_view(bbox=(10, 10, 11, 11)) is None
    assert "no data" in app.error
    with pytest.raises(ValueError, match=f"at most {MOST_PIXELS:,}"):
        visible((3, 50, 4, 51), None, 2018, "anywhere")
    assert app.map_view("no such class") is None
    assert "no such class" in app.error


def test_a_mapped_region_lies_on_the_map_in_its_own_colours(app: tn.ClickMap, source: GridSource) -> None:
    maps = tn.map_region(small_model().zero_shot(WORDS), source.grid)
    app.show_region(maps)
    assert app.error is None
    label, colours = maps.label, maps.label.attrs["colours"]
    drawn = np.asarray(Image.open(io.BytesIO(app._layer.drawn.picture.png)))
    seen = {"#{:02X}{:02X}{:02X}".format(*pixel[:3]) for pixel in drawn[drawn[..., 3] > 0].tolist()}
    assert seen == {colours[k] for k in np.unique(label) if k >= 0}
    legend = app.legend.text
    for k, name in enumerate(WORDS):
        share = float((label == k).sum() / (label >= 0).sum())
        assert (f"{name} · {percent(share)}" in legend) == (share > 0)
    west, south, east, north = app._layer.drawn.picture.bounds
    np.testing.assert_allclose(app.map._layer.bounds, ((south, west), (north, east)))
    app.view.choice.value = app.view.choice.options[-1][1]  # of a view, and none was read
    np.testing.assert_allclose(app.map._layer.bounds, ((south, west), (north, east)))
    assert app.map_view("lake") is not None  # a view takes its place
    assert app._layer.drawn.classes == {}


def test_a_large_region_is_thinned_once(app: tn.ClickMap, source: GridSource) -> None:
    """Three times as wide as what is drawn; the western half of one class, the eastern of the other."""
    maps = tn.map_region(small_model().zero_shot(WORDS), source.grid)
    label = maps.label.pad(x=(0, 2100 - maps.sizes["x"]), mode="edge").assign_coords(
        x=500_005.0 + 10 * np.arange(2100)
    )
    label[:, :1050], label[:, 1050:] = 0, 1
    app.show_region(label.to_dataset(name="label"))
    assert app.error is None
    drawn = np.asarray(Image.open(io.BytesIO(app._layer.drawn.picture.png)))
    colours = maps.label.attrs["colours"]
    middle, width = drawn[drawn.shape[0] // 2], drawn.shape[1]
    for at, k in ((0.25, 0), (0.45, 0), (0.55, 1), (0.75, 1)):
        assert "#{:02X}{:02X}{:02X}".format(*middle[int(at * width), :3]) == colours[k]


def test_what_is_no_map_of_a_region_is_said(app: tn.ClickMap, source: GridSource) -> None:
    app.show_region(source.grid)
    assert "map_region" in app.error
    maps = tn.map_region(small_model().zero_shot(WORDS), source.grid)
    app.show_region(maps.drop_vars("spatial_ref"))
    assert "no coordinate system" in app.error
    assert app._layer.drawn is None


# Where no live map can be drawn


def test_a_still_picture_stands_in_for_the_live_map(app: tn.ClickMap, source: GridSource) -> None:
    settle(app)
    blank = app._repr_mimebundle_()
    assert blank["image/png"].startswith(b"\x89PNG")
    assert "app.click(lon, lat)" in blank["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in blank
    app.click(*source.place(5, 7))
    app.keep()
    figure = app.still()
    words = " ".join(
        t.get_text() for axes in figure.axes for t in [axes.title, *axes.texts, *axes.get_yticklabels()]
    )
    words += figure.axes[1].get_title(loc="left")
    assert app.result.top in words
    assert all(name in words for name in WORDS)
    assert app._repr_mimebundle_()["image/png"] != blank["image/png"]


@pytest.mark.parametrize("epsg", [32760, 4326])
def test_data_over_the_date_line_are_read_drawn_and_mapped(epsg: int) -> None:
    rng = np.random.default_rng(0)
    if epsg == 4326:
        x, y = 180 + 1e-4 * (np.arange(30) - 14.5), -17 - 1e-4 * np.arange(20)
    else:
        middle, top = Transformer.from_crs(4326, epsg, always_xy=True).transform(180.0, -17.0)
        x, y = middle + 10 * (np.arange(30) - 14.5), top - 10 * np.arange(20)
    values = rng.uniform(300, 4000, (12, 10, 20, 30))
    cube = xr.DataArray(
        values, {"month": np.arange(1, 13), "band": list(tn.BANDS), "y": y, "x": x}, ("month", "band", "y", "x"),
        attrs={"crs": f"EPSG:{epsg}", "boa_offset_applied": 1},
    )  # fmt: skip
    source = tn.open_source(cube)
    app = tn.ClickMap(small_model(), source, task=["meadow", "lake"])
    app.settle()
    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
    west, south, east, north = source.bounds
    assert app.map.center[1] == pytest.approx(180, abs=0.01)
    for column in (2, 27):
        lon, lat = to_degrees.transform(x[column], y[5])
        on_map(app, lon % 360, lat)
        settle(app)
        assert app.error is None
        np.testing.assert_allclose(app.result.series.values, values[:, :, 5, column], rtol=1e-6)
        assert west < app.map._marker.location[1] < east
        app.still()
    drawn = app._landscape.picture.bounds
    np.testing.assert_allclose(drawn, (west, south, east, north), atol=2e-4)
    app.map_view(bbox=(west, south, east - 360, north))
    assert app.error is None
    np.testing.assert_allclose(app._layer.drawn.picture.bounds, (west, south, east, north), atol=2e-4)
    # the map repeats itself, and may show the world before
    seen = visible((west - 360, south, east - 360, north), source.bounds, 2018, source.name)
    assert seen.bbox == pytest.approx(source.bounds)


def test_clicks_of_several_threads_get_their_own_answers(app: tn.ClickMap, source: GridSource) -> None:
    places = [source.place(r, c) for r in range(4) for c in range(4)] * 5
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda place: app.click(*place), places))
    assert [(a.lon, a.lat) for a in answers] == places
