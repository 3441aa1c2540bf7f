"""Ground views of other climates, by form: palms, jungle, mangroves, bush, deserts, villages of tin and mud, panels."""

from __future__ import annotations

import math

from timesen_nb.simulate.scenes.bare import stone
from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, Colour, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import GLYPHS, Plant
from timesen_nb.simulate.scenes.trees import bare_tree, round_tree, shrub
from timesen_nb.simulate.scenes.water import reflect

RED_EARTH: Colour = (178, 104, 66)
STRAW: Colour = (208, 184, 120)


def palm(view: Canvas, u: float, v: float, s: float, h: float, green: Colour, trunk: float = 0.6) -> None:
    """A bare trunk under a crown of arching fronds; trunk: its share of the height."""
    dice, tall = view.dice, h * s
    top = (u + dice.uniform(-0.06, 0.06) * tall, v - tall * trunk)
    view.line([(u, v), top], (126, 108, 86), max(1.0, tall * 0.05))
    for i in range(11):
        a = math.pi * (i / 10) * 1.3 - 0.15 * math.pi
        x, y = math.cos(a), math.sin(a)
        reach = tall * dice.uniform(0.34, 0.46)
        mid = (top[0] + x * reach * 0.6, top[1] - (y * 0.6 + 0.25) * reach)
        tip = (top[0] + x * reach, top[1] - (y * 0.75 - 0.1) * reach)
        view.line([top, mid, tip], shade(green, dice.uniform(0.65, 1.2)), max(1.0, tall * 0.045))


def paint_palms(view: Canvas, name: str) -> None:
    """Rows of palms over grass, or over the bare ground of an oasis."""
    site, dice = view.site, view.dice
    dates = name == "date palms"
    soil = (206, 178, 132) if dates else site.soil
    start(view, Ground(soil, site.grass, min(1.0, site.cover * (0.5 if dates else 0.9))), 0.3)
    green: Colour = {"date palms": (110, 128, 92), "oil palm": (50, 96, 40)}.get(name, (98, 142, 58))
    high, trunk, gap = {"date palms": (7, 0.62, 7), "oil palm": (8, 0.5, 8)}.get(name, (11, 0.75, 8))
    for u, v, s in sorted(view.crowd(18, high * 1.1, high * 7, gap), key=lambda p: p[2]):
        palm(view, u, v, s, high * dice.uniform(0.8, 1.15), green, trunk)


def paint_bananas(view: Canvas) -> None:
    """Broad torn leaves on short stems, close together."""
    site, dice = view.site, view.dice
    start(view, Ground(site.soil, site.grass, 0.7), 0.3)
    for u, v, s in view.crowd(26, 3, 18, 2.6):
        tall = dice.uniform(2.4, 3.4) * s
        view.line([(u, v), (u, v - tall * 0.5)], (138, 150, 84), max(1.0, tall * 0.09))
        for a in (-1.2, -0.7, -0.2, 0.3, 0.8, 1.3):
            tip = (u + math.sin(a) * tall * 0.45, v - tall * (0.5 + 0.45 * math.cos(a)))
            tone = shade((104, 160, 56), dice.uniform(0.7, 1.15))
            view.line([(u, v - tall * 0.48), tip], tone, max(2.0, tall * 0.13))


def paint_jungle(view: Canvas) -> None:
    """A wall of many greens, emergent crowns, lianas and pale trunks."""
    site, dice = view.site, view.dice
    start(view, Ground((96, 74, 50), (58, 96, 40), 0.9, patch=0.4), 0.2)
    tops = [view.horizon - view.height * dice.uniform(0.22, 0.40) for _ in range(14)]
    view.ridge(tops, view.horizon + view.height * 0.12, (30, 56, 28))
    for u, v, s in view.crowd(26, 9, 40):
        green = dice.choice(((36, 84, 32), (52, 104, 40), (74, 116, 46), (44, 92, 56)))
        round_tree(view, u, v, s, dice.uniform(14, 26), green, trunk=0.45, wide=0.26, bark=(168, 158, 142))
    for u, v, s in view.crowd(12, 3, 9):
        palm(view, u, v, s, dice.uniform(1.5, 3), (60, 118, 44), 0.25)
    for _ in range(5):
        u = dice.uniform(0, view.width)
        view.line([(u, 0), (u + dice.uniform(-6, 6), view.horizon)], (70, 66, 44), 1)
    if site.sun > 60:
        view.blob(view.width * 0.5, view.horizon, view.width * 0.1, 2, (150, 170, 110))


