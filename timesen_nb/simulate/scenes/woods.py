"""Woods from their edge and from inside, and trees far apart."""

from __future__ import annotations

from timesen_nb.simulate.scenes.canvas import Canvas, Colour, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import GLYPHS, Plant
from timesen_nb.simulate.scenes.trees import (
    GREY_BARK,
    bare_tree,
    leaf_colour,
    leafiness,
    pine,
    round_tree,
    shrub,
    spruce,
)

SPRUCE: Colour = (36, 68, 46)
PINE: Colour = (74, 104, 62)
BEECH: Colour = (74, 124, 44)
OAK: Colour = (72, 88, 54)


def paint_wood(view: Canvas, name: str) -> None:
    """A wood from its edge, or from among its trunks."""
    if view.dice.random() < 0.45:
        _inside(view, name)
    else:
        _edge(view, name)


def _tree(view: Canvas, name: str, u: float, v: float, s: float) -> None:
    dice = view.dice
    if name == "mixed forest":
        name = dice.choice(("broadleaved wood", "broadleaved wood", "spruce forest", "pine forest"))
    if name == "spruce forest":
        spruce(view, u, v, s, dice.uniform(14, 20), SPRUCE)
    elif name == "pine forest":
        pine(view, u, v, s, dice.uniform(13, 18), PINE)
    elif name == "evergreen oak wood":
        round_tree(
            view, u, v, s, dice.uniform(6, 8.5), OAK, trunk=0.22, wide=0.5, bark=(74, 62, 54), crooked=0.6
        )
    else:
        colour = leaf_colour(view, BEECH)
        leaves = leafiness(view.site)
        if leaves < 0.3:
            bare_tree(view, u, v, s, dice.uniform(14, 19), GREY_BARK, 0.28)
        else:
            round_tree(view, u, v, s, dice.uniform(13, 18), colour, trunk=0.22, wide=0.34, bark=GREY_BARK)


def _floor(view: Canvas, name: str) -> Ground:
    site = view.site
    if name == "evergreen oak wood":
        return Ground((176, 152, 112), site.grass, 0.5, patch=0.6)
    litter: Colour = (120, 86, 58) if name in ("spruce forest", "pine forest") else (146, 104, 64)
    plants: Colour = (88, 118, 58) if site.month in (4, 5, 6, 7, 8, 9) else (98, 106, 62)
    return Ground(litter, plants, 0.25, patch=0.7, rough=0.8)


def _edge(view: Canvas, name: str) -> None:
    """Seen over a strip of rough grass."""
    site, dice = view.site, view.dice
    meadow = Ground(site.soil, blend((108, 130, 66), site.grass, 0.5), 0.85, patch=0.5)
    start(view, meadow if name != "evergreen oak wood" else _floor(view, name), 0.3)
    z = dice.uniform(14, 24) if name != "evergreen oak wood" else dice.uniform(13, 20)
    dark: Colour = {
        "spruce forest": (26, 44, 34),
        "pine forest": (62, 66, 50),
        "evergreen oak wood": (52, 60, 42),
    }.get(name, (52, 74, 38) if leafiness(site) > 0.3 else (104, 94, 84))
    low = {"pine forest": 7.0, "evergreen oak wood": 3.6}.get(name, 9.0)
    tops = [view.at(0, z * 1.3, low + dice.uniform(-1.5, 1.5))[1] for _ in range(20)]
    view.ridge(tops, view.at(0, z)[1], dark)
    step = (3.0 if name == "spruce forest" else 4.0) if z > 20 else 4.6
    for depth, n in ((z * 1.25, 8), (z, 8)):
        s = view.focal / depth
        count = max(4, round(view.width / (step * s)))
        for i in range(min(count, n + 4)):
            u = view.width * (i + dice.uniform(0.1, 0.9)) / min(count, n + 4)
            _tree(view, name, u, view.horizon + view.eye * s, s)
    s = view.focal / z
    bush = leaf_colour(view, (82, 112, 52)) if leafiness(site) > 0.3 else (118, 104, 86)
    for _ in range(6):
        shrub(
            view,
            dice.uniform(0, view.width),
            view.horizon + view.eye * s * 1.05,
            s,
            dice.uniform(0.8, 2.0),
            bush,
        )


