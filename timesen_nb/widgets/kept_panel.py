"""Kept places as a table with compare, remove and files to download."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import ipywidgets as w

from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.charts import COMPARED, compare_chart, percent
from timesen_nb.widgets.kept import KeptPlaces
from timesen_nb.widgets.page import Drawing, note, plain_label, reveal

COLUMNS = (
    "compare",
    "place",
    "where",
    "year",
    "asked",
    "most probable",
    "share",
    "true class",
    "your label",
    "remove",
)


class KeptPanel(w.VBox):
    """A row a place; ticked rows are drawn over each other.

    Args:
        kept: the places.
        remove: called with a place's number.
        label: called with a place's number and what somebody says stands there.
    """

    def __init__(
        self, kept: KeptPlaces, remove: Callable[[int], None], label: Callable[[int, str], None]
    ) -> None:
        self._kept, self._remove, self._label = kept, remove, label
        self.labels: dict[int, w.Text] = {}
        self._teaches = note(
            "Label places that you know: the words adjust to your labels, here and on the map. Where it "
            "has a page of its own, the address holds the places and labels of the data that are read: a reload "
            "brings them back, with answers by the words of now, and whoever gets the address sees them."
        )
        self._rows: dict[int, w.HBox] = {}
        self._ticks: dict[int, w.Checkbox] = {}
        self._hint = plain_label("Nothing kept yet. Click the map, then “Keep this place”.")
        self._header = w.HBox([plain_label(name) for name in COLUMNS])
        self._table = w.VBox()
        self._chart = Drawing("svg+xml", "tn-compared")
        self._beyond = note("")
        self._files = (
            w.HTML()
        )  # two links written here; their content is base64, so no text of the user is markup
        self._why = note("")
        self.read, self.stop, self.give_up = (
            w.Button(description=name) for name in ("Read them", "Stop reading", "Forget them")
        )
        self._waiting = w.VBox([self._why, w.HBox([self.read, self.stop, self.give_up])])
        self._waiting.add_class("tn-waiting")
        reveal(self._waiting, False)
        for widget, style in (
            (self._header, "tn-head"),
            (self._table, "tn-table"),
        ):
            widget.add_class(style)
        self._files.add_class("tn-files")
        super().__init__(
            [
                self._hint,
                self._waiting,
                self._header,
                self._table,
                self._teaches,
                self._files,
                self._beyond,
                self._chart,
            ]
        )
        self.show()

    def show(self) -> None:
        """Rows that are new or gone since the last time."""
        kept = dict(self._kept)
        for number in [n for n in self._rows if n not in kept]:
            self._ticks.pop(number)
            self.labels.pop(number)
            _close(self._rows.pop(number))
        for number, answer in kept.items():
            if number not in self._rows:
                self._rows[number] = self._row(number, answer)
        self._table.children = tuple(self._rows.values())
        for number, label in self.labels.items():
            label.value = self._kept.labels.get(number, "")
        reveal(self._hint, not kept)
        reveal(self._header, bool(kept))
        reveal(self._teaches, bool(kept))
        self._files.value = self._links() if kept else ""
        self._draw_comparison()

    def coming(self, count: int, why: str = "", reading: bool = False) -> None:
        """Places of the address that are not read: how many, why not, and whether they are being read now."""
        places = "A place" if count == 1 else f"{count} places"
        if reading:
            said = f"Reading {'a place that was' if count == 1 else f'{count} places that were'} kept before…"
        else:
            said = f"{places} of the address {'is' if count == 1 else 'are'} not read." if count else ""
        self._why.value = " ".join(filter(None, [said, why]))
        for button, wanted in (
            (self.read, count and not reading),
            (self.stop, reading),
            (self.give_up, count or why),
        ):
            reveal(button, bool(wanted))
        reveal(self._waiting, bool(self._why.value))

    def tick(self, number: int, on: bool = True) -> None:
        """Choose a place for the comparison, or leave it out."""
        self._ticks[number].value = on

    def _row(self, number: int, a: Answer) -> w.HBox:
        tick = w.Checkbox(indent=False, tooltip=f"Compare place {number}")
        self._ticks[number] = tick
        tick.observe(lambda _: self._draw_comparison(), names="value")
        self.labels[number] = label = w.Text(
            value=self._kept.labels.get(number, ""), placeholder="label", continuous_update=False,
            tooltip=f"What stands at place {number}",
        )  # fmt: skip
        label.observe(lambda change: self._labelled(number, change["new"]), names="value")
        drop = w.Button(icon="times", tooltip=f"Remove place {number}")
        drop.on_click(lambda _: self._remove(number))
        texts = [
            str(number),
            f"{a.lon:.4f}, {a.lat:.4f}",
            str(a.series.year),
            a.question,
            a.headline if a.share is None else a.top,
            "" if a.share is None else percent(a.share),
        ]
        return w.HBox(
            [tick, *(plain_label(t, tooltip=t) for t in [*texts, a.truth or "not known"]), label, drop]
        )

    def _labelled(self, number: int, label: str) -> None:
        # what is shown here because it is so already was not typed
        if label != self._kept.labels.get(number, ""):
            self._label(number, label)

    def _draw_comparison(self) -> None:
        ticked = [n for n, tick in self._ticks.items() if tick.value]
        chosen, beyond = ticked[: len(COMPARED)], len(ticked) - len(COMPARED)
        self._beyond.value = (
            f"At most {len(COMPARED)} places are drawn over each other: {beyond} of those ticked "
            f"{'is' if beyond == 1 else 'are'} left out."
            if beyond > 0
            else ""
        )
        reveal(self._beyond, bool(self._beyond.value))
        reveal(self._chart, bool(chosen))
        if chosen:
            named = [(f"{n}: {self._kept[n].top}", self._kept[n].series) for n in chosen]
            said = f"Chart of NDVI at {', '.join(name for name, _ in named)}."
            self._chart.draw(compare_chart(named).encode(), said)

    def _links(self) -> str:
        def link(text: str, kind: str, suffix: str) -> str:
            data = b64encode(text.encode()).decode()
            return (
                f'<a download="kept_places.{suffix}" href="data:{kind};base64,{data}">Download {suffix}</a>'
            )

        return " · ".join(
            [
                link(self._kept.csv(), "text/csv", "csv"),
                link(self._kept.geojson(), "application/geo+json", "geojson"),
            ]
        )


def _close(box: w.Box) -> None:
    for child in box.children:
        child.close()
    box.close()
