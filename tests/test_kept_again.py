"""What an address brings back: kept places with their labels, and the catalog that they were read from."""

import numpy as np
import pytest
from addresses import WORDS, address, coming, held, opened, settled, taught
from dated_cube import dated_cube
from hypothesis import given
from hypothesis import strategies as st
from stac_catalog import CatalogWriter
from stac_server import served
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.link import KeptPlace, Link

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


@given(st.lists(st.builds(KeptPlace, st.floats(-180, 180), st.floats(-90, 90), st.integers(1, 9999), text)))
def test_kept_places_are_read_as_they_were_written(kept: list[KeptPlace]) -> None:
    back = Link.read(str(Link(kept=kept))).kept
    assert [(k.year, k.label) for k in back] == [(k.year, k.label) for k in kept]
    np.testing.assert_allclose(
        np.array([k[:2] for k in back]).ravel(), np.array([k[:2] for k in kept]).ravel(), atol=1e-6
    )


@pytest.mark.parametrize("bad", ["1", "1,2", "east,2,2018", "1,2,soon", "nan,2,2018", "1,inf,2018,maize", ""])
def test_a_kept_place_that_is_none_is_said(bad: str) -> None:
    link = Link.read(f"kept=1,2,2018,maize&kept={bad}&word=bog")
    assert link.kept == (KeptPlace(1, 2, 2018, "maize"),)
    assert bool(link.problems) == bool(bad)
    assert all("expected longitude,latitude,year and a label" in problem for problem in link.problems)


