"""Fields that somebody drew or loaded: their mean year, and the classes that cover them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.sources.coordinates import read_coordinates
from timesen_nb.widgets.answer import NO_ANSWER
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.view import MOST_PIXELS, EncodedView, View, visible

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from timesen_nb.sources.grid import BBox
    from timesen_nb.widgets.question import Question
    from timesen_nb.widgets.session import Session

NO_HECTARES = "No hectares: the coordinate system of these data does not keep areas."
MARGIN = 0.0003  # degrees around fields, some 30 m: what is read has several rows and columns


@dataclass(frozen=True)
class Fields:
    """Fields, and the pixels around them.

    Attributes:
        encoded: the pixels, whatever they were read for.
        polygons: a row a field, in degrees.
        series: their mean annual series with its spread, as ``regions.field_series`` gives it.
    """

    encoded: EncodedView
    polygons: gpd.GeoDataFrame
    series: xr.Dataset

    def table(self, session: Session) -> gpd.GeoDataFrame:
        """The classes of each field by the session's words, as ``regions.field_table`` gives them."""
        from timesen_nb.regions import field_table

        words, there = session.words, self.encoded.readable
        label = np.full(there.shape, -1, np.int16)
        label[there] = words.choose(words.of_vectors(self.encoded.vectors))
        grid = self.encoded.cube.isel(month=0, band=0, drop=True).copy(data=label)
        grid.attrs = {"classes": list(words.classes), "colours": session.colours_of(words.classes)}
        return field_table(grid.to_dataset(name="label"), self.polygons)


def corners_of(text: str) -> list[tuple[float, float]]:
    """Corners as people type them: places parted by semicolons.

    Args:
        text: each place as longitude and latitude, or in any other way that the box for a place takes.

    Returns:
        Longitude and latitude of each.

    Raises:
        ValueError: what is no place in coordinates.
    """
    corners = []
    for part in filter(str.strip, text.split(";")):
        place = read_coordinates(part)
        if place is None:
            raise ValueError(
                f"{part.strip()[:60]!r} is no corner. Write longitude, latitude, and ; between two corners: "
                "4.350, 50.850; 4.352, 50.851."
            )
        corners.append(place)
    return corners


def polygon_of(corners: list[tuple[float, float]]) -> Any:
    """The field that corners enclose in turn; two are opposite corners of a box.

    Args:
        corners: longitude and latitude of each.

    Returns:
        A shapely polygon.

    Raises:
        ValueError: too few corners, or corners whose sides cross.
    """
    from shapely import Polygon, box

    if len(corners) < 2:
        raise ValueError(
            f"{'one' if corners else 'no'} corner is marked; a field has three or more, and two make a box. Click them "
            "on the map, or type them."
        )
    (x, y), *others = corners
    if len(corners) == 2:
        polygon = box(min(x, others[0][0]), min(y, others[0][1]), max(x, others[0][0]), max(y, others[0][1]))
    else:
        polygon = Polygon(corners)
    if not polygon.is_valid or polygon.area == 0:
        raise ValueError(
            "the sides of this field cross each other, or enclose nothing. Click its corners in turn, once around the "
            "field."
        )
    return polygon


def _check_degrees(fields: gpd.GeoDataFrame) -> None:
    """ValueError for metres that are taken for degrees, since a file does not say what they are."""
    if not fields.crs.is_geographic:
        return
    west, south, east, north = (float(side) for side in fields.total_bounds)
    if west < -360 or east > 360 or south < -90 or north > 90:
        raise ValueError(
            f"the coordinates of the fields are no degrees: they go from {west:,.0f}, {south:,.0f} to {east:,.0f}, "
            f"{north:,.0f}, and the file says no other coordinate system than {fields.crs.name}. Export it again in "
            "degrees (WGS 84, EPSG:4326), or as a GeoPackage that says its own."
        )


