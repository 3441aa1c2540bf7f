"""Drawn ground photos: what a surveyor would see to the north, east, south and west of a simulated place.

``view`` holds the camera, ``ground`` the two planes, ``plants`` and ``trees`` single things, the other files the
painters of whole places. Everything drawn here is simulated.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import partial

import numpy as np

from timesen_nb.bands import check_months
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.scenes import bare, built, far, orchards, water, wetland, wild, woods, works
from timesen_nb.simulate.scenes.canvas import FINER, Canvas, Site, blend
from timesen_nb.simulate.scenes.fields import CROPS, paint_field

Painter = Callable[[Canvas], None]

PAINTERS: dict[str, Painter] = {
    **{name: partial(paint_field, name=name) for name in CROPS},
    **{name: partial(orchards.paint_orchard, name=name) for name in orchards.ORCHARDS},
    **{
        name: partial(woods.paint_wood, name=name)
        for name in ("broadleaved wood", "spruce forest", "pine forest", "mixed forest", "evergreen oak wood")
    },
    **{name: partial(wild.paint_wild, name=name) for name in wild.WILD},
    "vineyard": orchards.paint_vineyard,
    "wooded grassland": woods.paint_wooded_grassland,
    "rock": bare.paint_rock,
    "sand": bare.paint_sand,
    "bog": wetland.paint_bog,
    "salt marsh": wetland.paint_salt_marsh,
    "lake": water.paint_lake,
    "river": water.paint_river,
    "sea": water.paint_sea,
    "glacier": water.paint_glacier,
    "reed bed": water.paint_reed_bed,
    "village": built.paint_village,
    "city": built.paint_city,
    "industry": built.paint_industry,
    "road": works.paint_road,
    "quarry": works.paint_quarry,
    **{name: partial(far.paint_palms, name=name) for name in ("date palms", "oil palm", "coconut palms")},
    "banana plantation": far.paint_bananas,
    "jungle": far.paint_jungle,
    "mangrove": far.paint_mangrove,
    "eucalypts": far.paint_eucalypts,
    **{name: partial(far.paint_savanna, name=name) for name in ("savanna", "bushland")},
    **{name: partial(far.paint_dry_bushes, name=name) for name in ("desert shrubs", "sagebrush")},
    "highveld": far.paint_highveld,
    **{name: partial(far.paint_desert, name=name) for name in ("stony desert", "salt flat")},
    "burnt land": far.paint_burnt,
    **{name: partial(far.paint_huts, name=name) for name in ("tin-roofed village", "mud-brick village")},
    **{name: partial(far.paint_panels, name=name) for name in ("greenhouses", "solar park")},
}
#: The form that each cover type is drawn in: its own, or another's.
FORMS: dict[str, str] = {t.name: t.form or t.name for t in COVER_TYPES}

#: Open country, into whose photos a hedge or a farm may come; among trees it would stand before them.
_OPEN = {*CROPS, "meadow", "pasture", "wet meadow", "heath", "bare soil"}


def draw_views(
    cover_type: str,
    month: int,
    *,
    green: float,
    brown: float,
    snow: bool,
    sun: float,
    rng: np.random.Generator,
    size: tuple[int, int] = (48, 64),
    background: int | None = None,
) -> np.ndarray:
    """Four simulated ground photos of one place in one month.

    Args:
        cover_type: a name of ``cover_types.COVER_TYPES``.
        month: 1 to 12.
        green: share of the ground, 0 to 1, under green plants.
        brown: share of the ground, 0 to 1, under dry standing plants.
        snow: does it lie.
        sun: noon elevation in degrees.
        rng: draws what differs from photo to photo.
        size: height and width in pixels.
        background: seed of what stays where it is from month to month: the lie of the land, woods on the horizon,
            a neighbour's house. None: ``rng`` draws it, anew for each call.

    Returns:
        (4, height, width, 3) uint8 RGB, to the north, east, south and west.

    Raises:
        ValueError: an unknown cover type, a month that is none, or shares that are not between 0 and 1.
    """
    if cover_type not in FORMS:
        raise ValueError(f"cover type given: {cover_type!r}; expected one of {', '.join(FORMS)}.")
    if not (0 <= green <= 1 and 0 <= brown <= 1):
        raise ValueError(
            f"given green={green}, brown={brown}; expected shares of the ground between 0 and 1."
        )
    [month] = check_months([month], "month given")
    site = _site(month, float(green), float(brown), bool(snow), float(sun), rng)
    site.background = background
    height, width = size
    dice = site.dice if background is None else random.Random(background)
    odd = dice.randrange(4) if cover_type in _OPEN and dice.random() < 0.4 else None
    photos = np.empty((4, height, width, 3), np.uint8)
    for heading in range(4):
        if background is not None:
            # however many draws the month took for the photo before
            site.dice.seed(f"{background} {heading}")
        view = Canvas(site, heading, width, height)
        PAINTERS[FORMS[cover_type]](view)
        if heading == odd:
            with view.apart("neighbour"):
                works.neighbour(view)
        photos[heading] = np.asarray(view.image.reduce(FINER))
    return _develop(photos, site, rng)


def _site(month: int, green: float, brown: float, snow: bool, sun: float, rng: np.random.Generator) -> Site:
    dice = random.Random(int(rng.integers(1 << 62)))
    soil = blend((132, 100, 72), (176, 146, 108), dice.random())
    return Site(
        month=month,
        green=green,
        brown=brown,
        snow=snow,
        sun=sun,
        dice=dice,
        overcast=min(1.0, dice.random() ** 1.3 + (0.25 if month in (11, 12, 1, 2) else 0.0)),
        horizon=dice.uniform(0.36, 0.48),
        focal=dice.uniform(0.75, 1.0),
        eye=dice.uniform(1.5, 1.75),
        rows=dice.choice((0.0, math.pi / 2)) + dice.gauss(0, 0.22),
        soil=blend(soil, (96, 78, 62), 0.5 * dice.random()),
    )


def _develop(photos: np.ndarray, site: Site, rng: np.random.Generator) -> np.ndarray:
    """Light, white balance, contrast and grain of a camera, in place of clean paint."""
    dice = site.dice
    high = math.sin(math.radians(min(max(site.sun, 3.0), 75.0)))
    light = (0.80 + 0.26 * high) * dice.uniform(0.9, 1.1) * (1 - 0.06 * site.overcast)
    warm = dice.gauss(0, 0.03) + 0.05 * (1 - site.overcast) * max(0.0, 1 - site.sun / 35)
    gain = np.array([light * (1 + warm), light * (1 + dice.gauss(0, 0.012)), light * (1 - warm)], np.float32)
    contrast = dice.uniform(0.92, 1.12) * (1 - 0.12 * site.overcast)
    table = np.arange(256, dtype=np.float32)[:, None] * gain
    table = 112 + (table - 112) * contrast + dice.uniform(-6, 6)
    out = np.empty(photos.shape, np.float32)
    for c in range(3):
        np.take(table[:, c], photos[..., c], out=out[..., c])
    grain = rng.standard_normal(photos.shape[:3], dtype=np.float32) * np.float32(dice.uniform(1.5, 4.0))
    out += grain[..., None]
    return np.clip(out, 0, 255, out=out).astype(np.uint8)
