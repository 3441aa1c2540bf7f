"""Sown fields: a stand that grows, flowers, ripens and leaves stubble or bare soil."""

from __future__ import annotations

from dataclasses import dataclass

from timesen_nb.simulate.scenes.canvas import Canvas, Colour, Site, blend, shade
from timesen_nb.simulate.scenes.ground import Ground, start
from timesen_nb.simulate.scenes.plants import GLYPHS, Plant


@dataclass(frozen=True)
class Crop:
    """How one crop looks through its year.

    glyph: its single plant. height: metres when grown. rows: metres between rows. green, ripe: colours of the stand;
    head, ripe_head: of ears, discs or pods. sprout, full, gone: months when it shows, is full-grown, and is off the
    field (halves are mid-month). bloom: first and last month of flowers or bolls,
    the share of plants with them, and their colour. ear, awn: lengths in metres; nod: how
    far ears hang when ripe. n: plants drawn one by one. ridged: rows seen in bare soil. autumn: sown in autumn, green
    and low over winter.
    """

    glyph: str
    height: float
    rows: float
    green: Colour
    ripe: Colour = (206, 178, 112)
    head: Colour = (150, 160, 90)
    ripe_head: Colour = (200, 164, 92)
    sprout: float = 3
    full: float = 6
    gone: float = 8.5
    bloom: tuple[float, float, float] | None = None
    flower: Colour = (240, 240, 235)
    ear: float = 0.0
    awn: float = 0.0
    nod: float = 0.2
    n: int = 48
    ridged: float = 0.08
    autumn: bool = False


def _cereal(height: float, green: Colour, **more: object) -> Crop:
    return Crop("ear", height, 0.14, green, **more)  # type: ignore[arg-type]


