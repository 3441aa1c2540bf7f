"""What an item of a catalog says about its acquisition: the files of the bands, its projection, its radiometry.

Catalogs of the same images differ:

- earth-search (Element 84) names the files ``blue`` ... ``swir22``, ``scl``. ``earthsearch:boa_offset_applied`` says
  whether its copies have the radiometric offset taken off already; where it says yes that is right, although
  ``raster:bands`` goes on stating an offset of -0.1 (github.com/Element84/earth-search, issue 9);
- planetary-computer (Microsoft) has ``B02`` ... ``B12``, ``SCL`` as ESA delivers them, ``s2:processing_baseline`` and
  no ``raster:bands`` (github.com/microsoft/PlanetaryComputer, issue 134).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE, band_name

if TYPE_CHECKING:
    from pystac import Asset, Item

FILES = (*BANDS, "SCL")

#: From processing baseline 04.00 on ESA adds 1000 to what it stores, also when it processes old images anew
#: (Sentinel-2 products specification 14.9; in force since 25 January 2022).
OFFSET_FROM, OFFSET = 4.0, -1000.0


@dataclass(frozen=True)
class Acquisition:
    """One image of one tile.

    item: its eleven files by the names of :data:`FILES`. time: UTC. epsg: of the tile, or None where it is not said.
    baseline: ESA's processing baseline, 0 where it is not said. gain, offset: (10,), what makes the stored values
    reflectance x 10000: ``stored * gain + offset``.
    """

    item: Item
    time: np.datetime64
    epsg: int | None
    baseline: float
    gain: np.ndarray
    offset: np.ndarray


def read_acquisitions(items: Iterable[Item]) -> list[Acquisition]:
    """The acquisitions of items; one that lacks a file is left out, as a look without one of the bands is no look.

    Raises ValueError when every item lacks one, or when an item does not say what its stored values mean.
    """
    acquisitions, lacking = [], {}
    for item in items:
        files = _files(item)
        missing = [name for name in FILES if name not in files]
        if missing:
            lacking[item.id] = missing
        else:
            acquisitions.append(_scene(item, files))
    if lacking and not acquisitions:
        name, missing = next(iter(lacking.items()))
        raise ValueError(
            f"the item {name} has no file for {', '.join(missing)}, and no other has them all; expected an asset for "
            f"each of {', '.join(FILES)} (B02, blue and the like are understood). Choose a Sentinel-2 L2A collection."
        )
    return acquisitions


def _scene(item: Item, files: Mapping[str, Asset]) -> Acquisition:
    from pystac import Asset, Item

    moment = item.datetime or item.common_metadata.start_datetime
    if moment is None:
        raise ValueError(f"the item {item.id} has no date; expected datetime or start_datetime.")
    time = np.datetime64(moment.replace(tzinfo=None), "s")  # STAC times are UTC
    baseline = _baseline(item)
    gain, offset = np.array([_radiometry(item, files[b], baseline) for b in BANDS]).T
    plain = Item(
        item.id, item.geometry, item.bbox, moment, dict(item.properties), stac_extensions=item.stac_extensions
    )
    for name, asset in files.items():
        copy = Asset(asset.get_absolute_href() or asset.href, media_type=asset.media_type, roles=["data"])
        copy.extra_fields = {k: v for k, v in asset.extra_fields.items() if k.startswith("proj:")}
        plain.add_asset(name, copy)
    return Acquisition(plain, time, _epsg(item, files["B2"]), baseline or 0.0, gain, offset)


def _files(item: Item) -> dict[str, Asset]:
    """Assets by band name; of several with one name (COG and JPEG 2000) the first that is a TIFF."""
    found: dict[str, Asset] = {}
    for key, asset in item.assets.items():
        name = band_name(re.sub(r"[_-]?(10|20)m$", "", key))
        better = (
            name in found
            and "tiff" in (asset.media_type or "")
            and "tiff" not in (found[name].media_type or "")
        )
        if name in FILES and (name not in found or better):
            found[name] = asset
    return found


def _radiometry(item: Item, asset: Asset, baseline: float | None) -> tuple[float, float]:
    """Gain and offset of a band: what the item says is done already, then what it states, then the baseline's rule."""
    scale, stated = _stated(asset)
    gain = round(scale * REFLECTANCE_SCALE, 9) if scale else 1.0
    applied = item.properties.get(
        "earthsearch:boa_offset_applied", item.properties.get("sentinel:boa_offset_applied")
    )
    if applied is True:
        return gain, 0.0
    if baseline is not None and baseline < OFFSET_FROM:
        return gain, 0.0
    if stated or (stated == 0 and applied is None):
        return gain, round(stated * REFLECTANCE_SCALE, 6)
    if baseline is None:
        raise ValueError(
            f"the item {item.id} does not say how its values are stored: it has no s2:processing_baseline, and no "
            "offset in raster:bands. From baseline 04.00 on 1000 must be taken off, before not. Choose another catalog."
        )
    return gain, OFFSET


def _stated(asset: Asset) -> tuple[float | None, float | None]:
    """Scale and offset to reflectance as the raster extension states them (v1, v2 or STAC 1.1).

    A scale of 1 is what tools write when they know nothing: it states nothing.
    """
    fields = asset.extra_fields
    for band in (*fields.get("raster:bands", ()), *fields.get("bands", ()), fields):
        scale, offset = (band.get(k, band.get(f"raster:{k}")) for k in ("scale", "offset"))
        if scale not in (None, 1):
            return float(scale), None if offset is None else float(offset)
    return None, None


def _baseline(item: Item) -> float | None:
    """The processing baseline, 5.09 for "05.09"; None where the item does not say it."""
    said = item.properties
    for key in ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version"):
        if re.fullmatch(r"\d{1,2}\.\d{1,2}", str(said.get(key, ""))):
            return float(said[key])
    product = re.search(r"_N(\d\d)(\d\d)_", str(said.get("s2:product_uri", item.id)))
    return float(f"{product[1]}.{product[2]}") if product else None


def _epsg(item: Item, asset: Asset) -> int | None:
    for owner in (asset.extra_fields, item.properties):
        code = str(owner.get("proj:code") or owner.get("proj:epsg") or "")
        if re.fullmatch(r"(EPSG:)?\d+", code):
            return int(code.rpartition(":")[2])
    return None


def in_order(acquisitions: Sequence[Acquisition], epsg: int) -> list[Acquisition]:
    """Scenes in the order in which they count: of one day the first with data shows.

    The place's own zone before others, the newest processing first, then by time and name.
    """

    def rank(acquisition: Acquisition) -> tuple[Any, ...]:
        return (
            acquisition.epsg not in (epsg, None),
            -acquisition.baseline,
            acquisition.time,
            acquisition.item.id,
        )

    return sorted(acquisitions, key=rank)
