"""Grassland, shrubs and open soil: herbs and bushes on rough ground."""

from __future__ import annotations

from dataclasses import dataclass

from timesen_nb.simulate.scenes.bare import stone
from timesen_nb.simulate.scenes.canvas import WHITE, Canvas, Colour, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import GLYPHS, Plant
from timesen_nb.simulate.scenes.trees import round_tree, shrub


@dataclass(frozen=True)
class Wild:
    """A stand of herbs or shrubs on rough ground.

    soil: between the plants; tint: colour the plants lean to, by how much. glyph: the single plant, height metres, n
    of them. shrubs: (number, height in metres, colour). flower: months and colour of bloom. stones: number of rocks;
    relief: as in ``ground.start``. patch: how unevenly plants stand.
    """

    soil: Colour
    tint: Colour
    lean: float = 0.4
    glyph: str = "tuft"
    height: float = 0.3
    n: int = 40
    shrubs: tuple[int, float, Colour] = (0, 1.0, (0, 0, 0))
    bloom: tuple[int, ...] = ()
    stones: int = 0
    relief: float = 0.4
    patch: float = 0.5
    grain: float = 9.0


WILD: dict[str, Wild] = {
    "meadow": Wild((136, 116, 82), (96, 148, 56), 0.3, "flower", 0.50, 58, bloom=(5, 6, 7), patch=0.3),
    "pasture": Wild((128, 108, 76), (88, 142, 60), 0.4, "tuft", 0.10, 40, patch=0.3),
    "dry grassland": Wild((204, 182, 138), (202, 178, 120), 0.45, "tuft", 0.30, 46, stones=7, relief=0.9, patch=0.75),
    "wet meadow": Wild((96, 92, 70), (96, 128, 62), 0.4, "rush", 0.65, 26, patch=0.6),
    "alpine grassland": Wild((150, 138, 110), (112, 152, 70), 0.3, "flower", 0.18, 40, bloom=(6, 7, 8), stones=7,
                             relief=2.4),
    "heath": Wild((120, 100, 84), (104, 74, 66), 0.65, "heather", 0.55, 80, bloom=(8, 9), relief=0.5),
    "scrub": Wild((150, 132, 98), (120, 134, 76), 0.4, shrubs=(26, 1.9, (96, 124, 62)), n=18, relief=0.6),
    "maquis": Wild((200, 164, 122), (124, 128, 84), 0.5, shrubs=(42, 1.3, (64, 90, 50)), n=8, stones=8, relief=1.0),
    "alpine scrub": Wild((142, 132, 116), (116, 120, 76), 0.5, shrubs=(46, 0.6, (84, 98, 56)), n=10, stones=10,
                         relief=2.4),
    "bare soil": Wild((158, 128, 96), (120, 128, 78), 0.3, "tuft", 0.10, 6, relief=0.4, grain=5),
}  # fmt: skip


def paint_wild(view: Canvas, name: str) -> None:
    """Grass, shrubs and stones as the cover type has them."""
    site, dice, look = view.site, view.dice, WILD[name]
    plants = blend(site.grass, look.tint, look.lean)
    blooms = site.month in look.bloom
    if name == "heath":
        plants = (
            (152, 96, 132) if blooms else blend((92, 90, 56), (104, 80, 62), site.month in (11, 12, 1, 2, 3))
        )
    soil = blend(look.soil, site.soil, 0.9 if name == "bare soil" else 0.35)
    start(
        view,
        Ground(
            soil,
            plants,
            site.cover,
            patch=look.patch,
            grain=look.grain,
            rough=0.8 if name == "bare soil" else 0.5,
        ),
        look.relief,
    )
    if name == "pasture":
        _pasture(view)
    if name == "wet meadow":
        _puddles(view, (150, 172, 194))
    for u, v, s in view.crowd(look.stones, 2, 16):
        stone(view, u, v, s, dice.uniform(0.15, 0.5))
    count, high, colour = look.shrubs
    near = view.nearest(high)
    hue = blend(colour, site.grass, 0.2)
    if name == "scrub" and site.month in (11, 12, 1, 2, 3):
        hue = (118, 104, 84)
    for u, v, s in view.crowd(
        count * (0.4 + 0.6 * site.cover), max(near, high * 2.4), max(near, high * 2.4) * 8
    ):
        size = high * dice.uniform(0.55, 1.3)
        tone = hue
        if name == "maquis":
            tone = dice.choice((colour, (96, 110, 72), (126, 128, 96)))
        elif name == "alpine scrub" and site.month in (9, 10):
            tone = dice.choice((colour, (168, 88, 52), (190, 140, 60)))
        shrub(view, u, v, s, size, tone, 0.85 if name == "alpine scrub" else 0.65)
        if name == "scrub" and site.month in (4, 5):
            _dots(view, u, v, s, size, (248, 244, 240))
        if name == "maquis" and site.month in (3, 4, 5):
            _dots(view, u, v, s, size, dice.choice(((240, 210, 60), (240, 236, 240))))
    if name == "scrub":
        for u, v, s in view.crowd(3, 14, 40):
            round_tree(
                view,
                u,
                v,
                s,
                dice.uniform(4, 7),
                (88, 118, 58),
                leaves=1.0 if site.month in range(4, 11) else 0.0,
            )
    tall = look.height * (0.35 + 0.65 * site.cover)
    near = view.nearest(tall)
    plant = Plant((92, 80, 56) if name == "heath" else plants, (176, 96, 158), bloom=0.75 if blooms else 0.0)
    if not (look.glyph == "flower" and site.snow):
        for u, v, s in view.crowd(look.n * (0.3 + 0.7 * site.cover), near, near * 7):
            GLYPHS[look.glyph](view, u, v, s, tall * dice.uniform(0.6, 1.2), plant)
    if name == "bare soil":
        _clods(view, soil)


