"""What stands below the map: time, words, and the view to map. Widgets only; the click map listens."""

from __future__ import annotations

from datetime import UTC, datetime

import ipywidgets as w

from timesen_nb.bands import MONTHS
from timesen_nb.tasks import tasks
from timesen_nb.widgets.charts import colour_bar
from timesen_nb.widgets.layers import palette
from timesen_nb.widgets.page import plain_label
from timesen_nb.widgets.session import OWN_WORDS, Session

PROMPT_WORDS = (
    ("several descriptions each", "descriptions"),
    ("one sentence each", "template"),
    ("the name alone", "names"),
)
MOST_PROBABLE = "the most probable class"
FIRST_YEAR = 2017  # Sentinel-2 surface reflectance over Europe begins
SHORT_MONTHS = tuple(name[:3] for name in MONTHS)


def note(text: str) -> w.Label:
    """A line of explanation."""
    label = plain_label(text)
    label.add_class("tn-small")
    return label


def field(name: str, *widgets: w.Widget) -> w.VBox:
    """A name above what it names."""
    label = plain_label(name)
    label.add_class("tn-field")
    return w.VBox([label, *widgets])


def title(name: str) -> str:
    """A task's name as people write it."""
    return name.replace("_", " ").capitalize()


class TimeControl(w.HBox):
    """Which month's true-colour image lies on the map, a button that plays the year, and which year is read."""

    def __init__(self, session: Session) -> None:
        self.month = w.SelectionSlider(
            options=[(name, i) for i, name in enumerate(MONTHS, start=1)], value=7, tooltip="Month on the map"
        )
        self.month.add_class("tn-month")
        play = w.Play(min=0, max=11, value=6, interval=900, show_repeat=False, tooltip="Play the year")
        play.add_class("tn-play")
        self._link = w.jslink((play, "value"), (self.month, "index"))
        self.year = w.Dropdown(tooltip="Year to read")
        self.year.add_class("tn-year")
        self._note = note("")
        label, year = plain_label("Seen from space in"), w.HBox([plain_label("Year"), self.year])
        super().__init__([label, play, self.month, year, self._note])
        self.add_class("tn-time")
        self.show(session)

    def show(self, session: Session) -> None:
        """The years of the session's source."""
        years = list(session.source.years) or list(range(FIRST_YEAR, datetime.now(UTC).year))
        self.year.options = sorted({*years, session.year})
        self.year.value = session.year

    def say(self, words: str) -> None:
        """A word about the image."""
        self._note.value = words
        self._note.layout.display = "" if words else "none"


class WordsControl(w.HBox):
    """Task, prompt style, and the classes themselves, one a line."""

    def __init__(self, session: Session, task_names: list[str]) -> None:
        self.task = w.Dropdown(options=[(title(name), name) for name in [*task_names, OWN_WORDS]])
        self.prompts = w.Dropdown(options=PROMPT_WORDS)
        self.words = w.Textarea(rows=8, tooltip="Classes, one a line")
        self.words.add_class("tn-words")
        self._caution = note("")
        left = w.VBox(
            [
                field("Ask for", self.task),
                self._caution,
                field("Each class is described by", self.prompts),
                note("The model never saw a label: it compares the annual time series with your words."),
            ]
        )
        right = field("Classes, one a line; the answer follows", self.words)
        left.add_class("tn-half")
        right.add_class("tn-half")
        super().__init__([left, right])
        self.add_class("tn-tops")
        self.show(session)

    def show(self, session: Session) -> None:
        """What the session holds; the text box is left alone while it says the same."""
        self.task.value = session.task if session.task in self.task_names else OWN_WORDS
        self.prompts.value = session.prompts
        self._caution.value = tasks[session.task].caution if session.task in tasks else ""
        self._caution.layout.display = "" if self._caution.value else "none"
        typed = [" ".join(line.split()) for line in self.words.value.splitlines() if line.strip()]
        if typed != session.classes:
            self.words.value = "\n".join(session.classes)

    @property
    def task_names(self) -> list[str]:
        """Tasks that can be chosen."""
        return [name for _, name in self.task.options]


class ViewControl(w.VBox):
    """Map what is in view: what to show, start, cancel, progress, opacity and the legend."""

    def __init__(self, session: Session) -> None:
        self.choice = w.Dropdown(tooltip="What the map shows")
        self.start = w.Button(description="Map this view", button_style="primary")
        self.stop = w.Button(description="Cancel", button_style="warning")
        self.progress = w.FloatProgress(min=0.0, max=1.0)
        self.opacity = w.FloatSlider(value=0.8, min=0.0, max=1.0, step=0.05, readout_format=".0%")
        self.choice.add_class("tn-show")
        self.start.add_class("tn-map-view")
        self._state = note("")
        self._legend = w.Image(format="svg+xml")
        self._legend.add_class("tn-legend")
        super().__init__(
            [
                note("Reads every pixel in view once. Then another class, or other words, cost nothing."),
                w.HBox([plain_label("Show"), self.choice, self.start, self.stop, self.progress, self._state]),
                w.HBox([plain_label("Opacity"), self.opacity]),
                self._legend,
            ]
        )
        self.show(session)
        self.idle()
        self.explain(None)

    @property
    def class_name(self) -> str | None:
        """The class whose probability is shown; None for the most probable class of each pixel."""
        return None if self.choice.value == 0 else self.choice.label

    @class_name.setter
    def class_name(self, name: str | None) -> None:
        names = [text for text, _ in self.choice.options[1:]]
        self.choice.value = 0 if name is None else names.index(name) + 1

    def show(self, session: Session) -> None:
        """The classes of the session; the choice stays where the name is still there."""
        options = [(text, i) for i, text in enumerate([MOST_PROBABLE, *session.classes])]
        if tuple(options) != tuple(self.choice.options):
            chosen = self.class_name if self.choice.options else None
            self.choice.options = options
            self.class_name = chosen if chosen in session.classes else None

    def idle(self, words: str = "") -> None:
        """Nothing is under way."""
        self.start.disabled = False
        self.stop.layout.display = self.progress.layout.display = "none"
        self._state.value = words

    def working(self, share: float) -> None:
        """How far it is, 0 to 1."""
        self.start.disabled = True
        self.stop.layout.display = self.progress.layout.display = ""
        self.progress.value = share
        self._state.value = f"{share:.0%} of the pixels read" if share else "asking the source…"

    def explain(self, legend: str | None) -> None:
        """The legend of the layer that is drawn, as SVG; none without a layer."""
        self._legend.layout.display = "" if legend else "none"
        if legend:
            self._legend.value = legend.encode()

    @staticmethod
    def probability_legend() -> str:
        """The legend of a probability layer."""
        return colour_bar(palette())
