"""Classes and their probabilities as bars."""

from __future__ import annotations

import ipywidgets as w

from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.page import note, plain_label, reveal, seen
from timesen_nb.widgets.svg import BLUE, SKY

BARS = 8
GREY = "#bbb"  # of words that are no answer


class Bars(w.VBox):
    """Classes and their probabilities, most probable first, each with its share as text beside the bar."""

    def __init__(self) -> None:
        self._rows: list[tuple[w.Label, w.FloatProgress, w.Label, w.HBox]] = []
        self._rest = note("")
        super().__init__([self._rest], _dom_classes=["tn-bars"])

    def _make(self, rows: int) -> None:
        """As many rows as are needed: a page is there sooner without those that are not."""
        for _ in range(len(self._rows), min(rows, BARS)):
            name, share = plain_label("", "tn-name"), plain_label("", "tn-share")
            bar = w.FloatProgress(min=0.0, max=1.0, _dom_classes=["tn-bar"])
            self._rows.append((name, bar, share, w.HBox([name, bar, share])))
        self.children = [*(row[-1] for row in self._rows), self._rest]

    def show(self, answer: Answer) -> None:
        """Draw an answer; classes beyond the first :data:`BARS` are summed in one line."""
        ranked, likely = answer.ranked(), answer.likely or [answer.top]
        known = {c for c, passes in zip(answer.classes, answer.passing, strict=True) if passes}
        empty = {answer.classes[k] for k in answer.trust.empty}
        self._make(len(ranked))
        for place, (name, bar, share, row) in enumerate(self._rows):
            reveal(row, place < len(ranked))
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
        rows = [f"{name.value} {share.value}" for name, _, share, row in self._rows if seen(row)]
        return "\n".join([*rows, self._rest.value])