def paint_mangrove(view: Canvas) -> None:
    """Dark crowns on stilt roots over mud and brown water."""
    dice = view.dice
    start(view, Ground((104, 92, 74), (104, 92, 74), 0.0), 0.0)
    tops = [view.horizon - view.height * dice.uniform(0.10, 0.22) for _ in range(14)]
    view.ridge(tops, view.horizon + view.height * 0.05, (34, 62, 36))
    reflect(view, (96, 92, 74), 0.35, 0.4)
    for u, v, s in view.crowd(12, 6, 22):
        tall = dice.uniform(3, 6) * s
        for a in (-0.5, -0.25, 0.0, 0.25, 0.5):
            view.line([(u + a * tall * 0.5, v), (u, v - tall * 0.4)], (92, 72, 56), max(1.0, tall * 0.02))
        for _ in range(7):
            x, y = dice.uniform(-0.35, 0.35) * tall, dice.uniform(0.45, 0.95) * tall
            view.blob(u + x, v - y, tall * 0.16, tall * 0.10, shade((44, 92, 46), dice.uniform(0.7, 1.2)))


def paint_eucalypts(view: Canvas) -> None:
    """Tall pale straight trunks in rows, thin blue-green crowns."""
    site, dice = view.site, view.dice
    start(view, Ground((172, 122, 84), site.grass, 0.35, patch=0.6), 0.3)
    for u, v, s in sorted(view.crowd(30, 7, 45, 3.0), key=lambda p: p[2]):
        tall = dice.uniform(15, 21) * s
        pale = shade((206, 196, 178), dice.uniform(0.8, 1.1))
        view.line([(u, v), (u, v - tall * 0.8)], pale, max(1.0, tall * 0.02))
        for _ in range(7):
            x, y = dice.uniform(-0.12, 0.12) * tall, dice.uniform(0.55, 1.0) * tall
            view.blob(u + x, v - y, tall * 0.07, tall * 0.05, shade((96, 122, 98), dice.uniform(0.7, 1.2)))


def paint_savanna(view: Canvas, name: str) -> None:
    """Flat-topped trees over tall grass; closer, thorny and leafless in the dry season: bushland."""
    site, dice = view.site, view.dice
    bush = name == "bushland"
    soil: Colour = (196, 140, 98) if bush else (188, 152, 104)
    grass = blend(site.grass, STRAW, 0.25)
    start(view, Ground(soil, grass, site.cover * (0.45 if bush else 0.95), patch=0.8 if bush else 0.4), 0.3)
    if not bush:
        for u, v, s in view.crowd(34, 1.8, 12):
            GLYPHS["tuft"](view, u, v, s, 0.8, Plant(grass, grass))
    leafy = site.green > 0.25
    for u, v, s in view.crowd(30 if bush else 9, 7 if bush else 14, 60 if bush else 90):
        tall = dice.uniform(2, 4) if bush else dice.uniform(5, 8)
        if not leafy and dice.random() < (0.75 if bush else 0.4):
            bare_tree(view, u, v, s, tall, (126, 112, 100), 0.5)
            continue
        size = tall * s
        for lean in (-0.25, 0.15):
            view.line([(u, v), (u + lean * size, v - size * 0.7)], (92, 74, 58), max(1.0, size * 0.05))
        for _ in range(6):
            x, y = dice.uniform(-0.55, 0.55) * size, dice.uniform(0.72, 0.92) * size
            tone = shade((104, 124, 62), dice.uniform(0.7, 1.15))
            view.blob(u + x, v - y, size * 0.26, size * 0.09, tone)
    for u, v, s in view.crowd(14 if bush else 2, 2, 14):
        shrub(view, u, v, s, dice.uniform(0.6, 1.6), (122, 128, 84) if leafy else (150, 132, 108), 0.8)


def paint_dry_bushes(view: Canvas, name: str) -> None:
    """Low grey bushes far apart on bare ground; sagebrush stands closer."""
    site, dice = view.site, view.dice
    sage = name == "sagebrush"
    soil: Colour = (190, 168, 132) if sage else blend((214, 184, 138), (196, 128, 88), dice.random())
    start(view, Ground(soil, site.grass, 0.25 if sage else 0.05, patch=0.8, grain=5), 0.9)
    for u, v, s in view.crowd(58 if sage else 22, 2, 30):
        tone: Colour = (
            (140, 146, 120) if sage else dice.choice(((128, 124, 92), (150, 138, 104), (112, 120, 84)))
        )
        shrub(view, u, v, s, dice.uniform(0.35, 0.8), tone, 0.9)


def paint_highveld(view: Canvas) -> None:
    """Rolling open grass to the horizon, hills behind, stones, cattle far off."""
    site, dice = view.site, view.dice
    start(view, Ground((160, 124, 88), site.grass, site.cover, patch=0.5, grain=7), 1.4)
    for u, v, s in view.crowd(50, 1.2, 10):
        GLYPHS["tuft"](view, u, v, s, dice.uniform(0.15, 0.45), Plant(site.grass, site.grass))
    for u, v, s in view.crowd(5, 3, 20):
        stone(view, u, v, s, dice.uniform(0.1, 0.35))
    for u, v, s in view.crowd(3, 30, 90):
        view.blob(u, v - 0.8 * s, 1.1 * s, 0.6 * s, (92, 66, 50))


