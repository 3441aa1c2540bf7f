"""The page around map and panel: heading, columns and style sheet."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ipywidgets as w

#: Pictures of nothing: without one, a page shows the sign of a broken image for a moment.
BLANK = {
    "svg+xml": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
    "png": b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
    ),
}


#: Of MathJax 3 and later, and of 2: notebooks typeset what stands between two ``$`` of a label, if not told so.
LITERAL = ("mathjax_ignore", "tex2jax_ignore")
GONE = "tn-gone"
_alike: dict[str, Any] = {}


def plain_label(text: str = "", style: str = "", **options: Any) -> w.Label:
    """A line of text, letter by letter; ``style``: its classes."""
    # All of them share one layout and one look, for a page has a hundred, and these are made and sent like widgets.
    if not _alike or _alike["layout"].comm is None:  # closed by Widget.close_all()
        first = w.Label()
        _alike.update(layout=first.layout, style=first.style)
    return w.Label(text, _dom_classes=[*LITERAL, *style.split()], **_alike, **options)


def reveal(widget: w.Widget, wanted: bool) -> None:
    """Show a widget, or take it off the page."""
    (widget.remove_class if wanted else widget.add_class)(GONE)


def seen(widget: w.Widget) -> bool:
    """Whether a widget was not taken off the page."""
    return GONE not in widget._dom_classes


class Drawing(w.VBox):
    """A picture, and the same in words for whoever does not see it.

    Args:
        kind: "svg+xml" or "png".
        style: class of the picture.
        data: the picture.
        words: what it shows.
    """

    def __init__(self, kind: str, style: str, data: bytes = b"", words: str = "") -> None:
        self._image = w.Image(format=kind, value=data or BLANK[kind], _dom_classes=[style])
        self._words = plain_label(words, "tn-alt")
        super().__init__([self._image, self._words], _dom_classes=["tn-drawing"])

    def draw(self, data: bytes, words: str) -> None:
        """Show a picture and say what it shows."""
        self._words.value = words
        self._image.value = data

    @property
    def data(self) -> bytes:
        """The picture."""
        return bytes(self._image.value)


def style_sheet() -> w.HTML:
    """Our own style sheet, as a widget that shows nothing."""
    return w.HTML(f"<style>{files(__package__).joinpath('style.css').read_text('utf-8')}</style>")


def heading() -> w.VBox:
    """What this is, in two lines; the first is the page's heading."""
    name = w.HTML("<h1>What grows here? Ask a year of satellite images in your own words.</h1>")
    told = note(
        "Every 10 m pixel has a year of its own: fields green up and ripen, woods turn, water stays dark. "
        "A model compares that year with your words and says how well each fits."
    )
    name.add_class("tn-heading")
    told.add_class("tn-told")
    return w.VBox([name, told])


def note(text: str) -> w.Label:
    """A line of explanation."""
    return plain_label(text, "tn-small")


def field(name: str, *widgets: w.Widget) -> w.VBox:
    """A name above what it names."""
    return w.VBox([plain_label(name, "tn-field"), *widgets])


def title(name: str) -> str:
    """A task's name as people write it."""
    return name.replace("_", " ").capitalize()


def hidden(name: str) -> w.Label:
    """Text of a class that the page's script reads and nobody sees."""
    return plain_label("", f"{name} {GONE}")


def uploaded(box: w.FileUpload) -> list[tuple[str, bytes]]:
    """Names and contents of files that a page sent, as ipywidgets 8 (a tuple) and 7 (a dict) give them.

    They are taken out of the box: a file that stayed there could not be chosen again.

    Args:
        box: where they were chosen.

    Returns:
        A name and its content each.
    """
    sent, empty = box.value, type(box.value)()
    box.set_trait("value", empty)
    named = sent.items() if isinstance(sent, dict) else [(file["name"], file) for file in sent]
    return [(name, bytes(file["content"])) for name, file in named]


@contextmanager
def on_disk(name: str, content: bytes) -> Iterator[Path]:
    """An uploaded file under its own name; what fails with it names the file, and no folder of this machine."""
    with TemporaryDirectory() as folder:
        # its name alone: it comes from a page
        own = Path(re.sub(r"[^\w .()-]", "_", Path(name).name)[-100:])
        path = Path(folder) / f"{own.stem or 'file'}{own.suffix.lower()}"
        path.write_bytes(content)
        try:
            yield path
        except (ValueError, OSError) as problem:
            if folder not in str(problem):
                raise
            raise ValueError(str(problem).replace(f"{folder}{os.sep}", "")) from problem


def tabs(pages: dict[str, w.Widget]) -> w.VBox:
    """Pages of which one is seen at a time, chosen by buttons that the keyboard reaches; the page turns them itself.

    Args:
        pages: name -> page.

    Returns:
        A box of both; the buttons are its ``choice``.
    """
    choice = w.ToggleButtons(options=list(pages))
    choice.add_class("tn-tabs")
    children = list(pages.values())
    if hasattr(w, "Stack"):
        stack = w.Stack(children, selected_index=0)
        link = w.jslink((choice, "index"), (stack, "selected_index"))
    else:  # ipywidgets 7, which Colab has: the kernel turns the pages
        stack, link = w.VBox(children), None

        def turn(*_: object) -> None:
            for i, child in enumerate(children):
                reveal(child, i == choice.index)

        choice.observe(turn, names="index")
        turn()
    stack.add_class("tn-pages")
    box = w.VBox([choice, stack])
    box.add_class("tn-below")
    box.choice, box.link = choice, link  # they live as long as the box
    return box


def columns(left: list[w.Widget], right: list[w.Widget]) -> w.HBox:
    """Two columns, the right one below the left where the window is narrow."""
    boxes = w.VBox(left), w.VBox(right)
    for box, style in zip(boxes, ("tn-left", "tn-right"), strict=True):
        box.add_class(style)
    both = w.HBox(boxes)
    both.add_class("tn-columns")
    return both