def read_fields(session: Session, polygons: Any, cancelled: Callable[[], bool] = lambda: False) -> Fields:
    """Read and encode the pixels of fields; the view that is mapped is used where it holds them.

    Args:
        session: whose source, year and model.
        polygons: as ``regions.field_table`` takes them.
        cancelled: asked before each part.

    Returns:
        The fields.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: polygons that are none or cross themselves, lie outside the data, or stretch over too much.
    """
    from timesen_nb.regions import field_series
    from timesen_nb.regions.vector_files import read_polygons

    fields = read_polygons(polygons)
    _check_degrees(fields)
    fields = fields.to_crs(4326)
    west, south, east, north = (float(side) for side in fields.total_bounds)
    _check_order(session.source.bounds, (west, south, east, north))
    around = (west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN)
    shown = session.view
    if shown is None or not _holds(shown.view.bbox, (west, south, east, north)):
        shown = session.encode(_reach(session, around), cancelled=cancelled)
    return Fields(shown, fields, field_series(shown.cube, fields))


def _check_order(bounds: BBox | None, fields: BBox) -> None:
    """ValueError for fields that lie in the data the other way round alone."""
    west, south, east, north = fields
    turned = (south, west, north, east)
    if bounds is not None and not _meets(bounds, fields) and _meets(bounds, turned):
        raise ValueError(
            f"the fields lie outside the data, about longitude {west:g}, latitude {south:g}. They fit the other way "
            "round: swap longitude and latitude; longitude comes first."
        )


def _meets(a: BBox, b: BBox) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _reach(session: Session, around: BBox) -> View:
    """What must be read for them; ValueError in the words of a field."""
    source = session.source
    pixels = View(around, session.year, source.name).pixels
    if pixels > MOST_PIXELS:
        raise ValueError(
            f"the fields stretch over about {pixels:,} pixels of 10 m; at most {MOST_PIXELS:,} are read at once. Take "
            "fewer, or those that lie together. From Python, timesen_nb.map_region and regions.field_table take all."
        )
    try:
        return visible(around, source.bounds, session.year, source.name)
    except ValueError:
        raise ValueError(
            "the field lies outside the data, which the frame on the map shows. Draw it within the frame, or open "
            "other data."
        ) from None


def _holds(outer: BBox, inner: BBox) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def field_in_words(row: Any, question: Question) -> tuple[str, str]:
    """A row of the table as its reader wants it: the majority, then the classes, in hectares where those are known.

    Args:
        row: of :meth:`Fields.table`.
        question: the words.

    Returns:
        A headline, and a line of shares, the largest first. As of a place, one word alone has no share.
    """
    if row["no_data"] and not question.words.passing.any():
        return NO_ANSWER, "No word is known and names land. Ask for what may grow or stand here, in English."
    if not row["pixels"]:
        return "No pixel of this field can be read", (
            "Its pixels have no clear month."
            if row["no_data"]
            else "It lies outside the data, or holds the centre of no 10 m pixel."
        )
    unread = f" · {row['no_data']} pixels without a clear month" if row["no_data"] else ""
    if row["beyond"]:
        unread += f" · about {row['beyond']} more beyond the data"
    known, pixels = bool(np.isfinite(row["hectares"])), f"{row['pixels']} pixels"
    whole, why = (f"{row['hectares']:.2f} ha", "") if known else (pixels, f". {NO_HECTARES}")
    if question.alone:
        told = f"{pixels}, {whole}{unread}." if known else f"{pixels}{unread}{why}"
        told += " One word alone has no share: add another."
        return f"{row['majority']}: nothing to compare with", told
    shares = {name: float(row[f"share_{name}"]) for name in question.classes}
    each = ", ".join(
        f"{name} {row[f'ha_{name}']:.2f} ha ({percent(share)})" if known else f"{name} {percent(share)}"
        for name, share in sorted(shares.items(), key=lambda pair: -pair[1])
        if share > 0
    )
    headline = f"{row['majority']}: {percent(float(row['majority_share']))} of {whole}"
    return headline, f"{pixels}: {each}{unread}{why}"
