"""Places like this: the most alike pixels of the view, as a layer with a threshold."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w
import numpy as np

from timesen_nb.model.alike import cosines_to
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page import field, note
from timesen_nb.widgets.session import Session

#: The share of the view's pixels that is shown first.
FIRST = 0.05
LAST_CLICK = "the last click"
OUTDATED = "These pixels are like another place. Find again."


class AlikePanel(w.VBox):
    """Choose what pixels shall be alike, and how much.

    Args:
        session: of the app.
        guessing: the button "Guess first".
        messages: where failures are shown.

    Attributes:
        cosines: (readable pixels of the view,) how alike each is; None where nothing found lies on the map.
        name: what they are like, in words.
    """

    def __init__(self, session: Session, guessing: w.ToggleButton, messages: Messages) -> None:
        self._session, self._guessing = session, guessing
        self.cosines: np.ndarray | None = None
        self.name = ""
        self._searched: tuple[object, np.ndarray] | None = None
        self._on_found: Callable[[], None] = lambda: None
        self.like = w.Dropdown(tooltip="What the pixels should be like")
        self.start = w.Button(description="Find places like this")
        self.threshold = w.FloatSlider(
            min=-1.0, max=1.0, step=0.005, readout_format=".3f", tooltip="How alike, at least: cosine"
        )
        self._found = note("")
        for widget, style in ((self.like, "tn-like"), (self.start, "tn-alike"), (self.threshold, "tn-threshold"),
                              (self._found, "tn-found")):  # fmt: skip
            widget.add_class(style)
        search, draw = messages.safely(self.search), messages.safely(self._draw)
        self.start.on_click(lambda _: search())
        self.threshold.observe(lambda _: draw(), names="value")
        self._settling = False
        super().__init__(
            [
                w.HBox([field("Like", self.like), self.start]),
                w.HBox([field("At least", self.threshold), self._found]),
            ]
        )
        self.show()

    def show(self) -> None:
        """What can be searched for now."""
        session, chosen = self._session, self.like.value
        options: list[tuple[str, str | int]] = [(LAST_CLICK, LAST_CLICK)]
        options += [(f"place {n}: {session.lesson.labels.get(n, a.top)}", n) for n, a in session.kept]
        options += [(f"the words: {name}", name) for name in session.classes]
        if tuple(options) != tuple(self.like.options):
            self.like.options = options
            self.like.value = chosen if chosen in dict(options).values() else LAST_CLICK

    def choose(self, like: int | str | None) -> None:
        """Choose a kept place by its number, a class, or None for the last click; ValueError for what is none."""
        self.show()
        if like is not None and like not in dict(self.like.options).values():
            raise ValueError(
                f"like={like!r}; expected the number of a kept place, one of {', '.join(self._session.classes)}, or "
                "None for the last click."
            )
        self.like.value = LAST_CLICK if like is None else like

    def on_found(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` when something is found, or the threshold is another one."""
        self._on_found = callback

    def forget(self, why: str = "") -> None:
        """Something else lies on the map; ``why``: said to whoever searched."""
        self.cosines = self._searched = None
        self._found.value = why

    @property
    def outdated(self) -> bool:
        """Whether what was found is like another click than the last, or like what can no more be chosen."""
        if self._searched is None:
            return False
        (like, vector), answer = self._searched, self._session.result
        clicked = like == LAST_CLICK and (answer is None or answer.vector is not vector)
        return clicked or like not in dict(self.like.options).values()

    def search(self) -> None:
        """Find the pixels of the view most alike what is chosen; ValueError where there is no view or click.

        It is asked for by its button, so it is drawn whether or not the map takes colours as words are typed.
        """
        session = self._session
        # like words, or like a place with a name: how alike a pixel is would be half of the answer
        if self._guessing.value:
            raise ValueError("the map keeps its colours back while you guess. Turn “Guess first” off first.")
        if session.view is None:
            raise ValueError("no view is mapped yet, so there is nothing to search. Map the view first.")
        query = self._query()
        self.cosines, self._searched = cosines_to(session.view.vectors, query), (self.like.value, query)
        self.name = str(self.like.label)
        low, high = float(self.cosines.min()), float(self.cosines.max())
        first = float(np.quantile(self.cosines, 1 - FIRST))
        self._settling = True
        # first wide, so that neither end passes the other
        self.threshold.min, self.threshold.max = -1.0, 1.0
        self.threshold.value = first
        self.threshold.min, self.threshold.max = (
            np.floor(low * 200) / 200,
            max(np.ceil(high * 200) / 200, first),
        )
        self._settling = False
        self._draw()

    @property
    def found(self) -> np.ndarray:
        """(readable pixels of the view,) bool: those that are alike enough."""
        if self.cosines is None:
            return np.zeros(0, bool)
        return self.cosines >= self.threshold.value

    @property
    def shares(self) -> np.ndarray:
        """(readable pixels of the view,) from 0 at the threshold to 1 at the most alike; NaN below the threshold."""
        if self.cosines is None:
            return np.zeros(0)
        low, high = self.ends
        return np.where(self.found, np.clip((self.cosines - low) / max(high - low, 1e-6), 0, 1), np.nan)

    @property
    def ends(self) -> tuple[float, float]:
        """The cosines of the first and the last colour."""
        return self.threshold.value, float(np.max(self.cosines)) if self.cosines is not None else 1.0

    def _query(self) -> np.ndarray:
        like = self.like.value
        if like == LAST_CLICK:
            if self._session.result is None:
                raise ValueError(
                    "nothing is clicked yet, so there is nothing to be like. Click the map first."
                )
            return self._session.result.vector
        if isinstance(like, int):
            return self._session.kept[like].vector
        vector: np.ndarray = self._session.words.vectors[self._session.classes.index(like)]
        return vector

    def _draw(self) -> None:
        if self._settling or self.cosines is None:
            return
        self._on_found()
        self._found.value = f"{int(self.found.sum()):,} of {len(self.cosines):,} pixels"