def _inside(view: Canvas, name: str) -> None:
    """Among the trunks, leaves overhead."""
    site, dice = view.site, view.dice
    start(view, _floor(view, name), 0.0)
    mixed = name == "mixed forest"
    leafy = 1.0 if name not in ("broadleaved wood", "mixed forest") else leafiness(site)
    leaf = {"spruce forest": SPRUCE, "pine forest": PINE, "evergreen oak wood": OAK}.get(
        name, leaf_colour(view, BEECH)
    )
    deep = blend(shade(leaf, 0.7), (128, 122, 116), 0.25 if leafy > 0.3 else 0.75)
    tops = [view.horizon - view.height * dice.uniform(0.16, 0.36) for _ in range(16)]
    view.ridge(tops, view.horizon + 2, deep)
    low = 3 if name == "evergreen oak wood" else 5
    for u, v, s in view.crowd(14 / view.detail**0.6, low * 0.7, low * 6):
        who = dice.choice(("broadleaved wood", "spruce forest", "pine forest")) if mixed else name
        _trunk(view, who, u, v, s)
    if leafy < 0.3:
        return
    cover = {"pine forest": 16, "evergreen oak wood": 46, "mixed forest": 34}.get(name, 38)
    ceiling = view.height * {"pine forest": 0.16, "evergreen oak wood": 0.26}.get(name, 0.22)
    for _ in range(round(cover * view.detail)):
        u, v = dice.uniform(0, view.width), dice.random() ** 1.4 * ceiling
        r = view.width * dice.uniform(0.02, 0.06) / view.detail**0.4
        hue = SPRUCE if mixed and dice.random() < 0.4 else leaf
        view.blob(u, v, r, r * (0.5 if name == "pine forest" else 0.7), shade(hue, dice.uniform(0.6, 1.3)))


def _bole(view: Canvas, u: float, v: float, thick: float, bark: Colour, light: float) -> None:
    """A trunk out of the picture's top, wider at its foot, with a lit side."""
    w, lit = thick / 2, (0.0, 0.3, 0.0, -0.3)[view.heading] * thick
    view.shape(
        [
            (u - w * 1.5, v),
            (u - w, v - thick * 3),
            (u - w * 0.7, -5),
            (u + w * 0.7, -5),
            (u + w, v - thick * 3),
            (u + w * 1.5, v),
        ],
        shade(bark, light * 0.86),
    )
    view.line([(u + lit, v), (u + lit, -5)], shade(bark, light * 1.08), thick * 0.35)


def _trunk(view: Canvas, name: str, u: float, v: float, s: float) -> None:
    dice = view.dice
    light = dice.uniform(0.75, 1.1) * (1 - 0.2 * view.against)
    if name == "pine forest":
        thick = 0.34 * s
        view.line([(u, v), (u, v - 4.5 * s)], shade((118, 90, 74), light), thick)
        view.line([(u, v - 4.5 * s), (u, -5)], shade((200, 120, 72), light), thick * 0.9)
    elif name == "spruce forest":
        _bole(view, u, v, s * 0.30, (86, 70, 60), light)
        for i in range(5):
            y = v - s * (1.6 + 1.0 * i)
            view.line([(u - 0.9 * s, y + 0.3 * s), (u, y), (u + 0.9 * s, y + 0.3 * s)], (64, 60, 50), 1)
        view.blob(u, v - 6.5 * s, 1.6 * s, 1.0 * s, shade(SPRUCE, light * 0.9))
    elif name == "evergreen oak wood":
        bark = shade((84, 70, 60), light)
        bend = dice.uniform(-0.5, 0.5) * s
        fork = (u + bend, v - 1.8 * s)
        view.line([(u, v), (u - bend * 0.3, v - 0.9 * s), fork], bark, 0.42 * s)
        for a in (-1.3, 0.2, 1.4):
            view.line([fork, (fork[0] + a * s, fork[1] - 1.5 * s)], bark, 0.2 * s)
            view.blob(fork[0] + a * s, fork[1] - 1.6 * s, 1.0 * s, 0.6 * s, shade(OAK, light))
    else:
        _bole(view, u, v, s * 0.32, (146, 142, 132), light)
        view.line(
            [(u, v - 3 * s), (u + dice.choice((-1.6, 1.6)) * s, v - 5.5 * s)],
            shade((138, 132, 122), light),
            0.1 * s,
        )
        if leafiness(view.site) < 0.3:
            for a in (-1.4, -0.6, 0.7, 1.5):
                view.line([(u, v - 4 * s), (u + a * s, v - 7 * s)], shade((110, 104, 96), light), 1)


def paint_wooded_grassland(view: Canvas) -> None:
    """Wide-standing oaks over pasture."""
    site, dice = view.site, view.dice
    start(view, Ground((196, 172, 124), site.grass, 0.75, patch=0.5), 0.8)
    for u, v, s in view.crowd(9, 9, 70):
        round_tree(
            view, u, v, s, dice.uniform(5, 7.5), (84, 102, 60), trunk=0.28, wide=0.52, bark=(76, 62, 52)
        )
    for u, v, s in view.crowd(22, 1.6, 9):
        GLYPHS["tuft"](view, u, v, s, 0.22, Plant(site.grass, site.grass))
