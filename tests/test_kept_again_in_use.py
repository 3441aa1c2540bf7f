"""An address on a page that is in use: places that are kept there, other catalogs, newer addresses."""

from threading import Event

import numpy as np
import pytest
from addresses import WORDS, address, coming, opened, settled, taught
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.link import KeptPlace, Link


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


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
