"""Trees in numbers: orchards, vineyards and woods."""

from __future__ import annotations

from dataclasses import dataclass

from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import GLYPHS, Plant
from timesen_nb.simulate.scenes.trees import (
    GREY_BARK,
    bare_tree,
    leaf_colour,
    pine,
    round_tree,
    shrub,
    spruce,
)
from timesen_nb.simulate.scenes.view import Colour, Site, View, blend, shade


@dataclass(frozen=True)
class Orchard:
    """Planted trees. height: metres; spacing: between rows; green: of leaves; trunk, wide: see ``round_tree``.

    evergreen: keeps its leaves. blossom, fruit: months and colour. floor: colour of the ground between grass.
    """

    height: float
    spacing: float
    green: Colour
    trunk: float = 0.3
    wide: float = 0.36
    evergreen: bool = False
    blossom: tuple[tuple[int, ...], Colour] = ((), (0, 0, 0))
    fruit: tuple[tuple[int, ...], Colour] = ((), (0, 0, 0))
    bark: Colour = (92, 78, 64)
    floor: Colour | None = None
    crooked: float = 0.0


ORCHARDS: dict[str, Orchard] = {
    "fruit orchard": Orchard(
        3.2, 3.6, (76, 128, 54), 0.26, 0.30, blossom=((4, 5), (250, 226, 234)), fruit=((8, 9, 10), (206, 46, 40)),
    ),
    "nut trees": Orchard(
        6.5, 7.0, (112, 146, 76), 0.34, 0.44, bark=GREY_BARK, floor=(168, 146, 112), blossom=((2, 3), (246, 214, 224)),
    ),
    "citrus": Orchard(
        2.8, 4.5, (34, 92, 38), 0.12, 0.46, evergreen=True, floor=(176, 140, 104),
        fruit=((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), (246, 146, 22)),
    ),
    "olive grove": Orchard(
        4.2, 7.0, (138, 152, 118), 0.36, 0.46, evergreen=True, floor=(190, 162, 122), bark=(104, 96, 86), crooked=1.0,
    ),
}  # fmt: skip


def paint_orchard(view: View, name: str) -> None:
    """Rows of trees over grass or tilled soil."""
    site, dice, look = view.site, view.dice, ORCHARDS[name]
    soil = blend(site.soil, look.floor, 0.75) if look.floor else site.soil
    turf = min(1.0, site.cover * (0.55 if look.floor else 1.0))
    start(view, Ground(soil, site.grass, turf, spacing=look.spacing, ridged=0.04), 0.8 if look.floor else 0.4)
    leaves = 1.0 if look.evergreen else _leafy(site)
    lift = site.eye - 0.3
    near = max(look.height * 0.85, lift)
    for u, v, s in sorted(view.crowd(15, near, near * 9, look.spacing), key=lambda p: p[2]):
        colour, dots, full = look.green, None, leaves
        if not look.evergreen:
            colour = leaf_colour(view, colour)
        if site.month in look.blossom[0]:
            colour, dots, full = blend(colour, look.blossom[1], 0.75), look.blossom[1], 1.0
        elif site.month in look.fruit[0]:
            dots = look.fruit[1]
        round_tree(
            view, u, v, s, look.height * dice.uniform(0.85, 1.15), colour, trunk=look.trunk, wide=look.wide,
            bark=look.bark, dots=dots, leaves=full, crooked=look.crooked * dice.choice((-1, 1)),
        )  # fmt: skip


def _leafy(site: Site) -> float:
    """Leaves on deciduous trees by month: 0 bare to 1."""
    return (0, 0, 0, 0.45, 1, 1, 1, 1, 1, 0.9, 0.3, 0)[site.month - 1]


def paint_vineyard(view: View) -> None:
    """Vines on wires between posts, in rows."""
    site, dice = view.site, view.dice
    soil = blend(site.soil, (176, 150, 120), 0.5)
    start(view, Ground(soil, site.grass, site.cover * 0.8, spacing=2.0, ridged=0.10), 1.2)
    leaves = _leafy(site)
    green = leaf_colour(view, (96, 146, 52))
    angle = view.row_angle
    if abs(angle) > 0.8:  # rows cross the view, one behind the other
        for i in range(7, 0, -1):
            _vine_row(view, [(x, 1.2 + 2.0 * i) for x in _spread(view, 1.2 + 2.0 * i)], green, leaves)
    else:
        offset = dice.uniform(0.7, 1.3)
        for k in (-5, 4, -4, 3, -3, 2, -2, 1, -1, 0):
            x = offset + 2.0 * k
            places = [(x + angle * 0.5 * z, z) for z in (26.0, 17.0, 11.5, 7.8, 5.3, 3.6, 2.4, 1.7)]
            _vine_row(view, places, green, leaves)


