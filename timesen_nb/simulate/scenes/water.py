"""Open water, ice, and reeds at its edge."""

from __future__ import annotations

import numpy as np
from PIL import Image

from timesen_nb.simulate.scenes.canvas import FINER, WHITE, Canvas, Colour, blend, shade
from timesen_nb.simulate.scenes.ground import (
    Ground,
    ground,
    picture,
    sky,
    sky_colours,
    start,
    texture,
)
from timesen_nb.simulate.scenes.plants import Plant, reed, tuft
from timesen_nb.simulate.scenes.trees import leaf_colour, round_tree


def reflect(view: Canvas, deep: Colour, mirror: float, ripple: float) -> None:
    """Turn all below the horizon into water that mirrors what is drawn above it.

    deep: the water's own colour; mirror: share of reflected light far away; ripple: contrast of waves.
    """
    site, dice = view.site, view.dice
    above = np.asarray(view.image.reduce(FINER), np.float32)
    first = round(view.horizon / FINER)
    width, height = view.small
    v = np.arange(first, height, dtype=np.float32)[:, None] + 0.6 - view.horizon / FINER
    z = view.focal / FINER * view.eye / np.maximum(v, 0.4)
    x = (np.arange(width, dtype=np.float32)[None, :] - view.middle / FINER) * z / (view.focal / FINER)
    shift = dice.uniform(0, 99)
    wave = texture(x * 0.35 + 500, z + shift, 5.0) - 0.5
    swell = texture(x * 0.15 + 700, z + shift, 1.1) - 0.5
    bend = (wave * ripple * 9 * (height / 48)).astype(np.int32)
    rows = np.clip(first - 1 - np.arange(height - first)[:, None] + bend, 0, first - 1)
    image = above[rows, np.arange(width)[None, :]]
    share = np.clip(mirror * (0.45 + 0.55 * np.clip(z / 12, 0, 1)), 0, 1)[..., None]
    colour = np.array(deep, np.float32) * (1 - share) + image * share
    colour *= (1 + ripple * (1.1 * wave + 0.9 * swell))[..., None]
    if view.against > 0.6 and site.overcast < 0.6:
        path = np.exp(-((x / (1.5 + 0.25 * z)) ** 2)) * (wave + 0.5 > 0.72)
        colour += (90 * path * (1 - site.overcast))[..., None] * np.array((1.0, 0.97, 0.88), np.float32)
    below = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8)).resize(
        (view.width, (height - first) * FINER), Image.Resampling.BILINEAR
    )
    view.image.paste(below, (0, first * FINER))


def _frozen(view: Canvas, probability: float) -> bool:
    return view.site.snow and view.site.rows * 777 % 1 < probability


def paint_lake(view: Canvas) -> None:
    """Still water, a wooded far bank, reeds on the near one."""
    site, dice = view.site, view.dice
    start(view, Ground(site.soil, site.grass, 0.8), 0.5)
    _bank(view, dice.uniform(70, 160), 6, 0.9)
    if _frozen(view, 0.6):
        view.box(0, view.horizon + 1, view.width, view.height, (216, 226, 234))
        for _ in range(6):
            y = dice.uniform(view.horizon, view.height)
            view.line([(0, y), (view.width, y + dice.uniform(-4, 4))], (190, 206, 220), 1)
        return
    reflect(view, blend((38, 66, 82), (70, 88, 78), dice.random()), 0.75, 0.22)
    if dice.random() < 0.6:
        _shore_reeds(view, dice.choice((0.0, 0.75)), 0.3)


def _bank(view: Canvas, z: float, n: int, cover: float) -> None:
    """The opposite bank, drawn above the horizon only."""
    dice, s = view.dice, view.focal / z
    wood = leaf_colour(view, (66, 96, 52)) if 4 <= view.site.month <= 11 else (106, 98, 88)
    tops = [view.horizon - (s * dice.uniform(4, 9) if dice.random() < cover else 1) for _ in range(22)]
    view.ridge(tops, view.horizon + 1, shade(wood, 0.8))
    for _ in range(n):
        bare = view.site.month in (11, 12, 1, 2, 3)
        round_tree(
            view,
            dice.uniform(0, view.width),
            view.horizon,
            s,
            dice.uniform(7, 13),
            wood,
            leaves=0.0 if bare else 1.0,
        )


