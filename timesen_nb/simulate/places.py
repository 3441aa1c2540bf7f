"""Simulated places: what grows there, its year in the ten bands, and the state a ground photo would show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.simulate.class_statistics import logarithm
from timesen_nb.simulate.cover_types import COVER_TYPES, EUROPEAN, INDEX
from timesen_nb.simulate.moment_matching import anchor, calibrate, moments
from timesen_nb.simulate.phenology import Weather, calendars, season, weather
from timesen_nb.simulate.processing import clouded, mix, noisy, processed
from timesen_nb.simulate.spectra import surface
from timesen_nb.simulate.stand_light import reflectance

#: Share of what only the class statistics explain of the spread between stands that is left within one countryside.
REGIONAL = 0.3


@dataclass(frozen=True)
class Places:
    """N simulated places.

    Attributes:
        cover_type: (N,) index into :data:`timesen_nb.simulate.cover_types.COVER_TYPES`.
        lon: (N,) degrees.
        lat: (N,) degrees.
        altitude: (N,) metres.
        values: (N, 12, 10) simulated surface reflectance x 10000, NaN = no clear observation.
        green: (N, 12) share of the ground under green plants.
        brown: (N, 12) share of the ground under dry standing plants.
        snow: (N, 12) bool.
    """

    cover_type: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    altitude: np.ndarray
    values: np.ndarray
    green: np.ndarray
    brown: np.ndarray
    snow: np.ndarray

    def __len__(self) -> int:
        return len(self.cover_type)

    @property
    def land_cover(self) -> np.ndarray:
        """(N,) LUCAS letters A to H."""
        return np.array([k.land_cover for k in COVER_TYPES])[self.cover_type]

    def survey_odds(self) -> np.ndarray:
        """(N, 12) how likely each is to be photographed: rather while something stands there, from April to October."""
        odds = (self.green + 0.7 * self.brown + 0.02) ** 4
        odds[:, [0, 1, 2, 10, 11]] = 0.0
        return odds

    def painted_month(self, i: int, m: int) -> int:
        """The month (1 to 12) as which month m (0 to 11) of place i is drawn: painters know the crops of Europe."""
        return m + 1


def grow(
    cover_type: np.ndarray,
    lon: np.ndarray,
    lat: np.ndarray,
    altitude: np.ndarray,
    rng: np.random.Generator,
    *,
    parcel: np.ndarray | None = None,
    blend: np.ndarray | None = None,
    climate: Weather | None = None,
    clouds: bool = True,
    calibrated: bool = True,
    regional: bool = False,
) -> Places:
    """A year at each of N places.

    Args:
        cover_type: (N,) indices of cover types.
        lon: (N,) degrees.
        lat: (N,) degrees.
        altitude: (N,) metres.
        rng: what chance is drawn from.
        parcel: (N,) labels; pixels of one parcel share crop, calendar, soil and vigour, and differ by little.
        blend: (N, 3) shares of a parcel's three variants in each of its pixels, random without it.
        climate: their weather; without it each place, or parcel, gets a random year of its own.
        clouds: False leaves every month clear.
        calibrated: False is physics alone, without the class statistics of real places.
        regional: True is one countryside in place of all Europe: stands of a cover type differ less than the class
            statistics say.

    Returns:
        The places.
    """
    cover_type = np.asarray(cover_type)
    if parcel is None:
        places = _stands(cover_type, lon, lat, altitude, rng, calibrated, climate=climate, regional=regional)
    else:  # a few variants of each parcel, and every pixel a blend of them: fast, and alike within the parcel
        _, first, member = np.unique(
            np.stack([parcel, cover_type]), axis=1, return_index=True, return_inverse=True
        )
        member = member.reshape(-1)
        if climate is not None:
            climate = Weather(climate.temperature[first], climate.drought[first], climate.snow[first])
        stands = _stands(
            cover_type[first], lon[first], lat[first], altitude[first], rng, calibrated, variants=3, climate=climate,
            regional=regional,
        )  # fmt: skip
        weight = rng.dirichlet((1.0, 1.0, 1.0), len(cover_type)) if blend is None else blend
        values = np.zeros((len(cover_type), 12, len(BANDS)), dtype=np.float32)
        for j, share in enumerate(weight.astype(np.float32).T):
            values += share[:, None, None] * stands.values[member * 3 + j]
        green, brown, snow = (a[member * 3] for a in (stands.green, stands.brown, stands.snow))
        places = Places(cover_type, lon, lat, altitude, values, green, brown, snow)
    places = replace(places, values=noisy(places.values, rng))
    return replace(places, values=clouded(places.values, places.lat, rng)) if clouds else places


def draw_cover_types(n: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) random cover types of Europe: land covers evenly and their cover types by share."""
    letters = np.array([k.land_cover for k in COVER_TYPES])
    share = np.array([k.share for k in COVER_TYPES], dtype=float)
    # Cropland has most cover types, and is drawn more often, so that each crop is seen enough.
    probability = np.array([0.40 if c == "B" else 0.60 / 7 for c in "ABCDEFGH"])
    weights = np.zeros(len(COVER_TYPES))
    for letter, p in zip("ABCDEFGH", probability, strict=True):
        weights[letters == letter] = p * share[letters == letter] / share[letters == letter].sum()
    return rng.choice(len(COVER_TYPES), size=n, p=weights / weights.sum())


