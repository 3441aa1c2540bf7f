"""What an address brings back: kept places with their labels, and the catalog that they were read from."""

from threading import Event

import numpy as np
import pytest
from dated_cube import dated_cube
from hypothesis import given
from hypothesis import strategies as st
from stac_catalog import CatalogWriter
from stac_server import served
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.link import KeptPlace, Link

WORDS = ["crop field", "grassland", "woodland"]
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


def settled(app: tn.ClickMap) -> tn.ClickMap:
    app._actions.opening.settle()
    app._jobs.settle()
    app._actions.address.again._jobs.settle()
    return app


def coming(app: tn.ClickMap) -> str:
    """What is said of places that are not read yet."""
    return app.kept._why.value


def address(app: tn.ClickMap) -> str:
    return app._actions._screen.link.value


def opened(
    model: tn.TimeSenCLIP, source: tn.Source, link: Link | str, words: list[str] | str = WORDS
) -> tn.ClickMap:
    """A page that was loaded with an address, when all of it is taken up."""
    app = tn.ClickMap(model, source, words)
    app.open_link(str(link))
    app.settle()
    return settled(app)


def taught(model: tn.TimeSenCLIP, source: GridSource) -> tn.ClickMap:
    """Four places of two years are kept, of which three have a label; one more place is read."""
    app = tn.ClickMap(model, source, WORDS)
    for column, year in ((3, 2018), (9, 2018), (15, 2019), (21, 2019)):
        app.use(year=year)
        app.click(*source.place(column, 7))
        app.keep()
    for number, label in ((1, "grassland"), (2, "a hop garden, old"), (4, "hops & barley")):
        app.label(number, label)
    app.click(*source.place(27, 7))
    assert app.error is None
    return app


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


def held(source: GridSource) -> Event:
    """Requests wait until this is set."""
    go = Event()
    source.pause = lambda: bool(go.wait(20))
    return go


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


# What is wrong with one part keeps nothing from the others, and is said


@pytest.mark.parametrize("label", ["none of these", "None of These", "nan", "\x00", "x" * 201])
def test_what_is_no_label_is_refused_and_everything_stays(model: tn.TimeSenCLIP, label: str) -> None:
    source = GridSource()
    app = taught(model, source)
    before, said = app.session.classes, address(app)
    app.kept.labels[3].value = label  # typed
    assert app.error
    assert app.kept.labels[3].value == ""
    assert (app.session.classes, address(app)) == (before, said)
    app.label(3, "woodland")
    app.use(["bog", "heath"])
    assert app.error is None
    assert app.session.classes[:2] == ["bog", "heath"]
    assert set(app.session.classes[2:]) == {"grassland", "a hop garden, old", "woodland", "hops & barley"}
    assert app.click(*source.place(2, 2)) is not None
    # by an address the place is kept without it
    second = opened(model, source, Link(kept=[KeptPlace(*source.place(5, 5), 2018, label)]))
    assert len(second.session.kept) == 1
    assert not second.session.lesson.labels
    assert second.error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("year=1999", "1999"), ("layer=foo", "layer='foo'"), ("prompts=foo", "prompts='foo'"),
        ("task=weather", "weather"), ("kept=garbage", "kept='garbage'"), ("lon=0&lat=0", "outside"),
    ],
)  # fmt: skip
def test_a_labelled_place_hides_nothing_that_is_wrong(model: tn.TimeSenCLIP, text: str, said: str) -> None:
    source = GridSource()
    app = opened(model, source, f"{text}&{Link(kept=[KeptPlace(*source.place(5, 5), 2018, 'grassland')])}")
    assert said in app.error
    assert app.table()["label"].tolist() == ["grassland"]


def test_an_address_is_not_written_over_while_it_is_taken_up(model: tn.TimeSenCLIP) -> None:
    sample = tn.open_source("sample")
    west, south, east, north = sample.bounds
    spots = [(west + (east - west) * x, south + (north - south) / 2) for x in (0.3, 0.5, 0.7)]
    kept = [KeptPlace(*spot, 2018, "bog") for spot in spots]
    app, told = tn.ClickMap(model, tn.open_source("flanders")), []
    link = Link(spots[0], 2018, words=("bog", "heath"), prompts="names", source="sample", kept=kept,
                model=app.session.marks[0])  # fmt: skip
    app._actions._screen.link.observe(lambda change: told.append(change["new"]), names="value")
    app.open_link(str(link))
    settled(app)
    # nothing, which the page does not write, and then all of it
    assert set(told) <= {"", str(link)}
    assert told[-1] == str(link)


