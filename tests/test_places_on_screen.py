"""What the click map does with places beside reading them: guesses, years, outlines, pictures, what is kept."""

import numpy as np
import pytest
from clicks import WORDS
from pyproj import Transformer
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.sources.grid import pixel_at
from timesen_nb.widgets.link import Link
from timesen_nb.widgets.outline import outline
from timesen_nb.widgets.page import seen
from timesen_nb.widgets.year_panel import month_in_words, provenance_in_words


def test_a_guess_comes_before_the_answer_and_is_compared_with_it(
    app: tn.ClickMap, source: GridSource
) -> None:
    app.panel.guess.on.value = True
    answer = app.click(*source.place(5, 7))
    assert answer.headline not in app.text
    assert source.name in app.text  # the year is there to guess by
    assert app.panel.guess.choice.options == tuple(WORDS)
    app.panel.guess.choice.value = "lake"
    app.panel.guess.said.click()
    assert "You said lake. The model says " + answer.headline in app.text
    assert answer.headline in app.panel._headline.value
    app.words.words.value = "bog\nheath"  # of a place that was guessed nothing is asked again
    assert not app.panel.guess.asking
    app.click(*source.place(6, 8))
    assert app.panel.guess.asking
    app.panel.guess.on.value = False
    assert app.result.headline in app.text


def test_nothing_on_the_screen_tells_the_answer_before_the_guess() -> None:
    app = tn.ClickMap(small_model(), tn.open_source("sample", size=128), task=["Water", "Woodland"])
    west, south, east, north = app.session.source.bounds
    here = (west + east) / 2, (south + north) / 2
    app.map_view(bbox=(here[0] - 0.001, here[1] - 0.001, here[0] + 0.001, here[1] + 0.001))
    lit = app.map._layer.url
    app._actions.layer.hovered({"type": "mousemove", "coordinates": here[::-1]})
    assert app.map._told.value
    app.panel.guess.on.value = True
    assert app.map._layer.url != lit
    assert app.legend.text == ""
    app.click(*here)
    app._actions.layer.hovered({"type": "mousemove", "coordinates": here[::-1]})
    assert app.map._told.value == ""
    assert "On the ground" not in app.text
    assert not shown(app.panel, app.panel._ground)
    app.use(task=["Water", "Woodland", "bog"])  # other words do not light the map either
    assert app.legend.text == ""
    app.panel.guess.said.click()
    assert "On the ground" in app.text
    assert shown(app.panel, app.panel._ground)
    app.panel.guess.on.value = False
    assert "On the map" in app.legend.text
    assert app.map._layer.url.startswith("data:image/png")


def shown(box, widget) -> bool:
    """Whether a widget is in a box and nothing around it is taken off the page."""
    if not seen(box):
        return False
    return box is widget or any(shown(child, widget) for child in getattr(box, "children", ()))


def test_the_same_answer_is_kept_once_and_another_question_of_it_again(
    app: tn.ClickMap, source: GridSource
) -> None:
    app.click(*source.place(5, 7))
    app.keep()
    app.keep()
    assert len(app.session.kept) == 1
    app.use(task=["bog", "heath"])
    app.keep()
    assert app.table()["question"].tolist() == ["meadow, maize, lake", "bog, heath"]
    # the same pixel clicked again is no other place; another fourth word is another question
    app.click(*source.place(9, 9))
    app.click(*source.place(5, 7))
    app.keep()
    assert len(app.session.kept) == 2
    for fourth in ("reed", "moor"):
        app.use(task=["bog", "heath", "lake", fourth])
        app.keep()
    assert len(app.session.kept) == 4


