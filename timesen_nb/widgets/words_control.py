"""The words: what is asked of every place, typed, picked from a task, or tried by a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as w

from timesen_nb.tasks import tasks
from timesen_nb.widgets.page import field, note, plain_label, reveal, title
from timesen_nb.widgets.question import OWN_WORDS, STARTER, lines_of
from timesen_nb.widgets.session import Session

#: Words to try: each begins or joins a list of one's own.
EXAMPLES = ("hay meadow", "flooded field", "solar park")
PROMPT_WORDS = (
    ("several sentences a word (steadier)", "descriptions"),
    ("one sentence a word", "template"),
    ("the word alone", "names"),
)


class WordsControl(w.VBox):
    """Words one a line, a task in their place, examples to try; under "Advanced" how a word is put to the model.

    Args:
        session: whose words they are.
    """

    def __init__(self, session: Session) -> None:
        self.words = w.Textarea(
            rows=4, placeholder="one a line:\norchard\nbog\ncar park", tooltip="Your words, one a line"
        )
        self.words.add_class("tn-words")
        self.task = w.Dropdown(
            options=[(title(name), name) for name in [OWN_WORDS, *tasks]],
            tooltip="A list of words to begin with",
        )
        self.prompts = w.Dropdown(options=PROMPT_WORDS, tooltip="How a word is phrased for the model")
        self.lit = w.Checkbox(value=True, indent=False, description="Colour the map as I type")
        self.lit.add_class("tn-lit")
        self.chips = [w.Button(description=word, tooltip=f"Try {word!r}") for word in EXAMPLES]
        self._advanced = w.ToggleButton(description="Advanced", tooltip="How words are phrased for the model")
        self._more = field("A word is phrased as", self.prompts)
        self._caution = note("")
        self.commas = note("")
        self.later = note("These words take a moment: what you type is read when you leave the box.")
        reveal(self.later, False)
        lead = plain_label("What may grow or stand here?")
        head = w.HBox([lead, self.task])
        tries = w.HBox([plain_label("Try"), *self.chips])
        foot = w.HBox([self.lit, self._advanced])
        for widget, style in ((lead, "tn-lead"), (head, "tn-asks"), (tries, "tn-chips"), (foot, "tn-foot")):
            widget.add_class(style)
        self.task.add_class("tn-task")
        self._tried = "", ""  # the box before an example was clicked, and the example
        super().__init__([head, self.words, self.commas, self.later, tries, self._caution, foot, self._more])
        self.add_class("tn-ask")
        self._advanced.observe(lambda _: self._fold(), names="value")
        self._fold()
        self.show(session)

    def _fold(self) -> None:
        reveal(self._more, self._advanced.value)

    def on_try(self, use: Callable[[str], None]) -> None:
        """Call ``use`` with the new list when an example is clicked."""

        def tried(button: w.Button) -> None:
            self._tried = self.words.value, button.description
            use("\n".join(self._with(button.description)))

        for chip in self.chips:
            chip.on_click(tried)

    def follow(self, letters: bool) -> None:
        """Read the words at every letter, or when the box is left: then it says so."""
        self.words.continuous_update = letters
        reveal(self.later, not letters)

    def typed(self, text: str) -> str:
        """The list that somebody means who typed this text.

        A click overtakes letters: what goes on from before an example was clicked was typed without it in view.

        Args:
            text: of the box, as the page sent it.

        Returns:
            The lines, with the example that was clicked meanwhile.
        """
        (before, word), self._tried = self._tried, ("", "")
        if word and len(text) > len(before) and text.startswith(before) and word not in lines_of(text):
            return f"{word}\n{text}"
        return text

    def _with(self, word: str) -> list[str]:
        """One's own list with a word more; of a task, a new list."""
        lines = lines_of(self.words.value) if self.task.value == OWN_WORDS else list(STARTER)
        return [word, *(line for line in lines if line != word)]

    def show(self, session: Session) -> None:
        """What the session holds; the text box is left alone while it says the same.

        What labels brought stands in the bars, never in the box: somebody may be typing there.
        """
        self.task.value = session.task if session.task in tasks else OWN_WORDS
        self.prompts.value = session.prompts
        self._caution.value = tasks[session.task].caution if session.task in tasks else ""
        reveal(self._caution, bool(self._caution.value))
        self.commas.value = commas_note(session.question.untaught) if session.question.own else ""
        reveal(self.commas, bool(self.commas.value))
        if lines_of(self.words.value) != session.question.untaught:
            self.words.value = "\n".join(session.question.untaught)


def commas_note(names: Sequence[str]) -> str:
    """What is said of a list that may have been meant as several: names with commas are one class each."""
    several = [name for name in names if "," in name or ";" in name]
    if not several:
        return ""
    short = several[0] if len(several[0]) <= 60 else f"{several[0][:60]}…"
    return f"“{short}” is one class. Several go one a line."
