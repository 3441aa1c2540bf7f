"""What an address brings back to a click map: pages that are opened with one, and what they say."""

from threading import Event

from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.widgets.link import Link

WORDS = ["crop field", "grassland", "woodland"]


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


def held(source: GridSource) -> Event:
    """Requests wait until this is set."""
    go = Event()
    source.pause = lambda: bool(go.wait(20))
    return go