def test_the_answer_of_a_place_goes_with_its_source(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    app.open_source(GridSource())
    assert app.result is None
    assert "Grassland" not in app.text
    assert not app.panel.answered
    assert app.panel.keep.disabled
    assert app.map._marker.opacity == 0
    app.keep()
    assert "Click the map first" in app.error


def test_what_cannot_be_opened_leaves_the_source_and_offers_the_sample(
    app: tn.ClickMap, source: GridSource
) -> None:
    app.data.source.value = "file"
    app.data.path.value = "/no/such/file.nc"
    app.data.go.click()
    app._actions.jobs.settle()
    assert "/no/such/file.nc" in app.error
    assert app.session.source is source
    app.panel.mend.click()
    app._actions.jobs.settle()
    assert app.session.source.name.startswith("real sample")
    assert app.error is None


def test_a_catalog_is_asked_when_it_is_opened(app: tn.ClickMap, source: GridSource, monkeypatch) -> None:
    import timesen_nb.sources

    class Unreachable(GridSource):
        def check(self) -> None:
            raise ValueError("the catalog cannot be reached")

    monkeypatch.setattr(timesen_nb.sources, "open_source", lambda name, **more: Unreachable())
    app.data.source.value = "stac"
    app.data.go.click()
    app._actions.jobs.settle()
    assert "cannot be reached" in app.error
    assert app.session.source is source


def test_years_of_a_place_are_read_once_asked_for(app: tn.ClickMap, source: GridSource) -> None:
    app.click(*source.place(5, 7))
    assert len(source.requests) == 1
    app.panel.year.changes.click()
    app._actions.jobs.settle()
    assert app.error is None
    assert len(source.requests) == len(source.years)
    assert seen(app.panel.year._years)
    assert all(str(year).encode() in app.panel.year._years.data for year in source.years)
    app.click(*source.place(6, 7))
    assert not seen(app.panel.year._years)  # of the place before


def test_a_month_of_the_chart_is_shown_on_the_map(app: tn.ClickMap, source: GridSource) -> None:
    series = app.click(*source.place(5, 7)).series
    app.panel.year.months[2].click()
    assert app.time.month.value == 3
    assert "tn-now" in app.panel.year.months[2]._dom_classes
    assert "tn-now" not in app.panel.year.months[6]._dom_classes
    assert app.panel.year.months[2].tooltip.startswith(
        f"March 2018: NDVI {series.ndvi[2]:.2f}, near infrared"
    )
    assert month_in_words(series, 11) == "December 2018: no clear day"


def test_dates_and_provenance_are_said_as_far_as_they_are_known(source: GridSource) -> None:
    from dataclasses import replace

    series = source.pixel(*source.place(5, 7))
    made = {
        "acquisitions": [1] * 11 + [0],
        "dates": [f"2018-{m:02}-09" for m in range(1, 12)],
        "satellites": ["S2A"],
        "baselines": ["02.06"],
        "offset": {"applied": False, "rule": "before 04.00"},
        "left_out": [{"what": "tile X", "why": "no file"}],
    }
    told = replace(series, provenance=made)
    assert "seen on 9 Mar" in month_in_words(told, 2)
    lines = "\n".join(provenance_in_words(told))
    for words in ("Jan 1", "Dec 0", "S2A", "02.06", "before 04.00", "tile X: no file"):
        assert words in lines
    assert provenance_in_words(replace(series, provenance={}))[0].startswith("The source does not say")


def test_the_outline_is_that_of_the_pixel_that_was_read(source: GridSource) -> None:
    lon, lat = source.place(5, 7)
    to_grid = Transformer.from_crs(4326, source.grid.rio.crs, always_xy=True)
    corners = np.array([to_grid.transform(*corner) for corner in outline(lon, lat, source.grid)])
    x, y = source.grid["x"].values[5], source.grid["y"].values[7]
    np.testing.assert_allclose(corners.min(axis=0), (x - 5, y - 5), atol=0.01)
    np.testing.assert_allclose(corners.max(axis=0), (x + 5, y + 5), atol=0.01)
    # without a cube, and beyond it, Sentinel-2's own grid
    part = source.grid[..., :4, 20:]
    np.testing.assert_allclose(outline(lon, lat, part), outline(lon, lat), atol=1e-9)
    pixel = pixel_at(4.35, 50.85)
    to_utm = Transformer.from_crs(4326, pixel.epsg, always_xy=True)
    corners = np.array([to_utm.transform(*corner) for corner in outline(4.35, 50.85)])
    np.testing.assert_allclose(corners.mean(axis=0), pixel.centre, atol=0.01)
    assert outline(0.0, 89.0) == ()


def test_the_pointer_reads_a_mapped_view(app: tn.ClickMap, source: GridSource) -> None:
    def move(column: int, row: int) -> str:
        lon, lat = source.place(column, row)
        event = {"event": "interaction", "type": "mousemove", "coordinates": [lat, lon]}
        app.map._handle_leaflet_event(None, event, [])
        return app.map._told.value

    assert move(5, 7) == ""
    app.map_view()
    answer = app.click(*source.place(5, 7))
    assert move(5, 7).startswith(answer.top)
    assert move(0, 31) == ""  # no month of that pixel is clear


def test_the_bundled_vectors_light_up_the_real_sample_without_the_model(monkeypatch) -> None:
    app = tn.ClickMap(tn.load("pocket"), tn.open_source("flanders"))
    monkeypatch.setattr(type(app.session.model), "encode", lambda *a, **k: pytest.fail("encoded"))
    app.words.chips[0].click()
    app._layer._jobs.settle()
    assert app.error is None
    assert len(app.session.view.vectors) == 64 * 64
    assert app.session.classes[0] == "hay meadow"
    assert "grassland" in app.legend.text


def test_an_example_joins_a_list_of_ones_own_and_replaces_a_task(app: tn.ClickMap) -> None:
    app.words.chips[1].click()
    assert app.session.classes == ["flooded field", *WORDS]
    app.words.task.value = "land_cover"
    app.words.chips[1].click()
    assert app.session.classes[0] == "flooded field"
    assert "Cropland" not in app.session.classes
    app.words.task.value = "country"
    app.words.task.value = "your own words"
    assert "Austria" not in app.session.classes


def test_letters_that_were_on_their_way_do_not_undo_an_example(app: tn.ClickMap) -> None:
    box = app.words.words
    box.value = "reeds\nwoo"
    app.words.chips[0].click()
    box.value = "reeds\nwoodland"  # as a page sends it that does not know of the click yet
    assert app.session.classes == ["hay meadow", "reeds", "woodland"] == box.value.splitlines()
    box.value = "reeds\nwoodland\nsand"  # the example was deleted, letter by letter or at once
    assert app.session.classes == ["reeds", "woodland", "sand"]
    app.words.chips[0].click()
    box.value = "reeds\nwoodland\nsand"
    assert app.session.classes == ["reeds", "woodland", "sand"]


def test_a_link_holds_source_prompts_and_colours() -> None:
    first = tn.ClickMap(tn.load("pocket"), tn.open_source("flanders"))
    first.use(prompts="names")
    first.time.layer.value = "NDVI: how green"
    link = first._actions._screen.link.value
    second = tn.ClickMap(small_model(), GridSource())
    second.open_link(link)
    assert second.error.startswith("The address was made with a model of other weights")
    assert second.session.bundled == "flanders"
    assert second.session.prompts == second.words.prompts.value == "names"
    assert second.time.layer.value == "NDVI: how green"
    second.open_link(str(Link(source="/etc/passwd")))
    assert "names the source '/etc/passwd'" in second.error
    assert second.session.bundled == "flanders"


def test_the_answer_can_be_taken_along_as_a_picture(app: tn.ClickMap, source: GridSource) -> None:
    from base64 import b64decode

    app.click(*source.place(5, 7))
    card = app.panel.year._buttons.children[-1]
    card.make.click()
    assert app.error is None
    data = card.file.value.partition("base64,")[2].partition('"')[0]
    assert b64decode(data).startswith(b"\x89PNG")
    app.click(*source.place(6, 7))
    assert card.file.value == ""


@pytest.mark.parametrize(
    "layer", ["False colour: leaves red", "Short-wave infrared: water dark", "NDVI: how green"]
)
def test_a_month_in_other_colours(app: tn.ClickMap, layer: str) -> None:
    app.settle()
    true = app.map._landscape.url
    app.time.layer.value = layer
    app.settle()
    assert app.map._landscape.url not in (true, "")
    app.time.layer.value = "True colour"
    app.settle()
    assert app.map._landscape.url == true


def test_the_data_fill_the_map_at_the_size_that_a_page_tells(app: tn.ClickMap, source: GridSource) -> None:
    def tell(width: int, height: int) -> float:
        app.map.set_trait("pixel_bounds", ((100.0, 50.0), (100.0 + width, 50.0 + height)))
        return app.map.zoom

    small, large = tell(300, 300), tell(1200, 900)
    assert large > small + 1
    assert tell(300, 300) == large  # by two pages in turn it is not moved to and fro
    app.map.zoom = large - 2  # somebody looks at something else
    assert tell(700, 700) == large - 2
    app.map.home.click()
    assert small < app.map.zoom < large


def test_what_is_read_of_a_view_is_drawn_as_it_comes(
    app: tn.ClickMap, source: GridSource, monkeypatch
) -> None:
    monkeypatch.setattr("timesen_nb.widgets.view.A_PART", -1.0)
    monkeypatch.setattr("timesen_nb.widgets.view.BAND", 320)
    lain = []
    draw = app.map.draw_layer
    monkeypatch.setattr(
        app.map, "draw_layer", lambda picture, opacity: (lain.append(picture), draw(picture, opacity))
    )
    whole = app.map_view()
    assert app.error is None
    assert len(whole.vectors) == 32 * 32 - 1
    assert len({picture.png for picture in lain}) == 4  # after 10, 20 and 30 rows of 32, and the whole


def test_what_the_pointer_read_goes_with_the_words_it_was_said_in(
    app: tn.ClickMap, source: GridSource
) -> None:
    lon, lat = source.place(5, 7)
    event = {"type": "mousemove", "coordinates": [lat, lon]}
    app.map_view()
    app._actions.layer.hovered(event)
    assert app.map._told.value
    app.use(task=["vineyard", "bog"])
    assert app.map._told.value == ""
    app._actions.layer.hovered(event)
    assert app.map._told.value.startswith(("vineyard", "bog"))
    app.show_region(tn.map_region(small_model().zero_shot(WORDS), source.grid, progress=False))
    assert app.map._told.value == ""
    app._actions.layer.hovered(event)  # of the region's own words nothing is known here
    assert app.map._told.value == ""
