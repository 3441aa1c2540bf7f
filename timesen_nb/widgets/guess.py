"""Guess first: the year is shown, the answer only once somebody has said what it is."""

from __future__ import annotations

import ipywidgets as w

from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.page import plain_label, reveal, seen

ASK = "Look at the year: when is it green, when bare? What is it?"


class Guess(w.VBox):
    """A question about the last place, and what came of it.

    Args:
        hidden: what is not seen until the question is answered, for it tells the answer.
    """

    def __init__(self, *hidden: w.Widget) -> None:
        self._hidden = list(hidden)
        self._answer: Answer | None = None
        self.on = w.ToggleButton(
            description="Guess first",
            tooltip="Say what a place is by its year, before the model does; the map has no colours of classes then",
        )
        self.choice = w.Dropdown(tooltip="Your guess")
        self.said = w.Button(description="That is it", button_style="primary", tooltip="See the answer")
        self._ask, self._told = plain_label(ASK), plain_label()
        self._row = w.HBox([self.choice, self.said])
        super().__init__([self._ask, self._row, self._told])
        self.add_class("tn-guess")
        self.said.on_click(lambda _: self._reveal())
        self.on.observe(lambda _: self._turn(), names="value")
        self._open(False)

    def hide(self, widget: w.Widget) -> None:
        """Keep one more widget back until the question is answered."""
        self._hidden.append(widget)
        reveal(widget, not self.asking)

    def show(self, answer: Answer) -> None:
        """A new answer: it is kept back where a guess comes first; of a place that was guessed it is not."""
        again = self._answer is not None and self._answer.series is answer.series
        self._answer = answer
        if self.on.value and (self.asking or not again):
            self.choice.options = answer.classes
            self._told.value = ""
            self._open(True)

    def _turn(self) -> None:
        self._told.value = ""
        if not self.on.value:
            self._open(False)

    def _open(self, asking: bool) -> None:
        for widget in (self._ask, self._row):
            reveal(widget, asking)
        for widget in self._hidden:
            reveal(widget, not asking)

    def _reveal(self) -> None:
        answer = self._answer
        if answer is None:
            return
        right = answer.truth if answer.truth in answer.classes else None
        verdict = (
            ""
            if right is None or self.choice.value is None
            else " You are right."
            if self.choice.value == right
            else " Look at the year again."
        )
        truth = f" {answer.known}." if answer.known else " Nobody has told what stands here."
        guess = "" if self.choice.value is None else f"You said {self.choice.value}. "
        self._told.value = f"{guess}The model says {answer.headline}.{truth}{verdict}"
        self._open(False)

    @property
    def text(self) -> str:
        """What it says now."""
        asking = seen(self._row)
        return ASK if asking else self._told.value

    @property
    def asking(self) -> bool:
        """Whether a guess is waited for."""
        return seen(self._row)
