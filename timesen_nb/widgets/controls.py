"""What stands below the map: the time, and the view to map. Widgets only; the click map listens."""

from __future__ import annotations

from datetime import UTC, datetime

import ipywidgets as w

from timesen_nb.bands import MONTHS
from timesen_nb.widgets.layers import LAYERS
from timesen_nb.widgets.page import note, plain_label, reveal
from timesen_nb.widgets.session import Session

MOST_PROBABLE = "the most probable class"
FRAME = 250  # milliseconds a month: what a page adds still leaves three frames a second
FIRST_YEAR = 2017  # Sentinel-2 surface reflectance over Europe begins


class TimeControl(w.HBox):
    """The month on the map and its colours, a button that plays the year, and the year that is read."""

    def __init__(self, session: Session) -> None:
        self.month = w.SelectionSlider(
            options=[(name, i) for i, name in enumerate(MONTHS, start=1)], value=7, tooltip="Month on the map"
        )
        self.month.add_class("tn-month")
        play = w.Play(min=0, max=11, value=6, interval=FRAME, show_repeat=False, tooltip="Play the year")
        self.layer = w.Dropdown(options=list(LAYERS), tooltip="Colours of the map")
        self.layer.add_class("tn-colours")
        play.add_class("tn-play")
        self._link = w.jslink((play, "value"), (self.month, "index"))
        self.year = w.Dropdown(tooltip="Year to read")
        self.year.add_class("tn-year")
        self._note = note("")
        super().__init__([play, self.month, self.year, self.layer, self._note])
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
        reveal(self._note, bool(words))


class ViewControl(w.VBox):
    """Map what is in view: what to show, start, cancel, progress and opacity."""

    def __init__(self, session: Session) -> None:
        self.choice = w.Dropdown(tooltip="What the map shows")
        self.start = w.Button(description="Map this view", button_style="primary")
        self.stop = w.Button(description="Cancel", button_style="warning", tooltip="Stop reading the view")
        self.progress = w.FloatProgress(min=0.0, max=1.0, tooltip="How much of the view is read")
        self.opacity = w.FloatSlider(
            value=0.6,
            min=0.0,
            max=1.0,
            step=0.05,
            readout_format=".0%",
            tooltip="Opacity of the map's colours",
        )
        self.choice.add_class("tn-show")
        self.start.add_class("tn-map-view")
        self._state = note("")
        row = w.HBox([plain_label("Show"), self.choice, self.start, self.stop])
        under = w.HBox([plain_label("Opacity"), self.opacity, self.progress, self._state])
        row.add_class("tn-mapping")
        under.add_class("tn-reading")
        super().__init__(
            [
                note(
                    "Reads every pixel in view once; after that, other classes and other words take no further reading."
                ),
                row,
                under,
            ]
        )
        self.show(session)
        self.idle()

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
        self.start.disabled, self.stop.disabled = False, True
        self.progress.layout.visibility = "hidden"
        self._state.value = words

    def working(self, share: float) -> None:
        """How far it is, 0 to 1."""
        self.start.disabled, self.stop.disabled = True, False
        self.progress.layout.visibility = "visible"
        self.progress.value = share
        self._state.value = f"{share:.0%} of the pixels read" if share else "asking the source…"
