"""A plain climate of the whole earth: twelve zones over both hemispheres, each place with a year of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]
MONTH = np.arange(12)


@dataclass(frozen=True)
class Zone:
    """Ranges that places of a climate zone are drawn from.

    Attributes:
        latitude: degrees from the equator.
        mean: of monthly temperature, Celsius.
        swing: of monthly temperature, Celsius.
        wet: length of the wet season, months.
        low: moisture out of it, 0 to 1.
        high: moisture in it, 0 to 1.
        peak: months from midsummer to the middle of the wet season.
        altitude: metres.
    """

    latitude: Range
    mean: Range
    swing: Range
    wet: Range
    low: Range
    high: Range
    peak: Range = (-1.0, 1.5)
    altitude: Range = (0.0, 700.0)


#: Round figures after the classes of Koeppen and Geiger (Peel et al. 2007, doi 10.5194/hess-11-1633-2007) and usual
#: climate normals (WMO 1991-2020), wider than any one region.
ZONES: dict[str, Zone] = {
    "rainforest": Zone((0, 14), (23.5, 28), (0.3, 2), (8, 13), (0.5, 0.95), (0.9, 1.0), (-4, 6)),
    "savanna": Zone((4, 23), (21, 29), (1, 5), (3.5, 7.5), (0.0, 0.3), (0.75, 1.0)),
    "hot steppe": Zone((8, 33), (18, 29), (2, 9), (2, 4.5), (0.0, 0.12), (0.3, 0.8), (-2, 3)),
    "hot desert": Zone((14, 35), (18, 30), (4, 11), (0.5, 2), (0.0, 0.05), (0.0, 0.25), (-6, 6)),
    "mediterranean": Zone((29, 45), (12, 19), (5, 10), (5, 8.5), (0.0, 0.2), (0.7, 1.0), (5, 7)),
    "humid subtropical": Zone((21, 39), (13, 22), (5, 13), (6, 13), (0.3, 0.85), (0.8, 1.0), (-2, 2)),
    "highland": Zone((1, 33), (7, 18), (1, 7), (4, 7.5), (0.0, 0.35), (0.6, 1.0), (-1, 1.5), (1200, 3600)),
    "cold steppe": Zone((31, 52), (2, 14), (9, 17), (2.5, 6), (0.05, 0.25), (0.3, 0.75), (-3, 1), (100, 2500)),
    "oceanic": Zone((37, 60), (6, 13), (3.5, 8), (9, 13), (0.5, 0.9), (0.9, 1.0), (-6, 6)),
    "continental": Zone((38, 58), (1, 11), (10, 17), (5, 10), (0.35, 0.7), (0.7, 1.0), (-1, 1)),
    "boreal": Zone((50, 68), (-8, 2), (11, 20), (6, 12), (0.5, 0.8), (0.8, 1.0), (-1, 2)),
    "tundra": Zone((58, 74), (-15, -3), (9, 18), (6, 12), (0.5, 0.8), (0.8, 1.0), (-1, 2)),
}  # fmt: skip
NAMES = tuple(ZONES)


@dataclass(frozen=True)
class Climate:
    """Where N places lie, and their year.

    Attributes:
        zone: (N,) index into :data:`NAMES`.
        lat: (N,) degrees, negative in the south.
        altitude: (N,) metres.
        midsummer: (N,) month, 0 = mid-January.
        temperature: (N, 12) Celsius.
        moisture: (N, 12), 0 to 1.
        snow: (N, 12) probability that it lies.
    """

    zone: np.ndarray
    lat: np.ndarray
    altitude: np.ndarray
    midsummer: np.ndarray
    temperature: np.ndarray
    moisture: np.ndarray
    snow: np.ndarray


def climate(zone: np.ndarray, rng: np.random.Generator) -> Climate:
    """A random place and year in each of (N,) zones, two of five south of the equator."""
    n = len(zone)

    def drawn(field: str) -> np.ndarray:
        low, high = np.array([getattr(z, field) for z in ZONES.values()]).T
        return rng.uniform(low[zone], high[zone])

    cold = np.isin(zone, [NAMES.index(z) for z in ("boreal", "tundra")])
    south = (rng.random(n) < 0.4) & ~cold
    lat = drawn("latitude") * np.where(south, -1, 1)
    midsummer = np.where(south, 0.0, 6.0) + rng.normal(0.4, 0.3, n)
    phase = 2 * np.pi * (MONTH - midsummer[:, None]) / 12
    temperature = (
        drawn("mean")[:, None] + drawn("swing")[:, None] * np.cos(phase) + rng.normal(0, 0.9, (n, 12))
    )
    low, high, length = drawn("low"), drawn("high"), drawn("wet")
    middle = midsummer + drawn("peak") + rng.normal(0, 0.4, n)
    # equatorial Africa and the like have two rainy seasons
    twice = (np.abs(lat) < 12) & (rng.random(n) < 0.35)
    wet = _season(middle, np.where(twice, length / 2, length))
    second = _season(middle + rng.uniform(4.5, 7, n), length / 2)
    wet = np.where(twice[:, None], np.maximum(wet, rng.uniform(0.5, 1, (n, 1)) * second), wet)
    moisture = low[:, None] + (high - low)[:, None] * wet
    year = rng.normal(0, 0.12, (n, 1)) + rng.normal(0, 0.07, (n, 12))
    moisture = np.clip(moisture * (1 + year), 0, 1)
    snow = moisture**0.5 / (1 + np.exp((temperature + 1.0) / 1.2))
    return Climate(zone, lat, drawn("altitude"), midsummer, temperature, moisture, snow)


def _season(middle: np.ndarray, length: np.ndarray) -> np.ndarray:
    """(N, 12): 1 within half a length of the middle, falling to 0 over a month and a half."""
    away = np.abs((MONTH - middle[:, None] + 6) % 12 - 6)
    return np.clip(1 - (away - length[:, None] / 2) / 1.5, 0, 1)
