"""Artificial land: houses, streets, halls, roads and pits."""

from __future__ import annotations

from itertools import pairwise

from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, Colour, Point, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.trees import leaf_colour, leafiness, round_tree

ASPHALT: Colour = (112, 112, 116)
_WALLS: tuple[Colour, ...] = (
    (236, 228, 212),
    (222, 200, 160),
    (196, 120, 92),
    (214, 214, 210),
    (240, 236, 230),
)
_ROOFS: tuple[Colour, ...] = ((160, 72, 52), (140, 82, 62), (96, 84, 84), (178, 92, 60))


def house(view: Canvas, u: float, v: float, s: float, wide: float = 9.0, high: float = 4.5) -> None:
    """A pitched-roof house, its foot's middle at (u, v)."""
    dice = view.dice
    wall = shade(dice.choice(_WALLS), dice.uniform(0.85, 1.05) * (1 - 0.2 * view.against))
    roof = WHITE if view.site.snow else shade(dice.choice(_ROOFS), 1 - 0.15 * view.against)
    left, right, eaves = u - wide * s / 2, u + wide * s / 2, v - high * s
    ridge = eaves - 3.2 * s
    view.box(left, eaves, right, v, wall)
    if dice.random() < 0.5:  # gable to the viewer
        view.shape([(left - 0.4 * s, eaves), (u, ridge - 0.6 * s), (right + 0.4 * s, eaves)], roof)
        view.shape([(left + 0.6 * s, eaves), (u, ridge), (right - 0.6 * s, eaves)], shade(wall, 0.95))
    else:
        view.shape(
            [
                (left - 0.5 * s, eaves + 0.3 * s),
                (left + 0.9 * s, ridge),
                (right - 0.9 * s, ridge),
                (right + 0.5 * s, eaves + 0.3 * s),
            ],
            roof,
        )
    view.box(right - 2.0 * s, ridge - 0.5 * s, right - 1.2 * s, ridge + 1.0 * s, (128, 74, 60))
    for k in (-0.32, -0.08, 0.3):
        x = u + k * wide * s
        view.box(x - 0.55 * s, v - high * s * 0.78, x + 0.55 * s, v - high * s * 0.42, (72, 84, 98))
    view.box(u + 0.05 * wide * s, v - 2.1 * s, u + 0.05 * wide * s + 1.0 * s, v, (92, 64, 48))


def lane(
    view: Canvas, x: float, wide: float, colour: Colour, far: float = 300.0, bend: float = 0.0
) -> list[Point]:
    """A strip of ground that runs away from the viewer, left edge at x metres; gives its outline back."""
    zs = (1.0, 2.0, 4.0, 8.0, 16.0, 40.0, far)
    left = [view.at(x + bend * z * z / 200, z) for z in zs]
    right = [view.at(x + wide + bend * z * z / 200, z) for z in zs]
    outline = [*left, *reversed(right)]
    view.shape(outline, colour)
    return outline


def car(view: Canvas, u: float, v: float, s: float) -> None:
    """A car from behind or before."""
    colour = view.dice.choice(((190, 40, 40), (232, 232, 234), (40, 60, 110), (60, 62, 66), (170, 174, 180)))
    view.box(u - 0.85 * s, v - 0.95 * s, u + 0.85 * s, v - 0.2 * s, colour)
    view.shape(
        [
            (u - 0.7 * s, v - 0.9 * s),
            (u - 0.5 * s, v - 1.5 * s),
            (u + 0.5 * s, v - 1.5 * s),
            (u + 0.7 * s, v - 0.9 * s),
        ],
        (60, 70, 84),
    )
    view.box(u - 0.8 * s, v - 0.25 * s, u - 0.5 * s, v, (30, 30, 32))
    view.box(u + 0.5 * s, v - 0.25 * s, u + 0.8 * s, v, (30, 30, 32))