def test_the_place_stays_in_the_address_until_it_is_read(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    link = str(Link.of(taught(model, source).session))
    app = tn.ClickMap(model, source, WORDS)
    go = held(source)
    app.open_link(link)
    assert app.busy
    assert address(app) == ""  # what stands in the page stays there
    go.set()
    settled(app)
    assert address(app) == link


def test_places_of_data_that_are_not_open_wait_for_them(model: tn.TimeSenCLIP) -> None:
    """Of a file that was opened by hand: a page that is loaded again begins with other data."""
    source = GridSource()
    source.name = "my field.nc"
    link = address(taught(model, source))
    app = tn.ClickMap(model, GridSource(), WORDS)  # the same ground
    app.open_link(link)
    settled(app)
    assert "names the source 'my field.nc'" in app.error
    assert "Open it under Data" in app.error
    assert app.result is None
    assert len(app.session.kept) == 0
    assert address(app) == ""  # what stands in the page stays there
    app.open_source(source)
    settled(app)
    assert app.error is None
    assert len(app.session.kept) == 4
    assert app.result.series.source == "my field.nc"
    assert address(app) == link


def test_a_click_ends_the_wait_for_other_data(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    app = tn.ClickMap(model, source, WORDS)
    app.open_link(str(Link(source="my field.nc", kept=[KeptPlace(*source.place(5, 5), 2018, "bog")])))
    app.click(*source.place(3, 3))
    assert Link.read(address(app)).source == source.name
    assert Link.read(address(app)).kept == ()
    assert app.error is None


def test_an_answer_of_the_data_before_does_not_come_after_others_are_open(model: tn.TimeSenCLIP) -> None:
    slow, other = GridSource(), GridSource()
    other.name = "another grid"
    go = held(slow)
    app = tn.ClickMap(model, slow, WORDS)
    app._actions.places.read(*slow.place(5, 5), patient=False)
    app.open_source(other)
    go.set()
    settled(app)
    assert app.result is None


def test_more_than_can_be_kept_is_said_and_stays_in_the_address(model: tn.TimeSenCLIP, monkeypatch) -> None:
    from timesen_nb.widgets import kept

    monkeypatch.setattr(kept, "MOST", 3)
    source = GridSource()
    app = tn.ClickMap(model, source, WORDS)
    places = [KeptPlace(*source.place(column, 5), 2018) for column in (3, 9, 15, 21, 27)]
    app.open_link(str(Link(kept=places)))
    settled(app)
    assert len(app.session.kept) == 3
    assert "2 kept places could not be brought back" in app.error
    assert "the most" in coming(app)
    assert {k.spot for k in Link.read(address(app)).kept} == {k.spot for k in places}


def test_an_address_says_all_that_it_means(model: tn.TimeSenCLIP) -> None:
    """A page that stood otherwise before shows the same as one that is new."""
    source = GridSource()
    link = str(Link(source.place(5, 5), 2018, words=("bog", "heath")))
    new, other = tn.ClickMap(model, source, WORDS), tn.ClickMap(model, source, WORDS, prompts="names")
    other.time.layer.value = "NDVI: how green"
    for app in (new, other):
        app.open_link(link)
        settled(app)
    np.testing.assert_array_equal(other.result.probabilities, new.result.probabilities)
    assert other.time.layer.value == new.time.layer.value
    assert address(other) == address(new)


def test_words_that_labels_brought_go_with_them_after_a_reload_too(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    first = taught(model, source)
    assert Link.read(address(first)).words == tuple(WORDS)
    second = opened(model, source, address(first), "land_cover")
    for app in (first, second):
        assert app.words.words.value.splitlines() == WORDS
        app.label(2, "")
        assert app.session.classes == [*WORDS, "hops & barley"]


def test_labels_that_an_address_gives_to_places_that_are_kept_count(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    app = taught(model, source)
    kept = [k._replace(label="a bog") if k.label == "grassland" else k for k in Link.read(address(app)).kept]
    app.open_link(str(Link(kept=kept)))
    settled(app)
    assert app.session.lesson.labels[1] == app.kept.labels[1].value == "a bog"
    assert len(app.session.kept) == 4
    app.open_link(str(Link(source.place(9, 9), kept=[kept[0]._replace(label="nan"), kept[1]])))
    settled(app)
    assert app.session.lesson.labels[1] == "a bog"
    assert "'nan' is no label" in app.error
    assert Link.read(address(app)).place == pytest.approx(source.place(9, 9), abs=1e-6)
    # two labels for one place are no riddle
    twice = [KeptPlace(*source.place(5, 5), 2018, label) for label in ("grassland", "woodland")]
    app.open_link(str(Link(kept=twice)))
    settled(app)
    assert app.session.lesson.labels[5] == "grassland"
    assert "is there as 'grassland' and as 'woodland'" in app.error


def test_a_place_that_is_kept_while_it_is_coming_is_there_once(model: tn.TimeSenCLIP) -> None:
    source, go, asked = GridSource(), Event(), []

    def first_waits() -> None:
        asked.append(None)
        if len(asked) == 1:
            go.wait(20)

    source.pause = first_waits
    app = tn.ClickMap(model, source, WORDS)
    app.open_link(str(Link(kept=[KeptPlace(*source.place(5, 5), 2018, "grassland")])))
    app.click(*source.place(5, 5))
    app.keep()
    go.set()
    settled(app)
    assert app.table()["label"].tolist() == ["grassland"]


def test_a_click_while_a_catalog_is_opened_keeps_the_address(model: tn.TimeSenCLIP, monkeypatch) -> None:
    from timesen_nb.widgets import take_up

    go, source = Event(), GridSource()
    source.known_as = "earth-search"

    def opening(name: str) -> GridSource:
        go.wait(20)
        return source

    monkeypatch.setattr(take_up, "open_catalog", opening)
    here = GridSource()
    here.name = "what was open before"
    app = tn.ClickMap(model, here, WORDS)
    kept = [KeptPlace(*source.place(5, 5), 2018, "bog")]
    link = str(Link(source.place(9, 9), 2018, words=("bog", "heath"), source="earth-search", kept=kept,
                    model=app.session.marks[0]))  # fmt: skip
    app.open_link(link)
    assert app.click(*here.place(3, 3)).series.source == here.name
    assert address(app) == ""  # what stands in the page stays there
    go.set()
    while app.busy:
        settled(app)
    assert app.error is None
    assert app.result.series.source == source.name
    assert app.table()["label"].tolist() == ["bog"]
    assert address(app) == link


def test_a_place_that_is_kept_twice_keeps_its_label(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    app = tn.ClickMap(model, source, WORDS)
    app.click(*source.place(5, 5))
    app.keep()
    app.label(1, "a hop garden")
    app.keep()  # it says something else now
    assert len(app.session.kept) == 2
    assert [k.label for k in Link.read(address(app)).kept] == ["a hop garden"]
    app.open_link(str(Link(kept=[KeptPlace(*source.place(5, 5), 2018, "grassland")])))
    assert app.session.lesson.labels == {1: "grassland"}


def test_the_newest_address_counts(model: tn.TimeSenCLIP, monkeypatch) -> None:
    from timesen_nb.widgets import take_up

    go, source = Event(), GridSource()
    catalog = GridSource()
    catalog.name = "a catalog"

    def opening(name: str) -> GridSource:
        go.wait(20)
        return catalog

    monkeypatch.setattr(take_up, "open_catalog", opening)
    app = tn.ClickMap(model, source, WORDS)
    app.open_link(str(Link(source.place(5, 5), 2018, source="earth-search")))
    app.open_link(str(Link(source.place(9, 9), 2018, words=("bog", "heath"), source=source.name)))
    go.set()
    while app.busy:
        settled(app)
    assert app.error is None
    assert app.session.source is source
    assert app.result.lon == pytest.approx(source.place(9, 9)[0], abs=1e-6)


def test_places_that_wait_for_one_catalog_are_not_read_from_another(
    model: tn.TimeSenCLIP, monkeypatch
) -> None:
    from timesen_nb.widgets import take_up

    opened = {name: GridSource() for name in ("earth-search", "planetary-computer")}
    for name, grid in opened.items():
        grid.name = grid.known_as = name
    monkeypatch.setattr(take_up, "open_catalog", opened.__getitem__)
    first = opened["earth-search"]
    first.fail = RequestFailed("the network is away")
    app = tn.ClickMap(model, GridSource(), WORDS)
    link = Link(source="earth-search", kept=[KeptPlace(*first.place(5, 5), 2018, "bog")])
    app.open_link(str(link))
    settled(app)
    assert "the network is away" in coming(app)
    # the same catalog once more: then they are read
    app.open_source(first)
    settled(app)
    assert app.table()["source"].tolist() == ["earth-search"]
    app.session.forget(1)
    first.fail = RequestFailed("the network is away")
    app.open_link(str(link))
    settled(app)
    app.open_link(str(Link(source="planetary-computer")))
    settled(app)
    assert app.session.source.name == "planetary-computer"
    assert len(app.session.kept) == 0
    assert Link.read(address(app)).kept == ()


def test_an_address_that_changes_nothing_is_written_over(model: tn.TimeSenCLIP) -> None:
    app, told = taught(model, GridSource()), []
    before = address(app)
    app._actions._screen.link.observe(lambda change: told.append(change["new"]), names="value")
    app.open_link("nonsense=1")
    settled(app)
    assert told[-1] == address(app) == before


def test_places_come_back_by_the_words_that_they_taught(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    first = taught(model, source)
    second = opened(model, source, address(first), "land_cover")
    for number, a in dict(second.session.kept).items():
        now = second.session._answer(a.series)
        np.testing.assert_array_equal(a.probabilities, now.probabilities)
        assert a.classes == now.classes, number


def test_what_is_said_of_places_that_are_there_can_be_sent_away(model: tn.TimeSenCLIP) -> None:
    source = GridSource()
    app = opened(model, source, Link(source.place(9, 9), kept=[KeptPlace(*source.place(5, 5), 2018, "nan")]))
    assert len(app.session.kept) == 1
    assert "'nan' is no label" in coming(app)
    assert "could not be brought back in full" in app.error
    app.kept.give_up.click()
    assert (coming(app), app.error) == ("", None)


def test_a_fault_of_the_source_ends_the_reading(model: tn.TimeSenCLIP, caplog) -> None:
    source = GridSource()
    source.fail = ZeroDivisionError("a fault")
    app = opened(model, source, Link(kept=[KeptPlace(*source.place(5, 5), 2018)]))
    assert "a fault" in app.error
    assert "A place of the address is not read." in coming(app)
    app.kept.read.click()
    settled(app)
    assert len(app.session.kept) == 1


@pytest.mark.parametrize("by_hand", [True, False])
def test_other_data_that_are_opened_meanwhile_count(
    model: tn.TimeSenCLIP, monkeypatch, by_hand: bool
) -> None:
    from timesen_nb.widgets import take_up

    go = Event()
    monkeypatch.setattr(take_up, "open_catalog", lambda name: go.wait(20))
    app = tn.ClickMap(model, GridSource(), WORDS)
    app.open_link(str(Link(source="earth-search", kept=[KeptPlace(4.0, 50.0, 2018, "bog")])))
    if by_hand:
        app.open_source(tn.open_source("flanders"))
    else:
        app.map.switch.value = "flanders"
        app._actions.opening.settle()
    go.set()
    settled(app)
    assert app.error is None
    assert app.session.shared == Link.read(address(app)).source == "flanders"
    app.use(["bog", "heath"])
    assert Link.read(address(app)).words == ("bog", "heath")


def test_another_simulated_countryside_is_not_the_bundled_one(model: tn.TimeSenCLIP) -> None:
    other = tn.open_source("sample", seed=8, size=128)
    west, south, east, north = other.bounds
    app = tn.ClickMap(model, other, WORDS)
    app.click((west + east) / 2, (south + north) / 2)
    assert app.error is None
    bundled = opened(model, tn.open_source("sample"), address(app))
    assert "Open it under Data" in bundled.error
    assert bundled.result is None
    assert opened(model, tn.open_source("sample", seed=8, size=128), address(app)).error is None
