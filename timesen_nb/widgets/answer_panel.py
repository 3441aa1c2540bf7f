"""The right-hand side: where, what, how probable, and the year behind it. It shows; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as w
import numpy as np

from timesen_nb.bands import MONTHS
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.answer_trust import NO_FIT, UNLIKE
from timesen_nb.widgets.charts import BLUE, SKY, percent, series_chart
from timesen_nb.widgets.layers import png
from timesen_nb.widgets.page import plain_label

BARS, NOTES = 8, 4
GREY = "#bbb"  # of words that are no answer
DIRECTIONS = ("north", "east", "south", "west")
STEPS = (
    "1.  Click the map, or type a place above, its name or longitude and latitude, and press Enter.",
    "2.  See which words fit that pixel, and the annual time series that says so.",
    "3.  Change the words below the map: the answer follows at once, nothing is fetched again.",
    "4.  Keep places to compare and export them, or map a whole view.",
)


class Bars(w.VBox):
    """Classes and their probabilities, most probable first, each with its share as text beside the bar."""

    def __init__(self) -> None:
        self._rows = []
        for _ in range(BARS):
            name, bar, share = plain_label(), w.FloatProgress(min=0.0, max=1.0), plain_label()
            self._rows.append((name, bar, share, w.HBox([name, bar, share])))
            for widget, style in ((name, "tn-name"), (bar, "tn-bar"), (share, "tn-share")):
                widget.add_class(style)
        self._rest = plain_label()
        self._rest.add_class("tn-small")
        super().__init__([row[-1] for row in self._rows] + [self._rest])
        self.add_class("tn-bars")
        self.clear()

    def clear(self) -> None:
        """No answer: no bars."""
        for *_, row in self._rows:
            row.layout.display = "none"
        self._rest.value = ""

    def show(self, answer: Answer) -> None:
        """Draw an answer; classes beyond the first :data:`BARS` are summed in one line."""
        ranked, likely = answer.ranked(), answer.likely or [answer.top]
        known = {c for c, passes in zip(answer.classes, answer.passing, strict=True) if passes}
        empty = {answer.classes[k] for k in answer.trust.empty}
        for place, (name, bar, share, row) in enumerate(self._rows):
            row.layout.display = "" if place < len(ranked) else "none"
            if place < len(ranked):
                words, probability = ranked[place]
                name.value = name.tooltip = words
                bar.value = probability
                bar.style.bar_color = GREY if words not in known else BLUE if words in likely else SKY
                share.value = "–" if answer.alone or words in empty else percent(probability)
                bar.layout.visibility = "hidden" if answer.alone else "visible"
                for widget in (row, name):
                    (widget.remove_class if words in known else widget.add_class)("tn-unknown")
                joined = words in likely and len(likely) > 1
                (row.add_class if joined else row.remove_class)("tn-likely")
        rest = ranked[BARS:]
        self._rest.value = f"{len(rest)} more, together {percent(sum(p for _, p in rest))}" if rest else ""

    @property
    def text(self) -> str:
        """The bars as lines of name and share."""
        rows = [
            f"{name.value} {share.value}"
            for name, _, share, row in self._rows
            if row.layout.display != "none"
        ]
        return "\n".join([*rows, self._rest.value])


class AnswerPanel(w.VBox):
    """Place box, state, headline, bars, chart and ground views.

    place: text box for coordinates or a name; go, stop, keep, mend: buttons. Whoever owns the panel listens to them.
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
        self._status, self._error, self._where = plain_label(), plain_label(), plain_label()
        self._headline, self._truth = plain_label(), plain_label()
        self._notes = [plain_label() for _ in range(NOTES)]
        self._bars = Bars()
        self._chart, self._year = w.Image(format="svg+xml"), plain_label()
        self._views = [w.Image(format="png") for _ in DIRECTIONS]
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
            (self._where, "tn-small"),
            (self._chart, "tn-chart"),
            (self._year, "tn-said"),
            (self.place, "tn-place"),
        ):
            widget.add_class(style)
        top = w.HBox([self._headline, self.keep])
        top.add_class("tn-top")
        self._answered = w.VBox(
            [
                top,
                self._truth,
                *self._notes,
                self._bars,
                self._chart,
                self._year,
                self._ground,
                self._where,
            ]
        )
        self._answered.layout.display = "none"
        self._steps = w.VBox([plain_label(step) for step in STEPS])
        self._steps.add_class("tn-steps")
        super().__init__(
            [
                w.HBox([self.place, self.go]),
                w.HBox([self._status, self.stop]),
                self._error,
                self.mend,
                self._steps,
                self._answered,
            ]
        )
        self.add_class("tn-answer")
        self.say("")
        self.fail(None)

    def say(self, status: str, busy: bool = False) -> None:
        """The state in words; the cancel button is there while something is under way."""
        self._status.value = status
        self.stop.layout.display = "" if busy else "none"

    def fail(self, error: str | None, mend: str = "") -> None:
        """Show what went wrong, or that nothing did; the answer below stays. ``mend``: what a button says, if any."""
        self._error.value = (error or "")[:1].upper() + (error or "")[1:]
        self._error.layout.display = "" if error else "none"
        self.mend.description = mend
        self.mend.layout.display = "" if mend else "none"

    def show(self, answer: Answer) -> None:
        """Draw an answer."""
        self._headline.value = answer.headline
        notes = [*answer.notes[:NOTES], *[""] * NOTES]
        for label, note in zip(self._notes, notes, strict=False):
            label.value = label.tooltip = note
            label.layout.display = "" if note else "none"
            (label.add_class if note in (UNLIKE, NO_FIT) else label.remove_class)("tn-warning")
        finer = f" ({answer.cover_type})" if answer.cover_type else ""
        self._truth.value = f"{answer.known}{finer}" if answer.known else ""
        self._truth.layout.display = "" if answer.truth else "none"
        self._bars.show(answer)
        series = answer.series
        self._chart.value = series_chart(series).encode()
        self._year.value = series.describe()
        gaps = f"missing: {', '.join(series.missing)}" if series.missing else "no month is missing"
        self._where.value = f"{series.lon:.5f}, {series.lat:.5f} · {series.year} · {series.source} · {gaps}"
        self.keep.disabled = False
        self._steps.layout.display = "none"
        self._answered.layout.display = ""

    def show_views(self, views: Sequence[np.ndarray], month: int) -> None:
        """Show the four ground views of a month, or none."""
        self._ground.layout.display = "" if len(views) else "none"
        self._when.value = f"On the ground in {MONTHS[month - 1]}, simulated"
        for picture, view in zip(self._views, views, strict=False):
            picture.value = png(view)

    @property
    def answered(self) -> bool:
        """Whether an answer is shown."""
        return self._answered.layout.display != "none"

    @property
    def text(self) -> str:
        """Everything the panel says, as a reader would see it."""
        said = [self._status.value, self._error.value]
        if self.answered:
            said += [
                self._headline.value,
                self._truth.value,
                *(note.value for note in self._notes),
                self._bars.text,
                self._year.value,
                self._where.value,
            ]
            said += [self._when.value] * (self._ground.layout.display != "none")
        return "\n".join(filter(None, said))
