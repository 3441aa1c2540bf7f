"""Calendars and weather: the monthly state of what grows at a place."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from timesen_nb.simulate.cover_types import EUROPEAN

#: Day of year in the middle of each month.
MID_MONTH = np.array([15, 46, 74, 105, 135, 166, 196, 227, 258, 288, 319, 349], dtype=np.float32)


@dataclass(frozen=True)
class Calendar:
    """One cover type's year; the fields are explained at the top of ``calendars.toml``."""

    grow: tuple[float, float, float, float] = (100.0, 140.0, 280.0, 320.0)
    lai: tuple[float, float] = (0.0, 0.0)
    winter: float = 0.0
    cover: float = 0.95
    under: str = "soil"
    under_lai: float = 0.0
    dry: float = 0.0
    stubble: float = 0.0
    catch: float = 0.0
    cab: float = 42.0
    angle: float = 50.0
    bloom: tuple[float, float] = (0.0, 0.0)
    cuts: int = 0
    dark: float = 1.0  # shade inside tall canopies: what is left of the reflectance
    brown: float = 0.0
    thirst: float = 1.0  # how strongly summer drought browns the grass
    wet: float = 0.0
    altitude: float = 0.0
    surface: tuple[str, ...] = ()
    green: float = 0.0  # share of grass or trees among the surface


@cache
def calendars() -> tuple[Calendar, ...]:
    """The calendar of each of :data:`timesen_nb.simulate.cover_types.EUROPEAN`, in their order."""
    table = tomllib.loads(files(__package__).joinpath("calendars.toml").read_text("utf-8"))
    defaults = table.pop("crop-defaults")
    if differ := sorted(set(table) ^ {t.name for t in EUROPEAN}):
        raise ValueError(f"calendars.toml and cover_types.toml differ in {differ}; name both alike.")
    rows = []
    for cover_type in EUROPEAN:
        row: dict[str, Any] = {**(defaults if cover_type.land_cover == "B" else {}), **table[cover_type.name]}
        row = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        rows.append(Calendar(**row))
    return tuple(rows)


@dataclass(frozen=True)
class Weather:
    """Monthly climate of N places, (N, 12) each: temperature in Celsius, drought and chance of snow, 0 to 1."""

    temperature: np.ndarray
    drought: np.ndarray
    snow: np.ndarray


def weather(lon: np.ndarray, lat: np.ndarray, altitude: np.ndarray, rng: np.random.Generator) -> Weather:
    """A plain climate of Europe: colder to the north and uphill, more continental eastward, dry summers in the south.

    Linear fits of our own to round climate normals (18.5 degrees of annual mean at 36 N, 0.6 less a degree north, 6.5
    less a kilometre up); each place gets a random year.

    Args:
        lon: (N,) degrees.
        lat: (N,) degrees.
        altitude: (N,) metres.
        rng: what chance is drawn from.

    Returns:
        A year of each place.
    """
    mean = 18.5 - 0.6 * (lat - 36) - 0.0065 * altitude + rng.normal(0, 0.8, lat.shape)
    swing = np.clip(7.0 + 0.18 * lon + rng.normal(0, 0.5, lat.shape), 5.5, 13.0)
    season = np.cos(2 * np.pi * (MID_MONTH - 203) / 365)
    temperature = mean[:, None] + swing[:, None] * season + rng.normal(0, 1.0, (len(lat), 12))
    southern = np.clip((46.5 - lat) / 6.0, 0, 1) + np.clip(rng.normal(0.15, 0.2, lat.shape), 0, 0.6)
    drought = np.clip((temperature - 15.5) / 7.0, 0, 1) * np.clip(southern, 0, 1)[:, None]
    snow = 1 / (1 + np.exp((temperature + 1.2) / 1.1))
    return Weather(temperature, drought, snow)


