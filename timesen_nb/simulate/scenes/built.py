"""Artificial land: houses, streets, halls, roads and pits."""

from __future__ import annotations

from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import Plant, tuft
from timesen_nb.simulate.scenes.trees import leaf_colour, round_tree, shrub
from timesen_nb.simulate.scenes.view import WHITE, Colour, Point, View, blend, shade

ASPHALT: Colour = (112, 112, 116)
_WALLS: tuple[Colour, ...] = (
    (236, 228, 212),
    (222, 200, 160),
    (196, 120, 92),
    (214, 214, 210),
    (240, 236, 230),
)
_ROOFS: tuple[Colour, ...] = ((160, 72, 52), (140, 82, 62), (96, 84, 84), (178, 92, 60))


def house(view: View, u: float, v: float, s: float, wide: float = 9.0, high: float = 4.5) -> None:
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
    view: View, x: float, wide: float, colour: Colour, far: float = 300.0, bend: float = 0.0
) -> list[Point]:
    """A strip of ground that runs away from the viewer, left edge at x metres; gives its outline back."""
    zs = (1.0, 2.0, 4.0, 8.0, 16.0, 40.0, far)
    left = [view.at(x + bend * z * z / 200, z) for z in zs]
    right = [view.at(x + wide + bend * z * z / 200, z) for z in zs]
    outline = [*left, *reversed(right)]
    view.shape(outline, colour)
    return outline


def car(view: View, u: float, v: float, s: float) -> None:
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


def _verge(view: View) -> Ground:
    site = view.site
    return Ground(site.soil, blend(site.grass, (104, 132, 68), 0.5), 0.75)


def _ploughed(view: View, colour: Colour) -> Colour:
    """Streets are cleared of snow, mostly."""
    return blend(colour, WHITE, 0.35) if view.site.snow else colour


def paint_village(view: View) -> None:
    """Houses with pitched roofs, gardens and hedges along a street."""
    site, dice = view.site, view.dice
    start(view, _verge(view), 0.4)
    green = leaf_colour(view, (84, 122, 58))
    leaves = 0.0 if site.month in (11, 12, 1, 2, 3) else 1.0
    for u, v, s in view.crowd(5, 45, 90):
        house(view, u, v, s, dice.uniform(8, 11), dice.uniform(3.5, 6))
    for u, v, s in view.crowd(5, 28, 60):
        round_tree(view, u, v, s, dice.uniform(4, 8), green, leaves=leaves)
    street = dice.random() < 0.6
    if street:
        lane(view, -2.5 + dice.uniform(-2, 2), 5, _ploughed(view, ASPHALT))
    for side in (-1, 1):
        z = dice.uniform(19, 26)
        s = view.focal / z
        house(
            view,
            view.middle + side * dice.uniform(8, 11) * s,
            view.horizon + site.eye * s,
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


def paint_city(view: View) -> None:
    """Blocks of flats on both sides of a street."""
    site, dice = view.site, view.dice
    start(view, Ground(_ploughed(view, (150, 146, 142)), site.grass, 0.0, rough=0.15, grain=4), 0.0)
    for _ in range(7):
        s = view.focal / 120
        x, h = dice.uniform(0, view.width), dice.uniform(14, 34) * s
        w = dice.uniform(8, 16) * s
        view.box(
            x - w, view.horizon - h, x + w, view.horizon + 1, shade((176, 172, 174), dice.uniform(0.85, 1.1))
        )
    lane(view, -4, 8, _ploughed(view, ASPHALT))
    for z in (2.5, 4.5, 8.0, 14.0, 24.0):
        a, b = view.at(0, z), view.at(0, z * 1.25)
        view.line([a, b], (236, 236, 232), max(1.0, 0.12 * view.focal / z))
    edges = (46.0, 27.0, 17.0, 11.0, 7.0, 4.4)
    for side in (-1, 1):
        for far, near in zip(edges, edges[1:], strict=False):
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
            leaves=0.0 if site.month in (11, 12, 1, 2, 3) else 1.0,
        )


