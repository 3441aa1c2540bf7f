"""What stands in fields: a mean annual series with its spread, and the classes of a map in hectares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

from timesen_nb.bands import BANDS, band_positions
from timesen_nb.composite.observations import without_known_codes
from timesen_nb.plots.map_label import check_label
from timesen_nb.regions.areas import pixel_hectares
from timesen_nb.regions.georeference import transform_of
from timesen_nb.regions.vector_files import read_polygons

if TYPE_CHECKING:
    import geopandas as gpd

#: Of a pixel.
HAIR = 1e-6
#: What may be wrong with polygons that lie elsewhere.
_CLAIM = (
    "Longitude stands before latitude; if they are in another coordinate system, say which: "
    "frame.set_crs('EPSG:31370', allow_override=True)."
)


def field_table(maps: xr.Dataset, polygons: Any) -> gpd.GeoDataFrame:
    """The classes of a map in fields: a row a field.

    A pixel belongs to the field that its centre lies in, whole: a field of few pixels is known roughly. A centre on the
    border of two fields is of one of them.

    Args:
        maps: what ``map_region`` returned.
        polygons: the path of a GeoJSON or GeoPackage, a GeoDataFrame or GeoSeries, GeoJSON as a dict, or shapely
            polygons in degrees.

    Returns:
        The fields as they were given, by their index, and for each: pixels, those that have a class; no_data, those
        that have none; beyond, about how many more would lie beyond the edge of the map; hectares of the first (NaN
        where the map's coordinate system does not keep areas: degrees, Web Mercator); majority, the class of most
        pixels, None where there is none; majority_share, 0 to 1; and of each class ``ha_<class>``, hectares, and
        ``share_<class>``, 0 to 1, of the pixels that have one. Its own columns of these names are replaced.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the map has no label that ``map_region`` made, or no coordinate system; or polygons that are none,
            or whose sides cross, or none of which lies on it.
    """
    label = check_label(maps)
    fields = read_polygons(polygons)
    classes, hectares = list(label.attrs["classes"]), pixel_hectares(label)
    counts = np.zeros((len(fields), len(classes) + 1), dtype=np.int64)
    for n, rows, columns, inside in _windows(label, fields):
        numbers = label[rows, columns].values[inside]
        counts[n] = np.bincount(numbers + 1, minlength=len(classes) + 1)
    of_class = counts[:, 1:]
    pixels = of_class.sum(axis=1)
    best = of_class.argmax(axis=1)
    shares = of_class / np.where(pixels > 0, pixels, np.nan)[:, None]
    columns_of = {
        "pixels": pixels,
        "no_data": counts[:, 0],
        "beyond": _beyond(label, fields),
        "hectares": pixels * hectares,
        "majority": [classes[k] if n else None for k, n in zip(best, pixels, strict=True)],
        "majority_share": shares[np.arange(len(fields)), best],
        **{f"ha_{name}": of_class[:, k] * hectares for k, name in enumerate(classes)},
        **{f"share_{name}": shares[:, k] for k, name in enumerate(classes)},
    }
    return fields.assign(**columns_of)


def field_series(cube: xr.DataArray, polygons: Any) -> xr.Dataset:
    """The mean annual series of fields, with the spread of their pixels.

    Args:
        cube: (month, band, y, x) surface reflectance x 10000, NaN = missing, as ``source.cube(bbox)`` gives; so is its
            own number for no data, a known code, and 0 in all bands: :mod:`timesen_nb.nodata`.
        polygons: as for :func:`field_table`.

    Returns:
        Along field (by their index), month and band: mean and spread (standard deviation, of the population of the
        field's pixels) of reflectance x 10000, and pixels, how many have a value; mean and spread are NaN where none
        has. ``mean`` goes where series go: ``zs.probabilities(fields["mean"])``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another cube, one without a coordinate system, or polygons that are none, or whose sides cross, or
            none of which lies on it.
    """
    if not isinstance(cube, xr.DataArray) or set(cube.dims) != {"month", "band", "y", "x"}:
        raise ValueError(
            f"the cube given is a {type(cube).__name__} {getattr(cube, 'dims', '')}; expected an xarray.DataArray "
            "(month, band, y, x), as source.cube(bbox) gives."
        )
    cube = cube.transpose("month", "band", "y", "x")
    cube = cube.isel(band=band_positions(cube.band.values.tolist()))
    fields = read_polygons(polygons)
    shape = (len(fields), *cube.shape[:2])
    mean, spread = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    pixels = np.zeros(shape, dtype=np.int64)
    for n, rows, columns, inside in _windows(cube, fields):
        values = without_known_codes(_unfilled(cube[:, :, rows, columns], inside)).astype(np.float64)
        there = np.isfinite(values)
        pixels[n] = there.sum(axis=-1)
        count = np.where(pixels[n] > 0, pixels[n], np.nan)
        mean[n] = np.where(there, values, 0).sum(axis=-1) / count
        spread[n] = np.sqrt((np.where(there, values - mean[n][..., None], 0) ** 2).sum(axis=-1) / count)
    dims = ("field", "month", "band")
    # of several columns there is no coordinate
    names = np.arange(len(fields)) if fields.index.nlevels > 1 else fields.index.to_numpy()
    coords = {"field": names, "month": cube.month.values, "band": list(BANDS)}
    return xr.Dataset(
        {"mean": (dims, mean), "spread": (dims, spread), "pixels": (dims, pixels)}, coords=coords
    )


def _unfilled(window: xr.DataArray, inside: np.ndarray) -> np.ndarray:
    """(months, bands, n) float32 of the pixels inside, NaN where the cube's own number for no data stands."""
    values: np.ndarray = window.values[:, :, inside].astype(np.float32)
    if window.rio.nodata is not None:
        values[values == window.rio.nodata] = np.nan
    return values


def _beyond(data: xr.DataArray, fields: gpd.GeoDataFrame) -> np.ndarray:
    """(N,) about how many pixels of each field would lie beyond the edge of the data."""
    from shapely import Polygon, area, difference, make_valid

    transform = transform_of(data)
    height, width = data.shape[-2:]
    edge = Polygon([transform * corner for corner in ((0, 0), (width, 0), (width, height), (0, height))])
    # sides that all but touch may cross in another coordinate system
    rest = difference(make_valid(_placed(data, fields).to_numpy()), edge)
    out: np.ndarray = np.rint(area(rest) / abs(transform.determinant)).astype(np.int64)
    return out


def _placed(data: xr.DataArray, fields: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """The fields in the coordinate system of the data; in degrees, whole turns nearer to them, each part by itself."""
    from shapely import get_parts, multipolygons
    from shapely.affinity import translate

    shapes = fields.geometry.to_crs(data.rio.crs)
    if not data.rio.crs.is_geographic or not np.isfinite(shapes.total_bounds).all():
        return shapes
    middle = float(data["x"].mean())

    def turned_to(shape: Any) -> Any:
        parts = get_parts(shape)
        moves = [360 * round((middle - part.centroid.x) / 360) for part in parts]
        moved = [translate(part, move) for part, move in zip(parts, moves, strict=True)]
        return multipolygons(moved) if any(moves) else shape

    return shapes.map(turned_to)


def _windows(data: xr.DataArray, fields: gpd.GeoDataFrame) -> Iterator[tuple[int, slice, slice, np.ndarray]]:
    """Each field that touches the data: number, rows, columns, and which pixels of that window it holds (y, x) bool."""
    from rasterio.features import geometry_mask

    if data.rio.crs is None:
        raise ValueError(
            "the map or cube given has no coordinate system (CRS), so that nobody can say which fields it holds. Say "
            "which it is: maps.rio.write_crs('EPSG:32631')."
        )
    met = False
    transform = transform_of(data)
    height, width = data.shape[-2:]
    for n, polygon in enumerate(_placed(data, fields)):
        west, south, east, north = polygon.bounds
        if not np.isfinite(polygon.bounds).all():
            x, y = fields.geometry.iloc[n].bounds[:2]
            raise ValueError(
                f"field {n + 1} lies at {x:g}, {y:g}, which is no place in the coordinate system given, "
                f"{fields.crs.name}. {_CLAIM}"
            )
        across, down = ~transform * (
            np.array([west, east, west, east]),
            np.array([south, north, north, south]),
        )
        left, right = max(int(np.floor(across.min())), 0), min(int(np.ceil(across.max())), width)
        top, bottom = max(int(np.floor(down.min())), 0), min(int(np.ceil(down.max())), height)
        if left >= right or top >= bottom:
            continue
        met = True
        # a centre on the border of two fields is of one of them: it counts as a hair to the lower right of it
        moved = transform @ transform.translation(left + HAIR, top + 2 * HAIR)
        inside = geometry_mask([polygon], (bottom - top, right - left), moved, invert=True)
        yield n, slice(top, bottom), slice(left, right), inside
    if not met:
        (lon, lat), (map_lon, map_lat) = (
            ((west + east) / 2, (south + north) / 2)
            for west, south, east, north in (
                fields.to_crs(4326).total_bounds,
                data.rio.transform_bounds(4326, recalc=True),
            )
        )
        raise ValueError(
            f"none of the {len(fields)} fields given lies on the map or cube: they are around longitude {lon:.4f}, "
            f"latitude {lat:.4f}, and it around {map_lon:.4f}, {map_lat:.4f}. {_CLAIM}"
        )
