"""The click map, by its public names: years, months and sources."""

import threading

import numpy as np
import pytest
from clicks import WORDS, on_map, settle
from synthetic import GridSource, small_model

import timesen_nb as tn


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


@pytest.mark.parametrize("begin", ["under way", "no clear month"])
def test_another_year_asks_for_the_place_that_has_no_answer_yet(
    app: tn.ClickMap, source: GridSource, begin: str
) -> None:
    app.click(*source.place(5, 7))
    go_on, real, there = threading.Event(), source.pixel, source.place(9, 9)

    def pixel(lon: float, lat: float, year: int) -> tn.PixelSeries:
        series = real(lon, lat, year)
        if year == 2019:
            return series
        if begin == "under way":
            go_on.wait(20)
        return tn.PixelSeries(series.values * np.nan, series.valid & False, lon, lat, year, source.name)

    source.pixel = pixel
    on_map(app, *there, wait=begin != "under way")
    assert (app.error is None) == (begin == "under way")
    app.time.year.value = 2019
    go_on.set()
    settle(app)
    assert app.error is None
    assert (app.result.lon, app.result.lat, app.result.series.year) == (*there, 2019)


def test_another_year_leaves_a_place_alone_that_was_given_up(app: tn.ClickMap, source: GridSource) -> None:
    first, go_on = source.place(5, 7), threading.Event()
    app.click(*first)
    source.pause = lambda: go_on.wait(20) if len(source.requests) == 2 else None
    on_map(app, *source.place(9, 9), wait=False)
    app.panel.stop.click()
    app.time.year.value = 2019
    go_on.set()
    settle(app)
    assert (app.result.lon, app.result.lat, app.result.series.year) == (*first, 2019)


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
