"""Kept places in flat columns, as any GIS and spreadsheet takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import month_columns
from timesen_nb.widgets.answer import Answer

if TYPE_CHECKING:
    import pandas as pd


def flat_table(
    kept: Iterable[tuple[int, Answer]], labels: Mapping[int, str] | None = None, **about: str
) -> pd.DataFrame:
    """A row a kept place, a column a thing.

    Args:
        kept: numbers and answers.
        labels: what somebody says stands at some of them, by number.
        about: what is the same for all, such as the model.

    Returns:
        place, lon, lat, year, source, task, what ``about`` says, question, words and prompts that were asked,
        labels_taught (how many labels had taught the words; 0 for words alone),
        top_class, probability, label, true_class, ``p_<class>``, ndvi_01 to ndvi_12, provenance (JSON as text) and
        time (of this table, UTC). Missing values are None or NaN: a class that was not asked at a place has no
        probability there, and one that stands alone or means nothing has none either. A class has one column, whatever
        its capitals.
    """
    import pandas as pd

    kept = list(kept)
    months = [name.lower().replace("_m", "_") for name in month_columns(["NDVI"])]
    time = datetime.now(UTC).isoformat(timespec="seconds")
    rows: list[dict[str, Any]] = []
    columns: dict[str, str] = {}  # a GeoPackage does not tell capitals apart
    for number, a in kept:
        row: dict[str, Any] = {"place": number, "lon": a.lon, "lat": a.lat, "year": a.series.year}
        row |= {"source": a.series.source, "task": a.task, **about}
        row |= {"question": a.question, "words": "; ".join(a.classes), "prompts": a.prompts}
        row |= {"labels_taught": a.labels}  # an answer that its own label taught proves nothing
        row |= {"top_class": a.said, "probability": a.share}
        row |= {"label": (labels or {}).get(number), "true_class": a.truth}
        for k, (name, p) in enumerate(zip(a.classes, a.probabilities, strict=True)):
            column = columns.setdefault(name.casefold(), f"p_{name}")
            row[column] = None if a.alone or k in a.trust.empty else float(p)
        rows.append(row)
    table = pd.DataFrame(rows)
    ends = []
    for _, a in kept:
        end = dict(zip(months, np.round(a.series.ndvi.astype(float), 4).tolist(), strict=True))
        ends.append(end | {"provenance": json.dumps(a.series.provenance), "time": time})
    return pd.concat([table, pd.DataFrame(ends)], axis=1)
