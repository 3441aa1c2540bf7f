"""Roads, railways and pits, and what else stands about in open country."""

from __future__ import annotations

from timesen_nb.simulate.scenes.built import ASPHALT, car, cleared, house, lane, verge
from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, Colour, Point, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import Plant, tuft
from timesen_nb.simulate.scenes.trees import leaf_colour, leafiness, round_tree, shrub


def paint_road(view: Canvas) -> None:
    """A road or a railway that runs away, or crosses, between verges."""
    site, dice = view.site, view.dice
    start(view, verge(view), 0.4)
    rail = site.rows * 100 % 1 < 0.2
    if abs(view.row_angle) > 0.8:
        near, far = view.at(0, 2.6)[1], view.at(0, 10)[1]
        view.shape(
            [(0, far), (view.width, far), (view.width, near), (0, near)],
            (138, 128, 118) if rail else cleared(view, ASPHALT),
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
        lane(view, -3.7, 7.4, cleared(view, ASPHALT), bend=bend)
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


def paint_quarry(view: Canvas) -> None:
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


def neighbour(view: Canvas) -> None:
    """Something else that comes into one photo: a hedge, trees, a track, a farmhouse, or poles."""
    site, dice = view.site, view.dice
    what = dice.randrange(5)
    z = dice.uniform(25, 50)
    s, v = view.focal / z, view.at(0, z)[1]
    leaves = leafiness(site)
    with view.apart("leaves"):
        green = leaf_colour(view, (78, 112, 56)) if leaves > 0.3 else (112, 100, 82)
    if what == 0:
        for _ in range(9):
            shrub(view, dice.uniform(0, view.width), v, s, dice.uniform(2, 3.5), green)
    elif what == 1:
        for _ in range(4):
            round_tree(view, dice.uniform(0, view.width), v, s, dice.uniform(6, 11), green, leaves=leaves)
    elif what == 2:
        side = dice.choice((-1, 1))
        lane(view, side * 2.2 - 1.1, 2.2, cleared(view, (176, 160, 132)))
        lane(view, side * 2.2 - 0.25, 0.5, site.grass)
    elif what == 3:
        u = dice.uniform(0.15, 0.85) * view.width
        house(view, u, v, s, 12, 4.5)
        round_tree(view, u + dice.choice((-9, 9)) * s, v, s, 9, green, leaves=leaves)
    else:
        gap, first = view.width * dice.uniform(0.3, 0.45), view.width * dice.uniform(-0.3, 0.0)
        wire: list[Point] = []
        for i in range(6):
            u = first + gap * i
            view.line([(u, v), (u, v - 8 * s)], (110, 100, 92), max(1.0, 0.25 * s))
            wire += [(u, v - 7.6 * s), (u + gap / 2, v - 7.0 * s)]
        view.line(wire, (120, 122, 128), 1)
    for u, v, s in view.crowd(4, 1.2, 3):
        tuft(view, u, v, s, 0.12, Plant(site.grass, site.grass))
