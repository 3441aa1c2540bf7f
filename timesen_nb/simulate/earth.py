"""Simulated places all over the earth: growth from climate, then reflectance, for the cover types of ``earth.toml``.

Nothing here is fitted to real pixels: physics (PROSAIL canopies, library spectra), climates and calendars, with broad
random variation around them. Europe, where class statistics of real places are at hand, is ``places.py``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.simulate.climates import MONTH, NAMES, Climate, climate
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.places import Places
from timesen_nb.simulate.spectra import canopy, surface
from timesen_nb.simulate.sun import overpass_zenith

Range = tuple[float, float]


@dataclass(frozen=True)
class Growth:
    """How one cover type grows; the fields are explained at the top of ``earth.toml``."""

    zones: tuple[str, ...]
    cycle: str = "crop"
    lai: Range = (2.0, 4.5)
    cover: Range = (0.85, 1.0)
    length: Range = (3.5, 5.0)
    heat: float = 20.0
    irrigated: float = 0.5
    twice: float = 0.05
    winter: Range = (0.0, 0.0)
    full: Range = (0.3, 0.5)
    flood: Range = (0.0, 0.0)
    bloom: float = 0.0
    keep: Range = (0.0, 1.0)
    thirst: float = 0.5
    under: str = "soil"
    under_lai: Range = (0.5, 2.5)
    dark: Range = (0.85, 1.0)
    dry: Range = (0.5, 1.0)
    brown: Range = (0.0, 0.15)
    cab: float = 42.0
    angle: float = 52.0
    cuts: int = 0
    burn: float = 0.0
    damp: float = 0.0
    surfaces: tuple[str, ...] = ()
    green: Range = (0.0, 0.05)
    flooded: float = 0.0
    dries: float = 0.0


@cache
def growths() -> dict[str, Growth]:
    """The cover types of ``earth.toml`` by name. Raises ValueError for one that ``cover_types.toml`` does not have."""
    table = tomllib.loads(files(__package__).joinpath("earth.toml").read_text("utf-8"))
    defaults = table.pop("defaults")
    unknown = sorted(set(table) - set(INDEX))
    if unknown:
        raise ValueError(f"earth.toml has {unknown}, which cover_types.toml has not; name both alike.")
    known = {f.name for f in fields(Growth)}
    out = {}
    for name, given in table.items():
        row: dict[str, Any] = {**defaults.get(given.get("cycle", "crop"), {}), **given}
        wrong = sorted(set(row) - known)
        if wrong:
            raise ValueError(f"earth.toml: {name!r} has {wrong}; expected some of {sorted(known)}.")
        row = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        out[name] = Growth(**row)
    return out


@dataclass(frozen=True)
class EarthPlaces(Places):
    """Places all over the earth.

    Attributes:
        cloudy: (N, 12) probability that a month has no clear acquisition.
        stage: (N, 12) how far a crop is from emergence (0) to harvest (1), or how leafy trees are.
    """

    cloudy: np.ndarray
    stage: np.ndarray


@dataclass
class _State:
    """Monthly state of N stands of one cover type, (N, 12) each unless said."""

    lai: np.ndarray
    ripe: np.ndarray  # share of the canopy that is dry
    water: np.ndarray  # share of open water below the plants
    straw: np.ndarray  # share of the bare ground under litter or straw
    grass: np.ndarray  # leaf area of grass below
    parched: np.ndarray  # share of it that is dry
    cover: np.ndarray  # (N, 1)
    stage: np.ndarray  # 0 before sowing or leafless to 1 harvested; what a crop's painter is told


def _warm(temperature: np.ndarray, middle: float = 6.0) -> np.ndarray:
    out: np.ndarray = 1 / (1 + np.exp(-(temperature - middle) / 2.0))
    return out


def _rise(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    out: np.ndarray = x * x * (3 - 2 * x)
    return out


def _lagged(moisture: np.ndarray) -> np.ndarray:
    """What the soil still holds: half of last month's."""
    out: np.ndarray = (
        0.55 * moisture + 0.35 * np.roll(moisture, 1, axis=1) + 0.10 * np.roll(moisture, 2, axis=1)
    )
    return out