CROPS: dict[str, Crop] = {
    "winter wheat": _cereal(
        0.85, (66, 112, 58), ripe=(205, 162, 88), head=(112, 146, 74), ripe_head=(212, 156, 70),
        ear=0.10, awn=0.015, nod=0.10, autumn=True, full=5.8,
    ),
    "durum wheat": _cereal(
        0.75, (104, 140, 84), ripe=(226, 192, 118), head=(150, 164, 96), ripe_head=(226, 190, 108),
        ear=0.08, awn=0.13, nod=0.0, autumn=True, full=5, gone=7.5,
    ),
    "barley": _cereal(
        0.75, (128, 158, 78), ripe=(232, 212, 150), head=(184, 192, 116), ripe_head=(238, 216, 148),
        ear=0.08, awn=0.15, nod=0.75, autumn=True, full=5.5, gone=8,
    ),
    "rye": _cereal(
        1.40, (106, 140, 120), ripe=(196, 178, 134), head=(132, 156, 132), ripe_head=(190, 168, 118),
        ear=0.15, awn=0.05, nod=0.5, autumn=True, full=5.5,
    ),
    "triticale": _cereal(
        1.05, (84, 128, 92), ripe=(202, 174, 118), head=(134, 158, 108), ripe_head=(204, 168, 106),
        ear=0.14, awn=0.08, nod=0.28, autumn=True, full=5.8,
    ),
    "oats": Crop(
        "panicle", 1.0, 0.14, (112, 156, 104), ripe=(228, 210, 160), head=(158, 190, 134), ripe_head=(240, 222, 166),
        ear=0.26, sprout=4, full=6.5, gone=9, n=30,
    ),
    "rice": Crop(
        "panicle", 0.85, 0.25, (124, 172, 62), ripe=(214, 186, 80), head=(160, 180, 84), ripe_head=(218, 178, 70),
        ear=0.20, nod=1.0, sprout=5, full=8, gone=10, n=40,
    ),
    "maize": Crop(
        "maize", 2.3, 0.75, (74, 128, 46), ripe=(190, 160, 98), head=(206, 180, 110), sprout=5, full=7.5, gone=10.5,
        bloom=(7.3, 10.5, 1), flower=(206, 180, 110), n=44, ridged=0.10,
    ),
    "potatoes": Crop(
        "bush", 0.55, 0.75, (62, 106, 48), ripe=(150, 138, 84), sprout=5, full=7, gone=9.7,
        bloom=(5.8, 8.2, 0.3), flower=(240, 232, 244), ear=0.04, n=60, ridged=0.34,
    ),
    "sugar beet": Crop(
        "rosette", 0.50, 0.48, (92, 160, 58), ripe=(150, 160, 80), sprout=4.5, full=7, gone=11.5, n=36, ridged=0.06,
    ),
    "sunflower": Crop(
        "sunflower", 1.7, 0.72, (98, 138, 62), ripe=(120, 96, 62), sprout=4.8, full=7, gone=9.7,
        bloom=(6.6, 8.7, 1), flower=(248, 200, 20), n=40,
    ),
    "rape": Crop(
        "rape", 1.35, 0.22, (104, 148, 110), ripe=(172, 142, 92), head=(134, 164, 116), ripe_head=(160, 126, 82),
        sprout=3, full=4.5, gone=8, bloom=(3.6, 5.6, 1), flower=(246, 222, 18), autumn=True,
    ),
    "soya": Crop(
        "bush", 0.70, 0.45, (88, 150, 66), ripe=(190, 158, 60), sprout=5, full=7.2, gone=10.3, n=56,
        bloom=(9.3, 10.5, 0.9), flower=(150, 106, 60), ear=0.03,
    ),
    "cotton": Crop(
        "bush", 0.90, 0.95, (86, 122, 70), ripe=(128, 100, 70), sprout=4.5, full=7.2, gone=11,
        bloom=(8.4, 11, 0.95), flower=(252, 250, 246), ear=0.065, n=48,
    ),
    "dry pulses": Crop(
        "bush", 0.60, 0.18, (136, 172, 128), ripe=(186, 162, 112), sprout=3.2, full=5.5, gone=8.3,
        bloom=(5, 7.2, 0.4), flower=(228, 190, 236), ear=0.035, n=64,
    ),
    "vegetables": Crop(
        "cabbage", 0.40, 0.55, (106, 150, 96), ripe=(160, 150, 90), sprout=3, full=5.5, gone=11.8, n=64, ridged=0.20,
    ),
    "lucerne": Crop(
        "clover", 0.60, 0.0, (52, 112, 62), ripe=(150, 144, 92), sprout=2.5, full=4.8, gone=12.5,
        bloom=(5.6, 9.3, 0.7), flower=(134, 84, 178), n=52,
    ),
    "sorghum": Crop(
        "ear", 1.5, 0.70, (92, 132, 66), ripe=(186, 150, 96), head=(162, 92, 54), ripe_head=(140, 66, 40),
        ear=0.24, nod=0.1, sprout=5, full=8, gone=10.5, n=38,
    ),
    "pearl millet": Crop(
        "ear", 1.6, 0.90, (112, 140, 76), ripe=(198, 172, 116), head=(150, 142, 100), ripe_head=(160, 140, 104),
        ear=0.34, nod=0.0, sprout=6, full=8.5, gone=10.5, n=26,
    ),
    "groundnut": Crop(
        "bush", 0.38, 0.50, (96, 148, 58), ripe=(160, 144, 80), sprout=5.5, full=8, gone=10.2,
        bloom=(6.5, 8, 0.35), flower=(246, 196, 40), ear=0.03, n=64, ridged=0.16,
    ),
    "cassava": Crop(
        "bush", 1.50, 1.10, (66, 124, 60), ripe=(150, 140, 84), sprout=1, full=7, gone=12.6, n=30, ridged=0.26,
    ),
    "sugar cane": Crop(
        "maize", 2.9, 1.30, (134, 170, 78), ripe=(198, 178, 108), head=(206, 196, 190), sprout=1, full=7, gone=12.6,
        n=54,
    ),
    "tea plantation": Crop(
        "bush", 0.85, 1.20, (52, 118, 40), ripe=(110, 120, 60), sprout=0, full=1, gone=14, n=84,
    ),
    "temporary grassland": Crop(
        "tuft", 0.32, 0.13, (78, 158, 42), ripe=(178, 166, 100), sprout=1, full=4.5, gone=13, n=60, ridged=0.05,
    ),
}  # fmt: skip


def paint_field(view: Canvas, name: str) -> None:
    """The field with what stands on it this month: the crop, its stubble, a green fallow, or nothing but soil."""
    site, crop = view.site, CROPS[name]
    standing = crop.sprout <= site.month + 0.5 and site.month + 0.3 < crop.gone and site.cover > 0.06
    if standing:
        _stand(view, crop)
    else:
        _off_season(view, crop)


