"""The year of a place: its chart, a button over each month, and what the months were made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w
import numpy as np

from timesen_nb.bands import BANDS, MONTHS, REFLECTANCE_SCALE
from timesen_nb.series import PixelSeries
from timesen_nb.widgets.charts import series_chart, years_chart
from timesen_nb.widgets.page import Drawing, note, plain_label, reveal

MOST_LINES = 8  # of provenance


class YearPanel(w.VBox):
    """Chart and months: hovering or focusing a month tells its values, a click shows that month on the map."""

    def __init__(self) -> None:
        first = w.Button(tooltip=MONTHS[0])
        alike = {"layout": first.layout, "style": first.style}
        self.months = [first, *(w.Button(tooltip=name, **alike) for name in MONTHS[1:])]
        over = w.HBox(self.months)
        over.add_class("tn-months")
        self._chart, self._said = Drawing("svg+xml", "tn-chart"), plain_label()
        chart = w.VBox([self._chart, over])
        chart.add_class("tn-charted")
        self._said.add_class("tn-said")
        self.details = w.ToggleButton(
            description="How was this made?",
            tooltip="Acquisitions of each month, and what was done with them",
        )
        self.changes = w.Button(
            description="What changed here?",
            tooltip="Read every year of this place, and draw them over each other",
        )
        self._where, self._years = note(""), Drawing("svg+xml", "tn-years")
        self._made = [note("") for _ in range(MOST_LINES)]
        self._box = w.VBox([self._where, *self._made])
        self._box.add_class("tn-made")
        self._now = 0
        self._series: PixelSeries | None = None
        self._buttons = w.HBox([self.details, self.changes])
        self._buttons.add_class("tn-quiet")
        super().__init__([chart, self._said, self._buttons, self._years, self._box])
        self.details.observe(lambda _: self._fold(), names="value")
        self._fold()
        reveal(self._years, False)

    def offer(self, *widgets: w.Widget) -> None:
        """Put more beside the buttons below the chart."""
        self._buttons.children = (*self._buttons.children, *widgets)

    def on_month(self, use: Callable[[int], None]) -> None:
        """Call ``use`` with the month, 1 to 12, that is clicked."""
        for month, button in enumerate(self.months, start=1):
            button.on_click(lambda _, month=month: use(month))

    def _fold(self) -> None:
        reveal(self._box, self.details.value)

    def show(self, series: PixelSeries, several: bool) -> None:
        """Draw a year; ``several``: whether the source has others to compare it with."""
        if series is self._series:  # other words, the same year
            return
        self._series = series
        self._chart.draw(series_chart(series).encode(), f"Chart of the year {series.year} at this place.")
        for month, button in enumerate(self.months):
            button.tooltip = month_in_words(series, month)
        self._said.value = series.describe()
        gaps = f"missing: {', '.join(series.missing)}" if series.missing else "no month is missing"
        self._where.value = f"{series.lon:.5f}, {series.lat:.5f} · {series.year} · {series.source} · {gaps}"
        lines = [*provenance_in_words(series), *[""] * MOST_LINES][:MOST_LINES]
        for label, line in zip(self._made, lines, strict=True):
            label.value = line
            reveal(label, bool(line))
        reveal(self._years, False)
        reveal(self.changes, several)

    def show_years(self, years: Sequence[PixelSeries]) -> None:
        """Draw several years of the place over each other."""
        said = f"Chart of NDVI at this place in {', '.join(str(s.year) for s in years)}."
        self._years.draw(years_chart(years).encode(), said)
        reveal(self._years, True)

    def mark(self, month: int) -> None:
        """Mark the month that the map shows, 1 to 12."""
        if self._now:
            self.months[self._now - 1].remove_class("tn-now")
        self.months[month - 1].add_class("tn-now")
        self._now = month

    @property
    def text(self) -> str:
        """What it says in words."""
        return "\n".join(
            filter(None, [self._said.value, self._where.value, *(made.value for made in self._made)])
        )


def month_in_words(series: PixelSeries, month: int) -> str:
    """A month's values and dates, as its button tells them.

    Args:
        series: a year.
        month: 0 to 11.

    Returns:
        One line.
    """
    head = f"{MONTHS[month]} {series.year}"
    if not series.valid[month]:
        return f"{head}: no clear day"
    near, red = (series.values[month, BANDS.index(band)] / REFLECTANCE_SCALE for band in ("B8", "B4"))
    shown = [("NDVI", series.ndvi[month]), ("near infrared", near), ("red", red)]
    said = f"{head}: " + ", ".join(f"{name} {value:.2f}" for name, value in shown if np.isfinite(value))
    days = [int(date[8:10]) for date in series.provenance.get("dates", ()) if int(date[5:7]) == month + 1]
    return said + (f" · seen on {', '.join(map(str, days))} {MONTHS[month][:3]}" if days else "")


def provenance_in_words(series: PixelSeries) -> list[str]:
    """What the months were made of, a line each; nothing where the source does not say.

    Args:
        series: a year.

    Returns:
        Lines for a reader.
    """
    made: dict[str, Any] = series.provenance
    out = []
    if counts := made.get("acquisitions"):
        each = ", ".join(f"{name[:3]} {n}" for name, n in zip(MONTHS, counts, strict=True))
        out.append(f"Clear acquisitions a month: {each}.")
    if made.get("composites"):
        out.append(f"Composites: {made['composites']}.")
    if made.get("satellites"):
        out.append(
            f"Satellites {', '.join(made['satellites'])}, baselines {', '.join(made.get('baselines', ()))}."
        )
    if offset := made.get("offset"):
        out.append(f"Radiometric offset: {'applied' if offset['applied'] else 'none'} ({offset['rule']}).")
    if made.get("mask"):
        out.append(f"Left out: {made['mask']}.")
    if made.get("catalog"):
        out.append(f"Catalog: {made['catalog']}; {', '.join(made.get('collections', ()))}.")
    out += [f"Not used: {left['what']}: {left['why']}." for left in made.get("left_out", ())]
    return out or ["The source does not say of which acquisitions its months were made."]
