"""How plants of the cover types of ``earth.toml`` grow from climate, month by month: leaves, straw and water."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from recipes.climates import MONTH, NAMES, Climate
from timesen_nb.simulate.cover_types import INDEX

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
    table = tomllib.loads(Path(__file__).with_name("earth.toml").read_text("utf-8"))
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


@dataclass
class StandState:
    """Monthly state of N stands of one cover type, (N, 12) each unless said."""

    lai: np.ndarray
    ripe: np.ndarray  # share of the canopy that is dry
    water: np.ndarray  # share of open water below the plants
    straw: np.ndarray  # share of the bare ground under litter or straw
    grass: np.ndarray  # leaf area of grass below
    parched: np.ndarray  # share of it that is dry
    cover: np.ndarray  # (N, 1)
    stage: np.ndarray  # 0 before sowing or leafless to 1 harvested; what a crop's painter is told


def warmth(temperature: np.ndarray, middle: float = 6.0) -> np.ndarray:
    """0 to 1: how much of its growth a plant makes at a temperature; half of it at ``middle`` degrees."""
    out: np.ndarray = 1 / (1 + np.exp(-(temperature - middle) / 2.0))
    return out


def _rise(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    out: np.ndarray = x * x * (3 - 2 * x)
    return out


def soil_moisture(moisture: np.ndarray) -> np.ndarray:
    """What the soil still holds: half of last month's."""
    out: np.ndarray = (
        0.55 * moisture + 0.35 * np.roll(moisture, 1, axis=1) + 0.10 * np.roll(moisture, 2, axis=1)
    )
    return out


def crop(g: Growth, c: Climate, rng: np.random.Generator) -> StandState:
    """One to three crops a year, each sown where climate suits it best."""
    n = len(c.lat)
    wet = soil_moisture(c.moisture)
    irrigated = (rng.random((n, 1)) < np.where(np.isin(c.zone, DRY), 0.9, g.irrigated)[:, None]) & (
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
            lai = np.maximum(lai, stand * rng.uniform(*g.winter, (n, 1)) * warmth(c.temperature, 2.0))
        taken = np.maximum(taken, on | (at > 11.3) & grows[:, None])
    # weeds, cover crops and regrowth where it is wet and warm
    weeds = rng.beta(0.7, 2.0, (n, 1)) * 1.6 * warmth(c.temperature) * np.clip(wet / 0.6, 0, 1) * (1 - taken)
    lai = np.maximum(lai, weeds)
    cover = rng.uniform(*g.cover, (n, 1))
    zero = np.zeros((n, 12))
    return StandState(lai, ripe, water, straw, zero, zero, cover, stage)


DRY = [NAMES.index(z) for z in ("hot desert", "hot steppe")]


def perennial(g: Growth, c: Climate, rng: np.random.Generator) -> StandState:
    """Trees, shrubs and grass: leaves follow warmth and what the soil holds."""
    n = len(c.lat)
    soil = np.clip(soil_moisture(c.moisture) / rng.uniform(0.45, 0.85, (n, 1)), 0, 1)
    warm = warmth(c.temperature, 6.0 if g.cycle == "trees" else 4.5)
    zero = np.zeros((n, 12))
    if g.cycle == "grass":
        thirst = np.clip(g.thirst * rng.uniform(0.75, 1.15, (n, 1)), 0, 1)
        live = warm * (1 - thirst * (1 - soil))
        live = np.clip(live, rng.uniform(0.0, 0.12, (n, 1)), 1)
        lai = rng.uniform(*g.lai, (n, 1)) * live
        parched = np.clip((1 - live) * rng.uniform(*g.dry, (n, 1)), 0, 1)
        lai *= _cut(g, n, rng)
        cover = rng.uniform(*g.cover, (n, 1))
        return StandState(lai, parched, zero, zero + rng.uniform(0, 0.5, (n, 1)), zero, zero, cover, zero)
    keep = rng.uniform(*g.keep, (n, 1))
    thirsty = np.clip(g.thirst * rng.uniform(0.7, 1.2, (n, 1)), 0, 1)
    fed = 1 - thirsty * (1 - soil)
    leafy = np.minimum(fed**1.5, warm / warm.max(axis=1, keepdims=True))
    lai = rng.uniform(*g.lai, (n, 1)) * (keep + (1 - keep) * leafy) * (0.9 + 0.1 * fed) * _cut(g, n, rng)
    ripe = np.clip((1 - keep) * (1 - leafy), 0, 1) * rng.uniform(0, 0.5, (n, 1))
    live = warm * soil
    grass = rng.uniform(*g.under_lai, (n, 1)) * np.clip(live, 0.03, 1)
    cover = rng.uniform(*g.cover, (n, 1))
    return StandState(
        lai, ripe, zero, zero + rng.uniform(0, 0.4, (n, 1)), grass, np.clip(1 - live, 0, 1), cover, leafy
    )


def _cut(g: Growth, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 12): what mowing leaves."""
    out = np.ones((n, 12))
    for _ in range(g.cuts):
        since = (MONTH[None] - rng.uniform(0, 12, (n, 1))) % 12
        out = np.minimum(out, np.where(since < 1.3, 0.25 + 0.55 * since / 1.3, 1))
    return out
