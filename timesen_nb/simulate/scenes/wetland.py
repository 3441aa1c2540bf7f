"""Bogs and salt marshes."""

from __future__ import annotations

from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.trees import spruce


def paint_bog(view: Canvas) -> None:
    """Moss hummocks, dark pools, cotton grass and stunted trees."""
    site, dice = view.site, view.dice
    moss = blend(
        blend((142, 112, 62), (134, 136, 70), site.green), (158, 84, 60), 0.3 if site.month > 8 else 0.1
    )
    start(view, Ground((92, 62, 44), moss, 0.35 + site.cover * 0.6, grain=4, rough=0.7, patch=0.7), 0.2)
    for u, v, s in view.crowd(6, 10, 60):
        spruce(view, u, v, s, dice.uniform(1.5, 4.0), (70, 84, 56), 0.15)
    pool = (
        (214, 222, 232) if site.snow else blend((44, 46, 52), (120, 132, 146), 0.3 + 0.4 * (1 - view.against))
    )
    for u, v, s in view.crowd(11, 2.2, 22):
        a = s * dice.uniform(0.5, 1.5)
        flat = a * view.eye * s / view.focal
        view.blob(u, v, a, flat, shade(moss, 0.55))
        view.blob(u, v + flat * 0.2, a * 0.92, flat * 0.8, pool)
    for u, v, s in view.crowd(26, 1.6, 12):
        if site.month in (5, 6, 7) and dice.random() < 0.7:
            view.line([(u, v), (u, v - 0.32 * s)], (150, 140, 90), 1)
            view.blob(u, v - 0.34 * s, max(1.0, 0.045 * s), max(1.0, 0.04 * s), (250, 250, 248))
        else:
            r = dice.uniform(0.12, 0.3) * s
            hue = dice.choice(((150, 72, 56), (140, 132, 60), (120, 92, 56), (166, 140, 84)))
            view.blob(u, v, r * 1.3, r * 0.55, WHITE if site.snow else shade(hue, dice.uniform(0.8, 1.1)))


def paint_salt_marsh(view: Canvas) -> None:
    """Low grey-green plants on mud, cut by winding tidal creeks."""
    site, dice = view.site, view.dice
    plants = blend((132, 140, 104), (150, 84, 76), 0.45 if site.month in (9, 10) else 0.0)
    if site.month in (7, 8):
        plants = blend(plants, (160, 124, 172), 0.22)
    start(
        view,
        Ground(
            (132, 118, 100),
            blend(plants, (172, 156, 120), site.dry * 0.6),
            0.25 + site.cover,
            grain=5,
            patch=0.75,
        ),
        0.0,
    )
    sheen = blend((160, 178, 196), (196, 200, 206), site.overcast)
    for _ in range(2):
        x, wind = dice.uniform(-5, 5), dice.uniform(1.0, 3.0)
        left, right = [], []
        for z in (1.8, 2.6, 4.0, 6.0, 9.0, 14.0, 24.0, 45.0):
            x += dice.uniform(-wind, wind) * z / 8
            w = dice.uniform(0.35, 0.6) * (1 + z / 25)
            left.append(view.at(x - w, z))
            right.append(view.at(x + w, z))
        grown = [(u - 2 - 0.03 * (v - view.horizon), v) for u, v in left]
        view.shape(
            [*grown, *((u + 2 + 0.03 * (v - view.horizon), v) for u, v in reversed(right))], (104, 88, 74)
        )
        view.shape([*left, *reversed(right)], sheen)
    for u, v, s in view.crowd(34, 1.5, 12):
        r = dice.uniform(0.10, 0.24) * s
        view.blob(u, v, r * 1.5, r * 0.6, shade(plants, dice.uniform(0.75, 1.15)))
