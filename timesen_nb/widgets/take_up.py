"""What an address says of a map is taken up: every part that can be, and of the others it is said why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from timesen_nb.model.prompts import PROMPT_STYLES
from timesen_nb.sources import open_source
from timesen_nb.tasks.names import tidy
from timesen_nb.widgets.data_control import open_catalog
from timesen_nb.widgets.layers import LAYERS
from timesen_nb.widgets.link import BUNDLED, CATALOGS, Link

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

    def attempt(action: Callable[..., Any], *given: Any) -> bool:
        try:
            action(*given)
        except (ValueError, OSError) as problem:
            problems.append(str(problem))
            return False
        return True

    def tell() -> None:
        if problems:
            screen.messages.add(" ".join(["Not all of the address can be taken up:", *problems]))

    def there(opened: bool) -> None:
        """The year and the places, which are those of its own data: of others they would say something else."""
        if opened:
            actions.again.expect(link.kept)
            attempt(actions.use_year, link.year)
        tell()
        if link.place and opened:
            if not session.source.bounds:
                screen.map.approach(*link.place)
            # an answer would clear what was said
            actions.places.read(*link.place, patient=False, after=tell)
        if opened:
            actions.bring_back()

    screen.messages.well()
    actions.hold = link.source in CATALOGS and link.source != session.shared
    if link.prompts in PROMPT_STYLES:
        attempt(session.use_prompts, link.prompts)
    elif link.prompts:
        problems.append(_other("prompts", link.prompts, PROMPT_STYLES))
    if link.words:
        words, repeated = _once(link.words)
        if repeated:
            problems.append(f"it gives {', '.join(map(repr, repeated))} more than once, which is read once.")
        attempt(actions.use_words, "\n".join(words))
    elif link.task and link.task != session.task:
        attempt(session.use_task, link.task)
    if link.layer in LAYERS:
        screen.time.layer.value = link.layer
    elif link.layer:
        problems.append(_other("layer", link.layer, list(LAYERS)))
    if not link.source or link.source == session.shared:
        there(True)
    elif link.source in CATALOGS:
        actions.use_source(partial(open_catalog, link.source), then=there)
    else:
        there(attempt(_open, link.source, actions))


def _open(name: str, actions: Actions) -> None:
    """Open the source of an address; others than the bundled ones are not opened by what somebody sends."""
    if name not in BUNDLED:
        raise ValueError(
            f"the address of this page names the source {name[:40]!r}; expected one of "
            f"{', '.join((*BUNDLED, *CATALOGS))}. Open others under Data."
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
