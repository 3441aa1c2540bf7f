"""The legend of what lies on the map: each class with its colour, which can be changed, and the share it covers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as w
import numpy as np

from timesen_nb.widgets.charts import PERCENT, colour_bar, percent
from timesen_nb.widgets.layers import palette
from timesen_nb.widgets.page import Drawing, note, plain_label, reveal, seen

#: Why pixels have no colour.
NO_MONTH, NOT_READ = "no clear month", "not read yet"
ROWS = 12  # classes that are named: of more, the last row counts the others


class Legend(w.VBox):
    """Swatches with names and shares, largest first; or the bar of a probability.

    Args:
        recolour: called with a class and #RRGGBB when somebody picks another colour.
    """

    def __init__(self, recolour: Callable[[str, str], None]) -> None:
        self._recolour, self._showing = recolour, False
        self._rows: list[tuple[w.ColorPicker, w.Label, w.HBox]] = []
        self._names: list[str] = []
        self._rest, self._holes = note(""), plain_label("", "tn-holes")
        self._title = plain_label("", "tn-field")
        self._bar = Drawing("svg+xml", "tn-legend")
        self._list = w.HBox([self._rest, self._holes], _dom_classes=["tn-swatches"])
        super().__init__([self._title, self._bar, self._list], _dom_classes=["tn-key"])
        self.hide()

    def _make(self, rows: int) -> None:
        """As many rows as are needed: a page is there sooner without those that are not."""
        for k in range(len(self._rows), rows):
            swatch, name = w.ColorPicker(concise=True), plain_label()
            swatch.observe(lambda change, k=k: self._picked(k, change["new"]), names="value")
            self._rows.append((swatch, name, w.HBox([swatch, name])))
        self._list.children = [*(row for *_, row in self._rows), self._rest, self._holes]

    def hide(self) -> None:
        """Nothing lies on the map."""
        self._names = []
        self._title.value = ""
        self._title.remove_class("tn-asked")
        reveal(self._list, False)
        reveal(self._bar, False)

    def show_probability(
        self, name: str, unread: float = 0.0, hole: str = NO_MONTH
    ) -> tuple[str, tuple[str, ...]]:
        """The bar of the probability of a class.

        Args:
            name: of the class.
            unread: share of the view that has no colour.
            hole: why it has none.

        Returns:
            Its title and ticks.
        """
        told = "Probability: dark is 0 %, light is 100 %"
        return self._show_bar(f"How well {name!r} fits", PERCENT, told, unread, hole)

    def show_likeness(self, name: str, low: float, high: float) -> tuple[str, tuple[str, ...]]:
        """The bar of how alike pixels are to something, as cosines from ``low`` to ``high``; its title and ticks."""
        title = f"How like {name}: dark is less, light is more. Without colour: less than is asked for"
        ticks = tuple(f"{cosine:.3f}" for cosine in (low, (low + high) / 2, high))
        return self._show_bar(title, ticks, f"Likeness: dark is {ticks[0]}, light is {ticks[-1]}", 0.0)

    def _show_bar(
        self, title: str, ticks: tuple[str, ...], told: str, unread: float, hole: str = NO_MONTH
    ) -> tuple[str, tuple[str, ...]]:
        self._bar.draw(colour_bar(palette(), ticks, told).encode(), told)
        self._names = []
        self._title.value = title
        self._title.add_class("tn-asked")
        reveal(self._bar, True)
        reveal(self._list, unread > 0)
        self._fill([], unread, hole, 0, 0.0)
        return title, ticks

    def show(
        self,
        classes: Sequence[str],
        area: np.ndarray,
        colours: Sequence[str],
        unread: float = 0.0,
        own: bool = True,
        hole: str = NO_MONTH,
    ) -> None:
        """Classes that cover anything.

        Args:
            classes: K names.
            area: (K,) shares of the view, summing to 1.
            colours: K of them as #RRGGBB.
            unread: share of the view that has no colour.
            own: whether the colours can be changed.
            hole: why pixels have no colour.
        """
        present = [k for k in np.argsort(-area, kind="stable").tolist() if area[k] > 0]
        named = present if len(present) <= ROWS else present[: ROWS - 1]
        self._names = [classes[k] for k in named]
        self._title.value = "On the map"
        self._title.remove_class("tn-asked")
        reveal(self._bar, False)
        reveal(self._list, True)
        others = present[len(named) :]
        self._fill(
            [(classes[k], float(area[k]), colours[k]) for k in named],
            unread,
            hole,
            len(others),
            float(area[others].sum()),
        )
        for swatch, *_ in self._rows:
            swatch.disabled = not own

    def _fill(
        self, rows: Sequence[tuple[str, float, str]], unread: float, hole: str, others: int, rest: float
    ) -> None:
        self._showing = True
        self._make(len(rows))
        for k, (swatch, label, row) in enumerate(self._rows):
            reveal(row, k < len(rows))
            if k < len(rows):
                name, share, colour = rows[k]
                swatch.value, swatch.tooltip = colour, f"Colour of {name}"
                label.value, label.tooltip = f"{name} · {percent(share)}", name
        self._showing = False
        self._rest.value = f"{others} others · {percent(rest)}" if others else ""
        self._holes.value = f"{hole} · {percent(unread)}" if unread else ""
        reveal(self._rest, others > 0)
        reveal(self._holes, unread > 0)

    def _picked(self, k: int, colour: str) -> None:
        if not self._showing and k < len(self._names):
            self._recolour(self._names[k], colour)

    @property
    def text(self) -> str:
        """What it says, a line a row."""
        if not seen(self._list):
            return self._title.value
        rows = [label.value for _, label, row in self._rows if seen(row)]
        return "\n".join(filter(None, [self._title.value, *rows, self._rest.value, self._holes.value]))