def test_a_reload_brings_back_what_was_kept_and_taught(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    first = taught(model, source)
    second = opened(model, source, address(first), "land_cover")
    assert second.error is None
    before, after = first.table(), second.table()
    for column in ("place", "year", "source", "label"):
        assert before[column].fillna("").tolist() == after[column].fillna("").tolist()
    np.testing.assert_allclose(before[["lon", "lat"]], after[["lon", "lat"]], atol=1e-6)
    assert second.session.classes == first.session.classes
    # the degrees of an address are rounded, the pixels are the same
    np.testing.assert_allclose(second.result.probabilities, first.result.probabilities, atol=1e-6)
    assert second.result.series.year == 2019
    assert [second.kept.labels[n].value for n in (1, 2, 3, 4)] == [
        "grassland", "a hop garden, old", "", "hops & barley",
    ]  # fmt: skip
    assert address(second) == address(first)
    # the same address once more adds nothing
    second.open_link(address(first))
    settled(second)
    assert len(second.session.kept) == 4
    assert address(second) == address(first)


def test_places_that_cannot_be_read_again_are_said_and_stay_in_the_address(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    app = tn.ClickMap(model, source, WORDS)
    there = [KeptPlace(*source.place(5, 5), 2018, "grassland"), KeptPlace(*source.place(9, 5), 2018)]
    bad = [KeptPlace(0.0, 0.0, 2018, "sea"), KeptPlace(*source.place(9, 9), 1999)]
    app.open_link(str(Link(kept=[bad[0], there[0], bad[1], there[1]])))
    settled(app)
    assert app.table()["label"].fillna("").tolist() == ["grassland", ""]
    assert "2 kept places could not be brought back" in app.error
    assert "2 places of the address are not read" in coming(app)
    assert "outside the data" in coming(app)
    assert "1999" in coming(app)
    assert [k.label for k in Link.read(address(app)).kept] == ["grassland", "", "sea", ""]
    # the answer of another place says nothing of them, and takes nothing away
    app.click(*source.place(20, 20))
    assert app.error is None
    assert "2 places of the address are not read" in coming(app)
    app.kept.give_up.click()
    assert coming(app) == ""
    assert [k.label for k in Link.read(address(app)).kept] == ["grassland", ""]


def test_a_source_that_stops_answering_loses_nothing(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    link = Link.read(address(taught(model, source)))
    app, asked = tn.ClickMap(model, source, WORDS), []

    def away() -> None:
        asked.append(None)
        if len(asked) == 2:
            source.fail = RequestFailed("the network is away")

    source.pause = away
    app.open_link(str(Link(kept=link.kept)))
    settled(app)
    assert "the network is away" in coming(app)
    assert len(app.session.kept) == 1
    assert len(asked) == 2  # the others are not asked for
    assert {k.spot for k in Link.read(address(app)).kept} == {k.spot for k in link.kept}
    app.kept.read.click()
    settled(app)
    assert coming(app) == ""
    assert len(app.session.kept) == 4
    assert set(Link.read(address(app)).kept) == set(link.kept)


def test_stopped_the_places_stay_in_the_address(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    go = held(source)
    app = tn.ClickMap(model, source, WORDS)
    kept = (KeptPlace(*source.place(5, 5), 2018, "grassland"),)
    app.open_link(str(Link(kept=kept)))
    assert app.busy
    assert "Reading a place that was kept before" in coming(app)
    app.kept.stop.click()
    go.set()
    settled(app)
    assert "A place of the address is not read." in coming(app)
    assert [k[2:] for k in Link.read(address(app)).kept] == [(2018, "grassland")]
    # other data have no such places
    other = GridSource()
    other.name = "another grid"
    app.open_source(other)
    assert coming(app) == ""
    assert Link.read(address(app)).kept == ()


def test_a_second_address_adds_to_what_the_first_brings(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    go = held(source)
    app = tn.ClickMap(model, source, WORDS)
    one, two = (KeptPlace(*source.place(column, 5), 2018, "grassland") for column in (5, 9))
    app.open_link(str(Link(kept=[one])))
    app.open_link(str(Link(kept=[two, one])))
    go.set()
    settled(app)
    assert len(app.session.kept) == 2
    assert len(Link.read(address(app)).kept) == 2


def test_places_of_other_data_are_not_in_the_address(model: tn.TimeSenCLIP) -> None:
    app = taught(model, GridSource())
    other = GridSource()
    other.name = "another grid"
    app.open_source(other)
    app.click(*other.place(4, 4))
    app.keep()
    assert len(app.session.kept) == 5
    assert [k.label for k in Link.read(address(app)).kept] == [""]


def test_a_catalog_that_everybody_can_ask_is_opened_again(model, tmp_path, monkeypatch) -> None:
    world = dated_cube(height=4, width=4)
    writer = CatalogWriter(tmp_path)
    for i, when in enumerate(world.times):
        writer.add(f"S2A_{i:03d}", when, world.values[i], world.scl[i], baseline="02.12")
    writer.write()
    with served(writer.folder) as api:
        monkeypatch.setitem(tn.sources.stac.catalog.KNOWN, "earth-search", api.address)
        first = tn.ClickMap(model, tn.open_source("stac", cache=False), WORDS, year=2018)
        first.click(*world.place(1, 2))
        first.keep()
        first.label(1, "grassland")
        assert first.error is None
        assert "source=earth-search" in address(first)
        second = tn.ClickMap(model, tn.open_source("flanders"))
        second.open_link(address(first))
        while second.busy:
            settled(second)
        assert second.error is None
        assert second.session.shared == "earth-search"
        assert second.result.probabilities == pytest.approx(first.result.probabilities, abs=1e-6)
        assert second.table()["label"].tolist() == ["grassland"]
        assert address(second) == address(first)
        other = tn.open_source("stac", collection="sentinel-2-l2a", cache=False)
        assert other.known_as is None
    # the catalog is away: the address stays what it was, for another try
    third = tn.ClickMap(model, tn.open_source("flanders"))
    told = []
    third._actions._screen.link.observe(lambda change: told.append(change["new"]), names="value")
    third.open_link(address(first))
    while third.busy:
        settled(third)
    assert third.error
    assert third.panel.mend.description == "Try again"
    assert set(told) <= {""}
    assert third.session.classes == first.session.classes
    assert third.session.bundled == "flanders"