def verge(view: Canvas) -> Ground:
    """Short grass beside streets and houses."""
    site = view.site
    return Ground(site.soil, blend(site.grass, (104, 132, 68), 0.5), 0.75)


def cleared(view: Canvas, colour: Colour) -> Colour:
    """Streets are cleared of snow, mostly."""
    return blend(colour, WHITE, 0.35) if view.site.snow else colour


def paint_village(view: Canvas) -> None:
    """Houses with pitched roofs, gardens and hedges along a street."""
    site, dice = view.site, view.dice
    start(view, verge(view), 0.4)
    green = leaf_colour(view, (84, 122, 58))
    leaves = leafiness(site)
    for u, v, s in view.crowd(5, 45, 90):
        house(view, u, v, s, dice.uniform(8, 11), dice.uniform(3.5, 6))
    for u, v, s in view.crowd(5, 28, 60):
        round_tree(view, u, v, s, dice.uniform(4, 8), green, leaves=leaves)
    street = dice.random() < 0.6
    if street:
        lane(view, -2.5 + dice.uniform(-2, 2), 5, cleared(view, ASPHALT))
    for side in (-1, 1):
        z = dice.uniform(19, 26)
        s = view.focal / z
        house(
            view,
            view.middle + side * dice.uniform(8, 11) * s,
            view.horizon + view.eye * s,
            s,
            dice.uniform(8, 11),
            dice.uniform(3.5, 5.5),
        )
    z = dice.uniform(11, 15)
    for side in (-1, 1):
        hedge = [view.at(side * (4.5 if street else 2.5), z), view.at(side * 16, z)]
        s = view.focal / z
        (a, v), (b, _) = hedge
        view.box(a, v - 1.1 * s, b, v, WHITE if site.snow else shade((62, 96, 52), 1 - 0.2 * view.against))
        if dice.random() < 0.7:
            round_tree(
                view, a + side * dice.uniform(2, 6) * s, v, s, dice.uniform(3, 5), green, leaves=leaves
            )
    if street and dice.random() < 0.4:
        u, v = view.at(dice.choice((-2.0, 2.2)), 13)
        car(view, u, v, view.focal / 13)


def paint_city(view: Canvas) -> None:
    """Blocks of flats on both sides of a street."""
    site, dice = view.site, view.dice
    start(view, Ground(cleared(view, (150, 146, 142)), site.grass, 0.0, rough=0.15, grain=4), 0.0)
    for _ in range(7):
        s = view.focal / 120
        x, h = dice.uniform(0, view.width), dice.uniform(14, 34) * s
        w = dice.uniform(8, 16) * s
        view.box(
            x - w, view.horizon - h, x + w, view.horizon + 1, shade((176, 172, 174), dice.uniform(0.85, 1.1))
        )
    lane(view, -4, 8, cleared(view, ASPHALT))
    for z in (2.5, 4.5, 8.0, 14.0, 24.0):
        a, b = view.at(0, z), view.at(0, z * 1.25)
        view.line([a, b], (236, 236, 232), max(1.0, 0.12 * view.focal / z))
    edges = (46.0, 27.0, 17.0, 11.0, 7.0, 4.4)
    for side in (-1, 1):
        for far, near in pairwise(edges):
            high, x = dice.uniform(9, 21), side * 7.0
            wall = shade(
                dice.choice(
                    ((206, 190, 166), (176, 148, 128), (196, 196, 196), (166, 104, 84), (220, 210, 190))
                ),
                0.72 if side == 1 else 0.95,
            )
            a, b = view.at(x, far, high), view.at(x, near, high)
            c, d = view.at(x, near), view.at(x, far)
            view.shape([a, b, c, d], wall)
            glass: Colour = (84, 98, 116)
            for floor in range(4):
                for k in (0.2, 0.5, 0.8):
                    z = 1 / ((1 - k) / far + k / near)
                    s = view.focal / z
                    u, v = view.at(x, z, high * (0.2 + 0.22 * floor))
                    w = abs(b[0] - a[0]) * 0.09
                    view.box(u - w, v - 0.9 * s, u + w, v + 0.7 * s, glass)
    for z in (20.0, 10.0):
        u, v = view.at(dice.choice((-2.8, 2.8)), z)
        car(view, u, v, view.focal / z)
    if dice.random() < 0.5:
        u, v = view.at(dice.choice((-5.5, 5.5)), 14)
        round_tree(
            view,
            u,
            v,
            view.focal / 14,
            5,
            leaf_colour(view, (84, 122, 58)),
            leaves=leafiness(site),
        )


