"""Places like this: the most alike pixels of the view, as a layer with a threshold."""

from __future__ import annotations

import ipywidgets as w
import numpy as np

from timesen_nb.model.alike import cosines_to
from timesen_nb.widgets.controls import ViewControl
from timesen_nb.widgets.layers import probability_picture
from timesen_nb.widgets.legend import Legend
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page import field, note
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.session import Session

#: The share of the view's pixels that is shown first.
FIRST = 0.05
LAST_CLICK = "the last click"


class AlikePanel(w.VBox):
    """Choose what pixels shall be alike, and how much.

    Args:
        session: of the app.
        scene_map: that the layer lies on.
        view: whose opacity the layer has.
        legend: of the map, which is none of this layer's.
        messages: where failures are shown.

    Attributes:
        cosines: (readable pixels of the view,) how alike each is; None before the first search.
    """

    def __init__(
        self, session: Session, scene_map: SceneMap, view: ViewControl, legend: Legend, messages: Messages
    ) -> None:
        self._session, self._map, self._view, self._legend = session, scene_map, view, legend
        self.cosines: np.ndarray | None = None
        self.like = w.Dropdown(tooltip="What pixels shall be like")
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

    def forget(self) -> None:
        """Another view: what was found is no more on it."""
        self.cosines = None
        self._found.value = ""

    def search(self) -> None:
        """Find the pixels of the view most alike what is chosen; ValueError where there is no view or click."""
        session = self._session
        if session.view is None:
            raise ValueError("no view is mapped yet, so there is nothing to search. Map the view first.")
        self.cosines = cosines_to(session.view.vectors, self._query())
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
        encoded = self._session.view
        if self._settling or self.cosines is None or encoded is None:
            return
        threshold, top = self.threshold.value, float(self.cosines.max())
        share = np.clip((self.cosines - threshold) / max(top - threshold, 1e-6), 0, 1)
        layer = np.full(encoded.readable.shape, np.nan)
        layer[encoded.readable] = np.where(self.found, share, np.nan)
        self._legend.hide()
        self._map.draw_layer(probability_picture(layer, encoded.web), self._view.opacity.value)
        self._found.value = f"{int(self.found.sum()):,} of {len(self.cosines):,} pixels"
