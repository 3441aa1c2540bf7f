"""The legend of the map: names, shares and colours, and a colour that somebody chooses."""

import numpy as np
import pytest
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.plots import AREAS, class_colours
from timesen_nb.plots.colours import NEUTRAL
from timesen_nb.widgets.legend import Legend
from timesen_nb.widgets.page import seen


@pytest.fixture
def legend() -> Legend:
    return Legend(lambda name, colour: None)


def shown(legend: Legend) -> list[tuple[str, str]]:
    return [(label.value, swatch.value) for swatch, label, row in legend._rows if seen(row)]


def test_the_largest_class_comes_first_in_its_colour_and_what_covers_nothing_is_left_out(
    legend: Legend,
) -> None:
    colours = class_colours(4)
    legend.show(["a", "b", "c", "d"], np.array([0.2, 0, 0.7, 0.1]), colours)
    assert shown(legend) == [("c · 70 %", colours[2]), ("a · 20 %", colours[0]), ("d · 10 %", colours[3])]


def test_of_many_classes_the_largest_are_named_and_the_others_counted(legend: Legend) -> None:
    area = np.array([0.01] * 20 + [0.3, 0.5])
    legend.show([f"class {k}." for k in range(22)], area, class_colours(22))
    rows = shown(legend)
    assert rows[:2] == [
        ("class 21. · 50 %", class_colours(22)[21]),
        ("class 20. · 30 %", class_colours(22)[20]),
    ]
    assert "11 others · 11 %" in legend.text


def test_holes_are_explained(legend: Legend) -> None:
    legend.show(["a"], np.array([1.0]), class_colours(1), unread=0.25)
    assert "no clear month · 25 %" in legend.text


def test_a_colour_that_somebody_picks_is_that_of_map_and_legend() -> None:
    app = tn.ClickMap(small_model(), GridSource(), task=["meadow", "maize", "lake"])
    app.map_view()
    before = app.map._layer.url
    (name, _), *_ = shown(app.legend)
    chosen = name.rpartition(" · ")[0]
    app.legend._rows[0][0].value = "#123456"
    assert app._layer.drawn.classes[chosen] == "#123456"
    assert shown(app.legend)[0] == (name, "#123456")
    assert app.map._layer.url != before


def test_words_that_mean_a_cover_have_its_colour_and_others_one_of_none() -> None:
    roofs, fields, woods, scrub, grass, soil, lakes, marshes = AREAS
    assert class_colours(list(tn.tasks["land_cover"].classes)) == list(AREAS)
    words = ["a lake", "hay meadow", "something else", "Wheat", "maize", "reed beds", "town houses"]
    assert class_colours(words) == [lakes, grass, NEUTRAL[0], fields, NEUTRAL[1], marshes, roofs]
    assert not {woods, scrub, soil} & set(class_colours(words))
    assert len(set(class_colours([*words, *(f"word {k}" for k in range(30))]))) == 37
    # what is called by a cover's own name comes before what lies within it
    assert class_colours(["hay meadow", "grassland"])[1] == grass