def paint_industry(view: Canvas) -> None:
    """Long flat halls, tanks and a chimney behind a concrete yard."""
    site, dice = view.site, view.dice
    start(view, Ground(cleared(view, (168, 166, 162)), site.grass, site.cover * 0.4, rough=0.2, grain=3), 0.0)
    s = view.focal / 70
    if dice.random() < 0.6:
        u, top = dice.uniform(0.1, 0.9) * view.width, view.horizon - 32 * s
        for k in range(6):
            view.box(
                u - 1.3 * s,
                top + k * 5 * s,
                u + 1.3 * s,
                top + (k + 1) * 5 * s,
                (206, 60, 52) if k % 2 == 0 else (236, 234, 230),
            )
        view.blob(u + 5 * s, top - 3 * s, 5 * s, 2.2 * s, (222, 222, 226))
    for z, n in ((60.0, 2), (34.0, 2)):
        s, foot = view.focal / z, view.at(0, z)[1]
        for _ in range(n):
            u, w, h = dice.uniform(0, view.width), dice.uniform(14, 24) * s, dice.uniform(6, 10) * s
            skin = shade(
                dice.choice(((188, 196, 204), (120, 150, 182), (214, 216, 218), (150, 160, 158))),
                1 - 0.2 * view.against,
            )
            view.box(u - w, foot - h, u + w, foot, skin)
            view.box(u - w, foot - h, u + w, foot - h * 0.86, WHITE if site.snow else shade(skin, 0.72))
            x = u - w
            while x < u + w:
                view.line([(x, foot - h * 0.86), (x, foot)], shade(skin, 0.88), 1)
                x += 1.6 * s
            for at in (-0.6, 0.0, 0.6):
                view.box(u + at * w - 2 * s, foot - 4 * s, u + at * w + 2 * s, foot, (84, 90, 98))
    if dice.random() < 0.6:
        s, foot = view.focal / 26, view.at(0, 26)[1]
        u = dice.uniform(0.15, 0.85) * view.width
        for k in (0, 1, 2):
            view.box(u + (4.6 * k - 2) * s, foot - 7 * s, u + (4.6 * k + 2) * s, foot, (222, 224, 226))
            view.box(u + (4.6 * k + 1) * s, foot - 7 * s, u + (4.6 * k + 2) * s, foot, (178, 182, 188))
            view.blob(u + 4.6 * k * s, foot - 7 * s, 2 * s, 0.6 * s, (236, 238, 240))
    if dice.random() < 0.7:
        s, foot = view.focal / 15, view.at(0, 15)[1]
        u = dice.uniform(0.2, 0.8) * view.width
        view.box(
            u - 4 * s,
            foot - 3.4 * s,
            u + 3 * s,
            foot - 0.8 * s,
            dice.choice(((196, 60, 48), (48, 92, 160), (236, 236, 236))),
        )
        view.box(u + 3.2 * s, foot - 2.6 * s, u + 5 * s, foot - 0.6 * s, (60, 84, 130))
        for wheel in (-3, -1.8, 2.2, 4.2):
            view.blob(u + wheel * s, foot - 0.5 * s, 0.5 * s, 0.5 * s, (28, 28, 30))
    for z in (3.0, 5.5, 9.0):
        a, b = view.at(-5, z), view.at(5, z * 1.1)
        view.line([a, b], (240, 226, 110), max(1.0, 0.10 * view.focal / z))
