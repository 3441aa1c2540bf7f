"""The parts of the page that need no kernel: its head, and what is said when there is none to have."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path
from string import Template

from timesen_nb.widgets.parts import parts_script

TEMPLATE = Path(__file__).resolve().parent.parent / "share" / "voila" / "templates" / "timesen"
TITLE = "Click map · timesen_nb"


class Shell:
    """HTML that is read once.

    Args:
        base_url: path under which the server answers, with a slash at both ends.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    @cached_property
    def head(self) -> str:
        """The beginning of a page, up to where the kernel's part goes on."""
        return self._filled("head.html") + self._filled("starting.html")

    @cached_property
    def full(self) -> str:
        """A whole page: no kernel is free."""
        return self._filled("head.html") + self._filled("full.html")

    @cached_property
    def token(self) -> str:
        """A whole page: whoever asks has not shown the token."""
        return self._filled("head.html") + self._filled("token.html")

    @property
    def failed(self) -> str:
        """The end of a page whose kernel could not make the map."""
        return "<script>stopped()</script>"

    def _filled(self, name: str) -> str:
        return Template((TEMPLATE / name).read_text("utf-8")).substitute(
            title=escape(TITLE),
            base_url=escape(self._base_url),
            style=(TEMPLATE / "page.css").read_text("utf-8"),
            script=parts_script() + (TEMPLATE / "page.js").read_text("utf-8"),
        )
