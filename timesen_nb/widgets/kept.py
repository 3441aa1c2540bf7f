"""Clicks worth keeping: a table, and files that other programs open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import month_columns
from timesen_nb.spreadsheet import escaped
from timesen_nb.tensor_file import whole_file
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.kept_files import flat_table

if TYPE_CHECKING:
    import pandas as pd

    from timesen_nb.series import PixelSeries
    from timesen_nb.widgets.question import Question

SAME = 2e-6  # degrees: an address has six digits
MOST = 100  # rows that a person can still compare


class KeptPlaces:
    """Numbered answers, in the order they were kept; numbers are not used again after a removal.

    labels: what somebody says stands at some of them, by number.
    """

    def __init__(self) -> None:
        self._answers: dict[int, Answer] = {}
        self.labels: dict[int, str] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[tuple[int, Answer]]:
        return iter(self._answers.items())

    def __getitem__(self, number: int) -> Answer:
        return self._answers[number]

    def add(self, answer: Answer) -> int:
        """Keep an answer and return its number, that of before for the same; ValueError for too many."""
        for number, kept in self:
            if _same(kept, answer):
                return number
        if len(self) >= MOST:
            raise ValueError(
                f"{MOST} places are kept already, which is the most. Export them, then remove some."
            )
        number, self._next = self._next, self._next + 1
        self._answers[number] = answer
        return number

    def number_of(self, series: PixelSeries) -> int | None:
        """The number of a place that was kept from the same data and year, at the same spot; None for no such."""
        return next((number for number, a in self if same_spot(a.series, series)), None)

    def rescore(self, numbers: Sequence[int], question: Question) -> None:
        """Answer some again, by the words as they are."""
        for number in numbers:
            self._answers[number] = self._answers[number].scored(question)

    def remove(self, number: int) -> None:
        """Forget one; ValueError for a number that is not kept."""
        if number not in self._answers:
            raise ValueError(f"place {number} is not kept; kept are {list(self._answers) or 'none'}.")
        del self._answers[number]

    def table(self) -> pd.DataFrame:
        """The places as the page shows them.

        Returns:
            One row a place: where, what, how probable, label and truth where known, how many labels had taught the
            words of that answer (0 for words alone), and NDVI of months 1 to 12.
        """
        import pandas as pd

        rows = []
        for number, a in self:
            row: dict[str, Any] = {"place": number, "lon": a.lon, "lat": a.lat, "year": a.series.year}
            row |= {
                "source": a.series.source,
                "top_class": a.said,
                "probability": a.share,
            }
            row |= {
                "label": self.labels.get(number),
                "true_class": a.truth,
                "question": a.question,
                "prompts": a.prompts,
                "labels_taught": a.labels,
            }
            row |= dict(zip(month_columns(["NDVI"]), a.series.ndvi.tolist(), strict=True))
            rows.append(row)
        return pd.DataFrame(rows)

    def csv(self) -> str:
        """The table, with every band of every month beside it.

        Text that a spreadsheet would run as a formula (``=``, ``+``, ``-``, ``@`` at its start) has an apostrophe
        before it; ``read_points`` takes it away again.

        Returns:
            CSV; missing values are empty.
        """
        import pandas as pd

        bands = pd.DataFrame([a.series.values.ravel() for _, a in self], columns=month_columns())
        table = self.table().map(escaped)
        return pd.concat([table, bands], axis=1).to_csv(index=False, lineterminator="\n")

    def geojson(self) -> str:
        """One point feature a place (RFC 7946), in the flat columns of :func:`flat_table`; missing values are null."""
        from timesen_nb.regions.vector_files import geojson

        return geojson(flat_table(self, self.labels))

    def export(self, path: str | Path) -> Path:
        """Write the places.

        Args:
            path: of the file, which ends in .csv or .geojson.

        Returns:
            The path.

        Raises:
            ValueError: another suffix, or nothing is kept.
        """
        path = Path(path).expanduser()
        writers = {".csv": self.csv, ".geojson": self.geojson, ".json": self.geojson}
        if path.suffix.lower() not in writers:
            raise ValueError(
                f"the file given is {path.name!r}; expected a name that ends in .csv or .geojson."
            )
        if not len(self):
            raise ValueError("no place is kept yet, so there is nothing to export. Keep a place first.")
        with whole_file(path) as partial:
            partial.write_text(writers[path.suffix.lower()](), encoding="utf-8")
        return path


def same_spot(a: PixelSeries, b: PixelSeries) -> bool:
    """Whether two series are of one place, one year and the same data."""
    near = abs(a.lon - b.lon) < SAME and abs(a.lat - b.lat) < SAME
    return near and (a.year, a.source) == (b.year, b.source)


def _same(a: Answer, b: Answer) -> bool:
    """Whether two answers say the same of the same light: words that were taught since say something else."""
    where = [(x.lon, x.lat, x.series.year, x.series.source, x.classes, x.prompts) for x in (a, b)]
    return where[0] == where[1] and np.array_equal(a.probabilities, b.probabilities, equal_nan=True)