#: Where cover types are found in Europe, degrees north; others are drawn from 36 to 66.
LATITUDES: dict[str, tuple[float, float]] = {
    "durum wheat": (36, 48), "rice": (37, 46), "soya": (42, 50), "cotton": (36, 42), "sunflower": (38, 51),
    "citrus": (36, 43.5), "olive grove": (36, 44.5), "vineyard": (37, 50), "nut trees": (36, 47), "maize": (38, 55),
    "maquis": (36, 44.5), "evergreen oak wood": (36, 44.5), "heath": (43, 64), "wooded grassland": (36, 50),
    "dry grassland": (36, 50), "bog": (50, 68), "glacier": (44, 68), "alpine scrub": (43, 68),
    "alpine grassland": (42, 48),
    "spruce forest": (44, 66), "sugar beet": (43, 58), "potatoes": (40, 60), "rape": (43, 59), "rye": (44, 61),
}  # fmt: skip


def simulate_places(
    n: int,
    seed: int,
    cover_types: list[str] | None = None,
    *,
    calibrated: bool = True,
    mixed: float = 0.12,
    clouds: bool = True,
) -> Places:
    """Simulated places over Europe with clouds and mixed pixels.

    Args:
        n: how many.
        seed: the same one gives the same places.
        cover_types: names to draw from evenly; None: all, land covers evenly.
        calibrated: False is physics alone, without the class statistics of real places.
        mixed: share of pixels that hold a part of another place.
        clouds: False: the places as they are, for :func:`observe`.

    Returns:
        The places.

    Raises:
        ValueError: an unknown cover type.
    """
    rng = np.random.default_rng(seed)
    if cover_types is None:
        cover_type = draw_cover_types(n, rng)
    else:
        known = [t.name for t in EUROPEAN]
        if unknown := [k for k in cover_types if k not in known]:
            raise ValueError(f"unknown cover types {unknown} in Europe; expected some of {', '.join(known)}.")
        cover_type = rng.choice([INDEX[k] for k in cover_types], size=n)
    lat, lon, altitude = _where(cover_type, rng)
    places = grow(cover_type, lon, lat, altitude, rng, clouds=False, calibrated=calibrated)
    return observe(places, rng, mixed) if clouds else places


def observe(places: Places, rng: np.random.Generator, mixed: float = 0.12) -> Places:
    """Places without clouds as a year's composites show them: mixed pixels, processing, months without a date."""
    seen = processed(mix(places.values, rng, mixed), rng)
    return replace(places, values=clouded(seen, places.lat, rng))


