"""What Earth Engine's functions compute, after their public reference, for those that this package uses.

Images are lazy (tests/earth_engine_images.py). Nothing here comes from the package.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from earth_engine_images import Feature, Geometry, Grid, Image, Pixels, transformer


class Refused(Exception):
    """What the service answers with 400."""


@dataclass(frozen=True)
class Date:
    moment: datetime


@dataclass(frozen=True)
class Projection:
    crs: str
    transform: tuple[float, ...]


@dataclass(frozen=True)
class Reducer:
    """output: the name; reduce: (n, ...) values and masks -> values and mask, (...)."""

    output: str
    reduce: Callable[[np.ndarray, np.ndarray], Pixels]


@dataclass(frozen=True)
class Habits:
    """Points that the public reference leaves open; results must not depend on them.

    even: the median of an even number is the "mean" of the middle two, or the "lower" or "upper" one.
    empty_count: whether the count of no valid input is a valid 0 or masked.
    """

    even: str = "mean"
    empty_count: bool = True


class Algorithms:
    """Functions by their name on the server; arguments by theirs. ``catalog``: images by collection."""

    def __init__(self, catalog: dict[str, list[Image]], habits: Habits) -> None:
        self.catalog, self.habits = catalog, habits
        self.table: dict[str, Callable[..., Any]] = {
            "AggregateFeatureCollection.array": lambda collection, property: [
                value for e in collection if (value := e.properties.get(property)) is not None
            ],
            "Collection": lambda features: list(features),
            "Collection.filter": lambda collection, filter: [e for e in collection if filter(e)],
            "Collection.limit": _limit,
            "Collection.map": lambda collection, baseAlgorithm: [baseAlgorithm(e) for e in collection],
            "Date": lambda value: value if isinstance(value, Date) else Date(_moment(value)),
            "Date.advance": lambda date, delta, unit: Date(
                date.moment + delta * {"second": timedelta(seconds=1)}[unit]
            ),
            "Date.format": lambda date, format: _joda(date.moment, format),
            "DateRange": lambda start, end: (_moment(start), _moment(end)),
            "Dictionary.get": lambda dictionary, key, defaultValue=None: dictionary.get(key, defaultValue),
            "Dictionary.values": lambda dictionary, keys: [dictionary[k] for k in keys],
            "Element.get": lambda object, property: object.properties.get(property),
            "Element.set": lambda object, key, value: _with(object, {key: value}),
            "Element.toDictionary": lambda element: {
                k: v for k, v in element.properties.items() if not k.startswith("system:")
            },
            "Element.setMulti": lambda object, properties: _with(object, properties),
            "Feature": lambda geometry=None, metadata=None: Feature(geometry, dict(metadata or {})),
            "Feature.geometry": lambda feature: feature.geometry,
            "Filter.dateRangeContains": lambda leftValue, rightField: (
                lambda e: leftValue[0] <= _moment(e.properties[rightField]) < leftValue[1]
            ),
            "Filter.equals": lambda leftField, rightValue: (
                lambda e: e.properties.get(leftField) == rightValue
            ),
            "Filter.intersects": lambda leftField, rightValue: lambda e: _touch(e.box, rightValue.box),
            "Filter.stringContains": lambda leftField, rightValue: (
                lambda e: rightValue in e.properties[leftField]
            ),
            "Filter.stringStartsWith": lambda leftField, rightValue: (
                lambda e: e.properties[leftField].startswith(rightValue)
            ),
            "GeometryConstructors.Point": lambda coordinates: Geometry((tuple(coordinates),)),
            "GeometryConstructors.Polygon": _polygon,
            "Image.add": lambda image1, image2: _both(image1, image2, np.add),
            "Image.addBands": lambda dstImg, srcImg: _add_bands(dstImg, srcImg),
            "Image.and": lambda image1, image2: _both(image1, image2, lambda a, b: (a != 0) & (b != 0)),
            "Image.constant": _constant,
            "Image.divide": lambda image1, image2: _both(image1, image2, np.divide),
            "Image.eq": lambda image1, image2: _both(image1, image2, np.equal),
            "Image.gt": lambda image1, image2: _both(image1, image2, np.greater),
            "Image.gte": lambda image1, image2: _both(image1, image2, np.greater_equal),
            "Image.linkCollection": _link,
            "Image.mask": lambda image: image.like(
                image.names,
                ["float"] * len(image.names),
                lambda g: (image(g)[1] * 1.0, np.ones_like(image(g)[1])),
            ),
            "Image.mod": lambda image1, image2: _both(image1, image2, np.mod),
            "Image.reduce": _reduce_bands,
            "Image.reduceRegion": _reduce_region,
            "Image.remap": _remap,
            "Image.rename": lambda input, names: _rename(input, names),
            "Image.select": _select,
            "Image.toFloat": lambda value: value.like(
                value.names,
                ["float"] * len(value.names),
                lambda g: (value(g)[0].astype(np.float32).astype(float), value(g)[1]),
            ),
            "Image.unmask": _unmask,
            "Image.updateMask": _update_mask,
            "ImageCollection.fromImages": lambda images: list(images),
            "ImageCollection.load": lambda id: self.load(id),
            "ImageCollection.merge": lambda collection1, collection2: [
                _with(e, {"system:index": f"{n}_{e.properties['system:index']}"})
                if "system:index" in e.properties
                else e
                for n, part in ((1, collection1), (2, collection2))
                for e in part
            ],
            "ImageCollection.mosaic": _mosaic,
            "ImageCollection.toBands": _to_bands,
            "ImageCollection.reduce": lambda collection, reducer: _reduce(
                collection, reducer, f"_{reducer.output}"
            ),
            "List.distinct": lambda list: [*dict.fromkeys(list)],
            "List.map": lambda list, baseAlgorithm, dropNulls=False: [baseAlgorithm(e) for e in list],
            "Projection": lambda crs, transform: Projection(crs, tuple(transform)),
            "Reducer.first": lambda: Reducer("first", _first),
            "Reducer.median": lambda maxRaw=None: Reducer("median", lambda v, m: self.median(v, m, maxRaw)),
            "Reducer.min": lambda: Reducer("min", _minimum),
            "String": lambda input: str(input),
            "String.cat": lambda string1, string2: string1 + string2,
            "String.replace": lambda input, regex, replacement, flags="": re.sub(
                regex, replacement, input, count=0 if "g" in flags else 1
            ),
            "String.slice": lambda string, start, end=None: string[start:end],
            "reduce.count": lambda collection: _reduce(collection, Reducer("count", self.count), "", "int"),
        }

    def load(self, name: str) -> list[Image]:
        if name not in self.catalog:
            raise Refused(f"ImageCollection.load: ImageCollection asset '{name}' not found.")
        return sorted(self.catalog[name], key=lambda image: image.properties["system:index"])

    def count(self, values: np.ndarray, masks: np.ndarray) -> Pixels:
        found = masks.sum(0)
        return found.astype(float), (found > 0) | self.habits.empty_count

    def median(self, values: np.ndarray, masks: np.ndarray, most: int | None) -> Pixels:
        """Of the values themselves; more than ``most`` would be taken from a histogram, which is not done here."""
        if most is not None and len(values) > most:
            raise Refused(
                f"this server computes the median of at most maxRaw = {most} values, not of {len(values)}."
            )
        n = masks.sum(0)
        ordered = np.sort(np.where(masks, values, np.inf), axis=0)
        low, high = np.maximum((n - 1) // 2, 0), np.minimum(n // 2, len(values) - 1)
        lower, upper = (np.take_along_axis(ordered, i[None], 0)[0] for i in (low, high))
        pick = {"mean": (lower + upper) / 2, "lower": lower, "upper": upper}[self.habits.even]
        return np.where(n > 0, pick, 0), n > 0


def _with(element: Image | Feature, more: dict[str, Any]) -> Image | Feature:
    """A copy with other properties; null removes one."""
    merged = {k: v for k, v in {**element.properties, **more}.items() if v is not None}
    if isinstance(element, Feature):
        return replace(element, properties=merged)
    changed = Image(element.names, element.kinds, element, merged, element.box)
    return changed


def _moment(value: Any) -> datetime:
    if isinstance(value, Date):
        return value.moment
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def _joda(moment: datetime, pattern: str) -> str:
    parts = {
        "YYYY": f"{moment.year:04d}", "MM": f"{moment.month:02d}", "dd": f"{moment.day:02d}",
        "HH": f"{moment.hour:02d}", "mm": f"{moment.minute:02d}", "ss": f"{moment.second:02d}",
        "SSS": f"{moment.microsecond // 1000:03d}",
    }  # fmt: skip
    return re.sub("YYYY|MM|dd|HH|mm|ss|SSS", lambda m: parts[m.group()], pattern)


def _touch(a: tuple[float, ...] | None, b: tuple[float, ...] | None) -> bool:
    if a is None or b is None:
        return True
    # east may be beyond 180, and an image's west beyond its east
    wide_a, wide_b = (a[2] - a[0]) % 360, (b[2] - b[0]) % 360
    beside = (b[0] - a[0]) % 360 > wide_a and (a[0] - b[0]) % 360 > wide_b
    return not beside and a[1] <= b[3] and b[1] <= a[3]


def _polygon(coordinates: list[Any], geodesic: bool = True, evenOdd: bool = True) -> Geometry:
    return Geometry(tuple((x, y) for x, y in coordinates[0]))


def _limit(
    collection: list[Any], limit: int | None = None, key: str | None = None, ascending: bool = True
) -> list[Any]:
    out = (
        sorted(collection, key=lambda e: e.properties[key], reverse=not ascending)
        if key
        else list(collection)
    )
    return out[:limit] if limit is not None else out


def _constant(value: Any) -> Image:
    numbers = value if isinstance(value, list) else [value]
    names = [f"constant_{i}" if i else "constant" for i in range(len(numbers))]
    kinds = ["float" if isinstance(n, float) else "int" for n in numbers]

    def read(grid: Grid) -> Pixels:
        shape = (len(numbers), grid.height, grid.width)
        return np.broadcast_to(np.array(numbers, float)[:, None, None], shape), np.ones(shape, bool)

    return Image(names, kinds, read)


def _as_image(value: Any) -> Image:
    return value if isinstance(value, Image) else _constant(value)


def _select(input: Image, bandSelectors: list[Any]) -> Image:
    missing = [b for b in bandSelectors if b not in input.names]
    if missing:
        known = f"[{', '.join(input.names)}]" if input.names else "no bands"
        raise Refused(
            f"Image.select: Band pattern '{missing[0]}' did not match any bands. Available bands: {known}"
        )
    at = [input.names.index(b) for b in bandSelectors]
    return input.like(
        bandSelectors, [input.kinds[i] for i in at], lambda g: (input(g)[0][at], input(g)[1][at])
    )


def _rename(input: Image, names: list[str]) -> Image:
    if len(names) != len(input.names):
        raise Refused(
            f"Image.rename: Can't change the number of bands from {len(input.names)} to {len(names)}."
        )
    return input.like(names, input.kinds, input)


def _add_bands(dstImg: Image, srcImg: Image) -> Image:
    names = list(dstImg.names)
    for name in srcImg.names:
        new, n = name, 0
        while new in names:
            n += 1
            new = f"{name}_{n}"
        names.append(new)
    kinds = dstImg.kinds + srcImg.kinds
    return dstImg.like(
        names,
        kinds,
        lambda g: tuple(np.concatenate([a, b]) for a, b in zip(dstImg(g), srcImg(g), strict=True)),
    )


def _both(image1: Any, image2: Any, operation: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Image:
    left, right = _as_image(image1), _as_image(image2)
    if len(right.names) not in (1, len(left.names)) and len(left.names) != 1:
        raise Refused("Images must have the same number of bands, or one of them a single band.")
    wide = left if len(left.names) >= len(right.names) else right

    def read(grid: Grid) -> Pixels:
        (a, m), (b, k) = left(grid), right(grid)
        return np.where(m & k, operation(a, b), 0).astype(float), m & k

    return left.like(wide.names, ["float"] * len(wide.names), read)


def _remap(image: Image, to: list[float], defaultValue: float | None = None, **rest: Any) -> Image:
    if len(image.names) != 1:
        raise Refused("Image.remap: a band name is needed where the image has several bands.")
    table = dict(zip(rest["from"], to, strict=True))

    def read(grid: Grid) -> Pixels:
        values, mask = image(grid)
        out, known = np.full(values.shape, defaultValue or 0.0), np.zeros(values.shape, bool)
        for old, new in table.items():
            out[values == old] = new
            known |= values == old
        return out, mask & (known | (defaultValue is not None))

    return image.like(["remapped"], ["int"], read)


def _update_mask(image: Image, mask: Any) -> Image:
    by = _as_image(mask)
    if len(by.names) not in (1, len(image.names)):
        raise Refused("Image.updateMask: The mask must have one band, or as many as the image.")

    def read(grid: Grid) -> Pixels:
        (values, old), (new, valid) = image(grid), by(grid)
        return values, old & (new > 0) & valid

    return image.like(image.names, image.kinds, read)


def _unmask(input: Image, value: Any = 0, sameFootprint: bool = True) -> Image:
    if sameFootprint:
        raise Refused("this server knows Image.unmask with sameFootprint = false only.")
    fill = _as_image(value)

    def read(grid: Grid) -> Pixels:
        (values, mask), (other, valid) = input(grid), fill(grid)
        return np.where(mask, values, other), mask | valid

    return Image(input.names, input.kinds, read, input.properties)


def _link(input: Image, imageCollection: list[Image], linkedBands: list[str]) -> Image:
    index = input.properties["system:index"]
    match = next((i for i in imageCollection if i.properties["system:index"] == index), None)
    if match is not None:
        return _add_bands(input, _select(match, linkedBands))
    kinds = ["float"] * len(linkedBands)

    def nothing(grid: Grid) -> Pixels:
        shape = (len(linkedBands), grid.height, grid.width)
        return np.zeros(shape), np.zeros(shape, bool)

    return _add_bands(input, Image(linkedBands, kinds, nothing))


def _mosaic(collection: list[Image]) -> Image:
    """Later images lie on top, band by band, where they are not masked."""
    if not collection:
        return Image(
            [], [], lambda g: (np.zeros((0, g.height, g.width)), np.zeros((0, g.height, g.width), bool))
        )
    _same_bands(collection)

    def read(grid: Grid) -> Pixels:
        values, mask = (a.copy() for a in collection[0](grid))
        for image in collection[1:]:
            over, there = image(grid)
            values[there] = over[there]
            mask |= there
        return values, mask

    return Image(collection[0].names, collection[0].kinds, read)


def _to_bands(collection: list[Image]) -> Image:
    """All bands of all images, named after the images too."""
    if not collection:
        raise Refused("ImageCollection.toBands: what an empty collection gives is not written down.")

    def read(grid: Grid) -> Pixels:
        values, masks = zip(*(image(grid) for image in collection), strict=True)
        return np.concatenate(values), np.concatenate(masks)

    names = [f"{image.properties['system:index']}_{name}" for image in collection for name in image.names]
    return Image(names, [kind for image in collection for kind in image.kinds], read)


def _same_bands(collection: Iterable[Image]) -> None:
    first, *others = collection
    for other in others:
        if (other.names, other.kinds) != (first.names, first.kinds):
            raise Refused(
                "Expected a homogeneous image collection, but an image with incompatible bands was encountered: "
                f"{first.names} {first.kinds}, then {other.names} {other.kinds}."
            )


def _reduce(collection: list[Image], reducer: Reducer, suffix: str, kind: str = "float") -> Image:
    if not collection:
        return _mosaic([])
    _same_bands(collection)

    def read(grid: Grid) -> Pixels:
        values, masks = zip(*(image(grid) for image in collection), strict=True)
        return reducer.reduce(np.stack(values), np.stack(masks))

    names = [name + suffix for name in collection[0].names]
    return Image(names, [kind] * len(names), read)


def _first(values: np.ndarray, masks: np.ndarray) -> Pixels:
    """Of the inputs that are not masked."""
    return np.take_along_axis(values, masks.argmax(0)[None], 0)[0], masks.any(0)


def _minimum(values: np.ndarray, masks: np.ndarray) -> Pixels:
    there = masks.any(0)
    return np.where(there, np.where(masks, values, np.inf).min(0), 0), there


def _reduce_bands(image: Image, reducer: Reducer) -> Image:
    def read(grid: Grid) -> Pixels:
        values, mask = reducer.reduce(*image(grid))
        return values[None], mask[None]

    return image.like([reducer.output], ["float"], read)


def _reduce_region(
    image: Image, reducer: Reducer, geometry: Geometry, crs: Projection | str | None = None, **rest: Any
) -> dict[str, float | None]:
    if rest or not isinstance(crs, Projection) or len(geometry.corners) != 1 or reducer.output != "first":
        raise Refused(
            "this server reduces a point by the first value, on a projection with its transform, only."
        )
    sx, _, x0, _, sy, y0 = crs.transform
    x, y = transformer("EPSG:4326", crs.crs).transform(*geometry.corners[0])
    column, row = np.floor((x - x0) / sx), np.floor((y - y0) / sy)
    pixel = Grid(crs.crs, (sx, 0.0, x0 + sx * column, 0.0, sy, y0 + sy * row))
    values, masks = (a.reshape(len(image.names), -1).T for a in image(pixel))  # (pixels, bands)
    return {
        name: float(value) if there else None
        for name, value, there in zip(image.names, *reducer.reduce(values, masks), strict=True)
    }