def paint_industry(view: View) -> None:
    """Long flat halls, tanks and a chimney behind a concrete yard."""
    site, dice = view.site, view.dice
    start(
        view, Ground(_ploughed(view, (168, 166, 162)), site.grass, site.cover * 0.4, rough=0.2, grain=3), 0.0
    )
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
            for k in (-0.6, 0.0, 0.6):
                view.box(u + k * w - 2 * s, foot - 4 * s, u + k * w + 2 * s, foot, (84, 90, 98))
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
        for k in (-3, -1.8, 2.2, 4.2):
            view.blob(u + k * s, foot - 0.5 * s, 0.5 * s, 0.5 * s, (28, 28, 30))
    for z in (3.0, 5.5, 9.0):
        a, b = view.at(-5, z), view.at(5, z * 1.1)
        view.line([a, b], (240, 226, 110), max(1.0, 0.10 * view.focal / z))


def paint_road(view: View) -> None:
    """A road or a railway that runs away, or crosses, between verges."""
    site, dice = view.site, view.dice
    start(view, _verge(view), 0.4)
    rail = site.rows * 100 % 1 < 0.2
    if abs(view.row_angle) > 0.8:
        near, far = view.at(0, 2.6)[1], view.at(0, 10)[1]
        view.shape(
            [(0, far), (view.width, far), (view.width, near), (0, near)],
            (138, 128, 118) if rail else _ploughed(view, ASPHALT),
        )
        for z in (2.8, 6.0, 9.5):
            v = view.at(0, z)[1]
            view.line(
                [(0, v), (view.width, v)],
                (90, 80, 76) if rail else (232, 232, 228),
                max(1.0, 0.14 * view.focal / z * 0.4),
            )
        if not rail and dice.random() < 0.5:
            u, v = view.at(dice.uniform(-3, 3), 7)
            s = view.focal / 7
            view.box(u - 2.2 * s, v - 0.85 * s, u + 2.2 * s, v - 0.25 * s, (186, 44, 44))
            view.shape(
                [
                    (u - 1.3 * s, v - 0.8 * s),
                    (u - 0.9 * s, v - 1.4 * s),
                    (u + 0.9 * s, v - 1.4 * s),
                    (u + 1.4 * s, v - 0.8 * s),
                ],
                (64, 74, 88),
            )
            for k in (-1.3, 1.3):
                view.blob(u + k * s, v - 0.25 * s, 0.33 * s, 0.33 * s, (26, 26, 28))
    elif rail:
        lane(view, -2.6, 5.2, (146, 136, 126))
        for i in range(16, 0, -1):
            z = 0.8 * 1.25**i
            a, b = view.at(-1.3, z), view.at(1.3, z)
            view.line([a, b], (92, 74, 62), max(1.0, 0.09 * view.focal / z))
        for x in (-0.75, 0.75):
            view.line([view.at(x, 1.0), view.at(x, 250)], (176, 176, 182), 2)
    else:
        bend = dice.uniform(-1, 1) * 0.5
        lane(view, -4.2, 8.4, (136, 130, 122), bend=bend)
        lane(view, -3.7, 7.4, _ploughed(view, ASPHALT), bend=bend)
        for x in (-3.3, 3.1):
            lane(view, x, 0.16, (228, 228, 224), bend=bend)
        z = 1.6
        while z < 70:
            quad = [
                (x + bend * q * q / 200, q)
                for x, q in ((-0.08, z), (-0.08, z * 1.3), (0.1, z * 1.3), (0.1, z))
            ]
            view.shape([view.at(*p) for p in quad], (240, 240, 236))
            z *= 1.75
        if dice.random() < 0.5:
            z = dice.uniform(11, 24)
            u, v = view.at(1.8 + bend * z * z / 200, z)
            car(view, u, v, view.focal / z)
        for z in (30.0, 18.0, 10.0, 6.0):
            u, v = view.at(4.6 + bend * z * z / 200, z)
            s = view.focal / z
            view.line([(u, v), (u, v - 1.0 * s)], (244, 244, 240), max(1.0, 0.12 * s))
    if dice.random() < 0.3:
        u, v = view.at(dice.choice((-5.5, 5.2)), 9)
        s = view.focal / 9
        view.line([(u, v), (u, v - 2.2 * s)], (150, 150, 154), max(1.0, 0.08 * s))
        view.blob(u, v - 2.4 * s, 0.38 * s, 0.38 * s, (206, 44, 40))
        view.blob(u, v - 2.4 * s, 0.25 * s, 0.25 * s, (246, 246, 244))