def _spread(view: View, z: float) -> list[float]:
    half = view.width / view.focal * z * 0.6
    n = 9
    return [-half + 2 * half * i / (n - 1) for i in range(n)]


def _vine_row(view: View, places: list[tuple[float, float]], green: Colour, leaves: float) -> None:
    dice = view.dice
    wires = [view.at(x, z, 1.55) for x, z in places]
    wood: Colour = (98, 76, 58)
    for (x, z), (u, top) in zip(places, wires, strict=True):
        s, v = view.focal / z, view.at(x, z)[1]
        view.line([(u, v), (u, top)], (150, 134, 116), max(1.0, 0.05 * s))
        trunk = u + 0.45 * s * (1 if x > 0 else -1) * (0.3 if abs(view.row_angle) < 0.8 else 1)
        view.line([(trunk, v), (trunk + 0.05 * s, v - 0.7 * s)], wood, max(1.0, 0.06 * s))
    low = [view.at(x, z, 0.75) for x, z in places]
    view.line(wires, (130, 130, 130), 1)
    view.line(low, wood, 1.5)
    if leaves < 0.3:
        return
    foot = [view.at(x, z, 1.55 - 0.9 * min(1.0, leaves)) for x, z in places]
    rough = [
        (u, v - dice.uniform(0.0, 0.22) * view.focal / z)
        for (u, v), (_, z) in zip(wires, places, strict=True)
    ]
    view.shape([*rough, *reversed(foot)], shade(green, dice.uniform(0.6, 0.72)))
    for (u, v), (_, z) in zip(wires, places, strict=True):
        s = view.focal / z
        for _ in range(2):
            x, y = u + dice.uniform(-0.5, 0.5) * s, v + dice.uniform(-0.05, 0.65) * s
            view.blob(x, y, 0.22 * s, 0.17 * s, shade(green, dice.uniform(0.85, 1.2)))


SPRUCE: Colour = (36, 68, 46)
PINE: Colour = (74, 104, 62)
BEECH: Colour = (74, 124, 44)
OAK: Colour = (72, 88, 54)


def paint_wood(view: View, name: str) -> None:
    """A wood from its edge, or from among its trunks."""
    if view.dice.random() < 0.45:
        _inside(view, name)
    else:
        _edge(view, name)


def _tree(view: View, name: str, u: float, v: float, s: float) -> None:
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
        leaves = _leafy(view.site)
        if leaves < 0.3:
            bare_tree(view, u, v, s, dice.uniform(14, 19), GREY_BARK, 0.28)
        else:
            round_tree(view, u, v, s, dice.uniform(13, 18), colour, trunk=0.22, wide=0.34, bark=GREY_BARK)


def _floor(view: View, name: str) -> Ground:
    site = view.site
    if name == "evergreen oak wood":
        return Ground((176, 152, 112), site.grass, 0.5, patch=0.6)
    litter: Colour = (120, 86, 58) if name in ("spruce forest", "pine forest") else (146, 104, 64)
    plants: Colour = (88, 118, 58) if site.month in (4, 5, 6, 7, 8, 9) else (98, 106, 62)
    return Ground(litter, plants, 0.25, patch=0.7, rough=0.8)


def _edge(view: View, name: str) -> None:
    """Seen over a strip of rough grass."""
    site, dice = view.site, view.dice
    meadow = Ground(site.soil, blend((108, 130, 66), site.grass, 0.5), 0.85, patch=0.5)
    start(view, meadow if name != "evergreen oak wood" else _floor(view, name), 0.3)
    z = dice.uniform(22, 34) if name != "evergreen oak wood" else dice.uniform(13, 20)
    dark: Colour = {
        "spruce forest": (26, 44, 34),
        "pine forest": (62, 66, 50),
        "evergreen oak wood": (52, 60, 42),
    }.get(name, (52, 74, 38) if _leafy(site) > 0.3 else (104, 94, 84))
    low = {"pine forest": 7.0, "evergreen oak wood": 3.6}.get(name, 9.0)
    tops = [view.at(0, z * 1.3, low + dice.uniform(-1.5, 1.5))[1] for _ in range(20)]
    view.ridge(tops, view.at(0, z)[1], dark)
    step = (3.0 if name == "spruce forest" else 4.0) if z > 20 else 4.6
    for depth, n in ((z * 1.25, 8), (z, 8)):
        s = view.focal / depth
        count = max(4, round(view.width / (step * s)))
        for i in range(min(count, n + 4)):
            u = view.width * (i + dice.uniform(0.1, 0.9)) / min(count, n + 4)
            _tree(view, name, u, view.horizon + site.eye * s, s)
    s = view.focal / z
    bush = leaf_colour(view, (82, 112, 52)) if _leafy(site) > 0.3 else (118, 104, 86)
    for _ in range(6):
        shrub(
            view,
            dice.uniform(0, view.width),
            view.horizon + site.eye * s * 1.05,
            s,
            dice.uniform(0.8, 2.0),
            bush,
        )


