"""What catalogs get wrong: one bad part is left out and said, and no wrong value comes in silence."""

from pathlib import Path

import numpy as np
import pytest
from dated_cube import dated_cube
from stac_catalog import ONE, CatalogWriter, july, one_day
from stac_server import served

from timesen_nb.sources.grid import pixel_at
from timesen_nb.sources.stac import StacSource

PLACE = dated_cube(dates=1).place(2, 2)
GOOD = {"value": 500, "when": "2018-07-20T10:50:00", "name": "good"}


# One bad part


def left_out_of(source: StacSource, *names: str) -> None:
    """The series is that of the good item, and the others are spoken of."""
    with pytest.warns(UserWarning, match="is left out"):
        series = source.pixel(*PLACE, 2018)
    assert series.values[6, 0] == 500
    assert sorted(part["what"] for part in series.provenance["left_out"]) == sorted(names)
    assert series.provenance["dates"] == ["2018-07-20"]


def without(*keys: str):
    def change(item: dict) -> None:
        for key in keys:
            item.get("properties", {}).pop(key, None)
            item.pop(key, None)

    return change


def broken(item: dict) -> None:
    item["assets"] = dict.fromkeys(item["assets"], "no asset")


ODD = {
    "date": without("datetime"),
    "baseline": without("s2:processing_baseline"),
    "place": without("bbox", "geometry"),
    "assets": broken,
    "type": without("type"),
}


@pytest.mark.parametrize("what", ODD)
def test_one_odd_item_is_left_out_and_said(tmp_path: Path, what: str) -> None:
    look = {"value": 900, "style": "planetary-computer", "changed": ODD[what], "name": "odd"}
    left_out_of(one_day(tmp_path, look, GOOD), "odd")


@pytest.mark.parametrize("what", [name for name in ODD if name != "type"])
def test_one_odd_item_of_a_search_is_left_out_and_said(tmp_path: Path, what: str) -> None:
    look = {"value": 900, "style": "planetary-computer", "changed": ODD[what], "name": "odd"}
    one_day(tmp_path, look, GOOD)
    with served(tmp_path) as api:
        left_out_of(StacSource(api.address, cache=False, readers=ONE), "odd")


def test_an_item_without_a_bbox_lies_where_its_geometry_is(tmp_path: Path) -> None:
    source = one_day(tmp_path, {"value": 300, "changed": without("bbox")})
    assert july(source) == 300
    west, south, east, north = source.bounds
    assert west < PLACE[0] < east
    assert south < PLACE[1] < north


def test_heights_in_boxes_and_footprints_are_no_places(tmp_path: Path) -> None:
    def high(item: dict) -> None:
        west, south, east, north = item["bbox"]
        item["bbox"] = [west, south, -10.0, east, north, 3000.0]
        (ring,) = item["geometry"]["coordinates"]
        item["geometry"]["coordinates"] = [[[*corner, 100.0] for corner in ring]]

    source = one_day(tmp_path, {"value": 300, "changed": high})
    assert july(source) == 300
    flat = one_day(tmp_path / "..", {"value": 300, "name": "flat"})
    assert source.bounds == pytest.approx(flat.bounds)
    cube = source.cube(source.bounds, 2018)
    assert np.nanmedian(cube.sel(month=7)) == 300


@pytest.mark.parametrize("band", ["B8", "SCL"])
@pytest.mark.parametrize("how", ["absent", "truncated", "page", "empty"])
@pytest.mark.parametrize("by", ["file", "server"])
def test_one_bad_file_is_left_out_and_said(tmp_path: Path, band: str, how: str, by: str) -> None:
    source = one_day(tmp_path, {"value": 900, "name": "bad"}, GOOD)
    file = tmp_path / f"bad_{band}.tif"
    whole = file.read_bytes()
    {
        "absent": file.unlink,
        "truncated": lambda: file.write_bytes(whole[: len(whole) - 40]),
        "page": lambda: file.write_bytes(b"<html>not found</html>"),
        "empty": lambda: file.write_bytes(b""),
    }[how]()
    if by == "file":
        left_out_of(source, "bad")
        with pytest.warns(UserWarning, match="bad is left out: of its file"):
            cube = source.cube(source.bounds, 2018).sel(month=7).compute(scheduler="synchronous")
        assert np.nanmedian(cube) == 500
        return
    with served(tmp_path) as api:
        source = StacSource(api.address, cache=tmp_path / "cache", readers=ONE)
        left_out_of(source, "bad")
        if how == "absent":  # what will not come back is kept, with what is said of it
            kept = source.pixel(*PLACE, 2018)
            assert len(api.searches) == 1
            assert "404" in kept.provenance["left_out"][0]["why"]


