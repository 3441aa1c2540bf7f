"""Places that are found alike: a click, a kept place or words."""

import geopandas as gpd
import numpy as np
import pytest
from kept_places import with_kept_places
from synthetic import small_model

import timesen_nb as tn
from timesen_nb.widgets.alike_panel import OUTDATED


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return small_model()


@pytest.fixture
def app(model: tn.TimeSenCLIP) -> tn.ClickMap:
    return with_kept_places(model)


def test_places_like_a_click_lie_on_the_map(app: tn.ClickMap) -> None:
    app.click(*app.session.source.place(20, 12))
    shown = app.find_alike()
    encoded = app.session.view
    assert 0.03 * len(encoded.vectors) < shown < 0.08 * len(encoded.vectors)
    best = np.flatnonzero(encoded.readable.ravel())[app.alike.cosines.argmax()]
    row, column = divmod(int(best), encoded.readable.shape[1])
    x, y = float(encoded.cube.x[column]), float(encoded.cube.y[row])
    at = gpd.points_from_xy([x], [y], crs=encoded.cube.rio.crs).to_crs(4326)[0]
    assert (at.x, at.y) == pytest.approx(app.session.source.place(20, 12), abs=1e-4)
    picture = app.map._layer.url
    app.alike.threshold.value = float(app.alike.cosines.max())
    assert app.alike.found.sum() == 1
    assert app.map._layer.url != picture
    assert "1 of " in app.alike._found.value


def test_another_click_is_not_like_the_one_that_was_searched_for(app: tn.ClickMap) -> None:
    place = app.session.source.place
    classes = app.map._layer.url
    app.find_alike()
    app.click(*place(20, 12))
    assert app.map._layer.url == classes
    assert app.alike._found.value == OUTDATED
    assert app.alike.cosines is None
    assert app.find_alike() > 0
    found = app.map._layer.url
    app.use(task=["a lake", "a bog"])  # the same place: other words colour the map
    assert app.alike.cosines is None
    assert app.map._layer.url != found


def test_what_is_like_a_kept_place_stays_until_that_is_removed(app: tn.ClickMap) -> None:
    app.find_alike(2)
    found = app.map._layer.url
    app.click(*app.session.source.place(20, 12))
    assert app.map._layer.url == found
    assert "place 2" in app.legend.text
    app.session.forget(2)
    assert app.map._layer.url != found
    assert app.alike._found.value == OUTDATED


def test_the_colours_of_likeness_have_a_legend_and_the_pointer_says_how_alike_a_pixel_is(
    app: tn.ClickMap,
) -> None:
    app.click(*app.session.source.place(20, 12))
    app.find_alike()
    low, high = app.alike.threshold.value, float(app.alike.cosines.max())
    assert "How like the last click: dark is less, light is more" in app.legend.text
    assert app.legend._bar._words.value == f"Likeness: dark is {low:.3f}, light is {high:.3f}"
    for column, row in ((20, 12), (3, 3)):
        lon, lat = app.session.source.place(column, row)
        app._actions.layer.hovered({"type": "mousemove", "coordinates": [lat, lon]})
        cosine = app.alike.cosines[app.session.view.at(lon, lat)]
        assert app.map._told.value == f"{cosine:.3f} like the last click"
    app.view.choice.value = 1
    assert app.alike.cosines is None
    assert app.alike._found.value == ""
    assert "How well" in app.legend.text
    app._actions.layer.hovered({"type": "mousemove", "coordinates": [lat, lon]})
    assert "%" in app.map._told.value


def test_a_region_is_not_coloured_over_by_the_slider_of_what_was_found(app: tn.ClickMap) -> None:
    app.find_alike()
    app.show_region(tn.map_region(app.session.words, app.session.view.cube, progress=False))
    assert app.error is None
    region = app.map._layer.url
    app.alike.threshold.value = float(app.alike.threshold.min)
    app.click(*app.session.source.place(20, 12))
    assert app.map._layer.url == region


def test_nothing_is_found_while_somebody_guesses(app: tn.ClickMap) -> None:
    app.find_alike("a lake")
    app.panel.guess.on.value = True
    hidden = app.map._layer.url
    app.alike.threshold.value = float(app.alike.threshold.min)
    assert app.map._layer.url == hidden
    assert app.legend.text == ""
    assert app.find_alike("a lake") is None
    assert "while you guess" in app.error
    assert app.map._layer.url == hidden
    app.panel.guess.on.value = False
    assert app.find_alike("a lake") > 0


def test_the_button_draws_what_it_finds_on_a_map_without_colours(app: tn.ClickMap) -> None:
    app.words.lit.value = False
    hidden = app.map._layer.url
    app.alike.start.click()
    assert app.map._layer.url != hidden
    app.click(*app.session.source.place(20, 12))
    assert app.map._layer.url == hidden


def test_places_like_a_kept_one_or_like_words(app: tn.ClickMap) -> None:
    app.find_alike(1)
    kept = app.alike.cosines
    np.testing.assert_allclose(kept, app.session.view.vectors @ app.session.kept[1].vector, atol=1e-5)
    app.find_alike("a lake")
    words = app.session.words.vectors[0]
    np.testing.assert_allclose(
        app.alike.cosines, app.session.view.vectors @ words / np.linalg.norm(words), atol=1e-5
    )
    assert app.find_alike(77) is None
    assert "like=77" in app.error
    app.session.use_year(2019)
    assert app.alike.cosines is None
    assert app.find_alike(1) is None
    assert "Map the view first" in app.error
