"""Four drawn ground views of each simulated place, as a surveyor would photograph it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np
from tqdm.auto import tqdm

from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.earth import EarthPlaces
from timesen_nb.simulate.growth import growths
from timesen_nb.simulate.places import Places
from timesen_nb.simulate.scenes import FORMS, draw_views
from timesen_nb.simulate.scenes.fields import CROPS
from timesen_nb.simulate.sun import noon_elevation

VIEWS = (4, 48, 64, 3)  # of a place: north, east, south and west, rows, columns, red green blue


def survey_months(places: Places, rng: np.random.Generator) -> np.ndarray:
    """When places are photographed: rather while something stands there, in Europe from April to October.

    Args:
        places: N of them.
        rng: what chance is drawn from.

    Returns:
        (N,) months.
    """
    standing = (places.green + 0.7 * places.brown + 0.02) ** 4
    if not isinstance(places, EarthPlaces):
        standing[:, [0, 1, 2, 10, 11]] = 0.0
    odds = np.cumsum(standing / standing.sum(axis=1, keepdims=True), axis=1)
    return np.minimum((rng.random((len(places), 1)) > odds).sum(axis=1), 11) + 1


def _draw(job: tuple[Places, np.ndarray, int]) -> np.ndarray:
    places, months, seed = job
    rng = np.random.default_rng(seed)
    views = np.empty((len(places), *VIEWS), dtype=np.uint8)
    for i, m in enumerate(months - 1):
        name = COVER_TYPES[places.cover_type[i]].name
        painted = _painted_month(places, i, int(m), name) if isinstance(places, EarthPlaces) else int(m) + 1
        views[i] = draw_views(
            name, painted,
            green=float(places.green[i, m]), brown=float(places.brown[i, m]),
            snow=bool(places.snow[i, m]), sun=noon_elevation(places.lat[i], m + 1), rng=rng,
        )  # fmt: skip
    return views


def _painted_month(places: EarthPlaces, i: int, m: int, name: str) -> int:
    """The month of a European year in which the same stage is drawn: painters know crops and leaves by month."""
    stage, crop = float(places.stage[i, m]), CROPS.get(FORMS[name])
    if crop is not None and growths()[name].cycle == "crop":
        shown = crop.sprout + stage * (crop.gone - 0.4 - crop.sprout) if stage else crop.sprout - 1
        return int(np.clip(round(shown), 1, 12))
    if growths()[name].cycle == "trees":
        return 7 if stage > 0.5 else 1
    return m + 1 if places.lat[i] > 0 else (m + 6) % 12 + 1


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
