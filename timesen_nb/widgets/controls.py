"""What stands below the map: words, the view to map, the data. Widgets only; the click map listens."""

from __future__ import annotations

from datetime import UTC, datetime

import ipywidgets as w

from timesen_nb.bands import MONTHS
from timesen_nb.sources import Source
from timesen_nb.widgets.charts import colour_bar
from timesen_nb.widgets.layers import palette
from timesen_nb.widgets.session import OWN_WORDS, Session

PROMPT_WORDS = (
    ("several descriptions each", "descriptions"),
    ("one sentence each", "template"),
    ("the name alone", "names"),
)
NEW_SOURCES = (
    ("simulated sample (offline)", "sample"),
    ("Earth Engine (needs a project)", "earthengine"),
    ("open STAC catalogue (needs the network)", "stac"),
    ("a cube file of yours…", "file"),
)
FIRST_YEAR = 2017  # Sentinel-2 surface reflectance over Europe begins


def note(text: str) -> w.Label:
    """A line of explanation."""
    label = w.Label(text)
    label.add_class("tn-small")
    return label


class WordsControl(w.HBox):
    """Task, prompt style, and the classes themselves, one a line."""

    def __init__(self, session: Session, task_names: list[str]) -> None:
        self.task = w.Dropdown(options=[(title(name), name) for name in [*task_names, OWN_WORDS]])
        self.prompts = w.Dropdown(options=PROMPT_WORDS)
        self.words = w.Textarea(rows=8, tooltip="Classes, one a line")
        self.words.add_class("tn-words")
        left = w.VBox(
            [
                w.Label("Ask for"),
                self.task,
                w.Label("Each class is described by"),
                self.prompts,
                note("The model never saw a label: it compares the year of light with your words."),
            ]
        )
        right = w.VBox(
            [w.Label("Classes, one a line. Change them: the place is scored again at once."), self.words]
        )
        left.add_class("tn-half")
        right.add_class("tn-half")
        super().__init__([left, right])
        self.add_class("tn-tops")
        self.show(session)

    def show(self, session: Session) -> None:
        """What the session holds; the text box is left alone while it says the same."""
        self.task.value = session.task if session.task in self.task_names else OWN_WORDS
        self.prompts.value = session.prompts
        typed = [" ".join(line.split()) for line in self.words.value.splitlines() if line.strip()]
        if typed != session.classes:
            self.words.value = "\n".join(session.classes)

    @property
    def task_names(self) -> list[str]:
        """Tasks that can be chosen."""
        return [name for _, name in self.task.options]


class ViewControl(w.VBox):
    """Map what is in view: which class, start, cancel, progress, opacity and the legend."""

    def __init__(self, session: Session) -> None:
        self.class_name = w.Dropdown(options=session.classes)
        self.start = w.Button(description="Map this view", button_style="primary")
        self.stop = w.Button(description="Cancel", button_style="warning")
        self.progress = w.FloatProgress(min=0.0, max=1.0)
        self.opacity = w.FloatSlider(value=0.75, min=0.0, max=1.0, step=0.05, readout_format=".0%")
        self._state = note("")
        self._legend = w.Image(format="svg+xml", value=colour_bar(palette()).encode())
        self._legend.add_class("tn-legend")
        super().__init__(
            [
                note("Reads every pixel in view once. Then another class, or other words, cost nothing."),
                w.HBox([w.Label("Probability of"), self.class_name, self.start, self.stop]),
                w.HBox([self.progress, self._state]),
                w.HBox([w.Label("Layer opacity"), self.opacity, self._legend]),
            ]
        )
        self.idle()

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

    def show(self, session: Session) -> None:
        """The classes of the session; the choice stays where the name is still there."""
        if list(self.class_name.options) != session.classes:
            chosen = self.class_name.value
            self.class_name.options = session.classes
            self.class_name.value = chosen if chosen in session.classes else session.classes[0]


class DataControl(w.VBox):
    """Source and year."""

    def __init__(self, session: Session) -> None:
        self.source = w.Dropdown(options=[(f"as opened: {session.source.name}", "opened"), *NEW_SOURCES])
        self.path = w.Text(placeholder="path of a .nc, .zarr or .tif file", continuous_update=False)
        self.path.layout.display = "none"
        self.year = w.Dropdown()
        self._covers = note("")
        super().__init__(
            [
                w.HBox([w.Label("Reflectance from"), self.source, self.path]),
                w.HBox([w.Label("Year"), self.year]),
                self._covers,
            ]
        )
        self.show(session)

    def show(self, session: Session) -> None:
        """Years and extent of the session's source."""
        years = list(session.source.years) or list(range(FIRST_YEAR, datetime.now(UTC).year))
        self.year.options = sorted({*years, session.year})
        self.year.value = session.year
        bounds = session.source.bounds
        self._covers.value = f"{session.source.name} covers " + (
            "the land of the Earth." if bounds is None else extent(bounds)
        )


class MonthControl(w.HBox):
    """Which month's true-colour image lies on the map."""

    def __init__(self) -> None:
        self.month = w.SelectionSlider(
            options=[(name, i) for i, name in enumerate(MONTHS, start=1)], value=7, continuous_update=False
        )
        self._note = note("")
        self.month.add_class("tn-month")
        super().__init__([w.Label("Seen from space in"), self.month, self._note])

    def say(self, words: str) -> None:
        """A word about the image."""
        self._note.value = words


def title(name: str) -> str:
    """A task's name as people write it."""
    return name.replace("_", " ").capitalize()


def extent(bounds: tuple[float, float, float, float], digits: int = 3) -> str:
    """Bounds in words."""
    west, south, east, north = (f"{b:.{digits}f}" for b in bounds)
    return f"longitude {west} to {east}, latitude {south} to {north}."


def open_named(choice: str, path: str) -> Source:
    """The source a person chose; ValueError in words when it cannot be opened."""
    from timesen_nb.sources import open_source

    if choice == "file" and not path.strip():
        raise ValueError(
            "no file is named yet. Type the path of a cube file (.nc, .zarr, .tif) and press Enter."
        )
    return open_source(path.strip() if choice == "file" else choice)