def _crop(g: Growth, c: Climate, rng: np.random.Generator) -> _State:
    """One to three crops a year, each sown where climate suits it best."""
    n = len(c.lat)
    wet = _lagged(c.moisture)
    irrigated = (rng.random((n, 1)) < np.where(np.isin(c.zone, _DRY), 0.9, g.irrigated)[:, None]) & (
        g.irrigated > 0.06
    )
    supply = np.where(irrigated, 1.0, np.clip(wet / 0.55, 0, 1))
    suits = np.exp(-(((c.temperature - g.heat) / 8.0) ** 2)) * supply
    lai = np.zeros((n, 12))
    ripe, water, straw = np.zeros((n, 12)), np.zeros((n, 12)), np.zeros((n, 12))
    stage = np.zeros((n, 12))
    taken = np.zeros((n, 12))
    # the same warmth is worth more in spring than in autumn, when days grow short
    days = np.cos(2 * np.pi * (MONTH[None] - c.midsummer[:, None] + 0.8) / 12) * np.abs(c.lat[:, None]) / 40
    odds = np.log(np.clip(suits, 0.02, 1)) + 0.3 * days
    more = rng.random(n) < g.twice
    third = more & (rng.random(n) < 0.25)
    for k in range(3):
        grows = np.ones(n, bool) if k == 0 else more if k == 1 else third
        length = rng.uniform(*g.length, n) * (1.0 if k == 0 else 0.85)
        score = np.zeros((n, 12))
        for m in range(12):
            away = (MONTH[None] - m) % 12
            inside = np.clip(length[:, None] - away, 0, 1)
            score[:, m] = (inside * (odds - 6 * taken)).sum(1) / inside.sum(1)
        score += rng.normal(0, 0.15, score.shape)
        start = score.argmax(axis=1) + rng.uniform(-0.7, 0.7, n)
        if k:
            grows &= score.max(axis=1) > -1.2
        at = (MONTH[None] - start[:, None]) % 12  # months since emergence
        x = at / length[:, None]
        full, ripening = rng.uniform(*g.full, (n, 1)), rng.uniform(0.65, 0.85, (n, 1))
        up, down = _rise(x / full), _rise((x - ripening) / (1.03 - ripening))
        on = (x < 1.05) & grows[:, None]
        peak = rng.uniform(*g.lai, n)[:, None] * np.where(
            irrigated, 1.0, 0.45 + 0.55 * supply.max(1, keepdims=True)
        )
        lai += on * peak * up * (1 - down)
        ripe = np.where(on, rng.uniform(*g.dry, (n, 1)) * down, ripe)
        stage = np.where(on, x, stage)
        since = (at - length[:, None]) % 12
        left = grows[:, None] * ~on * rng.uniform(0, 0.7, (n, 1)) * np.exp(-since / 2.5)
        straw = np.maximum(straw * ~on, left)
        if g.flood[1]:
            before = (at > 10.8) | (at < 0.6 * length[:, None])
            water = np.maximum(water, grows[:, None] * before * rng.uniform(*g.flood, (n, 1)))
        if g.winter[1]:  # sown in the autumn before
            back = (start[:, None] - MONTH[None]) % 12
            stand = (back < rng.uniform(2.5, 5.5, (n, 1))) & grows[:, None]
            lai = np.maximum(lai, stand * rng.uniform(*g.winter, (n, 1)) * _warm(c.temperature, 2.0))
        taken = np.maximum(taken, on | (at > 11.3) & grows[:, None])
    # weeds, cover crops and regrowth where it is wet and warm
    weeds = rng.beta(0.7, 2.0, (n, 1)) * 1.6 * _warm(c.temperature) * np.clip(wet / 0.6, 0, 1) * (1 - taken)
    lai = np.maximum(lai, weeds)
    cover = rng.uniform(*g.cover, (n, 1))
    zero = np.zeros((n, 12))
    return _State(lai, ripe, water, straw, zero, zero, cover, stage)


_DRY = [NAMES.index(z) for z in ("hot desert", "hot steppe")]


def _perennial(g: Growth, c: Climate, rng: np.random.Generator) -> _State:
    """Trees, shrubs and grass: leaves follow warmth and what the soil holds."""
    n = len(c.lat)
    soil = np.clip(_lagged(c.moisture) / rng.uniform(0.45, 0.85, (n, 1)), 0, 1)
    warm = _warm(c.temperature, 6.0 if g.cycle == "trees" else 4.5)
    zero = np.zeros((n, 12))
    if g.cycle == "grass":
        thirst = np.clip(g.thirst * rng.uniform(0.75, 1.15, (n, 1)), 0, 1)
        live = warm * (1 - thirst * (1 - soil))
        live = np.clip(live, rng.uniform(0.0, 0.12, (n, 1)), 1)
        lai = rng.uniform(*g.lai, (n, 1)) * live
        parched = np.clip((1 - live) * rng.uniform(*g.dry, (n, 1)), 0, 1)
        lai *= _cut(g, n, rng)
        cover = rng.uniform(*g.cover, (n, 1))
        return _State(lai, parched, zero, zero + rng.uniform(0, 0.5, (n, 1)), zero, zero, cover, zero)
    keep = rng.uniform(*g.keep, (n, 1))
    thirsty = np.clip(g.thirst * rng.uniform(0.7, 1.2, (n, 1)), 0, 1)
    fed = 1 - thirsty * (1 - soil)
    leafy = np.minimum(fed**1.5, warm / warm.max(axis=1, keepdims=True))
    lai = rng.uniform(*g.lai, (n, 1)) * (keep + (1 - keep) * leafy) * (0.9 + 0.1 * fed) * _cut(g, n, rng)
    ripe = np.clip((1 - keep) * (1 - leafy), 0, 1) * rng.uniform(0, 0.5, (n, 1))
    live = warm * soil
    grass = rng.uniform(*g.under_lai, (n, 1)) * np.clip(live, 0.03, 1)
    cover = rng.uniform(*g.cover, (n, 1))
    return _State(
        lai, ripe, zero, zero + rng.uniform(0, 0.4, (n, 1)), grass, np.clip(1 - live, 0, 1), cover, leafy
    )


def _cut(g: Growth, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 12): what mowing leaves."""
    out = np.ones((n, 12))
    for _ in range(g.cuts):
        since = (MONTH[None] - rng.uniform(0, 12, (n, 1))) % 12
        out = np.minimum(out, np.where(since < 1.3, 0.25 + 0.55 * since / 1.3, 1))
    return out


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
    g: Growth, s: _State, c: Climate, rng: np.random.Generator
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
    live = _warm(c.temperature) * np.clip(_lagged(c.moisture) / 0.6, rng.uniform(0.0, 0.8, (n, 1)), 1)
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
        Clear years; :func:`timesen_nb.simulate.processing.untidy` makes composites of them.

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
        state = (_crop if g.cycle == "crop" else _perennial)(g, part, rng)
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
