"""The right-hand side: where, what, how probable, and the year behind it. It shows; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as w
import numpy as np

from timesen_nb.bands import MONTHS
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.answer_trust import NO_FIT, UNLIKE
from timesen_nb.widgets.bars import Bars
from timesen_nb.widgets.guess import Guess
from timesen_nb.widgets.layers import png
from timesen_nb.widgets.page import Drawing, plain_label, reveal, seen
from timesen_nb.widgets.year_panel import YearPanel

NOTES = 4
DIRECTIONS = ("north", "east", "south", "west")
STEPS = (
    "1.  Type words above, or try one of ours: the whole map is coloured by them as you type.",
    "2.  Click the map to read one 10 m pixel: see how well each word fits, and the year behind the answer.",
    "3.  Keep places, compare them and label them: the words learn from your labels.",
)


class AnswerPanel(w.VBox):
    """State, headline, bars, year and ground views; and, to stand elsewhere, the box to type a place in.

    place: text box for coordinates or a name; go, stop, keep, mend: buttons. Whoever owns the panel listens to them.
    search: the box with its buttons and the state. year: the :class:`YearPanel`.
    """

    def __init__(self) -> None:
        self.place = w.Text(
            placeholder="4.35, 50.85 or the name of a place",
            continuous_update=False,
            tooltip="Longitude, latitude, or with letters 50.85 N, 4.35 E, or a map's link: Enter reads the place. "
            "A name: OpenStreetMap is asked where that is",
        )
        self.go = w.Button(
            description="Read place", button_style="primary", tooltip="Read the place typed here"
        )
        self.stop = w.Button(
            description="Cancel", button_style="warning", tooltip="Stop waiting for the source"
        )
        self.keep = w.Button(description="Keep this place", disabled=True, icon="bookmark")
        self.mend = w.Button()
        self._status, self._error = plain_label(), plain_label()
        self._headline, self._truth = plain_label(), plain_label()
        self._notes = [plain_label() for _ in range(NOTES + 1)]
        self._bars, self.year = Bars(), YearPanel()
        self._views = [Drawing("png", "tn-view") for _ in DIRECTIONS]
        captions = [plain_label(f"looking {name}") for name in DIRECTIONS]
        self._when = plain_label()
        for caption in (*captions, self._when):
            caption.add_class("tn-small")
        row = w.HBox([w.VBox(pair) for pair in zip(self._views, captions, strict=True)])
        row.add_class("tn-views")
        self._ground = w.VBox([self._when, row])
        for widget, style in (
            (self._status, "tn-status"),
            (self._error, "tn-error"),
            (self.mend, "tn-mend"),
            (self._headline, "tn-headline"),
            (self._truth, "tn-truth"),
            *((note, "tn-note") for note in self._notes),
            (self.place, "tn-place"),
            (self.keep, "tn-keep"),
        ):
            widget.add_class(style)
        top = w.HBox([self._headline, self.keep])
        top.add_class("tn-top")
        beside = w.VBox([self._truth, *self._notes])
        beside.add_class("tn-beside")
        found = w.VBox([top, beside, self._bars])
        found.add_class("tn-live")
        below = w.VBox([self._ground])
        self.guess = Guess(found, below)
        self.year.offer(self.guess.on)
        self._answered = w.VBox([self.guess, found, self.year, below])
        reveal(self._answered, False)
        self._steps = w.VBox([plain_label(step) for step in STEPS])
        self._steps.add_class("tn-steps")
        super().__init__([self._error, self.mend, self._steps, self._answered])
        self.search = w.VBox([w.HBox([self.place, self.go]), w.HBox([self._status, self.stop])])
        self.search.add_class("tn-search")
        self.add_class("tn-answer")
        self.say("")
        self.fail(None)

    def say(self, status: str, busy: bool = False) -> None:
        """The state in words; the cancel button is there while something is under way."""
        self._status.value = status
        self.stop.layout.visibility = "visible" if busy else "hidden"

    def fail(self, error: str | None, mend: str = "") -> None:
        """Show what went wrong, or that nothing did; the answer below stays. ``mend``: what a button says, if any."""
        said = error or ""
        # an address, or the name of a file, stays as it is written
        self._error.value = said[:1].upper() + said[1:] if said.split(" ")[0].isalpha() else said
        reveal(self._error, bool(error))
        self.mend.description = mend
        reveal(self.mend, bool(mend))

    def head(self, answer: Answer, year: int) -> None:
        """Write the headline; of another year than the one that is chosen the answer says its own."""
        self._headline.value = (
            answer.headline if answer.series.year == year else f"{answer.headline} in {answer.series.year}"
        )

    def show(self, answer: Answer, several: bool = False, year: int | None = None) -> None:
        """Draw an answer.

        Args:
            answer: of a place.
            several: whether its source has other years of the place.
            year: the one that is chosen; None: that of the answer.
        """
        self.head(answer, answer.series.year if year is None else year)
        notes, more = answer.notes[:NOTES], len(answer.notes) - NOTES
        notes += [f"And {more} more."] * (more > 0) + [""] * len(self._notes)
        for label, note in zip(self._notes, notes, strict=False):
            label.value = label.tooltip = note
            reveal(label, bool(note))
            (label.add_class if note in (UNLIKE, NO_FIT) else label.remove_class)("tn-warning")
        finer = f" ({answer.cover_type})" if answer.cover_type else ""
        self._truth.value = f"{answer.known}{finer}" if answer.known else ""
        reveal(self._truth, bool(answer.truth))
        self._bars.show(answer)
        self.year.show(answer.series, several)
        self.guess.show(answer)
        self.keep.disabled = False
        reveal(self._steps, False)
        reveal(self._answered, True)

    def clear(self) -> None:
        """No answer: what to do stands there again."""
        self.keep.disabled = True
        reveal(self._answered, False)
        reveal(self._steps, True)

    def show_views(self, views: Sequence[np.ndarray], month: int) -> None:
        """Show the four ground views of a month, or none."""
        self._when.value = f"On the ground in {MONTHS[month - 1]}, simulated"
        for picture, view, name in zip(self._views, views, DIRECTIONS, strict=False):
            picture.draw(png(view), f"Drawing of the ground looking {name}.")
        reveal(self._ground, len(views) > 0)

    @property
    def answered(self) -> bool:
        """Whether an answer is shown."""
        return seen(self._answered)

    @property
    def text(self) -> str:
        """Everything the panel says, as a reader would see it."""
        said = [self._status.value, self._error.value]
        if self.answered:
            said.append(self.guess.text)
            if not self.guess.asking:
                said += [
                    self._headline.value,
                    self._truth.value,
                    *(note.value for note in self._notes),
                    self._bars.text,
                ]
            said.append(self.year.text)
            said += [self._when.value] * (seen(self._ground) and not self.guess.asking)
        return "\n".join(filter(None, said))
