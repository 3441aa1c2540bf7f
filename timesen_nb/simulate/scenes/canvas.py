"""One drawn photo: a pinhole camera over a flat world, and the pencils every painter uses."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageDraw

Colour = tuple[float, float, float]
Point = tuple[float, float]

#: Everything is drawn at this many times the asked size, then averaged down: soft edges for little time.
FINER = 2
WHITE: Colour = (238.0, 241.0, 247.0)


def blend(a: Sequence[float], b: Sequence[float], t: float) -> Colour:
    """From a (t = 0) to b (t = 1)."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def shade(c: Sequence[float], k: float) -> Colour:
    """The colour k times as bright."""
    return (c[0] * k, c[1] * k, c[2] * k)


@dataclass
class Site:
    """What the four photos of a place share: its state, its weather, and the surveyor's camera.

    green, brown: share of the ground under green and under dry standing plants. sun: noon elevation, degrees.
    overcast: 0 clear sky to 1 grey. horizon: its height in the picture, 0 top to 1 bottom. focal: in picture widths.
    eye: metres above ground, where no crop stands in the way. rows: direction of sown rows, radians from north.
    soil: colour of the bare ground. background: seed of what stays from month to month; None: the dice draw it, too.
    """

    month: int
    green: float
    brown: float
    snow: bool
    sun: float
    dice: random.Random
    overcast: float
    horizon: float
    focal: float
    eye: float
    rows: float
    soil: Colour
    background: int | None = None

    @property
    def cover(self) -> float:
        """Share of the ground under plants, green or dry."""
        return min(1.0, self.green + self.brown)

    @property
    def dry(self) -> float:
        """How much of what stands is dry, 0 to 1."""
        return self.brown / max(self.green + self.brown, 1e-6)

    @property
    def grass(self) -> Colour:
        """The colour of grass in this state."""
        lush = blend((104, 126, 62), (78, 128, 44), min(1.0, self.green * 1.3))
        return blend(lush, (186, 166, 112), self.dry)


class Canvas:
    """One of the four photos while it is drawn. heading: 0 north, 1 east, 2 south, 3 west; the sun stands south.

    Places are metres: x to the right, z ahead, heights above ground. Pencils take picture points, which
    :meth:`at` gives.
    """

    def __init__(self, site: Site, heading: int, width: int, height: int) -> None:
        self.site, self.heading, self.dice = site, heading, site.dice
        self.small = (width, height)
        self.eye = site.eye
        self.width, self.height = width * FINER, height * FINER
        self.middle = self.width * self.dice.uniform(0.45, 0.55)
        self.horizon = self.height * (site.horizon + self.dice.uniform(-0.02, 0.02))
        self.focal = self.width * site.focal
        #: more strokes in larger pictures, but not as many more as there are pixels
        self.detail = (height / 48) ** 0.7
        self.image: Image.Image
        self.pencil: ImageDraw.ImageDraw

    def lay(self, base: Image.Image) -> None:
        """Start from a finished sky and ground of the small size."""
        self.image = base.resize((self.width, self.height), Image.Resampling.BILINEAR)
        self.pencil = ImageDraw.Draw(self.image)

    @contextmanager
    def apart(self, what: str = "") -> Iterator[None]:
        """Draw with dice of its own, if the site has a background: what one month draws more shifts nothing else."""
        dice = self.dice
        if self.site.background is not None:
            self.dice = random.Random(
                f"{self.site.background} {self.heading} {what}" if what else dice.random()
            )
        try:
            yield
        finally:
            self.dice = dice

    @property
    def against(self) -> float:
        """1 towards the sun, 0 with it in the back, 0.5 sideways."""
        return (0.0, 0.5, 1.0, 0.5)[self.heading]

    @property
    def row_angle(self) -> float:
        """Angle of the rows to the line of sight, -pi/2 to pi/2."""
        angle = self.site.rows - self.heading * math.pi / 2
        return (angle + math.pi / 2) % math.pi - math.pi / 2

    def at(self, x: float, z: float, height: float = 0.0) -> Point:
        """Where a point x right, z ahead and so high is seen."""
        s = self.focal / z
        return self.middle + x * s, self.horizon + (self.eye - height) * s

    def nearest(self, height: float) -> float:
        """How far away something so high must be for its top to be in the picture's lower edge, at least."""
        return max(0.55, self.focal * (self.eye - height) / (self.height - self.horizon))

    def crowd(
        self, n: float, near: float, far: float, spacing: float = 0.0, margin: float = 0.06
    ) -> Iterator[tuple[float, float, float]]:
        """About n standing points, far ones first, evenly over the picture.

        Args:
            n: how many, about.
            near: metres.
            far: metres.
            spacing: metres between rows on which they stand; 0 = anywhere.
            margin: how far beyond the picture they may stand, as a share of its width.

        Yields:
            u, v, pixels per metre.
        """
        dice = self.dice
        inverse = sorted(dice.uniform(1 / far, 1 / near) for _ in range(round(n * self.detail)))
        c, s = math.cos(self.row_angle), -math.sin(self.row_angle)
        for i in inverse:
            z = 1 / i
            x = (dice.uniform(-margin, 1 + margin) * self.width - self.middle) * z / self.focal
            if spacing:
                across = x * c + z * s
                move = round(across / spacing) * spacing - across
                x, z = x + move * c, max(z + move * s, near * 0.8)
            k = self.focal / z
            yield self.middle + x * k, self.horizon + self.eye * k, k

    def line(self, points: Sequence[Point], colour: Sequence[float], width: float = 1) -> None:
        """A polyline; thin ones are a pixel of the finer picture."""
        self.pencil.line(points, fill=_ink(colour), width=max(1, round(width)))

    def blob(self, u: float, v: float, a: float, b: float, colour: Sequence[float]) -> None:
        """An ellipse with half axes a across and b up."""
        a, b = max(a, 0.5), max(b, 0.5)
        self.pencil.ellipse((u - a, v - b, u + a, v + b), fill=_ink(colour))

    def shape(self, points: Sequence[Point], colour: Sequence[float]) -> None:
        """A filled polygon."""
        self.pencil.polygon(points, fill=_ink(colour))

    def box(self, left: float, top: float, right: float, bottom: float, colour: Sequence[float]) -> None:
        """A filled upright rectangle."""
        self.pencil.rectangle(
            (min(left, right), min(top, bottom), max(left, right), max(top, bottom)), fill=_ink(colour)
        )

    def ridge(self, heights: Sequence[float], bottom: float, colour: Sequence[float]) -> None:
        """A silhouette from side to side: its tops at these v, left to right, its foot at bottom."""
        step = self.width / (len(heights) - 1)
        self.shape(
            [(0, bottom), *((i * step, v) for i, v in enumerate(heights)), (self.width, bottom)], colour
        )


def _ink(c: Sequence[float]) -> tuple[int, int, int]:
    return (
        min(255, max(0, int(c[0]))),
        min(255, max(0, int(c[1]))),
        min(255, max(0, int(c[2]))),
    )