def _shore_reeds(view: Canvas, left: float, share: float) -> None:
    dice = view.dice
    cane = blend((110, 142, 70), (196, 172, 118), 0.0 if 5 <= view.site.month <= 9 else 1.0)
    plant = Plant(cane, (132, 100, 74))
    for _ in range(round(11 * view.detail)):
        u = view.width * (left + share * dice.random())
        reed(view, u, view.height * dice.uniform(0.95, 1.15), view.height * 0.22, 1.7, plant)


def paint_river(view: Canvas) -> None:
    """A stream between grassy banks with willows, winding away or crossing the view."""
    site, dice = view.site, view.dice
    start(
        view,
        Ground(site.soil, site.grass if site.green > 0.2 else blend(site.grass, (100, 130, 64), 0.6), 0.85),
        0.5,
    )
    crossing = abs(view.row_angle) > 0.8
    green = leaf_colour(view, (104, 138, 74))
    leaves = 1.0 if 4 <= site.month <= 10 else 0.0
    water = blend((74, 100, 104), sky_colours(site, view.against)[1], 0.38)
    if crossing:
        near, far = dice.uniform(2.4, 3.2), dice.uniform(13, 22)
        for u, v, s in view.crowd(9, far * 1.05, far * 2.5):
            round_tree(view, u, v, s, dice.uniform(5, 10), green, trunk=0.2, wide=0.42, leaves=leaves)
        y = [view.at(0, z)[1] for z in (near, far)]
        steps = [i / 8 * view.width for i in range(9)]
        view.shape(
            [
                *((u, y[1] + dice.uniform(0, 2)) for u in steps),
                *((u, y[0] + dice.uniform(-4, 4)) for u in reversed(steps)),
            ],
            water,
        )
        span = (near, far, -9.0, 9.0)
    else:
        x = dice.uniform(-1, 1)
        left, right = [], []
        for z in (1.3, 2.0, 3.2, 5.0, 8.0, 13.0, 22.0, 40.0, 80.0):
            x += dice.uniform(-0.16, 0.16) * z
            left.append(view.at(x - 2.6 - 0.02 * z, z))
            right.append(view.at(x + 2.6 + 0.02 * z, z))
        edge = shade(site.soil, 0.8)
        view.shape([*((u - 3, v) for u, v in left), *((u + 3, v) for u, v in reversed(right))], edge)
        view.shape([*left, *reversed(right)], water)
        for u, v, s in view.crowd(9, 9, 70):
            if any(
                abs(u - (a[0] + b[0]) / 2) > (b[0] - a[0]) * 0.7 and abs(a[1] - v) < 6
                for a, b in zip(left, right, strict=True)
            ):
                round_tree(view, u, v, s, dice.uniform(4, 9), green, trunk=0.2, wide=0.42, leaves=leaves)
        span = (1.5, 18.0, -2.2, 2.2)
    pale, dark = blend(water, WHITE, 0.45), shade(water, 0.72)
    for _ in range(round(34 * view.detail)):  # the current
        z = 1 / dice.uniform(1 / span[1], 1 / span[0])
        at, s = dice.uniform(span[2], span[3]) * (z / 9 if crossing else 0.8), view.focal / z
        u, v = view.at(at, z)
        if view.horizon < v < view.height:
            tone = np.asarray(view.image.getpixel((int(min(max(u, 0), view.width - 1)), int(v))))
            if abs(tone - water)[[0, 2]].sum() < 40:  # not over the banks
                view.line([(u - 0.3 * s, v), (u + 0.3 * s, v + 0.5)], dice.choice((pale, dark)), 1)


