"""Single plants, drawn at a picture point: (u, v) of the foot, s pixels a metre, h its height in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from timesen_nb.simulate.scenes.canvas import Canvas, Colour, blend, shade


@dataclass(frozen=True)
class Plant:
    """How a crop's single plant looks now.

    colour: of leaf and stem. head: of ears, discs, pods or flowers. ear: length of the ear in metres; awn: of its
    bristles; nod: how far the ear hangs, 0 upright to 1. bloom: share of plants in flower. closed: the stand hides
    the lower stems. ripe: 0 green to 1 dry.
    """

    colour: Colour
    head: Colour
    bloom: float = 0.0
    ear: float = 0.0
    awn: float = 0.0
    nod: float = 0.0
    closed: bool = False
    ripe: float = 0.0


Glyph = Callable[[Canvas, float, float, float, float, Plant], None]


def tuft(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A handful of grass blades."""
    dice = view.dice
    tone = shade(p.colour, dice.uniform(0.75, 1.2))
    tall = h * s
    for lean in (-0.5, 0.1, 0.45):
        lean += dice.uniform(-0.3, 0.3)
        view.line([(u, v), (u + lean * tall * 0.5, v - tall)], tone, 0.012 * s)


def ear(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A cereal's stalk with an ear, upright or nodding, with or without awns."""
    dice = view.dice
    tone = dice.uniform(0.78, 1.15)
    lean = dice.uniform(-0.12, 0.12)
    top = (u + lean * s * 0.4, v - h * s)
    stem = min(h, 0.28) if p.closed else h
    view.line([(u, v - (h - stem) * s), top], shade(p.colour, tone), 0.008 * s)
    if not p.ear:
        view.line([top, (top[0] + s * 0.08, top[1] + s * 0.06)], shade(p.colour, tone), 0.012 * s)
        return
    side = 1 if dice.random() < 0.5 else -1
    turn = p.nod * math.pi * 0.75 + dice.uniform(-0.15, 0.15)
    length = p.ear * s * dice.uniform(0.85, 1.15)
    x, y = side * math.sin(turn), -math.cos(turn)
    neck = (top[0] + side * p.nod * 0.02 * s, top[1] - p.nod * 0.02 * s)
    tip = (neck[0] + x * length, neck[1] + y * length)
    head = shade(p.head, tone)
    if p.awn:
        pale, reach = blend(head, (236, 222, 170), 0.35 * p.ripe + 0.15), p.awn * s
        for start, spread in ((0.0, -0.3), (0.4, 0.25), (0.7, -0.15), (1.0, 0.08)):
            a, k = turn + spread, length * start
            foot = (neck[0] + x * k, neck[1] + y * k)
            view.line([foot, (foot[0] + side * math.sin(a) * reach, foot[1] - math.cos(a) * reach)], pale)
    wide = max(1.0, 0.011 * s)
    mid = (neck[0] + x * length * 0.4, neck[1] + y * length * 0.4)
    view.line([top, neck], shade(p.colour, tone), 0.008 * s)
    view.shape(
        [neck, (mid[0] - y * wide, mid[1] + x * wide), tip, (mid[0] + y * wide, mid[1] - x * wide)], head
    )


def panicle(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """Oats and rice: a loose spray of hanging spikelets."""
    dice = view.dice
    tone = dice.uniform(0.8, 1.15)
    lean = dice.uniform(-0.1, 0.1) + p.nod * dice.choice((-0.35, 0.35))
    top = (u + lean * s * 0.3, v - h * s)
    stem = min(h, 0.35) if p.closed else h
    view.line([(u, v - (h - stem) * s), top], shade(p.colour, tone), 0.007 * s)
    if not p.ear:
        return
    head, size = shade(p.head, tone), p.ear * s
    for i in range(5):
        side = (-1, 1)[i % 2]
        y = top[1] + size * (0.05 + 0.16 * i)
        x = top[0] + side * size * (0.12 + 0.10 * i)
        view.line([(top[0], y - size * 0.12), (x, y)], head, 1)
        view.blob(x, y + size * 0.07, max(0.8, size * 0.035), size * 0.085, head)


def maize(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A stalk with long arching leaves, a cob and a tassel."""
    dice = view.dice
    tone = dice.uniform(0.7, 1.15)
    tall = h * s * dice.uniform(0.9, 1.08)
    leaf = shade(p.colour, tone)
    view.line([(u, v), (u, v - tall)], shade(p.colour, tone * 0.85), 0.03 * s)
    for i in range(6):
        side = (-1, 1)[i % 2] * dice.uniform(0.8, 1.2)
        y = v - tall * (0.15 + 0.14 * i)
        reach = tall * 0.27
        arch = [(u, y), (u + side * reach * 0.5, y - reach * 0.55), (u + side * reach, y - reach * 0.1)]
        view.line(arch, shade(leaf, 0.85 + 0.06 * i), max(1.5, 0.045 * s))
    if p.bloom:
        top = v - tall
        for a in (-0.35, 0.0, 0.35):
            view.line([(u, top), (u + a * 0.4 * s, top - 0.28 * s)], p.head, 0.02 * s)
        view.line([(u + 0.04 * s, v - tall * 0.5), (u + 0.10 * s, v - tall * 0.62)], (196, 190, 96), 0.05 * s)


def bush(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A low leafy plant: potatoes, soya, cotton, pulses; flowers or bolls as dots."""
    dice = view.dice
    r, tone = h * s * 0.62, dice.uniform(0.8, 1.15)
    view.blob(u, v - r * 0.55, r, r * 0.75, shade(p.colour, 0.62 * tone))
    for a in (-0.55, 0.5, 0.0):
        x = u + (a + dice.uniform(-0.2, 0.2)) * r
        view.blob(
            x,
            v - r * dice.uniform(0.8, 1.2),
            r * 0.42,
            r * 0.36,
            shade(p.colour, tone * dice.uniform(0.9, 1.25)),
        )
    if p.bloom:
        dot = max(0.8, p.ear * s)
        for _ in range(3):
            if dice.random() < p.bloom:
                view.blob(u + dice.uniform(-0.8, 0.8) * r, v - r * dice.uniform(0.8, 1.7), dot, dot, p.head)


def rosette(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """Sugar beet: long shining leaves that rise from one point."""
    dice = view.dice
    size, tone = h * s, dice.uniform(0.85, 1.15)
    for a in (-1.25, 1.2, -0.7, 0.75, -0.2, 0.3):
        a += dice.uniform(-0.15, 0.15)
        length = size * dice.uniform(0.85, 1.15)
        x, y = math.sin(a), math.cos(a)
        tip = (u + x * length, v - y * length)
        mid = (u + x * length * 0.62, v - y * length * 0.62)
        wide = length * 0.2
        view.shape(
            [(u, v), (mid[0] - y * wide, mid[1] - x * wide), tip, (mid[0] + y * wide, mid[1] + x * wide)],
            shade(p.colour, tone * dice.uniform(0.75, 1.25)),
        )
        view.line([(u, v), mid], blend(p.colour, (220, 235, 190), 0.5), 1)


def sunflower(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A stalk with broad leaves and one disc that looks east."""
    dice = view.dice
    tone, tall = dice.uniform(0.8, 1.15), h * s * dice.uniform(0.92, 1.06)
    view.line([(u, v), (u, v - tall)], shade(p.colour, tone * 0.8), 0.025 * s)
    leaf = shade(p.colour, tone)
    for i in range(5):
        side, y = (-1, 1)[i % 2], v - tall * (0.25 + 0.14 * i)
        view.blob(u + side * 0.13 * s, y + 0.02 * s, 0.13 * s, 0.085 * s, shade(leaf, 0.75 + 0.09 * i))
    r, y = 0.115 * s, v - tall
    if p.ripe > 0.5:
        view.blob(u + 0.05 * s, y + r * 0.7, r, r * 0.6, (88, 66, 44))
    elif p.bloom:
        if view.heading == 1:
            view.blob(u, y, r * 1.15, r * 1.15, (214, 178, 40))
            view.blob(u, y, r * 0.8, r * 0.8, shade(p.colour, 1.1))
        else:
            flat = 0.6 if view.heading in (0, 2) else 1.0
            view.blob(u, y, r * 1.3 * flat, r * 1.3, p.head)
            view.blob(u, y, r * 0.62 * flat, r * 0.62, (92, 58, 26))


def rape(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A branched stem: a yellow cluster in bloom, else slanting pods."""
    dice = view.dice
    tone = dice.uniform(0.85, 1.12)
    top = v - h * s * dice.uniform(0.93, 1.07)
    stem = min(h, 0.4) if p.closed else h
    view.line([(u, v - (h - stem) * s), (u, top)], shade(p.colour, tone * 0.9), 0.012 * s)
    if p.bloom:
        for x, y in ((0, 0), (-0.07, 0.05), (0.07, 0.06), (0.0, 0.1)):
            r = 0.045 * s * dice.uniform(0.8, 1.2)
            view.blob(u + x * s, top + y * s, r, r, shade(p.head, tone))
    else:
        for i in range(5):
            side, y = (-1, 1)[i % 2], top + 0.06 * i * s
            view.line(
                [(u, y + 0.03 * s), (u + side * 0.09 * s, y - 0.05 * s)], shade(p.head, tone), 0.012 * s
            )


def cabbage(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A head of cabbage or lettuce, coloured by its row."""
    dice = view.dice
    colours = ((118, 158, 138), (142, 186, 70), (112, 74, 110), (84, 132, 74), (96, 150, 120))
    colour = shade(colours[int(abs(u) / max(s, 1) * 1.3) % 5], dice.uniform(0.85, 1.1))
    r = h * s * 0.55
    view.blob(u, v - r * 0.5, r * 1.35, r * 0.75, shade(colour, 0.7))
    view.blob(u, v - r * 0.75, r * 0.85, r * 0.75, colour)
    view.blob(u - r * 0.2, v - r * 0.95, r * 0.4, r * 0.35, shade(colour, 1.25))


def clover(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """Lucerne: a dense upright clump, purple flower heads."""
    dice = view.dice
    tone = dice.uniform(0.75, 1.2)
    tall = h * s
    for a in (-0.4, 0.0, 0.4):
        x = u + a * tall * 0.6
        view.line([(u, v), (x, v - tall)], shade(p.colour, tone * 0.8), 0.01 * s)
        view.blob(x, v - tall * 0.75, 0.05 * s, 0.035 * s, shade(p.colour, tone))
        view.blob(x + 0.03 * s, v - tall * 0.45, 0.05 * s, 0.035 * s, shade(p.colour, tone * 0.85))
        if dice.random() < p.bloom:
            view.blob(x, v - tall, max(1.0, 0.025 * s), 0.035 * s, p.head)


def flower(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """Meadow grass with a flower of any colour on top."""
    tuft(view, u, v, s, h, p)
    if view.dice.random() < p.bloom:
        colour = view.dice.choice(((245, 240, 235), (240, 205, 50), (190, 90, 170), (235, 120, 140)))
        r = max(1.0, 0.022 * s)
        view.blob(u, v - h * s, r, r, colour)


def heather(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A wiry cushion of heather, its upper stems rose-purple in bloom."""
    dice = view.dice
    tall, tone = h * s, dice.uniform(0.75, 1.15)
    view.blob(u, v - tall * 0.25, tall * 0.9, tall * 0.36, shade(p.colour, 0.6 * tone))
    for a in (-0.9, -0.45, -0.1, 0.3, 0.7):
        a += dice.uniform(-0.15, 0.15)
        mid, top = (u + a * tall * 0.6, v - tall * 0.6), (u + a * tall, v - tall * dice.uniform(0.85, 1.1))
        view.line([(u + a * tall * 0.3, v), mid], shade(p.colour, tone), 0.03 * s)
        view.line([mid, top], shade(p.head if p.bloom else p.colour, tone * 1.15), max(1.0, 0.06 * s))


def rush(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A stiff dark clump of rushes."""
    dice = view.dice
    tall = h * s
    for a in (-0.34, -0.2, -0.06, 0.08, 0.22, 0.36):
        a += dice.uniform(-0.05, 0.05)
        view.line(
            [(u, v), (u + a * tall, v - tall * dice.uniform(0.8, 1.1))],
            shade(p.colour, dice.uniform(0.7, 1.1)),
            0.012 * s,
        )


def reed(view: Canvas, u: float, v: float, s: float, h: float, p: Plant) -> None:
    """A tall cane with a feathery brown plume."""
    dice = view.dice
    tone, tall = dice.uniform(0.75, 1.15), h * s * dice.uniform(0.85, 1.1)
    lean = dice.uniform(-0.02, 0.10) * tall
    view.line([(u, v), (u + lean, v - tall)], shade(p.colour, tone), max(1.0, 0.014 * s))
    view.line(
        [(u, v - tall * 0.5), (u + lean + 0.16 * s, v - tall * 0.72)], shade(p.colour, tone * 1.1), 0.02 * s
    )
    view.line(
        [
            (u + lean, v - tall),
            (u + lean + 0.05 * s, v - tall - 0.09 * s),
            (u + lean + 0.12 * s, v - tall - 0.10 * s),
        ],
        shade(p.head, tone),
        max(2.0, 0.045 * s),
    )


GLYPHS: dict[str, Glyph] = {
    g.__name__: g
    for g in (
        tuft,
        ear,
        panicle,
        maize,
        bush,
        rosette,
        sunflower,
        rape,
        cabbage,
        clover,
        flower,
        heather,
        rush,
        reed,
    )
}
