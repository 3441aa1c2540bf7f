"""Four drawn ground views of each simulated place, as a surveyor would photograph it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np
from tqdm.auto import tqdm

from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.places import Places
from timesen_nb.simulate.scenes import draw_views
from timesen_nb.simulate.sun import noon_elevation

VIEWS = (4, 48, 64, 3)  # of a place: north, east, south and west, rows, columns, red green blue


def survey_months(places: Places, rng: np.random.Generator) -> np.ndarray:
    """When places are photographed, by their :meth:`~timesen_nb.simulate.places.Places.survey_odds`.

    Args:
        places: N of them.
        rng: what chance is drawn from.

    Returns:
        (N,) months.
    """
    odds = places.survey_odds()
    odds = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    return np.minimum((rng.random((len(places), 1)) > odds).sum(axis=1), 11) + 1


def _draw(job: tuple[Places, np.ndarray, int]) -> np.ndarray:
    places, months, seed = job
    rng = np.random.default_rng(seed)
    views = np.empty((len(places), *VIEWS), dtype=np.uint8)
    for i, m in enumerate(months - 1):
        views[i] = draw_views(
            COVER_TYPES[places.cover_type[i]].name, places.painted_month(i, int(m)),
            green=float(places.green[i, m]), brown=float(places.brown[i, m]),
            snow=bool(places.snow[i, m]), sun=noon_elevation(places.lat[i], m + 1), rng=rng,
        )  # fmt: skip
    return views


def take(places: Places, rows: slice) -> Places:
    """Some of the places."""
    return type(places)(**{name: array[rows] for name, array in vars(places).items()})


def ground_views(places: Places, seed: int, chunk: int = 500) -> np.ndarray:
    """(N, 4, 48, 64, 3) uint8: four drawn views of each place, on every core."""
    months = survey_months(places, np.random.default_rng(seed))
    parts = [slice(i, i + chunk) for i in range(0, len(places), chunk)]
    jobs = [(take(places, part), months[part], seed + 1 + i) for i, part in enumerate(parts)]
    result = np.empty((len(places), *VIEWS), dtype=np.uint8)
    with ProcessPoolExecutor() as pool:
        drawn = tqdm(pool.map(_draw, jobs), total=len(jobs), desc="drawing ground views", mininterval=5)
        for part, views in zip(parts, drawn, strict=True):
            result[part] = views
    return result