def test_another_version_stands_in_for_a_bad_file(tmp_path: Path) -> None:
    looks = [
        {"value": 300, "baseline": "02.12", "name": "old"},
        {"value": 310, "baseline": "05.00", "name": "new"},
    ]
    source = one_day(tmp_path, *looks)
    assert july(source) == 310
    (tmp_path / "new_B4.tif").unlink()
    with pytest.warns(UserWarning, match="new is left out"):
        series = source.pixel(*PLACE, 2018)
    assert series.values[6, 0] == 300
    assert series.provenance["baselines"] == ["02.12"]


def test_where_most_is_lost_there_is_no_answer(tmp_path: Path) -> None:
    source = one_day(tmp_path, *[{"value": 900, "when": f"2018-07-0{i}T10:50:00"} for i in range(1, 4)], GOOD)
    for i in range(3):
        (tmp_path / f"S2A_{i}_B2.tif").unlink()
    with pytest.raises(ValueError, match=r"Most acquisitions .* 3 of 4.*S2A_.*_B2\.tif: it is not there"):
        source.pixel(*PLACE, 2018)


def test_a_broken_list_of_items_is_said(tmp_path: Path) -> None:
    source = one_day(tmp_path, {"value": 900, "name": "torn"}, {"value": 900, "name": "gone"}, GOOD)
    (tmp_path / "torn.json").write_text('{"type": "Feat')
    (tmp_path / "gone.json").unlink()
    left_out_of(source, "torn.json", "gone.json")


def test_a_static_catalog_on_a_server_may_lack_an_item(tmp_path: Path) -> None:
    one_day(tmp_path, {"value": 900, "name": "gone"}, GOOD)
    (tmp_path / "gone.json").unlink()
    with served(tmp_path) as api:
        source = StacSource(f"{api.address}/catalog.json", cache=False, readers=ONE)
        left_out_of(source, "gone.json")
        with pytest.warns(UserWarning, match=r"gone\.json is left out: it cannot be read: .* error 404"):
            source.pixel(*PLACE, 2018)
        with pytest.raises(ValueError, match=r"answered with the error 404"):
            StacSource(f"{api.address}/other.json", cache=False).pixel(*PLACE, 2018)


def test_an_empty_catalog_says_so(tmp_path: Path) -> None:
    source = StacSource(CatalogWriter(tmp_path).write())
    for ask in (lambda: source.pixel(*PLACE), lambda: source.bounds, lambda: source.years):
        with pytest.raises(ValueError, match=r"lists no items that can be used; expected Sentinel-2"):
            ask()
    with (
        served(tmp_path) as api,
        pytest.raises(ValueError, match=r"no acquisition of 2018 in Sentinel-2 L2A"),
    ):
        StacSource(api.address, cache=False).pixel(*PLACE, 2018)


def test_files_in_a_store_that_wants_keys_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    def in_store(item: dict) -> None:
        for asset in item["assets"].values():
            asset["href"] = "s3://eodata/Sentinel-2/" + asset["href"].removeprefix("./")

    with pytest.raises(ValueError, match=r"s3://\) that wants keys.*Set AWS_ACCESS_KEY_ID"):
        july(one_day(tmp_path / "a", {"value": 300, "changed": in_store}))

    def also_open(item: dict) -> None:
        for asset in item["assets"].values():
            file = asset["href"].removeprefix("./")
            asset["href"] = f"s3://eodata/{file}"
            asset["alternate"] = {"https": {"href": f"https://127.0.0.1:1/{file}"}}

    source = one_day(tmp_path / "b", {"value": 300, "changed": also_open})
    with pytest.raises(ValueError, match=r"https://127\.0\.0\.1:1/S2A_0_SCL\.tif"):
        july(source)