def _stand(view: Canvas, crop: Crop) -> None:
    site = view.site
    age = min(1.0, max(0.0, (site.month + 0.5 - crop.sprout) / (crop.full - crop.sprout)))
    height = crop.height * (0.16 + 0.84 * age) * min(1.0, 0.35 + site.cover)
    grown, dry = age > 0.7, site.dry
    mown = crop.glyph in ("clover", "tuft")
    if mown:
        height = crop.height * (0.25 + 0.75 * site.green)
    flowering = (
        crop.bloom is not None and crop.bloom[0] <= site.month + 0.5 <= crop.bloom[1] and site.cover > 0.3
    )
    leaf = blend(crop.green, crop.ripe, dry)
    head = blend(crop.head, crop.ripe_head, dry)
    amount = 0.0
    if crop.bloom and flowering:
        amount = crop.bloom[2]
        head = crop.flower
    plant = Plant(
        leaf, head, bloom=amount, ear=crop.ear if grown else 0.0, awn=crop.awn if grown else 0.0,
        nod=crop.nod * (0.35 + 0.65 * dry), closed=site.cover > 0.6, ripe=dry,
    )  # fmt: skip
    tall = height > 1.9
    if not tall and grown and crop.glyph in ("ear", "panicle", "rape", "sunflower"):
        view.eye = (
            height + (0.6 if crop.glyph == "sunflower" else 0.28) + 0.3 * (site.focal - 0.75) / 0.25
        )  # the camera is held over the stand
    elif not tall:
        view.eye = max(view.eye, height + 0.5)
    carpet = leaf
    if flowering and crop.glyph in ("rape", "clover", "bush"):
        carpet = blend(leaf, crop.flower, (0.85 if crop.glyph == "rape" else 0.12) * amount)
    elif crop.ear and grown:
        carpet = blend(leaf, head, 0.5)
    plane = (
        0.0
        if tall or site.cover < 0.5
        else height * (0.9 if crop.glyph in ("ear", "panicle", "rape") else 0.5)
    )
    spacing = crop.rows if crop.rows > 0.2 or site.cover < 0.6 else 0.0
    soil = site.soil if crop.glyph != "panicle" or crop.rows < 0.2 else _paddy(site)
    start(view, Ground(soil, carpet, site.cover, plane, spacing, crop.ridged, grain=11, patch=0.15), 0.4)
    if tall:
        _wall(view, crop, plant, height)
    else:
        near = view.nearest(height) * 0.9
        far = max(near * 7, 5.0) if crop.height < 1 else max(near * 6, 9.0)
        draw = GLYPHS[crop.glyph]
        for u, v, s in view.crowd(crop.n * min(1.0, 0.25 + site.cover), near, far, spacing):
            draw(view, u, v, s, height, plant)


def _wall(view: Canvas, crop: Crop, plant: Plant, height: float) -> None:
    """A stand taller than the surveyor, seen from the field's edge."""
    site, dice = view.site, view.dice
    edge = dice.uniform(2.2, 4.0)
    draw = GLYPHS[crop.glyph]
    for depth, dark in ((edge * 3, 0.85), (edge * 1.6, 0.62)):
        top = view.at(0, depth, height)[1]
        rough = 0.12 * view.focal / depth
        tops = [top + dice.uniform(-rough, rough) for _ in range(30)]
        view.ridge(tops, view.at(0, depth)[1], shade(plant.colour, dark))
    for u, v, s in view.crowd(crop.n, edge, edge * 2.2, crop.rows):
        draw(view, u, v, s, height, plant)
    if site.dry < 0.5:  # weeds and grass on the headland
        for u, v, s in view.crowd(10, 1.0, edge):
            GLYPHS["tuft"](view, u, v, s, 0.12, Plant(site.grass, site.grass))


def _paddy(site: Site) -> Colour:
    """Between rice plants stands water, until the field is drained."""
    return blend((150, 168, 184), (112, 100, 84), 0.8 if site.dry > 0.4 else 0.1)


def _off_season(view: Canvas, crop: Crop) -> None:
    site, dice = view.site, view.dice
    young = crop.autumn and site.month not in (7, 8, 9)
    stubble = not young and site.month + 0.3 >= crop.gone and site.rows * 1000 % 1 < 0.55 and site.month < 12
    soil = blend(site.soil, (208, 182, 126), 0.45) if stubble else site.soil
    plants = blend((84, 138, 56), crop.green, 0.35) if young else site.grass
    if site.month >= 11 and crop.glyph == "sunflower":
        stubble = False
    spacing = crop.rows if stubble or young else dice.choice((0.0, 0.3))
    cover = site.cover
    start(
        view,
        Ground(soil, plants, cover, 0.0, spacing, 0.10 if stubble else crop.ridged * 0.5 + 0.05, grain=8),
        0.4,
    )
    near = view.nearest(0.1)
    if stubble:
        straw = Plant((214, 188, 128), (214, 188, 128))
        h = 0.35 if crop.rows > 0.4 else 0.16
        for u, v, s in view.crowd(36, near, near * 5, max(crop.rows, 0.14)):
            view.line(
                [(u, v), (u + dice.uniform(-0.03, 0.03) * s, v - h * s)],
                shade(straw.colour, dice.uniform(0.8, 1.1)),
                0.02 * s,
            )
    blade = Plant(plants, plants)
    for u, v, s in view.crowd(50 * cover, near, near * 6, spacing):
        GLYPHS["tuft"](view, u, v, s, 0.12 + 0.12 * cover, blade)
