"""The end of the page's address: it follows what the map shows, and keeps what it says until that is taken up."""

from __future__ import annotations

from collections.abc import Callable

from timesen_nb.widgets.kept_again import KeptAgain
from timesen_nb.widgets.layers import TRUE_COLOUR
from timesen_nb.widgets.link import Link
from timesen_nb.widgets.screen import Screen
from timesen_nb.widgets.session import Session


class PageAddress:
    """Writes the address, but not over one whose data are not open, or whose place is not read yet.

    taking: an address is being taken up. again: reads its kept places.

    Args:
        session: what the address says.
        screen: where it stands.
    """

    def __init__(self, session: Session, screen: Screen) -> None:
        self._session, self._screen = session, screen
        self.again = KeptAgain(session, screen.kept, screen.messages, self.tell)
        self.taking, self._data = False, session.source.name
        self._pending: tuple[str | None, Callable[[bool], None]] | None = None

    def tell(self) -> None:
        """Say what the map shows now."""
        if self._pending is None:
            layer = self._screen.time.layer.value
            link = Link.of(self._session, None if layer == TRUE_COLOUR else layer, self.again.coming)
            self._screen.link.value = str(link)

    def take(self, source: str | None, go_on: Callable[[bool], None]) -> None:
        """An address is taken up: it stays as it is meanwhile.

        Args:
            source: what its data are called.
            go_on: takes up the rest when they are open.
        """
        self.taking, self._pending = True, (source, go_on)
        # what is told afterwards is told though it is the same as before: the page may show another address
        self._screen.link.value = ""

    def wait(self) -> None:
        """What is left of an address waits: for its data to be opened, or for its place; an answer ends that."""
        self.taking = False

    def taken(self) -> None:
        """All of an address is taken up."""
        self.taking, self._pending = False, None
        self.tell()

    def answered(self) -> None:
        """A place was read: what waited before is over."""
        if not self.taking:
            self._pending = None

    def leave(self) -> None:
        """Other data may be read now: what was coming from those before is not there."""
        before, self._data = self._data, self._session.source.name
        if before != self._data:
            self.again.drop()

    def opened(self) -> None:
        """Data were opened: what waited for them goes on."""
        if self.taking:
            return
        self.again.read()
        if self._pending is None:
            return
        source, go_on = self._pending
        self._pending = None
        if source in (self._session.shared, self._session.source.name):
            go_on(True)
        else:
            self.tell()
