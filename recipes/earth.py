"""Simulated places all over the earth: growth from climate, then reflectance, for the cover types of ``earth.toml``.

Nothing here is fitted to real pixels: physics (PROSAIL canopies, library spectra), climates and calendars, with broad
random variation around them. Europe, where class statistics of real places are at hand, is
``timesen_nb/simulate/places.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from recipes.climates import MONTH, NAMES, Climate, climate
from recipes.growth import Growth, StandState, crop, growths, perennial, soil_moisture, warmth
from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.places import Places
from timesen_nb.simulate.scenes import FORMS
from timesen_nb.simulate.scenes.fields import CROPS
from timesen_nb.simulate.spectra import canopy, surface
from timesen_nb.simulate.sun import overpass_zenith


@dataclass(frozen=True)
class EarthPlaces(Places):
    """Places all over the earth.

    Attributes:
        cloudy: (N, 12) probability that a month has no clear acquisition.
        stage: (N, 12) how far a crop is from emergence (0) to harvest (1), or how leafy trees are.
    """

    cloudy: np.ndarray
    stage: np.ndarray

    def survey_odds(self) -> np.ndarray:
        """(N, 12) how likely each is to be photographed: rather while something stands there, in any month."""
        return (self.green + 0.7 * self.brown + 0.02) ** 4

    def painted_month(self, i: int, m: int) -> int:
        """The month of a European year in which the same stage is drawn."""
        name = COVER_TYPES[self.cover_type[i]].name
        stage, crop = float(self.stage[i, m]), CROPS.get(FORMS[name])
        if crop is not None and growths()[name].cycle == "crop":
            shown = crop.sprout + stage * (crop.gone - 0.4 - crop.sprout) if stage else crop.sprout - 1
            return int(np.clip(round(shown), 1, 12))
        if growths()[name].cycle == "trees":
            return 7 if stage > 0.5 else 1
        return m + 1 if self.lat[i] > 0 else (m + 6) % 12 + 1


_SOILS = ("dry soil", "laterite", "vertisol", "loess", "sand", "red sand", "desert pavement")
#: How likely each soil is where it is wet and warm, and where it is dry.
_SOIL_ODDS = {True: (2.0, 2.0, 0.8, 1.0, 0.3, 0.2, 0.3), False: (1.5, 0.5, 0.7, 1.5, 1.2, 0.6, 1.2)}


def _soil(c: Climate, damp: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 12, 10) reflectance of bare soil, 0 to 1: a mixture of soils, darker when wet."""
    n = len(c.lat)
    humid = c.moisture.mean(axis=1) > 0.45
    odds = np.array([_SOIL_ODDS[bool(h)] for h in humid])
    share = rng.gamma(odds * 0.35)
    share /= share.sum(axis=1, keepdims=True)
    base = share @ np.stack([surface(s) for s in _SOILS])
    base *= np.exp(rng.normal(0.0, 0.2, (n, 1)))
    wet = np.clip(0.75 * c.moisture + damp + rng.normal(-0.1, 0.12, (n, 12)), 0, 1)[..., None]
    dim = 1 - wet * np.array([0.45, 0.45, 0.45, 0.45, 0.45, 0.45, 0.45, 0.45, 0.50, 0.55])
    out: np.ndarray = base[:, None] * dim
    return out


