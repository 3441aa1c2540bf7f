"""What an item of a catalog says about its acquisition: the files of the bands, its projection, its radiometry.

Catalogs of the same images differ:

- earth-search (Element 84) names the files ``blue`` ... ``swir22``, ``scl``. Of its collection sentinel-2-l2a
  ``earthsearch:boa_offset_applied`` says whether the copies have the radiometric offset taken off already; where it
  says yes that is right, although ``raster:bands`` goes on stating an offset of -0.1
  (github.com/Element84/earth-search, issue 9). Its sentinel-2-c1-l2a keeps the offset in, and ``raster:bands`` states
  it;
- planetary-computer (Microsoft) has ``B02`` ... ``B12``, ``SCL`` as ESA delivers them, ``s2:processing_baseline`` and
  no ``raster:bands`` (github.com/microsoft/PlanetaryComputer, issue 134);
- the Copernicus Data Space names a band in each pixel size, ``B02_10m``, ``B02_20m``, in a store that wants keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE, band_and_pixel
from timesen_nb.sources.grid import BBox
from timesen_nb.sources.offset_rule import NO, OFFSET, OFFSET_FROM, YES, baseline_of_product

if TYPE_CHECKING:
    from pystac import Asset, Item

FILES = (*BANDS, "SCL")

#: Beyond these a stated scale or offset is no radiometry of Sentinel-2 (its own are 1 and -1000).
_GAINS, _OFFSETS = (0.01, 100.0), (-5000.0, 5000.0)

#: ``{"what": ..., "why": ...}``: what could not be used.
LeftOut = dict[str, str]


class _Unusable(ValueError):
    """Why an item cannot be used."""


@dataclass(frozen=True)
class Acquisition:
    """One image of one tile.

    Attributes:
        item: Its eleven files by the names of :data:`FILES`.
        time: UTC.
        bounds: (west, south, east, north) in degrees of its footprint; over the date line west lies east of east.
        epsg: Of the tile, or None where it is not said.
        tile: Such as 31UFS, or "" where it is not said.
        satellite: Such as S2A, or "".
        collection: That lists it, or "".
        baseline: ESA's processing baseline, 0 where it is not said.
        gain: (10,), and
        offset: (10,), what makes the stored values reflectance x 10000: ``stored * gain + offset``.
        rule: Why that offset, in words.
    """

    item: Item
    time: np.datetime64
    bounds: BBox
    epsg: int | None
    tile: str
    satellite: str
    collection: str
    baseline: float
    gain: np.ndarray
    offset: np.ndarray
    rule: str


def read_acquisitions(items: Iterable[Item]) -> tuple[list[Acquisition], list[LeftOut]]:
    """The acquisitions of items.

    An item that lacks a band is of no use, for a month has all bands or none. What has no file of Sentinel-2 at all is
    something else, and not spoken of.

    Args:
        items: as a catalog lists them.

    Returns:
        The acquisitions, and the items that cannot be used, each with the reason.
    """
    acquisitions, left_out = [], []
    for item in items:
        files = _files(item)
        if not files:
            continue
        try:
            acquisitions.append(_acquisition(item, files))
        except _Unusable as problem:
            left_out.append({"what": item.id, "why": str(problem)})
    return acquisitions, left_out


def footprint(item: Item) -> BBox | None:
    """(west, south, east, north) in degrees: the box of an item, flat or with heights, or that of its geometry."""
    box = [float(v) for v in item.bbox or ()]
    if len(box) in (4, 6):
        west, south, east, north = box if len(box) == 4 else (*box[:2], *box[3:5])
        return west, south, east, north
    corners = np.array(list(_corners((item.geometry or {}).get("coordinates"))))
    if not len(corners):
        return None
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _corners(coordinates: Any) -> Iterable[tuple[float, float]]:
    if not isinstance(coordinates, (list, tuple)) or not coordinates:
        return
    if isinstance(coordinates[0], (int, float)):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _corners(part)


def _acquisition(item: Item, files: Mapping[str, Asset]) -> Acquisition:
    from pystac import Asset, Item

    missing = [name for name in FILES if name not in files]
    if missing:
        raise _Unusable(
            f"it has no file for {', '.join(missing)}; expected an asset for each of {', '.join(FILES)} (B02, blue and "
            "the like are understood)"
        )
    bounds = footprint(item)
    if bounds is None:
        raise _Unusable("it has neither a bbox nor a geometry, so that nobody knows where it lies")
    if item.datetime is None:
        raise _Unusable("it has no date")
    # STAC times are UTC, though some catalogs write them with an offset
    when = item.datetime if item.datetime.tzinfo is None else item.datetime.astimezone(UTC)
    time = np.datetime64(when.replace(tzinfo=None), "s")
    baseline, product = _baseline(item), _product(item)
    gain, offset, rules = zip(*(_radiometry(item, files[b], baseline) for b in BANDS), strict=True)
    plain = Item(item.id, _geometry(item, bounds), list(bounds), item.datetime, dict(item.properties))
    plain.stac_extensions = item.stac_extensions
    for name, asset in files.items():
        copy = Asset(_address(asset), media_type=asset.media_type, roles=["data"])
        copy.extra_fields = {k: v for k, v in asset.extra_fields.items() if k.startswith("proj:")}
        plain.add_asset(name, copy)
    tile = _tile(item, product)
    epsg = _epsg(item, files["B2"]) or _epsg_of_tile(tile)
    satellite = re.search(r"S(?:ENTINEL-)?2([A-D])", f"{item.properties.get('platform')} {product}".upper())
    return Acquisition(
        plain, time, bounds, epsg, tile, f"S2{satellite[1]}" if satellite else "", item.collection_id or "",
        baseline or 0.0, np.array(gain), np.array(offset), "; ".join(dict.fromkeys(rules)),
    )  # fmt: skip


def _files(item: Item) -> dict[str, Asset]:
    """Assets by band name; of several with one name a TIFF before JPEG 2000, then the finest pixels."""
    found: dict[str, tuple[tuple[bool, int], Asset]] = {}
    for key, asset in item.assets.items():
        name, metres = band_and_pixel(key)
        rank = "tiff" not in (asset.media_type or ""), metres or 0
        if name in FILES and (name not in found or rank < found[name][0]):
            found[name] = rank, asset
    return {name: asset for name, (_, asset) in found.items()}


def _address(asset: Asset) -> str:
    """Where a file lies; an open address goes before one in a store (s3://) that may want keys."""
    href = asset.get_absolute_href() or asset.href
    others = (asset.extra_fields.get("alternate") or {}).values()
    open_ones = [
        str(o["href"]) for o in others if isinstance(o, Mapping) and str(o.get("href")).startswith("http")
    ]
    return open_ones[0] if href.startswith("s3://") and open_ones else href


def _geometry(item: Item, bounds: BBox) -> dict[str, Any]:
    """The footprint, flat: odc-stac reads what it touches."""
    geometry = item.geometry
    first: Any = (geometry or {}).get("coordinates")
    while isinstance(first, (list, tuple)) and first and isinstance(first[0], (list, tuple)):
        first = first[0]
    if geometry and isinstance(first, (list, tuple)) and len(first) == 2:
        return geometry
    west, south, east, north = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _radiometry(item: Item, asset: Asset, baseline: float | None) -> tuple[float, float, str]:
    """Gain and offset of a band: what the item says is done already, then what it states, then the baseline's rule."""
    scale, stated = _stated(asset)
    gain = round(scale * REFLECTANCE_SCALE, 9) if scale else 1.0
    offset = round((stated or 0.0) * REFLECTANCE_SCALE, 6)
    if not (_GAINS[0] <= gain <= _GAINS[1] and _OFFSETS[0] <= offset <= _OFFSETS[1]):
        raise _Unusable(
            f"it states a scale of {scale} and an offset of {stated} in raster:bands; expected about 0.0001 and "
            "-0.1 or 0"
        )
    key, applied = _applied(item)
    if applied:
        return gain, 0.0, f"taken off by the catalog already ({key})"
    if baseline is not None and baseline < OFFSET_FROM:
        return gain, 0.0, "none before baseline 04.00"
    if stated or (stated == 0 and applied is None):
        return gain, offset, f"{offset:g} as raster:bands states it"
    if baseline is None:
        raise _Unusable(
            "it does not say how its values are stored: it has no s2:processing_baseline, and no offset in "
            "raster:bands. From baseline 04.00 on 1000 must be taken off, before not"
        )
    return gain, OFFSET, f"{OFFSET:g} from baseline 04.00 on"


def _applied(item: Item) -> tuple[str, bool | None]:
    """Whether the catalog says that it has taken the offset off; None where it says nothing."""
    for key in ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied", "boa_offset_applied"):
        value = item.properties.get(key)
        word = str(value).strip().lower()
        if value is None or word in ("", "none", "null"):
            continue
        if word in YES:
            return key, True
        if word in NO:
            return key, False
        raise _Unusable(f"its {key} is {value!r}; expected true or false")
    return "", None


def _stated(asset: Asset) -> tuple[float | None, float | None]:
    """Scale and offset to reflectance as the raster extension states them (v1, v2 or STAC 1.1).

    Args:
        asset: of a band.

    Returns:
        Each, or None where it is not stated; a scale of 1 is what tools write when they know nothing: it states
        nothing.
    """
    fields = asset.extra_fields
    for band in (*(fields.get("raster:bands") or ()), *(fields.get("bands") or ()), fields):
        if not isinstance(band, Mapping):
            continue
        scale, offset = (_number(band.get(k, band.get(f"raster:{k}"))) for k in ("scale", "offset"))
        if scale not in (None, 1.0):
            return scale, offset
    return None, None


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        raise _Unusable(
            f"it states {value!r} as scale or offset in raster:bands; expected a number"
        ) from None


def _product(item: Item) -> str:
    """ESA's name of the product, or the item's."""
    said = item.properties
    names = (
        said.get(key) for key in ("s2:product_uri", "sentinel:product_id", "s2:product_id", "productName")
    )
    return str(next(filter(None, names), item.id))


def _baseline(item: Item) -> float | None:
    """The processing baseline, 5.09 for "05.09"; None where the item does not say it."""
    named = baseline_of_product(_product(item)) or baseline_of_product(item.id)
    for key in ("s2:processing_baseline", "sentinel:processing_baseline"):
        text = str(item.properties.get(key) or "").strip()
        if not text:
            continue
        number = re.fullmatch(r"N?(\d{1,2}\.\d{1,2}|\d{4})", text)
        if number is None:
            raise _Unusable(f"its {key} is {text!r}; expected a number such as 05.09")
        stated = float(number[1]) if "." in text else int(number[1]) / 100
        if named is not None and (stated < OFFSET_FROM) != (named < OFFSET_FROM):
            raise _Unusable(
                f"its {key} is {text} and the name of its product says {named:05.2f}: from baseline 04.00 on 1000 must "
                "be taken off, before not"
            )
        return stated
    # which may be of another chain's software: ESA's baselines have two digits twice
    version = str(item.properties.get("processing:version", ""))
    return named or (float(version) if re.fullmatch(r"\d\d\.\d\d", version) else None)


def _tile(item: Item, product: str) -> str:
    said = item.properties
    parts = [str(said.get(f"mgrs:{key}", "")) for key in ("utm_zone", "latitude_band", "grid_square")]
    for name in (said.get("s2:mgrs_tile"), said.get("grid:code"), "".join(parts), product, item.id):
        tile = re.search(r"(?:^|[_-])T?(\d{1,2}[C-HJ-NP-X][A-HJ-NP-Z]{2})(?=_|\.|$)", str(name).upper())
        if tile:
            return tile[1].rjust(5, "0")
    return ""


def _epsg(item: Item, asset: Asset) -> int | None:
    for owner in (asset.extra_fields, item.properties):
        code = str(owner.get("proj:code") or owner.get("proj:epsg") or "")
        if re.fullmatch(r"(EPSG:)?\d+", code):
            return int(code.rpartition(":")[2])
    return None


def _epsg_of_tile(tile: str) -> int | None:
    return (32600 if tile[2] >= "N" else 32700) + int(tile[:2]) if tile else None