def paint_quarry(view: View) -> None:
    """Stepped walls of cut stone, heaps of gravel, an excavator."""
    site, dice = view.site, view.dice
    stone_ = blend((214, 196, 160), (190, 182, 170), dice.random())
    start(view, Ground(stone_, site.grass, site.cover * 0.5, grain=6, rough=0.5), 0.2)
    high = view.height * dice.uniform(0.20, 0.32)
    slope = dice.uniform(-0.4, 0.4)
    for k in range(4):
        base = view.horizon - high * (3 - k) / 4
        tops = [base - high / 4 + slope * high * (i / 10 - 0.5) + dice.uniform(-2, 2) for i in range(11)]
        wall = shade(stone_, (0.95, 0.84, 0.92, 0.8)[k] - 0.1 * view.against)
        view.ridge(tops, view.horizon + view.height * 0.03, wall)
        ledge = [(view.width * i / 10, y + 1) for i, y in enumerate(tops)]
        view.line(ledge, WHITE if site.snow else shade(stone_, 1.16), max(1.5, view.height * 0.014))
        for i in range(10):
            u = view.width * (i + dice.random()) / 10
            view.line([(u, tops[i] + 3), (u + dice.uniform(-2, 2), tops[i] + high / 4)], shade(wall, 0.8), 1)
    for u, v, s in view.crowd(3, 12, 30):
        w, h = dice.uniform(4, 7) * s, dice.uniform(2.5, 4) * s
        tone = WHITE if site.snow else shade(stone_, 0.95)
        view.shape([(u - w, v), (u, v - h), (u + w, v)], shade(tone, 0.78))
        view.shape([(u - w, v), (u, v - h), (u + w * 0.1, v)], tone)
    if dice.random() < 0.65:
        z = dice.uniform(14, 22)
        s, v = view.focal / z, view.at(0, z)[1]
        u = dice.uniform(0.2, 0.8) * view.width
        yellow: Colour = (236, 178, 30)
        view.box(u - 2.0 * s, v - 0.9 * s, u + 2.0 * s, v, (50, 48, 46))
        view.box(u - 1.6 * s, v - 2.8 * s, u + 1.2 * s, v - 0.8 * s, yellow)
        view.box(u - 0.2 * s, v - 2.6 * s, u + 0.9 * s, v - 1.7 * s, (70, 84, 96))
        view.line(
            [(u + 1.0 * s, v - 2.0 * s), (u + 3.2 * s, v - 4.4 * s), (u + 5.0 * s, v - 1.4 * s)],
            yellow,
            max(1.5, 0.45 * s),
        )


def neighbour(view: View) -> None:
    """Something else that comes into one photo: a hedge, trees, a track, a farmhouse, or poles."""
    site, dice = view.site, view.dice
    what = dice.randrange(5)
    z = dice.uniform(25, 50)
    s, v = view.focal / z, view.at(0, z)[1]
    leaves = 0.0 if site.month in (11, 12, 1, 2, 3) else 1.0
    green = leaf_colour(view, (78, 112, 56)) if leaves else (112, 100, 82)
    if what == 0:
        for _ in range(9):
            shrub(view, dice.uniform(0, view.width), v, s, dice.uniform(2, 3.5), green)
    elif what == 1:
        for _ in range(4):
            round_tree(view, dice.uniform(0, view.width), v, s, dice.uniform(6, 11), green, leaves=leaves)
    elif what == 2:
        side = dice.choice((-1, 1))
        lane(view, side * 2.2 - 1.1, 2.2, _ploughed(view, (176, 160, 132)))
        lane(view, side * 2.2 - 0.25, 0.5, site.grass)
    elif what == 3:
        u = dice.uniform(0.15, 0.85) * view.width
        house(view, u, v, s, 12, 4.5)
        round_tree(view, u + dice.choice((-9, 9)) * s, v, s, 9, green, leaves=leaves)
    else:
        wire: list[Point] = []
        for i in range(4):
            u = view.width * (0.12 + 0.27 * i)
            view.line([(u, v), (u, v - 8 * s)], (110, 100, 92), max(1.0, 0.25 * s))
            wire.append((u, v - 7.6 * s))
        view.line(wire, (90, 90, 94), 1)
    for u, v, s in view.crowd(4, 1.2, 3):
        tuft(view, u, v, s, 0.12, Plant(site.grass, site.grass))
