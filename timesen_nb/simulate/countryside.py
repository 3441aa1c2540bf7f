"""The ground plan of a simulated countryside: what lies where, parcel by parcel, and how high.

A river winds through meadows from west to east. North of it rise a wooded hill with vines on its sunny side, a village
with its roads, and a lake with reeds, bog, heath and pines; south of it lie large fields. Nothing of it is real. Shapes
scale with the side of the scene, parcels keep their size in metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from timesen_nb.simulate.cover_types import INDEX
from timesen_nb.simulate.sheet import Sheet, nearest

#: What follows what on a field, year by year; the last two stay.
ROTATIONS: tuple[tuple[str, ...], ...] = (
    ("sugar beet", "winter wheat", "barley"),
    ("rape", "winter wheat", "barley"),
    ("maize", "winter wheat", "triticale"),
    ("potatoes", "winter wheat", "rye"),
    ("dry pulses", "winter wheat", "rape", "barley"),
    ("maize", "maize", "winter wheat"),
    ("sunflower", "winter wheat", "oats"),
    ("vegetables", "potatoes", "winter wheat"),
    ("lucerne",),
    ("temporary grassland",),
)
_CHANCE = (0.17, 0.17, 0.14, 0.11, 0.08, 0.10, 0.08, 0.04, 0.06, 0.05)

_MARGIN = 12  # pixels: a smaller remnant of a parcel goes to its neighbour


@dataclass(frozen=True)
class Plan:
    """Where things are. All (y, x), north up.

    Attributes:
        cover_type: index into ``cover_types.COVER_TYPES``.
        parcel: labels of fields, stands and building plots, 0 to parcels - 1; one parcel is of one cover type.
        altitude: metres.
    """

    cover_type: np.ndarray
    parcel: np.ndarray
    altitude: np.ndarray


def plan(seed: int, size: int, year: int) -> Plan:
    """The ground plan of a scene of size x size pixels of 10 m; fields carry the crop of that year's rotation."""
    sheet = Sheet(np.random.default_rng(seed), size)
    _relief(sheet)
    _fields(sheet, year)
    _woods(sheet)
    _slopes(sheet)
    _heath_and_bog(sheet)
    _meadows(sheet)
    _hedges(sheet)
    _water(sheet)
    _roads(sheet)
    _buildings(sheet)
    _pits(sheet)
    _, parcel = np.unique(
        np.stack([sheet.parcel, sheet.cover_type]).reshape(2, -1), axis=1, return_inverse=True
    )
    return Plan(sheet.cover_type, parcel.reshape(size, size), sheet.altitude)


def _relief(s: Sheet) -> None:
    """The river's course, and a hill in the north-west."""
    at = np.linspace(-0.05, 1.05, 120)
    a, b = s.rng.uniform(0, 2 * np.pi, 2)
    course = 0.64 + 0.05 * np.sin(8.5 * at + a) + 0.022 * np.sin(21 * at + b) + 0.08 * (at - 0.5)
    s.river, _ = s.away([list(zip(at, course, strict=True))])
    valley = np.clip(s.river / (s.size * 10) / 0.3, 0, 1)
    hill = np.exp(-(((s.u - 0.17) / 0.22) ** 2) - ((s.v - 0.10) / 0.22) ** 2)
    east = np.exp(-(((s.u - 1.0) / 0.3) ** 2) - ((s.v - 0.1) / 0.4) ** 2)
    s.altitude = 142 + 45 * valley**1.5 + 170 * hill + 30 * east + 4 * s.noise(5) * valley