def paint_desert(view: Canvas, name: str) -> None:
    """Gravel to the horizon and bare hills; a salt flat is white, flat and cracked."""
    site, dice = view.site, view.dice
    salt = name == "salt flat"
    ground: Colour = (232, 228, 220) if salt else blend((186, 154, 118), (150, 120, 100), dice.random())
    start(
        view,
        Ground(ground, site.grass, 0.0 if salt else site.cover * 0.3, grain=4, rough=0.25 if salt else 0.9),
        0.0,
    )
    high = view.height * (0.05 if salt else 0.20)
    tops = [view.horizon - high * dice.uniform(0.1, 1.0) for _ in range(9)]
    view.ridge(tops, view.horizon + 2, shade(blend(ground, (150, 130, 120), 0.5), 0.9 - 0.15 * view.against))
    if salt:
        for _ in range(14):
            u, v = dice.uniform(0, view.width), dice.uniform(view.horizon + 4, view.height)
            view.line([(u, v), (u + dice.uniform(-24, 24), v + dice.uniform(-4, 4))], (196, 190, 182), 1)
        return
    for u, v, s in view.crowd(60, 1.5, 20):
        stone(view, u, v, s, dice.uniform(0.05, 0.3), shade(ground, dice.uniform(0.55, 0.95)))


def paint_burnt(view: Canvas) -> None:
    """Black ground, ash, charred stems, some green that comes back."""
    site, dice = view.site, view.dice
    start(view, Ground((52, 46, 44), (92, 120, 56), site.green * 0.5, patch=0.8, rough=0.7), 0.4)
    for u, v, s in view.crowd(12, 4, 40):
        bare_tree(view, u, v, s, dice.uniform(2, 7), (34, 30, 30), 0.4)
    for u, v, s in view.crowd(26, 1.5, 12):
        view.blob(u, v, 0.4 * s, 0.08 * s, shade((168, 162, 156), dice.uniform(0.6, 1.0)))


def paint_huts(view: Canvas, name: str) -> None:
    """Low houses far apart on trodden earth: sheet metal, or mud with flat roofs."""
    site, dice = view.site, view.dice
    mud = name == "mud-brick village"
    earth: Colour = (206, 178, 136) if mud else blend(RED_EARTH, (196, 164, 124), dice.random())
    start(view, Ground(earth, site.grass, 0.1 if mud else 0.3 * site.cover + 0.05, patch=0.8), 0.3)
    for u, v, s in view.crowd(13, 7, 45):
        w, h = dice.uniform(2.2, 4.5) * s, dice.uniform(2.2, 3.0) * s
        wall = shade(
            (198, 166, 122) if mud else dice.choice(((170, 120, 86), (208, 196, 176))),
            dice.uniform(0.85, 1.1),
        )
        view.box(u - w, v - h, u + w, v, wall)
        view.box(u - 0.4 * s, v - 1.9 * s, u + 0.4 * s, v, shade(wall, 0.45))
        if not mud:
            roof = dice.choice(((190, 196, 202), (150, 88, 60), (170, 174, 178)))
            view.shape([(u - w * 1.1, v - h), (u - w * 0.6, v - h - 0.9 * s), (u + w * 0.9, v - h - 0.9 * s),
                        (u + w * 1.1, v - h)], shade(roof, dice.uniform(0.85, 1.1)))  # fmt: skip
    for u, v, s in view.crowd(3, 10, 40):
        round_tree(view, u, v, s, dice.uniform(4, 7), (86, 118, 58), wide=0.45)


def paint_panels(view: Canvas, name: str) -> None:
    """Rows of tilted dark panels, or of long white tunnels."""
    site, dice = view.site, view.dice
    start(view, Ground(site.soil, site.grass, site.cover * 0.6), 0.3)
    for z in (60, 42, 30, 22, 16, 11.5, 8.5, 6):
        s = view.focal / z
        v = view.horizon + view.eye * s
        if name == "solar park":
            tone = shade((44, 56, 92), dice.uniform(0.85, 1.15))
            view.box(0, v - 2.4 * s, view.width, v - 0.9 * s, tone)
            for k in range(0, 14):
                x = (k + 0.5) * view.width / 14
                view.line([(x, v - 2.4 * s), (x, v - 0.9 * s)], (150, 158, 176), 1)
            continue
        for k in range(-4, 5):
            u = view.middle + k * 8.5 * s
            tone = shade((224, 230, 232), dice.uniform(0.86, 1.04))
            view.blob(u, v - 0.9 * s, 3.9 * s, 2.4 * s, tone)
            view.box(u - 3.9 * s, v - 0.9 * s, u + 3.9 * s, v, tone)
            view.line([(u, v - 3.3 * s), (u, v)], blend(tone, WHITE, 0.2) if k % 2 else (176, 184, 188), 1)