# The edge of a zone


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> StacSource:
    """Tiles of zones 31 and 32 over 6 degrees east, each with days and values of its own."""
    from pyproj import Transformer

    writer, rng = CatalogWriter(tmp_path_factory.mktemp("edge")), np.random.default_rng(1)
    for epsg, days in ((32631, (5, 15, 25)), (32632, (5, 20))):
        x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(6.0, 50.7)
        for day in days:
            values = rng.integers(100, 6000, (10, 200, 200))
            place = {"left": 20 * (x // 20) - 1000, "top": 20 * (y // 20) + 1000, "epsg": epsg}
            writer.add(
                f"{epsg}_{day}", f"2018-07-{day:02d}T10:50:00", values, np.full((200, 200), 4), **place
            )
    return StacSource(writer.write())


@pytest.mark.parametrize("middle", [5.9993, 6.0007])
def test_one_place_has_one_series_at_a_zones_edge(edge: StacSource, middle: float) -> None:
    from pyproj import Transformer

    cube = edge.cube((middle - 0.003, 50.699, middle + 0.003, 50.701), 2018).compute(scheduler="synchronous")
    to_degrees = Transformer.from_crs(cube.rio.crs, 4326, always_xy=True)
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, cube.sizes["y"], 15), rng.integers(0, cube.sizes["x"], 15)
    places = [
        to_degrees.transform(float(cube.x[c]), float(cube.y[r])) for r, c in zip(rows, columns, strict=True)
    ]
    zones = {pixel_at(*place).epsg for place in places}
    assert zones == {32631, 32632}
    for place, one, row, column in zip(places, edge.pixels(places, 2018), rows, columns, strict=True):
        np.testing.assert_array_equal(one.values, cube.values[:, :, row, column])
        days = [5, 15, 25] if pixel_at(*place).epsg == 32631 else [5, 20]
        assert one.provenance["dates"] == [f"2018-07-{day:02d}" for day in days]
    np.testing.assert_array_equal(edge.pixel(*places[0], 2018).values, cube.values[:, :, rows[0], columns[0]])


def test_a_tile_of_the_next_zone_is_read_where_a_catalog_has_no_other(tmp_path: Path) -> None:
    from pyproj import Transformer

    writer = CatalogWriter(tmp_path)
    x, y = Transformer.from_crs(4326, 32631, always_xy=True).transform(6.001, 50.7)
    place = {"left": 20 * (x // 20) - 500, "top": 20 * (y // 20) + 500, "epsg": 32631}
    writer.add("S2A_0", "2018-07-05T10:50:00", np.full((10, 100, 100), 700), np.full((100, 100), 4), **place)
    assert StacSource(writer.write()).pixel(6.001, 50.7, 2018).values[6, 0] == 700


def test_a_cube_over_the_date_line_is_what_its_pixels_are(tmp_path: Path) -> None:
    from pyproj import Transformer

    writer, rng = CatalogWriter(tmp_path), np.random.default_rng(1)
    for epsg, lon in ((32760, 179.999), (32701, -179.999)):
        x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, -17.0)
        place = {"left": 20 * (x // 20) - 1000, "top": 20 * (y // 20) + 1000, "epsg": epsg}
        for day in (5, 20):
            values = rng.integers(100, 6000, (10, 200, 200))
            writer.add(
                f"{epsg}_{day}", f"2018-07-{day:02d}T22:30:00", values, np.full((200, 200), 4), **place
            )
    source = StacSource(writer.write())
    west, _, east, _ = source.bounds
    assert 179.9 < west < 180 < east < 180.1
    assert source.cube(source.bounds, 2018).shape[2:] > (200, 200)
    cube = source.cube((179.997, -17.001, -179.997, -16.999), 2018).compute(scheduler="synchronous")
    to_degrees = Transformer.from_crs(cube.rio.crs, 4326, always_xy=True)
    places = [to_degrees.transform(float(cube.x[c]), float(cube.y[3])) for c in (1, 10, 40, 60)]
    assert {np.sign(lon) for lon, _ in places} == {-1, 1}
    for column, series in zip((1, 10, 40, 60), source.pixels(places, 2018), strict=True):
        assert series.valid[6]
        np.testing.assert_array_equal(series.values, cube.values[:, :, 3, column])
