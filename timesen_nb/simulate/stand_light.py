"""A season of one European cover type in the ten bands: soil, what grows below, leaves, straw, flowers."""

from __future__ import annotations

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.simulate.phenology import Calendar, Season, Weather
from timesen_nb.simulate.spectra import canopy, surface
from timesen_nb.simulate.sun import overpass_zenith


def reflectance(
    calendar: Calendar,
    grown: Season,
    climate: Weather,
    lat: np.ndarray,
    wetness: np.ndarray,
    bright: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reflectance x 10000 (n, 12, 10), green share and brown share (n, 12) of one cover type."""
    n = len(lat)
    sun = overpass_zenith(lat)

    def flat(a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, (n, 12)).reshape(-1)

    def column(x: float | np.ndarray) -> np.ndarray:
        return flat(np.asarray(x))[:, None]

    winter_wet = np.clip(
        wetness[:, None] + 0.35 * (12 - climate.temperature) / 12 + rng.normal(0, 0.15, (n, 12)), 0, 1
    )
    damp = column(np.clip(winter_wet + calendar.wet, 0, 1))
    soil = (surface("dry soil") * (1 - damp) + surface("wet soil") * damp) * column(bright[:, None])
    if calendar.surface:
        a, b = (surface(s) for s in calendar.surface)
        mix = column(rng.beta(0.9, 0.9, n)[:, None])
        ground = (a * mix + b * (1 - mix)) * column(bright[:, None] ** 1.5)
    elif calendar.under in ("soil", "grass"):
        ground = soil
    else:
        share = column(rng.uniform(0.5, 1.0, n)[:, None])
        ground = surface(calendar.under) * share * column(bright[:, None]) + soil * (1 - share)
    straw = column(grown.straw)
    ground = ground * (1 - straw) + surface("straw") * straw

    def stand(lai: np.ndarray, cab: float, below: np.ndarray, cover: float) -> np.ndarray:
        state = {
            "lai": flat(lai) / max(cover, 0.3),
            "cab": flat(cab * np.exp(rng.normal(0, 0.15, (n, 1)))),
            "brown": flat(rng.uniform(0, 0.15, (n, 1))),
            "water": flat(0.014 * np.exp(rng.normal(0, 0.25, (n, 1)))),
            "angle": flat(np.full((n, 1), calendar.angle)),
            "sun": flat(sun),
        }
        return canopy(state, np.clip(below, 0, 0.6))

    grass_lai = grown.grass
    if calendar.surface:  # gardens, verges, weeds between the stones
        share = np.clip(calendar.green * np.exp(rng.normal(-0.1, 0.6, (n, 1))), 0, 0.85)
        lush = 2.6 * (0.4 + 0.6 / (1 + np.exp(-(climate.temperature - 5) / 2))) * (1 - 0.7 * climate.drought)
        plants = stand(lush, 38.0, soil, 1.0)
        out = ground * (1 - column(share)) + plants * column(share)
        return _shape(out, n), np.broadcast_to(share, (n, 12)) * 0.9, np.zeros((n, 12))
    if calendar.under == "grass":
        turf = stand(grass_lai, 36.0, ground, 1.0)
        parched = column(grown.parched)
        cured = 0.6 * surface("straw") + 0.4 * soil
        ground = turf * (1 - parched) + cured * parched
    cover = calendar.cover * np.clip(rng.normal(1, 0.12, (n, 1)), 0.5, 1.1)
    cover = np.clip(cover, 0, 1)
    ripe = column(grown.ripe)
    leaves = stand(grown.lai, calendar.cab, ground, calendar.cover) * calendar.dark
    brown_share = column(calendar.brown if calendar.under != "grass" else 0.0)
    leaves = leaves * (1 - brown_share) + surface("litter") * brown_share
    leaves = leaves * (1 - ripe) + surface("straw") * 0.9 * ripe
    bloom = column(grown.bloom)
    yellow = np.array([0.05, 0.20, 0.18, 0.24, 0.40, 0.44, 0.46, 0.47, 0.26, 0.14], dtype=np.float32)
    leaves = leaves * (1 - bloom) + yellow * bloom
    out = leaves * column(cover) + ground * (1 - column(cover))
    leafy = 1 - np.exp(-0.6 * grown.lai)
    turf_share = 1 - np.exp(-0.6 * grass_lai)
    green = cover * leafy * (1 - grown.ripe) + (1 - cover) * turf_share * (1 - grown.parched)
    dry = (
        cover * grown.ripe
        + (1 - cover) * grown.parched * (calendar.under == "grass")
        + cover * calendar.brown
    )
    return _shape(out, n), np.clip(green, 0, 1), np.clip(dry, 0, 1)


def _shape(reflectance: np.ndarray, n: int) -> np.ndarray:
    return reflectance.reshape(n, 12, len(BANDS)) * REFLECTANCE_SCALE