def _fields(s: Sheet, year: int) -> None:
    """Blocks between tracks, each cut into strips; and what is sown on them."""
    rng, metres = s.rng, s.size * 10
    count = round(26 * (s.size / 256) ** 2)
    seeds = rng.random((count, 2)) * 1.1 - 0.05
    block = nearest(s.u + 0.004 * s.noise(12), s.v + 0.004 * s.noise(12), seeds)
    cells = np.zeros(block.shape, dtype=np.int64)
    for k in range(count):
        here = block == k
        if not here.any():
            continue
        turned = rng.normal(0.25, 0.5) + rng.choice((0.0, np.pi / 2))
        large = 1.35 if seeds[k, 1] > 0.66 else 0.85
        x, y = (s.u[here] - seeds[k, 0]) * metres, (s.v[here] - seeds[k, 1]) * metres
        a, b = x * np.cos(turned) + y * np.sin(turned), y * np.cos(turned) - x * np.sin(turned)
        edges = np.cumsum(large * rng.lognormal(np.log(105), 0.4, 60)) - metres * 0.7
        strip = np.searchsorted(edges, a)
        length = large * rng.lognormal(np.log(330), 0.35, 61)[strip]
        piece = np.floor((b + rng.uniform(0, 300, 61)[strip]) / length).astype(np.int64) + 50
        cells[here] = (k * 100 + strip) * 100 + piece
    _, cells, held = np.unique(cells, return_inverse=True, return_counts=True)
    cells = cells.reshape(block.shape)
    small = (held < _MARGIN)[cells]
    cells = cells[tuple(distance_transform_edt(small, return_distances=False, return_indices=True))]

    n = len(held)
    rotation, start = rng.choice(len(ROTATIONS), n, p=_CHANCE), rng.integers(12, size=n)
    crop = np.array(
        [INDEX[ROTATIONS[r][(year + t) % len(ROTATIONS[r])]] for r, t in zip(rotation, start, strict=True)]
    )
    other = rng.random(n)
    crop[other < 0.10] = INDEX["meadow"]
    crop[other < 0.03] = INDEX["pasture"]
    crop[other > 0.975] = INDEX["broadleaved wood"]  # a copse
    s.lay(np.ones(block.shape, dtype=bool), crop[cells], cells)
    s.block = block


def _woods(s: Sheet) -> None:
    """The hill's forest in stands, and plantations in the south-west corner and the east."""
    stands = s.stands(130)
    names = s.rng.choice(
        ["broadleaved wood", "mixed forest", "spruce forest", "pine forest"],
        stands.max() + 1,
        p=[0.45, 0.3, 0.2, 0.05],
    )
    cover_types = np.array([INDEX[name] for name in names])[stands]
    hill = s.altitude + 70 * s.crooked() > 232
    s.lay(hill, cover_types, stands)
    corner = s.u - 0.2 + 0.9 * (1.03 - s.v) + 0.012 * s.noise(10) < 0.09
    s.lay(corner, np.where(cover_types == INDEX["mixed forest"], INDEX["spruce forest"], cover_types), stands)
    east = s.spot(0.93, 0.13, 0.17, 0.15) | s.spot(1.0, 0.42, 0.1, 0.1)
    s.lay(east, np.where(s.v < 0.1, cover_types, INDEX["pine forest"]), stands)


def _slopes(s: Sheet) -> None:
    """Vines on the hill's sunny side, fruit trees below them and by the village."""
    slope = s.plots(90, 0.35)
    sunny = (s.v > 0.14) & (s.u < 0.42) & (s.altitude < 238) & (s.altitude > 196)
    open_ = sunny & (s.cover_type != INDEX["broadleaved wood"])
    vines = open_ & (s.altitude + 3 * s.noise(9) > 203)
    s.lay(vines & (s.u < 0.36), "vineyard", slope)
    s.lay(open_ & ~vines & (s.u < 0.34), "fruit orchard", slope)
    dry = s.spot(0.375, 0.20, 0.05, 0.07)
    s.lay(dry, "dry grassland")
    s.lay(s.spot(0.52, 0.40, 0.05, 0.035), "fruit orchard", slope)


def _heath_and_bog(s: Sheet) -> None:
    """Poor land in the north-east: heath on sand, bog in the hollows."""
    tufts = s.stands(45, 0.5)
    s.lay(s.spot(0.90, 0.31, 0.105, 0.09), "heath", tufts)
    s.lay(s.spot(0.80, 0.47, 0.06, 0.035), "heath", tufts)
    s.lay(s.spot(0.66, 0.10, 0.10, 0.075), "bog", tufts)
    s.lay(s.spot(0.77, 0.09, 0.04, 0.05), "heath", tufts)
    s.lay(s.spot(0.925, 0.345, 0.045, 0.032), "sand", s.stands(30))


def _meadows(s: Sheet) -> None:
    """Grass along the river: wet beside it, then pastures and meadows."""
    plain = s.river + 45 * s.noise(8) < 250
    plots = s.stands(170, 0.15)
    cover_types = np.array([INDEX[k] for k in s.rng.choice(["meadow", "pasture"], plots.max() + 1)])[plots]
    s.lay(plain, cover_types, plots)
    s.lay((s.river + 30 * s.noise(10) < 80) & plain, "wet meadow", plots)
    s.lay(s.spot(0.745, 0.27, 0.155, 0.14), "wet meadow", plots)


