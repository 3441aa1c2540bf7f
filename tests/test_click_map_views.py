"""The click map, by its public names: mapped views and regions, and a still picture of it."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from clicks import WORDS, on_map, settle
from PIL import Image
from pyproj import Transformer
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.view import MOST_PIXELS, visible


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


def test_the_landscape_of_a_huge_source_is_that_of_the_view_that_was_mapped_last(
    source: GridSource, monkeypatch
) -> None:
    monkeypatch.setattr("timesen_nb.widgets.base_layer.MOST_DRAWN", 100)
    app = tn.ClickMap(small_model(), source, WORDS)
    west, south, east, north = source.bounds
    middle = (west + east) / 2
    for bbox in ((west, south, middle, north), (middle, south, east, north)):
        app.map_view(bbox=bbox)
        settle(app)
        assert app._landscape.picture.bounds == app._layer.drawn.picture.bounds
        (_, left), (_, right) = app.map._landscape.bounds
        assert (left, right) == pytest.approx((bbox[0], bbox[2]), abs=3e-4)


@pytest.mark.parametrize("size", [(669, 427), (1130, 508), (1400, 788), (350, 290)])
def test_what_is_shown_around_a_place_can_be_mapped(app: tn.ClickMap, size: tuple[int, int]) -> None:
    for place in ((4.35, 50.85), (30.0, 0.0), (25.0, 69.0)):
        app.map.set_trait("pixel_bounds", ((0, 0), size))
        app.map.approach(*place)
        lon, lat = place
        wide, high = (side * 360 / 256 / 2**app.map.zoom / 2 for side in size)
        high *= np.cos(np.radians(lat))
        assert visible((lon - wide, lat - high, lon + wide, lat + high), None, 2018, "").pixels <= MOST_PIXELS


def test_clicks_of_several_threads_get_their_own_answers(app: tn.ClickMap, source: GridSource) -> None:
    places = [source.place(r, c) for r in range(4) for c in range(4)] * 5
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda place: app.click(*place), places))
    assert [(a.lon, a.lat) for a in answers] == places