def paint_sea(view: Canvas) -> None:
    """Waves to the horizon and breakers near the shore."""
    site, dice = view.site, view.dice
    view.lay(picture(sky(view), ground(view, Ground((70, 100, 120), (70, 100, 120), 0.0))))
    reflect(view, blend((26, 78, 112), (70, 104, 112), site.overcast), 0.38, 0.55)
    for i in range(5):
        v = view.horizon + (view.height - view.horizon) * (0.10 + 0.2 * i + dice.uniform(-0.05, 0.05))
        w = view.height * 0.008 * (1 + i)
        u, run = dice.uniform(-0.2, 0.3) * view.width, view.width * dice.uniform(0.4, 0.9)
        crest = [(u + run * k / 6, v + dice.uniform(-w, w)) for k in range(7)]
        view.line(crest, (236, 242, 245), max(1.0, w * 1.2))
    if view.heading == round(site.rows * 10) % 4 or dice.random() < 0.25:
        y = view.height * dice.uniform(0.82, 0.9)
        edge = [(view.width * k / 8, y + dice.uniform(-2, 2)) for k in range(9)]
        view.shape(
            [*edge, (view.width, view.height), (0, view.height)], WHITE if site.snow else (222, 204, 162)
        )
        view.line(edge, (246, 248, 250), 3)
    elif dice.random() < 0.3:
        u, s = dice.uniform(0.2, 0.8) * view.width, view.height * 0.03
        view.shape(
            [(u, view.horizon - 3.2 * s), (u, view.horizon), (u + 1.6 * s, view.horizon)], (246, 246, 246)
        )
        view.line([(u - s, view.horizon + 1), (u + 2 * s, view.horizon + 1)], (90, 60, 50), 2)


def paint_glacier(view: Canvas) -> None:
    """Ice under peaks: crevasses, blue shade, a dirty moraine."""
    site, dice = view.site, view.dice
    start(view, Ground((232, 240, 248), (214, 228, 240), 0.3, grain=3, rough=0.16), 3.0)
    for k in range(3):
        high = view.height * (0.34 - 0.1 * k)
        peaks = [view.horizon - high * dice.uniform(0.3, 1.0) for _ in range(8)]
        tone = blend((92, 96, 108), (236, 242, 250), (0.25, 0.6, 0.9)[k])
        view.ridge(peaks, view.horizon + 2, shade(tone, 1 - 0.15 * view.against))
        step = view.width / 7
        for i, y in enumerate(peaks):
            view.shape(
                [
                    (i * step, y),
                    (i * step + step * 0.3, y + high * 0.3),
                    (i * step - step * 0.25, y + high * 0.25),
                ],
                (248, 250, 253),
            )
    fresh = site.month in (11, 12, 1, 2, 3, 4)
    for u, v, s in view.crowd(7 if fresh else 15, 2.5, 40):
        w = s * dice.uniform(1.0, 3.0)
        flat = max(1.0, 0.22 * s * view.eye * s / view.focal)
        bend = dice.uniform(-0.4, 0.4) * flat
        view.line(
            [(u - w, v + bend), (u, v), (u + w, v - bend)],
            dice.choice(((118, 170, 206), (146, 190, 220), (88, 140, 184))),
            flat,
        )
    if not fresh:
        for u, v, s in view.crowd(14, 2.0, 14):
            r = dice.uniform(0.05, 0.16) * s
            view.blob(u, v, r * 1.4, r, (132, 128, 124))


def paint_reed_bed(view: Canvas) -> None:
    """A wall of canes with plumes, water at its foot."""
    site, dice = view.site, view.dice
    fresh = min(1.0, site.green * 1.7)
    cane = blend((200, 174, 120), (116, 148, 72), fresh)
    start(view, Ground(site.soil, site.grass, 0.8), 0.1)
    for z, tone in ((26.0, 0.92), (14.0, 0.78)):
        top = view.at(0, z, 2.6)[1]
        tops = [top + dice.uniform(-0.3, 0.3) * view.focal / z for _ in range(40)]
        view.ridge(tops, view.horizon + 1, shade(cane, tone))
    if _frozen(view, 0.5):
        view.box(0, view.horizon, view.width, view.height, (220, 228, 236))
    else:
        reflect(view, (74, 80, 66), 0.6, 0.25)
    plant = Plant(cane, blend((150, 116, 84), (134, 96, 92), fresh))
    near = dice.uniform(2.4, 4.0)
    for u, v, s in view.crowd(70, near, near * 3):
        reed(view, u, v, s, 2.4, plant)
    if dice.random() < 0.5:
        for u, v, s in view.crowd(8, 1.4, 3):
            tuft(view, u, v, s, 0.4, Plant(shade(cane, 0.9), cane))
