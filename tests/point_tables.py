"""Tables of labelled points near Brussels, as people write them."""

from pathlib import Path

import numpy as np
import pandas as pd

import timesen_nb as tn
from tests.synthetic import GridSource
from timesen_nb.datasets.points import COLUMNS

BRUSSELS = (4.35, 50.85)
SERIES = np.random.default_rng(0).integers(200, 4000, (12, 10)).astype(float)


def table(rows: int = 2, **columns: object) -> pd.DataFrame:
    """Places near Brussels with series; further columns, or other values, by name."""
    series = {name: [SERIES.ravel()[i] + n for n in range(rows)] for i, name in enumerate(COLUMNS)}
    where = {"lon": [4.35 + n / 10 for n in range(rows)], "lat": [50.85 + n / 10 for n in range(rows)]}
    return pd.DataFrame(where | {"true_class": ["wheat", "oats"] * (rows // 2)} | series | columns)


def save(path: Path, data: pd.DataFrame, encoding: str = "utf-8", mark: bytes = b"", **how: object) -> Path:
    path.write_bytes(mark + data.to_csv(index=False, **how).encode(encoding))
    return path


def check(points: tn.Pairs, labels: list[str] | None = None) -> None:
    """The table of two places, whatever it was written as."""
    assert points.labels.tolist() == (labels or ["wheat", "oats"])
    np.testing.assert_allclose(points.lonlats, [BRUSSELS, (4.45, 50.95)])
    np.testing.assert_array_equal(
        np.asarray(points.values), np.stack([SERIES, SERIES + 1]).astype(np.float32)
    )


def places(source: GridSource, **columns: object) -> pd.DataFrame:
    lonlats = [source.place(3, 3), source.place(5, 5)]
    lon, lat = ([place[i] for place in lonlats] for i in (0, 1))
    return pd.DataFrame({"lon": lon, "lat": lat, "true_class": ["a", "b"]} | columns)
