"""Points and polygons in files: CSV, GeoJSON and GeoPackage, in flat columns that any GIS opens."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.spreadsheet import escaped
from timesen_nb.tensor_file import whole_file

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: How places go into files.
PLACES = ("exact", "blurred", "left out")
#: Blurred places stand on a grid of so many degrees, about a kilometre.
BLUR = 0.01
#: Columns that say where a place lies.
_WHERE = ("lon", "lat", "x", "y", "row", "column")
_DEGREES = "EPSG:4326"


def save_points(table: pd.DataFrame, path: str | Path, places: str = "exact") -> Path:
    """Write a table of places.

    Args:
        table: a row a place, with the columns lon and lat in degrees; missing values are None or NaN.
        path: of the file, which ends in .csv, .geojson or .gpkg; folders are made, a file that is there is replaced.
        places: "exact"; "blurred", to the nearest :data:`BLUR` degrees; or "left out", for places that are nobody's
            business.

    Returns:
        The path.

    Raises:
        ValueError: another suffix, another way to have places, or a table without any row, or without lon and lat.
        OSError: the file could not be written whole, as where the disk is full.
    """
    path = Path(path).expanduser()
    writers = {".csv": _write_csv, ".geojson": _write_geojson, ".json": _write_geojson, ".gpkg": _write_gpkg}
    if path.suffix.lower() not in writers:
        raise ValueError(
            f"the file given is {path.name!r}; expected a name that ends in .csv, .geojson or .gpkg."
        )
    if places not in PLACES:
        raise ValueError(f"places={places!r}; expected one of {', '.join(map(repr, PLACES))}.")
    if not len(table) or not {"lon", "lat"} <= set(table):
        raise ValueError(
            f"the table given has {len(table)} rows and the columns {', '.join(map(str, table.columns))}; expected a "
            "row a place, with lon and lat in degrees."
        )
    if places != "exact":
        lonlats = table[["lon", "lat"]].astype(float)
        table = table.drop(columns=[c for c in _WHERE if c in table])
        if places == "blurred":
            table = table.assign(**{c: (lonlats[c] / BLUR).round() * BLUR for c in ("lon", "lat")}).round(
                {"lon": 6, "lat": 6}
            )
    with whole_file(path) as partial:
        # a GeoPackage that a killed run left would be added to
        partial.unlink(missing_ok=True)
        writers[path.suffix.lower()](table, partial)
    return path


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.map(escaped).to_csv(path, index=False, lineterminator="\n")


def _write_geojson(table: pd.DataFrame, path: Path) -> None:
    path.write_text(geojson(table), encoding="utf-8")


def geojson(table: pd.DataFrame) -> str:
    """A table of places as GeoJSON (RFC 7946): a point feature a row.

    Args:
        table: with lon and lat in degrees, or without: then features have no geometry, as those whose place is missing.

    Returns:
        The text; missing values are null, days and times as ISO 8601 has them.
    """
    features = []
    for row in table.to_dict("records"):
        place = [_json(value) for value in [row.pop("lon", None), row.pop("lat", None)]]
        geometry = None if None in place else {"type": "Point", "coordinates": [float(v) for v in place]}
        features.append(
            {
                "type": "Feature",
                "geometry": geometry,
                "properties": {str(k): _json(v) for k, v in row.items()},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, default=str)


def _json(value: Any) -> Any:
    """A cell as JSON holds it."""
    import pandas as pd

    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    elif isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value.isoformat() if isinstance(value, date) else value


def _write_gpkg(table: pd.DataFrame, path: Path) -> None:
    import geopandas as gpd
    import pyogrio
    from pyogrio.errors import DataSourceError, FeatureError

    if own := [name for name in table if str(name).casefold() == "fid"]:
        raise ValueError(
            f"the column {own[0]!r} has the name of a GeoPackage's own numbers of rows; rename it, or write .csv or "
            ".geojson."
        )
    frame = table
    if "lon" in table:
        points = gpd.points_from_xy(table["lon"], table["lat"])
        frame = gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=points, crs=_DEGREES)
    try:
        pyogrio.write_dataframe(frame, path, layer="places", driver="GPKG")
    except (DataSourceError, FeatureError) as problem:
        raise OSError(str(problem)) from problem


def read_polygons(polygons: Any) -> gpd.GeoDataFrame:
    """Polygons with their properties.

    Args:
        polygons: the path of a GeoJSON, GeoPackage or Shapefile; a GeoDataFrame or GeoSeries; GeoJSON as a dict; or a
            shapely polygon, or a list of them. The last two are in degrees, longitude before latitude, GeoJSON in
            another coordinate system where it names one.

    Returns:
        A row a polygon, with the index and in the coordinate system that they have.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file that cannot be read, one without a coordinate system, features that are no polygons or whose
            sides cross, or none.
    """
    import geopandas as gpd

    if isinstance(polygons, str | Path):
        frame = _read(Path(polygons).expanduser())
    elif isinstance(polygons, gpd.GeoDataFrame):
        frame = polygons
    elif isinstance(polygons, gpd.GeoSeries):
        frame = gpd.GeoDataFrame(geometry=polygons)
    elif isinstance(polygons, dict):
        frame = _of_geojson(polygons)
    else:
        given = polygons if isinstance(polygons, list | tuple) else [polygons]
        if not all(hasattr(p, "geom_type") for p in given):
            raise ValueError(
                f"polygons given: {type(polygons).__name__}; expected the path of a GeoJSON or GeoPackage, a "
                "GeoDataFrame, GeoJSON as a dict, or shapely polygons in degrees."
            )
        frame = gpd.GeoDataFrame(geometry=list(given), crs=_DEGREES)
    if frame.crs is None:
        raise ValueError(
            "the polygons given name no coordinate system (CRS), so that nobody can say where they lie. Say which it "
            "is: frame.set_crs('EPSG:31370')."
        )
    kinds = ["nothing" if g is None or g.is_empty else g.geom_type for g in frame.geometry]
    wrong = [(n, kind) for n, kind in enumerate(kinds, 1) if kind not in ("Polygon", "MultiPolygon")]
    if wrong or not kinds:
        said = f"feature {wrong[0][0]} is {wrong[0][1]}" if wrong else "there is no feature"
        more = f", and {len(wrong) - 1} more {'is' if len(wrong) == 2 else 'are'} none either" * (
            len(wrong) > 1
        )
        raise ValueError(
            f"{said}{more}; expected polygons. Leave the others out; of points, tn.datasets.read_points reads the "
            "series."
        )
    # what they enclose twice is inside for one reader and outside for another, as with fields that are drawn
    crossed = np.flatnonzero(~frame.geometry.is_valid.to_numpy()) + 1
    if len(crossed):
        raise ValueError(
            f"the sides of feature {crossed[0]} cross or touch each other, or enclose nothing"
            + (f", and those of {len(crossed) - 1} more" if len(crossed) > 1 else "")
            + "; expected corners in turn, once around each field. Mend them: frame.set_geometry(frame.make_valid()), "
            "or Fix geometries in QGIS."
        )
    return frame


def _read(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    from pyogrio.errors import DataLayerError, DataSourceError

    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}; expected a GeoJSON or GeoPackage of polygons.")
    try:
        frame = gpd.read_file(path)
    except (DataSourceError, DataLayerError, ValueError) as problem:
        raise ValueError(
            f"{path.name} cannot be read as polygons ({problem}); expected GeoJSON, GeoPackage or Shapefile. Export it "
            "so again."
        ) from problem
    if not isinstance(frame, gpd.GeoDataFrame):
        raise ValueError(
            f"{path.name} has no geometry; expected polygons. Export it again with its geometry."
        )
    return frame


def _of_geojson(given: dict[str, Any]) -> gpd.GeoDataFrame:
    import geopandas as gpd
    from shapely import GEOSException
    from shapely.geometry import shape

    named = ((given.get("crs") or {}).get("properties") or {}).get("name")
    features = given.get("features", [given if given.get("type") == "Feature" else {"geometry": given}])
    try:
        shapes = [shape(feature["geometry"]) for feature in features]
    except (KeyError, TypeError, ValueError, AttributeError, GEOSException) as problem:
        raise ValueError(f"the dict given is no GeoJSON of polygons ({problem!r}).") from problem
    return gpd.GeoDataFrame(
        [dict(feature.get("properties") or {}) for feature in features],
        geometry=shapes,
        crs=named or _DEGREES,
    )
