"""The answer as a picture to send to somebody."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import ipywidgets as w


class ShareCard(w.HBox):
    """A button that makes the picture, and then a link that downloads it.

    Args:
        draw: makes the picture, a PNG file.
    """

    def __init__(self, draw: Callable[[], bytes]) -> None:
        self._draw = draw
        self.make = w.Button(description="Share as a picture", tooltip="Map, answer and year as one picture")
        # written here alone: its content is base64, so no text of the user is markup
        self.file = w.HTML()
        super().__init__([self.make, self.file])
        self.add_class("tn-quiet")

    def clear(self) -> None:
        """Another answer, or another layer: the picture of the one before is no longer offered."""
        if self.file.value:
            self.file.value = ""

    def show(self) -> None:
        """Make the picture and offer it."""
        data = b64encode(self._draw()).decode()
        self.file.value = (
            f'<a download="timesen.png" href="data:image/png;base64,{data}">Download timesen.png</a>'
        )