def _where(cover_type: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude and altitude of places in Europe where these cover types are found."""
    n = len(cover_type)
    low, high = np.array([LATITUDES.get(k.name, (36.0, 66.0)) for k in COVER_TYPES]).T
    middle = rng.normal(48, 4.0, n)
    lat = np.clip(
        np.where(rng.random(n) < 0.6, middle, rng.uniform(36, 66, n)), low[cover_type], high[cover_type]
    )
    inside = (lat <= low[cover_type]) | (lat >= high[cover_type])
    lat = np.where(inside, rng.uniform(low[cover_type], high[cover_type]), lat)
    lon = rng.uniform(-8, 28, n)
    altitude = np.clip(rng.gamma(1.2, 220, n), 0, 1600)
    base = np.array([c.altitude for c in calendars()])[cover_type]
    return lat, lon, np.where(base > 0, base + rng.normal(0, 250, n), altitude)


def _stands(
    cover_type: np.ndarray,
    lon: np.ndarray,
    lat: np.ndarray,
    altitude: np.ndarray,
    rng: np.random.Generator,
    calibrated: bool,
    variants: int = 1,
    snowy: bool = True,
    climate: Weather | None = None,
    regional: bool = False,
) -> Places:
    """One year of each stand, or ``variants`` alike years of it, stand by stand."""
    n = len(cover_type)
    shift = 3.0 * (lat - 48) + 0.025 * altitude + rng.normal(0, 9, n)
    vigour = np.exp(rng.normal(0, 0.25, n))
    wetness, bright = rng.beta(2, 3, n), np.exp(rng.normal(0, 0.22, n))

    def repeat(a: np.ndarray) -> np.ndarray:
        return np.repeat(a, variants, axis=0)

    cover_type_, lon_, lat_, altitude_ = (repeat(a) for a in (cover_type, lon, lat, altitude))
    climate = climate or weather(lon, lat, altitude, rng)
    climate = Weather(repeat(climate.temperature), repeat(climate.drought), repeat(climate.snow))
    near = variants > 1
    shift_ = repeat(shift) + near * rng.normal(0, 2.0, n * variants)
    vigour_ = repeat(vigour) * np.exp(near * rng.normal(0, 0.10, n * variants))
    wet_ = np.clip(repeat(wetness) + near * rng.normal(0, 0.06, n * variants), 0, 1)
    bright_ = repeat(bright) * np.exp(near * rng.normal(0, 0.05, n * variants))

    total = n * variants
    values = np.zeros((total, 12, len(BANDS)), dtype=np.float32)
    green, brown = np.zeros((total, 12), np.float32), np.zeros((total, 12), np.float32)
    order = calendars()
    for k in np.unique(cover_type_):
        rows = np.flatnonzero(cover_type_ == k)
        part = Weather(climate.temperature[rows], climate.drought[rows], climate.snow[rows])
        grown = season(order[k], part, shift_[rows], vigour_[rows], rng)
        values[rows], green[rows], brown[rows] = reflectance(
            order[k], grown, part, lat_[rows], wet_[rows], bright_[rows], rng
        )
    patch = np.repeat(rng.random((n, 12)), variants, axis=0)
    snow = patch < climate.snow * 0.5
    depth = (snow * repeat(rng.uniform(0.2, 1.0, (n, 12))))[..., None].astype(np.float32)
    tall = np.array([k.land_cover == "C" for k in COVER_TYPES])[cover_type_]
    depth = depth * np.where(tall, 0.35, 1.0)[:, None, None]
    if calibrated:
        values = calibrate(
            cover_type_, values, _monthly_physics, rng, variants, REGIONAL if regional else 1.0
        )
        # within a region crops and grass keep the level of their monthly class statistics, which are many and well
        # labelled
        rows = np.flatnonzero(
            [
                not (regional and COVER_TYPES[k].statistics and COVER_TYPES[k].land_cover in "BE")
                for k in cover_type_
            ]
        )
        values[rows] = anchor(
            cover_type_[rows], values[rows], _annual_physics, rng, variants, level_only=regional
        )
    if snowy:
        values = values * (1 - depth) + depth * surface("snow") * REFLECTANCE_SCALE
    return Places(cover_type_, lon_, lat_, altitude_, values.astype(np.float32), green, brown, snow)


@cache
def _monthly_physics(group: str, lat: float, lat_sd: float, lon: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (12, 10) of a group's log reflectance, by physics, where its statistics are from."""
    rng = np.random.default_rng(2018)
    members = np.flatnonzero([k.statistics == group for k in COVER_TYPES])
    share = np.array([COVER_TYPES[i].share for i in members])
    cover_type = rng.choice(members, 800, p=share / share.sum())
    lats = np.clip(rng.normal(lat, lat_sd + 0.5, 800), 35, 68)
    values = _stands(
        cover_type, rng.normal(lon, 3, 800), lats, rng.gamma(1.2, 150, 800), rng, False, snowy=False
    ).values
    return moments(values)


@cache
def _annual_physics(cover: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (10,) and covariance (10, 10) of log annual medians over a land cover in Europe before they are anchored."""
    rng = np.random.default_rng(2019)
    members = np.flatnonzero([k.land_cover == cover for k in COVER_TYPES])
    share = np.array([COVER_TYPES[i].share for i in members])
    cover_type = rng.choice(members, 1500, p=share / share.sum())
    lat, lon, altitude = _where(cover_type, rng)
    values = _stands(cover_type, lon, lat, altitude, rng, False, snowy=False).values
    values = calibrate(cover_type, values, _monthly_physics, rng)
    logs = logarithm(np.median(values, axis=1))
    return logs.mean(axis=0), np.cov(logs.T)
