"""What is wrong with a part of an address, or has to wait, keeps nothing from the others and is said."""

import pytest
from addresses import WORDS, address, coming, held, opened, settled, taught
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.widgets.link import KeptPlace, Link


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return tn.load("pocket")


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
