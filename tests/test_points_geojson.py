"""Labelled points in GeoJSON: the place of any shape, or words that say what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from point_tables import BRUSSELS, SERIES

from timesen_nb.datasets import read_points
from timesen_nb.datasets.points import COLUMNS


def feature(geometry: object, **properties: object) -> dict[str, object]:
    series = dict(zip(COLUMNS, SERIES.ravel().tolist(), strict=True))
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"true_class": "wheat"} | series | properties,
    }


def collection(path: Path, *features: object, **more: object) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more))
    return path


POINT = {"type": "Point", "coordinates": list(BRUSSELS)}


def named(name: object) -> dict[str, object]:
    return {"crs": {"type": "name", "properties": {"name": name}}}


@pytest.mark.parametrize(
    ("features", "more", "place"),
    [
        ([feature(POINT)], {}, BRUSSELS),
        ([feature(POINT, lon=-70.0, lat=10.0)], {}, BRUSSELS),  # the geometry is the place
        ([feature({"type": "Point", "coordinates": [*BRUSSELS, 56.0]})], {}, BRUSSELS),
        ([feature({"type": "MultiPoint", "coordinates": [list(BRUSSELS)]})], {}, BRUSSELS),
        ([feature(POINT)], {"crs": None}, BRUSSELS),
        ([feature(POINT)], named("urn:ogc:def:crs:OGC:1.3:CRS84"), BRUSSELS),
        ([feature(POINT)], named("urn:ogc:def:crs:EPSG::4326"), BRUSSELS),
        # 3 degrees east, on the equator, is the middle of UTM zone 31 by definition
        ([feature({"type": "Point", "coordinates": [500_000, 0]})], named("EPSG:32631"), (3.0, 0.0)),
        ([feature({"type": "Point", "coordinates": [4_321_000, 3_210_000]})], named("EPSG:3035"), (10.0, 52.0)),
        ([feature({"type": "Point", "coordinates": [5e5, 0]})], named("urn:ogc:def:crs:EPSG::32631"), (3.0, 0.0)),
    ],
)  # fmt: skip
def test_places_of_geojson(tmp_path, features, more, place):
    points = read_points(collection(tmp_path / "p.geojson", *features, **more))
    np.testing.assert_allclose(points.lonlats, [place], atol=1e-6)
    np.testing.assert_array_equal(np.asarray(points.values[0]), SERIES.astype(np.float32))


@pytest.mark.parametrize(
    ("features", "more", "said"),
    [
        ([feature(POINT), feature(None)], {}, "feature 2 has no geometry"),
        ([{"type": "Feature", "properties": {}}], {}, "feature 1 has no geometry"),
        ([feature({"type": "Polygon", "coordinates": []})], {}, "feature 1 is a Polygon.*centroids"),
        ([feature({"type": "MultiPoint", "coordinates": [[4, 50], [5, 51]]})], {}, "is a MultiPoint"),
        ([feature({"type": "Point", "coordinates": []})], {}, "has the coordinates \\[\\]"),
        ([feature({"type": "Point", "coordinates": [None, 50]})], {}, "has the coordinates"),
        ([feature({"type": "Point", "coordinates": [601_000, 5_630_000]})], {}, "Metres of a map projection"),
        ([feature({"type": "Point", "coordinates": [50.85, 104.35]})], {}, "other way round"),
        ([feature(POINT)], named("EPSG:999999"), "EPSG:999999, which is not known"),
        ([feature(POINT)], named(None), "not known"),
        ([feature(POINT)], {"crs": {"type": "link", "properties": {"href": "x"}}}, "not known"),
        ([feature({"type": "Point", "coordinates": [1e30, 1e30]})], named("EPSG:3035"), "no place in the coordinate"),
        ([feature(POINT, B4_m07="high")], {}, "'high' in column B4_m07"),
        (["x"], {}, "no GeoJSON"),
    ],
)  # fmt: skip
def test_geojson_that_says_no_place(tmp_path, features, more, said):
    with pytest.raises(ValueError, match=said):
        read_points(collection(tmp_path / "p.geojson", *features, **more))


@pytest.mark.filterwarnings("ignore:.*of a class named")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_class_codes_of_geojson(tmp_path, encoding):
    path = tmp_path / "p.geojson"
    labels = ["0100", 211, 212.0, None, "NA", "Grünland", True]
    features = [feature(POINT, true_class=label) for label in labels]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    assert read_points(path).labels.tolist() == ["0100", "211", "212", "", "NA", "Grünland", "True"]
