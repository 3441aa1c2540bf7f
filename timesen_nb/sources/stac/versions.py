"""Which acquisitions are one and the same, and which of them counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from timesen_nb.sources.grid import BBox
from timesen_nb.sources.stac.acquisitions import Acquisition

#: Two items are one acquisition when their times and footprints differ by less: a satellite comes back after 100
#: minutes at the earliest, and the halves of a tile that was sent down in two parts cover different ground.
_SECONDS, _DEGREES = 60, 0.02


def in_order(acquisitions: Iterable[Acquisition]) -> list[Acquisition]:
    """Acquisitions in the order in which they count: of one day the first with data shows.

    Args:
        acquisitions: in any order.

    Returns:
        The newest processing first, then by time and name.
    """
    return sorted(acquisitions, key=lambda a: (-a.baseline, a.time, a.item.id, a.collection))


def versions(acquisitions: Sequence[Acquisition]) -> list[list[Acquisition]]:
    """Each acquisition once, with all that catalogs have of it: processed anew, or listed by another collection.

    Args:
        acquisitions: In the order in which they count.

    Returns:
        Versions of one acquisition together; the first of each counts, the others stand in where it cannot be read.
    """
    out: list[list[Acquisition]] = []
    by_tile: dict[tuple[str, str, int | None], list[list[Acquisition]]] = {}
    for acquisition in acquisitions:
        known = by_tile.setdefault((acquisition.satellite, acquisition.tile, acquisition.epsg), [])
        for group in known:
            if _same(group, acquisition):
                group.append(acquisition)
                break
        else:
            group = [acquisition]
            known.append(group)
            out.append(group)
    return out


def touches(one: BBox, other: BBox) -> bool:
    """Whether two boxes in degrees meet; the first may lie over the date line."""
    west, south, east, north = one
    beside = other[0] > east and other[2] < west if west > east else other[0] > east or other[2] < west
    return not (beside or other[1] > north or other[3] < south)


def _same(group: Sequence[Acquisition], other: Acquisition) -> bool:
    first = group[0]
    if not (first.tile and first.satellite):
        return False
    known = {(a.collection, a.baseline) for a in group}
    near = abs((first.time - other.time) / np.timedelta64(1, "s")) <= _SECONDS
    alike = np.abs(np.subtract(first.bounds, other.bounds)).max() <= _DEGREES
    return bool(near and alike and (other.collection, other.baseline) not in known)