def _stand(
    lai: np.ndarray, below: np.ndarray, g: Growth, sun: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(n, 12, 10) reflectance of a canopy of lai (n, 12) over (n, 12, 10)."""
    n = len(lai)

    def flat(a: Any) -> np.ndarray:
        return np.broadcast_to(a, (n, 12)).reshape(-1)

    state = {
        "lai": flat(lai), "cab": flat(g.cab * np.exp(rng.normal(0, 0.18, (n, 1)))),
        "brown": flat(rng.uniform(0, 0.2, (n, 1))), "water": flat(0.014 * np.exp(rng.normal(0, 0.3, (n, 1)))),
        "angle": flat(g.angle), "sun": flat(sun),
    }  # fmt: skip
    return canopy(state, np.clip(below, 0, 0.6).reshape(-1, len(BANDS))).reshape(n, 12, len(BANDS))


def _light(
    g: Growth, s: StandState, c: Climate, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reflectance (n, 12, 10), 0 to 1, and shares of green and dry plants (n, 12)."""
    n = len(c.lat)
    sun = overpass_zenith(c.lat)
    soil = _soil(c, g.damp, rng)
    dead = rng.dirichlet((1.5, 1.5, 0.7), n) @ np.stack(
        [surface(x) for x in ("straw", "dry grass", "litter")]
    )
    dead = (dead * np.exp(rng.normal(0, 0.15, (n, 1))))[:, None]
    ground = soil * (1 - s.straw[..., None]) + dead * s.straw[..., None]
    if g.under == "grass":
        turf = _stand(s.grass, ground, Growth(zones=()), sun, rng)
        p = s.parched[..., None] * rng.uniform(0.3, 0.9, (n, 1, 1))
        ground = turf * (1 - p) + dead * p
    elif g.under == "water":
        share = rng.uniform(0.2, 0.95, (n, 1, 1)) * np.clip(0.4 + 0.8 * c.moisture, 0, 1)[..., None]
        silt = rng.random((n, 1, 1))
        below = silt * surface("muddy water") + (1 - silt) * surface("turbid water")
        ground = ground * (1 - share) + below * share
    elif g.under not in ("soil",):
        share = rng.uniform(0.4, 1.0, (n, 1, 1))
        ground = ground * (1 - share) + surface(g.under) * share
    w = s.water[..., None]
    ground = ground * (1 - w) + w * (0.5 * surface("turbid water") + 0.5 * surface("muddy water"))
    cover = s.cover[..., None]
    leaves = _stand(s.lai / np.maximum(s.cover, 0.35), ground, g, sun, rng) * rng.uniform(*g.dark, (n, 1, 1))
    woody = rng.uniform(*g.brown, (n, 1, 1))
    leaves = leaves * (1 - woody) + surface("litter") * rng.uniform(0.6, 1.2, (n, 1, 1)) * woody
    ripe = s.ripe[..., None]
    leaves = leaves * (1 - ripe) + dead * ripe
    if g.bloom:
        yellow = np.array([0.05, 0.20, 0.18, 0.24, 0.40, 0.44, 0.46, 0.47, 0.26, 0.14])
        share = (g.bloom * rng.uniform(0.3, 1, (n, 1)) * np.exp(-(((s.stage - 0.5) / 0.12) ** 2)))[..., None]
        leaves = leaves * (1 - share) + yellow * share
    out = leaves * cover + ground * (1 - cover)
    leafy, turf_green = 1 - np.exp(-0.6 * s.lai), 1 - np.exp(-0.6 * s.grass)
    green = s.cover * leafy * (1 - s.ripe) + (1 - s.cover) * turf_green * (1 - s.parched)
    dry = s.cover * s.ripe + (1 - s.cover) * s.parched * (g.under == "grass") * 0.8
    if g.burn:
        burnt = (rng.random((n, 1)) < g.burn) * _after_fire(c, rng)
        b = burnt[..., None]
        out = out * (1 - b) + surface("char") * b
        green, dry = green * (1 - burnt), dry * (1 - burnt)
    return out, np.clip(green, 0, 1), np.clip(dry, 0, 1)


def _after_fire(c: Climate, rng: np.random.Generator) -> np.ndarray:
    """(n, 12) share of ground that is charred, after a fire in a dry month."""
    n = len(c.lat)
    odds = np.cumsum((1.05 - c.moisture) ** 4, axis=1)
    when = (rng.random((n, 1)) * odds[:, -1:] > odds).sum(axis=1, keepdims=True)
    since = (MONTH[None] - when) % 12
    out: np.ndarray = rng.uniform(0.4, 0.95, (n, 1)) * np.exp(-since / rng.uniform(0.7, 2.5, (n, 1)))
    return out


def _surface(g: Growth, c: Climate, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(c.lat)
    share = rng.dirichlet(np.full(len(g.surfaces), 0.6), n)
    base = share @ np.stack([surface(x) for x in g.surfaces]) * np.exp(rng.normal(0, 0.2, (n, 1)))
    month = np.exp(rng.normal(0, 0.05, (n, 12, 1)))
    watery = "water" in g.surfaces[0]
    if watery:  # silt and algae come and go
        other = rng.dirichlet(np.full(len(g.surfaces), 0.6), n) @ np.stack([surface(x) for x in g.surfaces])
        phase = 0.5 + 0.5 * np.cos(2 * np.pi * (MONTH[None] - rng.uniform(0, 12, (n, 1))) / 12)
        out = base[:, None] + (other - base)[:, None] * (phase * rng.uniform(0, 1, (n, 1)))[..., None]
        glint = (rng.random((n, 1)) < 0.4) * np.abs(rng.normal(0, 0.02, (n, 12)))  # sun, adjacency, haze
        out = out * month + glint[..., None]
    else:
        wet = (0.35 * c.moisture * rng.uniform(0.2, 1, (n, 1)))[..., None] * (g.surfaces[0] != "snow")
        out = base[:, None] * month * (1 - wet)
    soil = _soil(c, g.damp, rng)
    if g.dries or g.flooded:  # a reservoir that falls dry, a pan that floods
        low = np.clip(1.1 - c.moisture / np.maximum(c.moisture.max(axis=1, keepdims=True), 0.1), 0, 1)
        if g.dries:
            part = (rng.random((n, 1)) < g.dries) * rng.uniform(0, 0.9, (n, 1)) * low
            out = out * (1 - part[..., None]) + soil * part[..., None]
        else:
            part = (rng.random((n, 1)) < g.flooded) * rng.uniform(0, 0.9, (n, 1)) * (1 - low)
            out = out * (1 - part[..., None]) + surface("shallow water") * part[..., None]
    green = np.broadcast_to(
        rng.uniform(0, 1, (n, 1)) ** 1.4 * (g.green[1] - g.green[0]) + g.green[0], (n, 12)
    )
    live = warmth(c.temperature) * np.clip(soil_moisture(c.moisture) / 0.6, rng.uniform(0.0, 0.8, (n, 1)), 1)
    plants = _stand(rng.uniform(1.5, 4, (n, 1)) * live, soil, Growth(zones=()), np.full((n, 12), 40.0), rng)
    out = out * (1 - green[..., None]) + plants * green[..., None]
    return out, green * live * 0.9, green * (1 - live) * 0.6


def earth_places(n: int, seed: int, cover_types: list[str] | None = None) -> EarthPlaces:
    """n simulated places all over the earth, without clouds; the same seed gives the same.

    Args:
        n: how many.
        seed: of the random numbers.
        cover_types: names to draw from evenly; without it all of ``earth.toml``, land covers evenly but for crops,
            which have most cover types and are drawn more often.

    Returns:
        Clear years; :func:`recipes.untidy.untidy` makes composites of them.

    Raises:
        ValueError: an unknown cover type.
    """
    rng = np.random.default_rng([seed, 16])
    table = growths()
    names = list(cover_types or table)
    if unknown := [name for name in names if name not in table]:
        raise ValueError(f"unknown cover types {unknown}; expected some of {', '.join(table)}.")
    letters = np.array([COVER_TYPES[INDEX[name]].land_cover for name in names])
    odds = (
        np.array([_LETTER_ODDS[x] / (letters == x).sum() for x in letters]) if cover_types is None else None
    )
    cover_type = rng.choice(
        [INDEX[name] for name in names], size=n, p=None if odds is None else odds / odds.sum()
    )
    zone = np.zeros(n, int)
    for name in names:
        rows = np.flatnonzero(cover_type == INDEX[name])
        zone[rows] = rng.choice([NAMES.index(z) for z in table[name].zones], size=len(rows))
    c = climate(zone, rng)
    values = np.zeros((n, 12, len(BANDS)), np.float32)
    green, brown, stage = (np.zeros((n, 12), np.float32) for _ in range(3))
    for name in names:
        rows = np.flatnonzero(cover_type == INDEX[name])
        if not len(rows):
            continue
        g = table[name]
        part = Climate(**{f.name: getattr(c, f.name)[rows] for f in fields(Climate)})
        if g.cycle == "surface":
            values[rows], green[rows], brown[rows] = _surface(g, part, rng)
            continue
        state = (crop if g.cycle == "crop" else perennial)(g, part, rng)
        values[rows], green[rows], brown[rows] = _light(g, state, part, rng)
        stage[rows] = state.stage
    snow = rng.random((n, 12)) < c.snow
    water = np.array([t.land_cover == "G" for t in COVER_TYPES])[cover_type]
    tall = np.array([t.land_cover == "C" for t in COVER_TYPES])[cover_type]
    depth = snow * rng.uniform(0.2, 1.0, (n, 12)) * np.where(tall, 0.4, np.where(water, 0.7, 1.0))[:, None]
    values = values * (1 - depth[..., None]) + depth[..., None] * surface("snow") * rng.uniform(
        0.7, 1.0, (n, 1, 1)
    )
    # what no library knows of this one place: a smooth change of its spectrum, and of its brightness by month
    walk = np.cumsum(rng.normal(0, 0.035, (n, len(BANDS))), axis=1)
    walk += rng.normal(0, 0.06, (n, 1)) - walk.mean(axis=1, keepdims=True)
    values = values * np.exp(walk[:, None] + rng.normal(0, 0.035, (n, 12, 1)))
    values = np.clip(values * REFLECTANCE_SCALE, 1, 16000).astype(np.float32)
    lon = rng.uniform(-170, 180, n)
    cloudy = np.clip(0.05 + 0.55 * c.moisture**2.5 + 0.25 * snow + rng.normal(0, 0.05, (n, 12)), 0.01, 0.9)
    return EarthPlaces(cover_type, lon, c.lat, c.altitude, values, green, brown, snow, cloudy, stage)


_LETTER_ODDS = {"A": 0.09, "B": 0.36, "C": 0.13, "D": 0.09, "E": 0.13, "F": 0.08, "G": 0.06, "H": 0.06}
