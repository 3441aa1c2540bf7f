"""Planted trees and vines in rows."""

from __future__ import annotations

from dataclasses import dataclass

from timesen_nb.simulate.scenes.canvas import Canvas, Colour, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.trees import GREY_BARK, leaf_colour, leafiness, round_tree


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
    "coffee plantation": Orchard(
        1.9, 2.4, (32, 82, 40), 0.06, 0.5, evergreen=True, floor=(150, 96, 66),
        fruit=((5, 6, 7, 8, 9, 10), (184, 44, 40)),
    ),
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


def paint_orchard(view: Canvas, name: str) -> None:
    """Rows of trees over grass or tilled soil."""
    site, dice, look = view.site, view.dice, ORCHARDS[name]
    soil = blend(site.soil, look.floor, 0.75) if look.floor else site.soil
    turf = min(1.0, site.cover * (0.55 if look.floor else 1.0))
    start(view, Ground(soil, site.grass, turf, spacing=look.spacing, ridged=0.04), 0.8 if look.floor else 0.4)
    leaves = 1.0 if look.evergreen else leafiness(site)
    near = look.height * 1.25
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


def paint_vineyard(view: Canvas) -> None:
    """Vines on wires between posts, in rows."""
    site, dice = view.site, view.dice
    soil = blend(site.soil, (176, 150, 120), 0.5)
    start(view, Ground(soil, site.grass, site.cover * 0.8, spacing=2.0, ridged=0.10), 1.2)
    leaves = leafiness(site)
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


def _spread(view: Canvas, z: float) -> list[float]:
    half = view.width / view.focal * z * 0.6
    n = 9
    return [-half + 2 * half * i / (n - 1) for i in range(n)]


def _vine_row(view: Canvas, places: list[tuple[float, float]], green: Colour, leaves: float) -> None:
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
