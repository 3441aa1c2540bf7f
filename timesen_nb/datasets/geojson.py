"""GeoJSON and GeoPackage of points as a table: where each lies, and its properties."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timesen_nb.tensor_file import check_content

if TYPE_CHECKING:
    import pandas as pd

Place = tuple[float, float]


def read_geojson(path: Path) -> pd.DataFrame:
    """A feature collection of points (RFC 7946, or the older one that names its coordinate system).

    Args:
        path: of the file, UTF-8, UTF-16 or UTF-32. A MultiPoint of one point is that point.

    Returns:
        A row a feature: its properties, and lon, lat of its geometry in degrees, whatever properties of these names
        say. The index is the number of the feature, from 1.

    Raises:
        ValueError: the file is no such collection, a feature is no point on Earth or has no geometry, or the coordinate
            system that is named is unknown.
    """
    import pandas as pd

    check_content(path, "a GeoJSON feature collection of points")
    try:
        collection = json.loads(path.read_bytes())
        features = list(collection["features"])
        properties = [dict(feature.get("properties") or {}) for feature in features]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError(
            f"{path.name} is no GeoJSON feature collection of points ({problem!r})."
        ) from problem
    to_degrees = _to_degrees(collection.get("crs"), path.name)
    places = [_place(f, to_degrees, f"{path.name}: feature {i}") for i, f in enumerate(features, 1)]
    rows = [about | {"lon": lon, "lat": lat} for about, (lon, lat) in zip(properties, places, strict=True)]
    index = pd.RangeIndex(1, len(rows) + 1, name="feature")
    return pd.DataFrame(rows, index, None if rows else ["lon", "lat"], dtype=object)


def read_geopackage(path: Path) -> pd.DataFrame:
    """The points of a GeoPackage.

    Args:
        path: of a file with one layer of points.

    Returns:
        As :func:`read_geojson`.

    Raises:
        ValueError: the file is no GeoPackage or has several layers, names no coordinate system, or a feature is no
            point on Earth.
    """
    import geopandas as gpd
    import pandas as pd
    from pyogrio import list_layers
    from pyogrio.errors import DataLayerError, DataSourceError

    check_content(path, "a GeoPackage of points")
    try:
        layers = [str(name) for name, _ in list_layers(path)]
        if len(layers) != 1:
            raise ValueError(
                f"{path.name} has the layers {', '.join(layers) or 'none'}; expected one of points. Export that alone."
            )
        frame = gpd.read_file(path)
    except (DataSourceError, DataLayerError) as problem:
        raise ValueError(
            f"{path.name} is no GeoPackage that can be read ({problem}). Export it again."
        ) from problem
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise ValueError(
            f"{path.name} has no geometry, or names no coordinate system; expected points. Export it again with both."
        )
    kinds = ["nothing" if g is None or g.is_empty else g.geom_type for g in frame.geometry]
    if wrong := next((n for n, kind in enumerate(kinds, 1) if kind != "Point"), None):
        raise ValueError(
            f"{path.name}: feature {wrong} is {kinds[wrong - 1]}; expected points. Use centroids of polygons."
        )
    degrees = frame.geometry.to_crs("OGC:CRS84")
    if lost := next(
        (n for n, p in enumerate(degrees, 1) if not (math.isfinite(p.x) and math.isfinite(p.y))), None
    ):
        raise ValueError(
            f"{path.name}: feature {lost} lies at no place in the coordinate system of the file."
        )
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).astype(object)
    table = table.where(table.notna(), None).assign(lon=degrees.x.to_numpy(), lat=degrees.y.to_numpy())
    table.index = pd.RangeIndex(1, len(table) + 1, name="feature")
    return table


def _place(feature: dict[str, Any], to_degrees: Callable[[float, float], Place], where: str) -> Place:
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        raise ValueError(f"{where} has no geometry; expected a point. Give it its place, or remove it.")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "MultiPoint" and isinstance(coordinates, list) and len(coordinates) == 1:
        kind, coordinates = "Point", coordinates[0]
    if kind != "Point":
        raise ValueError(
            f"{where} is a {kind}; expected points. Use centroids of polygons, one point a feature."
        )
    try:
        x, y = (float(number) for number in coordinates[:2])  # type: ignore[index]
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{where} has the coordinates {coordinates!r}; expected two numbers.") from problem
    lon, lat = to_degrees(x, y)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ValueError(
            f"{where} lies at {x:g}, {y:g}, which is no place in the coordinate system of the file."
        )
    return lon, lat


def _to_degrees(crs: Any, name: str) -> Callable[[float, float], Place]:
    """What turns coordinates into longitude and latitude: nothing where no coordinate system is named."""
    if crs is None:
        return lambda x, y: (x, y)
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    said = crs.get("properties", {}) if isinstance(crs, dict) else {}
    said = said.get("name") if isinstance(said, dict) else None
    try:
        transformer = Transformer.from_crs(CRS.from_user_input(said), "OGC:CRS84", always_xy=True)
    except CRSError as problem:
        raise ValueError(
            f"{name} names the coordinate system {said or crs}, which is not known; expected a name such as "
            "urn:ogc:def:crs:EPSG::25832. Export it again in WGS 84 (EPSG:4326)."
        ) from problem
    return lambda x, y: transformer.transform(x, y)