def _dots(view: Canvas, u: float, v: float, s: float, size: float, colour: Colour) -> None:
    dice, r = view.dice, max(1.0, 0.05 * s)
    for _ in range(4):
        view.blob(u + dice.uniform(-0.5, 0.5) * size * s, v - dice.uniform(0.3, 0.9) * size * s, r, r, colour)


def _clods(view: Canvas, soil: Colour) -> None:
    dice = view.dice
    for u, v, s in view.crowd(26, view.nearest(0.1), 9):
        r = s * dice.uniform(0.03, 0.09)
        tone = WHITE if view.site.snow else soil
        view.blob(u, v, r * 1.5, r, shade(tone, 0.6))
        view.blob(u - r * 0.2, v - r * 0.4, r * 1.1, r * 0.6, shade(tone, dice.uniform(1.0, 1.2)))


def _puddles(view: Canvas, colour: Colour) -> None:
    dice = view.dice
    tone = (226, 232, 240) if view.site.snow else blend(colour, (200, 206, 214), view.site.overcast)
    for u, v, s in view.crowd(5, 2.0, 16):
        a = s * dice.uniform(0.5, 1.3)
        view.blob(u, v, a, a * view.eye * s / view.focal, tone)


def _pasture(view: Canvas) -> None:
    """A fence and grazing cattle."""
    dice = view.dice
    z = dice.uniform(5, 11)
    if dice.random() < 0.75:
        posts = [view.at(-9 + 2.2 * i, z * (1 + 0.02 * i)) for i in range(9)]
        s = view.focal / z
        for u, v in posts:
            view.line([(u, v), (u, v - 1.15 * s)], (104, 86, 68), max(1.5, 0.09 * s))
        for h in (0.55, 1.0):
            view.line([(u, v - h * s) for u, v in posts], (150, 146, 140), 1)
    if view.site.snow or view.site.month in (12, 1, 2):
        return
    for u, v, s in view.crowd(5, 9, 26, margin=-0.04):
        _cow(view, u, v, s)


def _cow(view: Canvas, u: float, v: float, s: float) -> None:
    dice = view.dice
    coat = dice.choice(((60, 46, 40), (138, 84, 52), (236, 232, 226)))
    side = dice.choice((-1, 1))
    for x in (-0.6, -0.4, 0.45, 0.65):
        view.line([(u + x * s, v), (u + x * s, v - 0.7 * s)], shade(coat, 0.8), max(1.0, 0.14 * s))
    view.box(u - 0.85 * s, v - 1.35 * s, u + 0.8 * s, v - 0.62 * s, coat)
    view.blob(u + 0.15 * s, v - 1.1 * s, 0.3 * s, 0.2 * s, (240, 238, 232))
    down = dice.choice((0.25, 1.35))
    view.blob(u + side * 1.15 * s, v - down * s, 0.30 * s, 0.22 * s, shade(coat, 0.9))
    view.line(
        [(u + side * 0.8 * s, v - 1.2 * s), (u + side * 1.1 * s, v - down * s)], coat, max(1.0, 0.3 * s)
    )
