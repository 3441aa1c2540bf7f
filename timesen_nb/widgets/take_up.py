"""What an address says of a map is taken up: every part that can be, and of the others it is said why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from timesen_nb.model.prompts import PROMPT_STYLES
from timesen_nb.sources import BUNDLED, open_source
from timesen_nb.tasks.names import tidy
from timesen_nb.widgets.data_control import open_catalog
from timesen_nb.widgets.layers import LAYERS, TRUE_COLOUR
from timesen_nb.widgets.link import CATALOGS, USUAL, Link

if TYPE_CHECKING:
    from timesen_nb.widgets.actions import Actions
    from timesen_nb.widgets.screen import Screen
    from timesen_nb.widgets.session import Session


def take_up(link: Link, actions: Actions, session: Session, screen: Screen) -> None:
    """Take up what an address says; a catalog is opened, and places are read, behind the page.

    Args:
        link: of the address.
        actions: of the app.
        session: what they change.
        screen: what shows it.
    """
    problems = list(link.problems)
    others = list[str]()

    def attempt(action: Callable[..., Any], *given: Any) -> bool:
        try:
            action(*given)
        except (ValueError, OSError) as problem:
            problems.append(str(problem))
            return False
        return True

    def tell() -> None:
        if problems:
            screen.messages.add(" ".join(["Part of the address cannot be used:", *problems]))
        for other in others:
            screen.messages.add(other)

    address = actions.address

    def read() -> None:
        # an answer clears what was said
        tell()
        if address.again.unread:
            screen.messages.add(address.again.unread)
        address.taken()

    def there(opened: bool) -> None:
        """The year and the places, which are those of its own data: of others they would say something else."""
        try:
            if opened:
                others.extend(_others(link, session))
                problems.extend(address.again.expect(link.kept))
                attempt(actions.use_year, link.year)
            tell()
        finally:
            address.wait()
        if not opened:
            # said now; where the data are opened later it is true no more
            problems.clear()
        if opened and link.place:
            if not session.source.bounds:
                screen.map.approach(*link.place)
            actions.places.read(*link.place, patient=False, after=read)
        elif opened:
            address.taken()
        address.again.read()

    screen.messages.well()
    # the newest address counts
    actions.stop_opening()
    source = _called(link, session)
    address.take(source, there)
    says = link != Link(problems=link.problems)
    style = link.prompts or (USUAL if says else session.prompts)
    if style in PROMPT_STYLES:
        attempt(actions.use_prompts, style)
    else:
        problems.append(_other("prompts", style, PROMPT_STYLES))
    if link.words:
        words, repeated = _once(link.words)
        if repeated:
            problems.append(f"it gives {', '.join(map(repr, repeated))} more than once, which is read once.")
        attempt(actions.use_words, "\n".join(words))
    elif link.task and link.task != session.task:
        attempt(session.use, link.task)
    layer = link.layer or (TRUE_COLOUR if says else screen.time.layer.value)
    if layer in LAYERS:
        screen.time.layer.value = layer
    else:
        problems.append(_other("layer", layer, list(LAYERS)))
    if source in (None, session.shared, session.source.name):
        there(True)
    elif source in CATALOGS:
        actions.use_source(partial(open_catalog, source), then=there)
    else:
        there(attempt(_open, source, actions))


def _called(link: Link, session: Session) -> str | None:
    """What the data of an address are called; capitals make no other source of those that everybody can open."""
    if link.source is None or link.source == session.source.name or link.file:
        return link.source
    known = {name.casefold(): name for name in (*BUNDLED, *CATALOGS)}
    return known.get(tidy(link.source).casefold(), link.source)


def _others(link: Link, session: Session) -> list[str]:
    """What an address was made with that is another here, in words; what it does not say is taken as the same."""
    model, file = session.marks
    said = []
    if link.model and link.model != model:
        said.append(
            f"The address was made with a model of other weights ({link.model[:40]}, here {model or 'unknown'}): its "
            "answers may differ from those that are shown here."
        )
    if link.file and link.file != file:
        said.append(
            f"The address was made of another file that is called {session.source.name} ({link.file[:40]}, here "
            f"{file or 'none'}): its places may show something else. Open the same file, or ask who sent the "
            "address."
        )
    return said


def _open(name: str, actions: Actions) -> None:
    """Open the source of an address; others than the bundled ones are not opened by what somebody sends."""
    if name not in BUNDLED:
        raise ValueError(
            f"the address of this page names the source {name[:40]!r}, which is none of "
            f"{', '.join((*BUNDLED, *CATALOGS))}. Open it under Data: then its places are read. "
            "A click on the map gives them up."
        )
    actions.open(open_source(name))


def _other(what: str, given: str, expected: Sequence[str]) -> str:
    return f"it gives {what}={given[:40]!r}; expected one of {', '.join(expected)}."


def _once(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Each word once, and those that were there again."""
    kept: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for word in filter(None, map(tidy, words)):
        (repeated if word.casefold() in kept else kept).setdefault(word.casefold(), word)
    return list(kept.values()), list(repeated.values())
