"""Rock and sand."""

from __future__ import annotations

from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, Colour, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start


def stone(view: Canvas, u: float, v: float, s: float, size: float, colour: Colour = (162, 158, 150)) -> None:
    """A grey boulder with a lit top."""
    dice, r = view.dice, size * s
    a, b, c = (dice.uniform(0.7, 1.1) for _ in range(3))
    tone = shade(colour, dice.uniform(0.8, 1.15) * (1 - 0.2 * view.against))
    view.shape(
        [
            (u - r * a, v),
            (u - r * 0.6, v - r * 0.7 * b),
            (u + r * 0.2, v - r * c),
            (u + r, v - r * 0.3),
            (u + r * 0.8, v),
        ],
        shade(tone, 0.7),
    )
    top = WHITE if view.site.snow else shade(tone, 1.1)
    view.shape(
        [(u - r * 0.6, v - r * 0.7 * b), (u + r * 0.2, v - r * c), (u + r, v - r * 0.3), (u, v - r * 0.45)],
        top,
    )


def paint_rock(view: Canvas) -> None:
    """Grey cliffs and scree."""
    site, dice = view.site, view.dice
    grey = blend((168, 164, 156), (150, 140, 126), dice.random())
    start(view, Ground(grey, site.grass, site.cover, grain=5, rough=0.9, patch=0.6), 2.0)
    high = view.height * dice.uniform(0.18, 0.42)
    tops = [view.horizon - high * dice.uniform(0.45, 1.0) for _ in range(9)]
    view.ridge(tops, view.horizon + 2, shade(grey, 0.86 - 0.18 * view.against))
    step = view.width / 8
    for i in range(8):
        for _ in range(3):
            u, y = (i + dice.random()) * step, view.horizon - high * dice.random() * 0.55
            w = step * dice.uniform(0.15, 0.4)
            view.shape(
                [(u - w, y + w * 1.6), (u, y - w), (u + w, y + w)], shade(grey, dice.uniform(0.6, 1.12))
            )
        if site.snow:
            view.line([(i * step, tops[i]), ((i + 1) * step, tops[i + 1])], WHITE, 3)
    for u, v, s in view.crowd(38, 1.8, 22):
        stone(view, u, v, s, dice.uniform(0.2, 0.9), grey)


def paint_sand(view: Canvas) -> None:
    """A beach or dunes with marram grass."""
    site, dice = view.site, view.dice
    sand: Colour = (226, 206, 160)
    start(view, Ground(sand, (150, 156, 96), site.cover * 0.5, grain=3, rough=0.14, patch=0.8), 0.0)
    if view.heading == round(site.rows * 10) % 4:  # the sea is on one side
        top = view.horizon
        view.box(0, top, view.width, top + view.height * 0.10, (84, 124, 150))
        view.line(
            [
                (0, top + view.height * 0.10),
                (view.width * 0.5, top + view.height * 0.115),
                (view.width, top + view.height * 0.10),
            ],
            (240, 244, 246),
            2,
        )
    else:
        for k, tone in ((1.0, 0.93), (0.45, 1.0)):
            high = view.height * 0.17 * k
            tops = [view.horizon - high * dice.uniform(0.1, 1.0) for _ in range(7)]
            view.ridge(
                tops,
                view.horizon + view.height * 0.04,
                shade(WHITE if site.snow else sand, tone * (1 - 0.12 * view.against)),
            )
    for u, v, s in view.crowd(16, 2.5, 26):
        for lean in (-0.5, -0.2, 0.1, 0.4):
            view.line(
                [(u, v), (u + lean * 0.6 * s, v - 0.6 * s)],
                shade((150, 154, 92), dice.uniform(0.8, 1.1)),
                0.02 * s,
            )