def _hedges(s: Sheet) -> None:
    """Bushes along some borders of blocks, trees on some banks."""
    edge = np.zeros(s.block.shape, dtype=bool)
    edge[:, 1:] |= np.diff(s.block, axis=1) != 0
    edge[1:] |= np.diff(s.block, axis=0) != 0
    farmed = np.isin(
        s.cover_type, [INDEX[k] for r in ROTATIONS for k in r] + [INDEX["meadow"], INDEX["pasture"]]
    )
    s.lay(edge & farmed & (s.noise(14) > 0.35), "scrub", s.stands(150))
    s.lay((s.river < 46) & (s.noise(16) > 0.2), "broadleaved wood", s.stands(80))


def _water(s: Sheet) -> None:
    """The river, and the lake with its reeds and beach."""
    reach = np.hypot((s.u - 0.75) / 0.098, (s.v - 0.275) / 0.082) + 1.1 * s.crooked()
    angle = np.arctan2(s.v - 0.275, s.u - 0.75)
    lake = reach < 1
    reeds = (reach < 1.34 + 0.14 * s.noise(6)) & (np.cos(angle - 3.6) > -0.05)
    s.lay(reeds & ~lake, "reed bed", s.stands(60))
    s.lay((reach < 1.16) & ~lake & (np.cos(angle - 0.75) > 0.6), "sand", s.stands(30))
    s.lay(lake, "lake")
    s.lay(s.river < 23 + 4 * s.noise(6), "river")


def _roads(s: Sheet) -> None:
    """A main road along the valley, others to the south, the lake and the quarry."""
    lines = (
        (
            [
                (-0.1, 0.50),
                (0.12, 0.475),
                (0.30, 0.465),
                (0.44, 0.475),
                (0.62, 0.51),
                (0.80, 0.535),
                (1.1, 0.55),
            ],
            9.5,
        ),
        ([(0.44, 0.475), (0.46, 0.60), (0.45, 0.75), (0.50, 0.88), (0.49, 1.1)], 7.5),
        ([(0.44, 0.475), (0.50, 0.36), (0.58, 0.25), (0.57, 0.10), (0.60, -0.1)], 7.5),
        ([(0.50, 0.88), (0.75, 0.84), (1.1, 0.87)], 6.5),
        ([(0.12, 0.475), (0.09, 0.36)], 6.5),
    )
    s.roads, which = s.away([points for points, _ in lines])
    s.lay(s.roads < np.array([wide for _, wide in lines])[which], "road", s.stands(120))


def _buildings(s: Sheet) -> None:
    """The village with its centre, works beside the main road, and farms."""
    road = s.roads < 7
    houses = s.spot(0.425, 0.470, 0.058, 0.042, 1.6) | (s.spot(0.43, 0.47, 0.13, 0.13) & (s.roads < 38))
    houses &= s.river > 150
    s.lay(houses & ~road, "village", s.plots(22, 0.3))
    s.lay(s.spot(0.442, 0.47, 0.022, 0.018) & ~road, "city", s.plots(22, 0.3))
    works = (np.abs(s.u - 0.655) < 0.036) & (np.abs(s.v - 0.485) < 0.02)
    s.lay(works & ~road, "industry", s.plots(40, 0.1))
    ground = (np.abs(s.u - 0.715) < 0.022) & (np.abs(s.v - 0.49) < 0.022)
    s.lay(ground & ~road, "bare soil", s.plots(60, 0.1))
    for u, v in ((0.17, 0.455), (0.57, 0.865), (0.72, 0.815), (0.88, 0.875), (0.24, 0.80), (0.55, 0.155)):
        farm = s.spot(u + s.rng.uniform(-0.01, 0.01), v, 0.012, 0.010)
        s.lay(farm & ~road & (s.river > 60), "village", s.plots(22, 0.2))


def _pits(s: Sheet) -> None:
    """A quarry in the hill's foot with its spoil above, and a field that lies bare."""
    s.lay(s.spot(0.075, 0.32, 0.045, 0.035), "quarry", s.plots(45, 0.4))
    s.lay(s.spot(0.06, 0.26, 0.035, 0.024), "bare soil", s.stands(50))
    across, down = s.u - 0.33 + 0.2 * (s.v - 0.9), s.v - 0.9 - 0.2 * (s.u - 0.33)
    s.lay((np.abs(across) < 0.035) & (np.abs(down) < 0.033), "bare soil", s.stands(300))