def _inside(view: View, name: str) -> None:
    """Among the trunks, leaves overhead."""
    site, dice = view.site, view.dice
    start(view, _floor(view, name), 0.0)
    mixed = name == "mixed forest"
    leafy = 1.0 if name not in ("broadleaved wood", "mixed forest") else _leafy(site)
    leaf = {"spruce forest": SPRUCE, "pine forest": PINE, "evergreen oak wood": OAK}.get(
        name, leaf_colour(view, BEECH)
    )
    deep = blend(shade(leaf, 0.7), (128, 122, 116), 0.25 if leafy > 0.3 else 0.75)
    tops = [view.horizon - view.height * dice.uniform(0.10, 0.28) for _ in range(16)]
    view.ridge(tops, view.horizon + 2, deep)
    low = 3 if name == "evergreen oak wood" else 5
    for u, v, s in view.crowd(17, low * 0.7, low * 6):
        who = dice.choice(("broadleaved wood", "spruce forest", "pine forest")) if mixed else name
        _trunk(view, who, u, v, s)
    if leafy < 0.3:
        return
    cover = {"pine forest": 16, "evergreen oak wood": 46, "mixed forest": 34}.get(name, 38)
    ceiling = view.height * {"pine forest": 0.16, "evergreen oak wood": 0.26}.get(name, 0.22)
    for _ in range(round(cover * view.detail)):
        u, v = dice.uniform(0, view.width), dice.random() ** 1.4 * ceiling
        r = view.width * dice.uniform(0.02, 0.06) / view.detail**0.5
        hue = SPRUCE if mixed and dice.random() < 0.4 else leaf
        view.blob(u, v, r, r * (0.5 if name == "pine forest" else 0.7), shade(hue, dice.uniform(0.6, 1.3)))


def _trunk(view: View, name: str, u: float, v: float, s: float) -> None:
    dice = view.dice
    light = dice.uniform(0.75, 1.1) * (1 - 0.2 * view.against)
    if name == "pine forest":
        thick = 0.34 * s
        view.line([(u, v), (u, v - 4.5 * s)], shade((118, 90, 74), light), thick)
        view.line([(u, v - 4.5 * s), (u, -5)], shade((200, 120, 72), light), thick * 0.9)
    elif name == "spruce forest":
        view.line([(u, v), (u, -5)], shade((86, 70, 60), light), 0.30 * s)
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
        view.line([(u, v), (u, -5)], shade((146, 142, 132), light), 0.42 * s)
        view.line(
            [(u, v - 3 * s), (u + dice.choice((-1.6, 1.6)) * s, v - 5.5 * s)],
            shade((138, 132, 122), light),
            0.1 * s,
        )
        if _leafy(view.site) < 0.3:
            for a in (-1.4, -0.6, 0.7, 1.5):
                view.line([(u, v - 4 * s), (u + a * s, v - 7 * s)], shade((110, 104, 96), light), 1)


def paint_wooded_grassland(view: View) -> None:
    """Wide-standing oaks over pasture."""
    site, dice = view.site, view.dice
    start(view, Ground((196, 172, 124), site.grass, 0.75, patch=0.5), 0.8)
    for u, v, s in view.crowd(9, 9, 70):
        round_tree(
            view, u, v, s, dice.uniform(5, 7.5), (84, 102, 60), trunk=0.28, wide=0.52, bark=(76, 62, 52)
        )
    for u, v, s in view.crowd(22, 1.6, 9):
        GLYPHS["tuft"](view, u, v, s, 0.22, Plant(site.grass, site.grass))