def rise(day: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """0 before ``start``, 1 after ``end``, a smooth step between; arrays that broadcast."""
    x = np.clip((day - start) / np.maximum(end - start, 1.0), 0, 1)
    return x * x * (3 - 2 * x)


@dataclass(frozen=True)
class Season:
    """Monthly state of N stands.

    Attributes:
        lai: (N, 12) green leaf area of the main canopy.
        ripe: (N, 12) 0 green to 1 dry.
        straw: (N, 12) share of ground under straw after harvest.
        grass: (N, 12) leaf area of the grass.
        parched: (N, 12) share of dry grass.
        bloom: (N, 12) share of yellow flowers.
    """

    lai: np.ndarray
    ripe: np.ndarray
    straw: np.ndarray
    grass: np.ndarray
    parched: np.ndarray
    bloom: np.ndarray


def season(
    calendar: Calendar, climate: Weather, shift: np.ndarray, vigour: np.ndarray, rng: np.random.Generator
) -> Season:
    """The year of N stands of one cover type.

    The calendar wraps around the year, so an autumn-sown crop is green in the winter before its harvest and after its
    next sowing.

    Args:
        calendar: of the cover type.
        climate: of the N places.
        shift: (N,) days later than the calendar.
        vigour: (N,) factor on leaf area.
        rng: what chance is drawn from.

    Returns:
        Its months.
    """
    n = len(shift)
    emerge, full, ripen, end = (
        g + shift[:, None] * s for g, s in zip(calendar.grow, (1, 1, 0.85, 0.85), strict=True)
    )
    day = MID_MONTH[None, :]
    dormant, peak = calendar.lai
    up = rise(day, emerge, full)
    down = rise(day, ripen, end)
    growth = np.maximum(up * (1 - down), up * 0)
    growth = np.maximum(growth, rise(day + 365, emerge, full) * (1 - rise(day + 365, ripen, end)))
    lai = dormant + (peak - dormant) * growth
    if calendar.winter:
        warm = np.clip((climate.temperature + 2) / 8, 0.15, 1)
        stand = (1 - down) * (day < end) + rise(day, 275 + shift[:, None] * -0.5, 345 + shift[:, None] * -0.5)
        lai = np.maximum(lai, calendar.winter * warm * np.clip(stand, 0, 1))
    ripe = calendar.dry * rise(day, ripen, end) * (day <= end + 8)
    straw = calendar.stubble * (day > end) * rng.uniform(0.2, 1.4, (n, 1)) * np.exp(-(day - end) / 90)
    if calendar.catch:
        sown = rng.random((n, 1)) < calendar.catch
        regrow = rise(day, end + 15, end + 75) * np.clip((climate.temperature - 2) / 8, 0.1, 1)
        spring = rise(-day, -emerge + 5, -emerge + 35) * np.clip((climate.temperature + 1) / 8, 0.1, 1)
        lai = np.maximum(
            lai, sown * rng.uniform(0.5, 2.8, (n, 1)) * (regrow + spring * (calendar.winter == 0))
        )
    lai = lai * vigour[:, None]

    warmth = 1 / (1 + np.exp(-(climate.temperature - 4.5) / 1.6))
    thirst = np.clip(climate.drought * calendar.thirst, 0, 1)
    grass = calendar.under_lai * (0.30 + 0.70 * warmth) * (1 - 0.85 * thirst) * vigour[:, None]
    parched = np.clip(calendar.brown + 0.85 * thirst + 0.3 * (1 - warmth), 0, 1)
    if calendar.cuts:
        cut = rng.uniform(135, 290, (n, calendar.cuts, 1)) + shift[:, None, None] * 0.5
        since = MID_MONTH - cut
        loss = np.where((since > 0) & (since < 40), 1 - since / 40, 0).max(axis=1) * 0.75
        lai, grass = lai * (1 - loss), grass * (1 - loss)
    flowering, amount = calendar.bloom
    bloom = (
        amount * np.exp(-(((day - flowering - shift[:, None]) / 16) ** 2)) if amount else np.zeros_like(lai)
    )
    return Season(lai, ripe, np.clip(straw, 0, 1), grass, parched, bloom)
