"""The rules of :mod:`timesen_nb.composite`, written for Earth Engine's servers: monthly medians as one image.

Nothing is computed here: these functions build the expression that Earth Engine evaluates where it is asked, on
the 10 m grid of the place's own UTM zone. Images of neighbouring zones are left out, so every value is a pixel
as it was delivered (20 m bands: the 20 m pixel that holds the 10 m one), never a resampled one.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from timesen_nb.bands import BANDS, month_columns
from timesen_nb.composite import MASKED
from timesen_nb.sources.grid import PIXEL, Grid, Pixel, from_degrees

if TYPE_CHECKING:
    import ee

#: Surface reflectance with the offset of baseline 04.00 taken off, so that all years are on one scale.
REFLECTANCE = "COPERNICUS/S2_SR_HARMONIZED"
#: The first year in which :data:`REFLECTANCE` covers all land (Earth Engine Data Catalog).
GLOBAL_SINCE = 2019
#: Cloud Score+ of the same images, matched by their index (Pasquarella et al. 2023, doi 10.1109/CVPRW59228.2023.00206).
CLOUD_SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
#: What :data:`REFLECTANCE` cannot hold stands for "missing" in arrays, which have no mask.
MISSING = -1
#: Scene classes that Cloud Score+ judges in SCL's place: shadow, clouds, cirrus.
CLOUD_CLASSES = (3, 8, 9, 10)
#: Bands of the composite, month by month, and how many days had data at all.
NAMES: tuple[str, ...] = tuple(month_columns())
OBSERVED = "observed"

#: Past any reflectance x 10000, and exact in float32.
_BEYOND = 1e6
#: More than the days of a month: the median is taken of the values, not of a histogram.
_MOST_DAYS = 64


@dataclass(frozen=True)
class CompositeRule:
    """What decides a value beside place and year.

    Attributes:
        clouds: "scl" for the scene classification that every source has, or "cloud_score" for Cloud Score+.
        threshold: Cloud Score+ from which an observation is clear (0 to 1; 0.5 to 0.65 are its authors' advice).
        certain: reduce each month twice, to be certain of the median of an even number (see :func:`_median`).
    """

    clouds: str = "scl"
    threshold: float = 0.6
    certain: bool = False

    def __post_init__(self) -> None:
        if self.clouds not in ("scl", "cloud_score"):
            raise ValueError(
                f"clouds given: {self.clouds!r}; expected 'scl' or 'cloud_score' (Cloud Score+)."
            )
        number = isinstance(self.threshold, Real) and not isinstance(self.threshold, bool)
        if not number or not 0 < self.threshold <= 1:
            raise ValueError(
                f"threshold given: {self.threshold!r}; expected a Cloud Score+ above 0 and up to 1, such as 0.6."
            )
        if not isinstance(self.certain, bool):
            raise ValueError(f"certain_median given: {self.certain!r}; expected True or False.")

    @property
    def masked(self) -> tuple[int, ...]:
        """Scene classes left out of the median."""
        return tuple(c for c in MASKED if self.clouds == "scl" or c not in CLOUD_CLASSES)

    def observations(self, area: ee.Geometry, zone: Any, shift: Any, year: int) -> ee.ImageCollection:
        """What was taken of a place in a year and a day around it: ten bands and ``clear``, with their solar day.

        Args:
            area: where it will be read.
            zone: "_T31" for UTM zone 31, as it stands in the images' names.
            shift: seconds from UTC to solar time; it and ``zone`` may be values of Earth Engine's own, computed there.
            year: calendar year.

        Returns:
            The images, in any order.
        """
        import ee

        images = (
            ee.ImageCollection(REFLECTANCE)
            .filterDate(f"{year - 1}-12-31", f"{year + 1}-01-02")
            .filterBounds(area)
            .filter(ee.Filter.stringContains("system:index", zone))
        )
        if self.clouds == "cloud_score":
            images = images.linkCollection(ee.ImageCollection(CLOUD_SCORE), ["cs_cdf"])
        return images.map(lambda image: self._observation(ee.Image(image), shift))

    def days(self, observations: ee.ImageCollection) -> ee.ImageCollection:
        """One mosaic a solar day, with its ``day`` and ``month``."""
        import ee

        def one_day(day: Any) -> ee.Image:
            # The last of a mosaic lies on top, so the day's first observation with data goes last.
            merged = observations.filter(ee.Filter.eq("day", day)).sort("taken", False).mosaic()
            return merged.set({"month": ee.String(day).slice(0, 7), "day": day})

        return ee.ImageCollection(ee.List(observations.aggregate_array("day")).distinct().map(one_day))

    def image(self, days: ee.ImageCollection, year: int) -> ee.Image:
        """One image of 120 bands (:data:`NAMES`, masked where missing) and :data:`OBSERVED`."""
        import ee

        usable = days.map(
            lambda day: ee.Image(day).updateMask(ee.Image(day).select("clear")).select(list(BANDS))
        )
        of_month = (usable.filter(ee.Filter.eq("month", f"{year}-{m:02d}")) for m in range(1, 13))
        months = [_median(observations, self.certain) for observations in of_month]
        nothing = ee.ImageCollection([ee.Image.constant(0).rename("clear").toFloat().updateMask(0)])
        seen = _of_year(days, year).merge(nothing).count()
        return ee.Image.cat([*months, seen]).rename([*NAMES, OBSERVED]).toFloat()

    def _observation(self, image: ee.Image, shift: Any) -> ee.Image:
        """An image's ten bands and ``clear`` (0 or 1), all there or all masked, with its solar day."""
        import ee

        bands = image.select(list(BANDS)).toFloat()
        clear = image.select("SCL").remap(list(self.masked), [0] * len(self.masked), 1)
        if self.clouds == "cloud_score":
            clear = clear.And(image.select("cs_cdf").gte(self.threshold))
        # Unknown is not clear, and must not open the way for another image of the day.
        clear = clear.unmask(0, False).toFloat().rename("clear")
        at = (
            ee.Date(image.get("system:time_start")).advance(shift, "second").format("YYYY-MM-dd HH:mm:ss.SSS")
        )
        day, about = at.slice(0, 10), image.toDictionary()
        told = [ee.String(about.get(name, "")) for name in ("SPACECRAFT_NAME", "PROCESSING_BASELINE")]
        named = {
            "taken": at.cat(ee.String(image.get("system:index"))),
            "day": day,
            "told": day.cat("|").cat(told[0]).cat("|").cat(told[1]),
        }
        return bands.addBands(clear).updateMask(bands.mask().reduce(ee.Reducer.min())).set(named)


def _of_year(days: ee.ImageCollection, year: int) -> ee.ImageCollection:
    """Which pixels are clear on each day of a year."""
    import ee

    return days.select("clear").filter(ee.Filter.stringStartsWith("month", str(year)))


def _median(observations: ee.ImageCollection, certain: bool) -> ee.Image:
    """The median of a month's observations, the mean of the two middle ones where they are even in number.

    Earth Engine's documents leave open what its median does with an even number; public exports of integer bands hold
    medians that end in .5, as the mean of the two middle values gives. If it took one of them, the difference would be
    half the gap between two neighbouring values at most.

    Args:
        observations: of one month, clear, one a solar day.
        certain: leave nothing open: an even stack is reduced twice, with one observation below all others and with one
            above, which gives either middle value. It nearly doubles what a project pays.

    Returns:
        An image of the ten bands.
    """
    import ee

    names = list(BANDS)
    nothing = ee.Image.constant([0] * len(names)).rename(names).toFloat().updateMask(0)
    stack = observations.merge(
        ee.ImageCollection([nothing])
    )  # bands are there even in a month without an image
    if not certain:
        return stack.reduce(ee.Reducer.median(maxRaw=_MOST_DAYS)).rename(names)
    count = stack.select(names[0]).count()

    def middle(beyond: float) -> ee.Image:
        extra = (
            ee.Image.constant([beyond] * len(names)).rename(names).toFloat().updateMask(count.mod(2).eq(0))
        )
        odd = stack.merge(ee.ImageCollection([extra]))
        return odd.reduce(ee.Reducer.median(maxRaw=_MOST_DAYS)).rename(names)

    return middle(-_BEYOND).add(middle(_BEYOND)).divide(2).updateMask(count.gt(0))


def points(pixels: list[Pixel], year: int, rule: CompositeRule) -> ee.FeatureCollection:
    """The months of pixels, as Earth Engine is to compute them.

    Args:
        pixels: on the 10 m grid.
        year: calendar year.
        rule: what decides a value.

    Returns:
        A feature for each pixel with its number ``n`` and ``values``: :data:`NAMES`, then :data:`OBSERVED`. Missing
        months are :data:`MISSING`: a list on the server cannot hold gaps. Beside them stand
        ``clear``, by names that hold a day as ``20180705``: 1 where it is in a median; and ``told``, texts of a day,
        satellite and baseline.
    """
    import ee

    names = [*NAMES, OBSERVED]

    def read(feature: Any) -> ee.Feature:
        observations = _observations(feature, year, rule)
        days = rule.days(observations)
        months = _value(feature, rule.image(days, year).unmask(MISSING, False))
        # bands are named after the day; one is there in a year without any image too
        named = _of_year(days, year).map(
            lambda day: day.unmask(0, False).set(
                "system:index", ee.String(day.get("day")).replace("-", "", "g")
            )
        )
        none = ee.Image.constant(0).rename("clear").toFloat().set("system:index", "none")
        clear = _value(feature, named.merge(ee.ImageCollection([none])).toBands())
        told = ee.List(observations.aggregate_array("told")).distinct()
        found = {"n": feature.get("n"), "values": months.values(names), "clear": clear, "told": told}
        return ee.Feature(None, found)

    return ee.FeatureCollection([_feature(n, pixel) for n, pixel in enumerate(pixels)]).map(read)


def table(
    pixels: list[Pixel], lonlats: list[tuple[float, float]], year: int, rule: CompositeRule
) -> ee.FeatureCollection:
    """A row for each pixel, to export: ``n``, ``lon``, ``lat``, ``year`` and :data:`NAMES`, empty where missing."""
    import ee

    rows = [
        _feature(n, pixel, lon=lon, lat=lat, year=year)
        for n, (pixel, (lon, lat)) in enumerate(zip(pixels, lonlats, strict=True))
    ]

    def read(row: Any) -> ee.Feature:
        days = rule.days(_observations(row, year, rule))
        return row.set(_value(row, rule.image(days, year)))

    return ee.FeatureCollection(rows).map(read)


def window(grid: Grid, year: int, rule: CompositeRule) -> ee.Image:
    """The image of a window; months that are missing are :data:`MISSING`."""
    import ee

    corner = grid.corner
    left, top = PIXEL * corner.column, PIXEL * corner.row
    west, south, east, north = from_degrees(corner.epsg).transform_bounds(
        left, top - PIXEL * grid.height, left + PIXEL * grid.width, top, direction="INVERSE"
    )
    middle = Pixel(corner.epsg, corner.column + grid.width // 2, corner.row - grid.height // 2)
    observations = rule.observations(
        ee.Geometry.BBox(west, south, east, north), _zone(corner.epsg), _shift(middle.place[0]), year
    )
    return rule.image(rule.days(observations), year).unmask(MISSING, False)


def _observations(feature: Any, year: int, rule: CompositeRule) -> ee.ImageCollection:
    """What was taken of the pixel that holds a feature."""
    import ee

    zone, shift = ee.String(feature.get("zone")), ee.Number(feature.get("shift"))
    return rule.observations(feature.geometry(), zone, shift, year)


def _value(feature: Any, image: ee.Image) -> ee.Dictionary:
    """An image's value in the pixel that holds a feature, on that pixel's own grid."""
    import ee

    grid = ee.Projection(ee.String(feature.get("crs")), [PIXEL, 0, 0, 0, -PIXEL, 0])
    return image.reduceRegion(ee.Reducer.first(), feature.geometry(), crs=grid)


def _feature(n: int, pixel: Pixel, **more: Any) -> ee.Feature:
    import ee

    lon, lat = pixel.place
    told = {"n": n, "zone": _zone(pixel.epsg), "crs": f"EPSG:{pixel.epsg}", "shift": _shift(lon)}
    return ee.Feature(ee.Geometry.Point([lon, lat]), {**told, **more})


def _zone(epsg: int) -> str:
    return f"_T{epsg % 100:02d}"


def _shift(lon: float) -> int:
    return round(lon / 15 * 3600)
