"""Trees: foot at picture point (u, v), s pixels a metre, h metres high."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, Colour, Site, blend, shade

BARK: Colour = (92, 78, 64)
GREY_BARK: Colour = (128, 122, 112)
AUTUMN: tuple[Colour, ...] = ((196, 130, 48), (178, 98, 44), (206, 164, 62), (150, 112, 58))


P = ParamSpec("P")
T = TypeVar("T")


def _apart(draw: Callable[Concatenate[Canvas, P], T]) -> Callable[Concatenate[Canvas, P], T]:
    """A tree in leaf takes more throws than a bare one, and must not move what is drawn after it."""

    @wraps(draw)
    def drawn(view: Canvas, *args: P.args, **options: P.kwargs) -> T:
        with view.apart():
            return draw(view, *args, **options)

    return drawn


@_apart
def leaf_colour(view: Canvas, green: Colour) -> Colour:
    """Of deciduous leaves this month: fresh in spring, dull in late summer, gold in October."""
    month, dice = view.site.month, view.dice
    if month in (10, 11):
        return blend(green, dice.choice(AUTUMN), dice.uniform(0.35, 1.0))
    return blend(green, (140, 176, 70), 0.5) if month in (4, 5) else green


def leafiness(site: Site) -> float:
    """Leaves on deciduous trees by month: 0 bare to 1."""
    return (0, 0, 0, 0.45, 1, 1, 1, 1, 1, 0.9, 0.3, 0)[site.month - 1]


def _light(view: Canvas) -> float:
    return 1.0 - 0.25 * view.against


@_apart
def round_tree(
    view: Canvas,
    u: float,
    v: float,
    s: float,
    h: float,
    colour: Colour,
    *,
    trunk: float = 0.3,
    wide: float = 0.36,
    bark: Colour = BARK,
    dots: Colour | None = None,
    leaves: float = 1.0,
    crooked: float = 0.0,
) -> None:
    """A trunk and a round crown.

    trunk: its share of the height; wide: half the crown's width by height; dots: fruit or blossom; leaves: 0 bare
    branches to 1; crooked: how gnarled the trunk is.
    """
    dice, tall = view.dice, h * s
    if leaves < 0.35:
        bare_tree(view, u, v, s, h, bark, wide)
        if leaves < 0.12:
            return
    base = v - tall * trunk
    bend = crooked * tall * 0.12
    thick = max(1.0, tall * 0.05 * (1 + 0.7 * abs(crooked)))
    view.line([(u, v), (u + bend, v - tall * trunk * 0.5), (u - bend * 0.4, base - tall * 0.12)], bark, thick)
    if crooked:
        view.line(
            [(u + bend, v - tall * trunk * 0.5), (u + tall * wide * 0.6, base - tall * 0.1)],
            bark,
            thick * 0.6,
        )
    a, b = tall * wide, tall * (1 - trunk) / 2
    y, tone = base - b * 0.9, _light(view) * dice.uniform(0.88, 1.1)
    view.blob(u, y + b * 0.1, a * 0.92, b * 0.92, shade(colour, 0.6 * tone))
    side = (0.0, 0.25, 0.0, -0.25)[view.heading]
    n = round(6 * view.detail**1.4)
    small = (6 / n) ** 0.4
    for i in range(n):  # clumps of leaves: low dark ones first, and some that break the outline
        up, out = i / n, dice.uniform(-0.85, 0.85)
        x, w = u + a * (0.5 * side + out * (1 - 0.35 * up)), dice.uniform(0.26, 0.44) * small
        yy = y + b * (0.55 - 1.35 * up + 0.15 * abs(out))
        view.blob(x, yy, a * w, b * w, shade(colour, tone * (0.68 + 0.42 * up + dice.uniform(-0.12, 0.12))))
    if view.site.snow:
        view.blob(u, y - b * 0.55, a * 0.7, b * 0.3, blend(colour, WHITE, 0.75))
    if dots is not None:
        r = max(1.0, tall * 0.022)
        for _ in range(9):
            view.blob(u + a * dice.uniform(-0.75, 0.75), y + b * dice.uniform(-0.6, 0.75), r, r, dots)


@_apart
def bare_tree(
    view: Canvas, u: float, v: float, s: float, h: float, bark: Colour = BARK, wide: float = 0.34
) -> None:
    """Branches without leaves."""
    dice, tall = view.dice, h * s
    dark = shade(bark, _light(view) * 0.85)
    view.line([(u, v), (u, v - tall * 0.55)], dark, max(1.0, tall * 0.045))
    for i in range(9):
        a = (i / 8 - 0.5) * 2.0 + dice.uniform(-0.1, 0.1)
        start = v - tall * dice.uniform(0.25, 0.5)
        x, y = u + math.sin(a) * tall * wide * 1.2, v - tall * (0.6 + 0.38 * math.cos(a))
        mid = (u + (x - u) * 0.45, start + (y - start) * 0.6)
        view.line([(u, start), mid, (x, y)], dark, max(1.0, tall * 0.014))
        view.line([mid, (x + tall * 0.06 * (1 if i % 2 else -1), y + tall * 0.07)], dark, 1)


@_apart
def spruce(view: Canvas, u: float, v: float, s: float, h: float, colour: Colour, wide: float = 0.17) -> None:
    """A dark pointed cone with drooping tiers."""
    dice, tall = view.dice, h * s
    tone = _light(view) * dice.uniform(0.8, 1.15)
    view.line([(u, v), (u, v - tall * 0.2)], (70, 54, 44), max(1.0, tall * 0.03))
    left: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    for i in range(6):
        w, y = tall * wide * (1 - i / 6), v - tall * (0.06 + 0.155 * i)
        for points, sign in ((left, -1), (right, 1)):
            points += [(u + sign * w, y), (u + sign * w * 0.62, y - tall * 0.10)]
    top = (u, v - tall)
    view.shape([*left, top, *reversed(right)], shade(colour, tone * 0.72))
    lit = left if view.heading == 3 else right
    view.shape([*lit, top, (u, v - tall * 0.06)], shade(colour, tone * 1.08))
    if view.site.snow:
        for i in (1, 2, 3, 4):
            w, y = tall * wide * (1 - i / 6) * 0.8, v - tall * (0.06 + 0.155 * i)
            view.line(
                [(u - w, y), (u, y - tall * 0.05), (u + w, y)],
                blend(colour, WHITE, 0.85),
                max(1.0, tall * 0.02),
            )


@_apart
def pine(view: Canvas, u: float, v: float, s: float, h: float, colour: Colour) -> None:
    """A tall reddish trunk, bare far up, under flat tufts."""
    dice, tall = view.dice, h * s
    tone = _light(view) * dice.uniform(0.85, 1.12)
    lean = dice.uniform(-0.04, 0.04) * tall
    top = (u + lean, v - tall * 0.93)
    thick = max(1.0, tall * 0.034)
    view.line([(u, v), (u + lean * 0.4, v - tall * 0.45)], shade((116, 88, 72), tone), thick)
    view.line([(u + lean * 0.4, v - tall * 0.42), top], shade((196, 118, 70), tone), thick * 0.85)
    for x, y, a in (
        (-0.13, 0.66, 0.10),
        (0.14, 0.72, 0.11),
        (-0.08, 0.80, 0.14),
        (0.08, 0.86, 0.14),
        (0.0, 0.95, 0.13),
    ):
        x, y = u + lean + x * tall * dice.uniform(0.7, 1.3), v - tall * y
        view.blob(x, y, a * tall, tall * 0.05, shade(colour, tone * 0.62))
        view.blob(
            x, y - tall * 0.018, a * tall * 0.85, tall * 0.035, shade(colour, tone * dice.uniform(0.95, 1.2))
        )
    if view.site.snow:
        view.blob(u + lean, v - tall * 0.97, tall * 0.10, tall * 0.02, blend(colour, WHITE, 0.8))


@_apart
def shrub(view: Canvas, u: float, v: float, s: float, h: float, colour: Colour, wide: float = 0.7) -> None:
    """A low rounded bush."""
    dice, tall = view.dice, h * s
    tone, a = _light(view) * dice.uniform(0.8, 1.15), tall * wide
    view.blob(u, v - tall * 0.42, a, tall * 0.52, shade(colour, tone * 0.6))
    n = round(3 * view.detail**1.3)
    small = (3 / n) ** 0.4
    for i in range(n):
        x, up = dice.uniform(-0.75, 0.75), i / n
        y = v - tall * (0.25 + 0.6 * up) * (1 - 0.4 * x * x)
        view.blob(u + x * a, y, a * 0.4 * small, tall * 0.27 * small, shade(colour, tone * (0.75 + 0.4 * up)))
    if view.site.snow:
        view.blob(u, v - tall * 0.82, a * 0.6, tall * 0.16, blend(colour, WHITE, 0.8))
