"""Sentinel-2 from STAC catalogs: small COGs on disk and on 127.0.0.1, read by the real pystac-client and odc-stac."""

import logging
import pickle
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from dated_cube import EPSG, LEFT, TOP, DatedCube, dated_cube
from stac_catalog import CatalogWriter, july, one_day
from stac_server import Api, served

import timesen_nb as tn
from timesen_nb.sources.grid import Grid, holds
from timesen_nb.sources.stac import StacSource

WIDTH = 12
DATES = 16


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return dated_cube(dates=DATES, height=8, width=WIDTH)


@pytest.fixture(scope="module")
def catalog(world: DatedCube, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiles that overlap by four pixels, both kinds of items, old and new baselines."""
    writer = CatalogWriter(tmp_path_factory.mktemp("catalog"))
    kinds = [
        {"style": "earth-search", "baseline": "02.12", "applied": False},
        {"style": "earth-search", "baseline": "05.09", "applied": True},
        {"style": "earth-search", "baseline": "04.00", "applied": False},
        {"style": "planetary-computer", "baseline": "02.12"},
        {"style": "planetary-computer", "baseline": "05.10"},
    ]
    for i, when in enumerate(world.times):
        for tile, columns in (("A", slice(0, 8)), ("B", slice(4, WIDTH))):
            writer.add(
                f"S2A_{tile}_{i:03d}",
                when,
                world.values[i][..., columns],
                world.scl[i][..., columns],
                left=LEFT + 10 * columns.start,
                **kinds[i % len(kinds)],
            )
    return writer.write()


@pytest.fixture
def api(catalog: Path):
    with served(catalog.parent) as api:
        yield api


def test_pixels_are_the_composite_of_all_looks(world: DatedCube, catalog: Path) -> None:
    source = tn.open_source("stac", catalog=catalog)
    assert isinstance(source, tn.Source)
    assert list(source.years) == [2018]
    at = [(0, 0), (7, 11), (3, 5), (4, 7), (3, 4)]
    series = source.pixels([world.place(*p) for p in at], 2018)
    for one, (row, column) in zip(series, at, strict=True):
        np.testing.assert_array_equal(one.values, world.months(2018)[:, :, row, column])
    assert not series[0].valid[10]
    assert 3 < series[0].valid.sum() < 12


def test_the_cube_is_lazy_and_the_same(world: DatedCube, catalog: Path) -> None:
    source = tn.open_source("stac", catalog=catalog)
    west, south, east, north = source.bounds
    inside = 2e-5
    cube = source.cube((west + inside, south + inside, east - inside, north - inside))
    assert cube.chunks is not None
    assert cube.dims == ("month", "band", "y", "x")
    assert cube.rio.crs.to_epsg() == EPSG
    ours = cube.sel(x=LEFT + 5 + 10 * np.arange(WIDTH), y=TOP - 5 - 10 * np.arange(8))
    np.testing.assert_array_equal(ours.values, world.months(2018))
    beyond = cube.where((cube.x > LEFT + 10 * WIDTH) | (cube.y > TOP), drop=True)
    assert np.isnan(beyond.values).all()


def test_a_month_of_the_cube_reads_its_own_scenes_only(world: DatedCube, tmp_path: Path) -> None:
    writer = CatalogWriter(tmp_path)
    for i, when in enumerate(["2018-03-05T10:50:00", "2018-07-05T10:50:00"]):
        writer.add(f"S2A_{i}", when, world.values[i], np.full_like(world.scl[i], 4))
    source = StacSource(writer.write())
    cube = source.cube(source.bounds)
    for file in tmp_path.glob("S2A_0_*.tif"):
        file.unlink()
    july = cube.sel(month=7).dropna("y", how="all").dropna("x", how="all")
    np.testing.assert_array_equal(july.values, np.where(world.values[1] == 0, np.nan, world.values[1]))


def test_duplicates_of_a_day_count_once(tmp_path: Path) -> None:
    looks = [{"value": 100}, {"value": 100}, {"value": 100}]
    others = [{"value": 700, "when": "2018-07-10T10:50:00"}, {"value": 900, "when": "2018-07-15T10:50:00"}]
    assert july(one_day(tmp_path, *looks, *others)) == 700


def test_a_second_tile_shows_only_beyond_the_first(tmp_path: Path) -> None:
    source = one_day(
        tmp_path, {"value": 300, "columns": slice(0, 6)}, {"value": 500, "columns": slice(2, 10)}
    )
    assert july(source, column=4) == 300
    assert july(source, column=7) == 500


def test_the_newest_processing_of_a_look_counts(tmp_path: Path) -> None:
    source = one_day(tmp_path, {"value": 300, "baseline": "02.12"}, {"value": 310, "baseline": "05.00"})
    assert july(source) == 310


def test_a_cloud_in_the_look_that_counts_hides_the_day(tmp_path: Path) -> None:
    source = one_day(
        tmp_path,
        {"value": 300, "scl": 9},
        {"value": 310, "scl": 4},
        {"value": 800, "when": "2018-07-10T10:50:00"},
    )
    assert july(source) == 800


def test_tiles_of_the_next_zone_do_not_count_inside_this_one(tmp_path: Path) -> None:
    from pyproj import Transformer

    writer = CatalogWriter(tmp_path)
    lon, lat = dated_cube(dates=1).place(2, 2)
    x, y = Transformer.from_crs(4326, 32632, always_xy=True).transform(lon, lat)
    for day, epsg, left, top, value in [
        ("2018-07-05", 32631, LEFT, TOP, 300),
        ("2018-07-05", 32632, 20 * (x // 20) - 200, 20 * (y // 20) + 200, 900),
        ("2018-07-06", 32632, 20 * (x // 20) - 200, 20 * (y // 20) + 200, 900),
    ]:
        values = np.full((10, 40, 40), value, dtype=np.uint16)
        scl = np.full((40, 40), 4)
        writer.add(f"{epsg}_{day}", f"{day}T10:50:00", values, scl, left=left, top=top, epsg=epsg)
    assert july(StacSource(writer.write())) == 300


def test_a_corner_of_a_cube_that_leans_out_of_its_box_has_all_its_dates(tmp_path: Path) -> None:
    """Far from the middle of its zone a window is turned against the box in degrees that it was made for."""
    from pyproj import Transformer

    writer = CatalogWriter(tmp_path)
    lon, lat = Transformer.from_crs(32631, 4326, always_xy=True).transform(363_000.0, 6_597_000.0)
    bbox = lon - 0.03, lat - 0.005, lon + 0.03, lat + 0.005
    grid = Grid.over(bbox)
    for day, side, left, top, value in [
        ("2018-07-05", 800, 359_000, 6_600_000, 300),
        ("2018-07-15", 4, grid.x[-1] - 35, grid.y[0] + 5, 900),
    ]:
        values, scl = np.full((10, side, side), value, dtype=np.uint16), np.full((side, side), 4)
        writer.add(f"S2A_{day}", f"{day}T10:50:00", values, scl, left=left, top=top, epsg=32631)
    source = StacSource(writer.write(), readers=1)
    corner = grid.corners[2].place
    assert not holds(bbox, *corner)
    alone = source.pixel(*corner, 2018).values[6, 0]
    assert alone == 600
    assert source.cube(bbox, 2018).sel(month=7).isel(band=0, y=0, x=-1) == alone


def test_items_without_all_files_are_left_out(world: DatedCube, tmp_path: Path) -> None:
    source = one_day(
        tmp_path, {"value": 300, "without": ("B11",)}, {"value": 500, "when": "2018-07-09T10:50:00"}
    )
    with pytest.warns(UserWarning, match=r"S2A_0 is left out: it has no file for B11"):
        assert july(source) == 500
    with pytest.raises(ValueError, match=r"S2A_0: it has no file for B11"):
        july(one_day(tmp_path, {"value": 300, "without": ("B11",)}))


# Through a server


def test_a_click_is_one_search_and_is_kept(world: DatedCube, api: Api, tmp_path: Path) -> None:
    source = tn.open_source("stac", catalog=api.address, cache=tmp_path)
    assert source.bounds is None
    assert source.years[0] == 2017
    place = world.place(3, 5)
    series = source.pixel(*place, 2018)
    np.testing.assert_array_equal(series.values, world.months(2018)[:, :, 3, 5])
    assert len(api.searches) == 1
    assert api.searches[0]["collections"] == ["sentinel-2-l2a"]
    masked = [n for n in api.files if "_B2" in n]
    assert 0 < len(set(masked)) < 2 * DATES, "bands of days without a clear look are not read"
    read = len(api.files)
    again = tn.open_source("stac", catalog=api.address, cache=tmp_path).pixel(*place, 2018)
    np.testing.assert_array_equal(again.values, series.values)
    assert (len(api.searches), len(api.files)) == (1, read)


def test_near_places_are_read_together_and_in_order(world: DatedCube, api: Api, tmp_path: Path) -> None:
    source = tn.open_source("stac", catalog=api.address, cache=tmp_path)
    at = [(row, column) for row in range(8) for column in range(WIDTH)][::-1]
    series = source.pixels([world.place(*p) for p in at], 2018)
    assert len(api.searches) == 1
    for one, (row, column) in zip(series, at, strict=True):
        np.testing.assert_array_equal(one.values, world.months(2018)[:, :, row, column])


def test_pages_of_a_search_are_followed(world: DatedCube, api: Api, tmp_path: Path) -> None:
    api.set(page=7)
    series = tn.open_source("stac", catalog=api.address, cache=tmp_path).pixel(*world.place(3, 5), 2018)
    assert len(api.searches) == 5
    np.testing.assert_array_equal(series.values, world.months(2018)[:, :, 3, 5])


def test_fifty_threads_make_one_request(world: DatedCube, api: Api, tmp_path: Path) -> None:
    together = threading.Barrier(50)

    def ask(_: int) -> np.ndarray:
        source = StacSource(api.address, cache=tmp_path)
        together.wait()
        return source.pixel(*world.place(0, 0), 2018).values

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert len(api.searches) == 1
    for values in answers:
        np.testing.assert_array_equal(values, world.months(2018)[:, :, 0, 0])


def test_what_was_read_is_there_without_the_network(world: DatedCube, catalog: Path, tmp_path: Path) -> None:
    with served(catalog.parent) as api:
        first = StacSource(api.address, cache=tmp_path).pixel(*world.place(1, 1), 2018)
    offline = StacSource(api.address, cache=tmp_path)
    np.testing.assert_array_equal(offline.pixel(*world.place(1, 1), 2018).values, first.values)
    with pytest.raises(ValueError, match=r"cannot be reached: there is no network.*\"sample\""):
        offline.pixel(*world.place(1, 2), 2018)


def test_a_busy_catalog_is_asked_again(world: DatedCube, api: Api, tmp_path: Path) -> None:
    api.set(answers=[503])
    StacSource(api.address, cache=tmp_path).pixel(*world.place(0, 0), 2018)
    assert len(api.searches) == 2


def test_a_refusal_is_said_at_once(world: DatedCube, api: Api, tmp_path: Path) -> None:
    api.set(answers=[403])
    with pytest.raises(ValueError, match=r"answered with the error 403"):
        StacSource(api.address, cache=tmp_path).pixel(*world.place(0, 0), 2018)
    assert len(api.searches) == 1


def test_a_catalog_that_hangs_ends_at_the_deadline_and_the_source_lives(
    world: DatedCube, api: Api, tmp_path: Path
) -> None:
    api.set(wait=300)
    source = StacSource(api.address, cache=tmp_path, deadline=0.6, attempts=1)
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"no answer within|did not answer in time"):
        source.pixel(*world.place(0, 0), 2018)
    assert time.monotonic() - started < 120
    api.set(wait=0)
    patient = StacSource(api.address, cache=tmp_path)
    assert patient.pixel(*world.place(0, 0), 2018).valid.any()


def test_files_that_hang_end_at_the_deadline(world: DatedCube, api: Api, tmp_path: Path) -> None:
    api.set(files_wait=300)
    source = StacSource(api.address, cache=tmp_path, deadline=3)
    started = time.monotonic()
    with pytest.raises(ValueError, match="no answer within"):
        source.pixel(*world.place(0, 0), 2018)
    assert time.monotonic() - started < 120
    assert not list(tmp_path.rglob("*.npz")), "what was not read is not kept"


def test_a_request_can_be_cancelled(world: DatedCube, api: Api, tmp_path: Path) -> None:
    api.set(wait=300)
    source = StacSource(api.address, cache=tmp_path)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(source.pixel, *world.place(0, 0), 2018)
        while not api.searches:
            time.sleep(0.01)
        assert source.state.startswith("asking")
        source.cancel()
        with pytest.raises(ValueError, match="cancelled"):
            asked.result(timeout=120)
    assert source.state == ""


def test_a_file_that_cannot_be_read_is_named_without_its_token(
    world: DatedCube, catalog: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd
) -> None:
    with served(catalog.parent) as api:
        source = StacSource(api.address, cache=tmp_path)
        source._catalog.sign = lambda href: href.replace("_SCL.tif", "_gone.tif") + "?sig=topsecret"
        with (
            caplog.at_level(logging.INFO),
            pytest.raises(ValueError, match=r"_SCL\.tif: it is not there \(.*404") as caught,
        ):
            source.pixel(*world.place(0, 0), 2018)
    assert "topsecret" not in str(caught.value)
    assert "topsecret" not in caplog.text
    assert "topsecret" not in capfd.readouterr().err


# What a place, year or catalog may be


@pytest.mark.parametrize(
    ("lon", "lat", "year", "words"),
    [
        (-30.0, 40.0, 2018, "not the open sea"),
        (0.0, 89.9, 2018, "at a pole"),
        (0.0, -85.0, 2018, "at a pole"),
        (200.0, 0.0, 2018, "expected longitude"),
        (4.4, 50.7, 2016, "year given: 2016"),
        (4.4, 50.7, 1999, "year given: 1999"),
        (180.0, 10.0, 2018, "not the open sea"),
        (-180.0, 10.0, 2018, "not the open sea"),
    ],
)
def test_places_and_years_that_are_not_there_are_said(
    api: Api, tmp_path: Path, lon: float, lat: float, year: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        StacSource(api.address, cache=tmp_path).pixel(lon, lat, year)
    for search in api.searches:
        west, _, east, _ = search["bbox"]
        assert -180 <= west <= east <= 180
        assert east - west < 1


def test_boxes_that_are_none_are_said(catalog: Path) -> None:
    source = StacSource(catalog)
    with pytest.raises(ValueError, match=r"covers 180\.00000, 0\.50000: .*not the open sea"):
        source.cube((179.9, 0, -179.9, 1))
    with pytest.raises(ValueError, match="west < east"):
        source.cube((4.4, 50.7, 4.4, 50.8))
    with pytest.raises(ValueError, match="not the open sea"):
        source.cube((-30.01, 40, -30, 40.01))
    with pytest.raises(ValueError, match="year given: 2023"):
        source.cube(source.bounds, year=2023)


def test_a_year_of_clouds_is_said_and_not_read_again(api: Api, tmp_path: Path) -> None:
    writer = CatalogWriter(tmp_path)
    for i in range(3):
        values = np.full((10, 8, 8), 9000, dtype=np.uint16)
        writer.add(f"S2A_{i}", f"2018-0{i + 1}-05T10:50:00", values, np.full((8, 8), 9))
    source = StacSource(writer.write(), cache=tmp_path / "cache")
    place = dated_cube(dates=1).place(2, 2)
    for _ in range(2):
        with pytest.raises(ValueError, match="no month of 2018 has a clear observation"):
            source.pixel(*place, 2018)
        for file in tmp_path.glob("*.tif"):
            file.unlink()


def test_catalogs_that_are_none_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"expected one of earth-search, planetary-computer"):
        tn.open_source("stac", catalog="earth-seach")
    (tmp_path / "catalog.json").write_text("{}")
    with pytest.raises(ValueError, match="cannot be read"):
        StacSource(tmp_path).pixel(4, 50)
    monkeypatch.setitem(sys.modules, "planetary_computer", None)
    with pytest.raises(ValueError, match=r'pip install "timesen_nb\[planetary-computer\]"'):
        tn.open_source("stac", catalog="planetary-computer")


def test_planetary_computer_files_are_signed_when_they_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real package asks a server here for its token: once, whatever the number of threads."""
    from odc.loader import RasterSource
    from planetary_computer.settings import Settings

    from timesen_nb.sources.stac.files import Files

    asked = []

    class Tokens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"msft:expiry": "2100-01-01T00:00:00Z", "token": "sig=topsecret"}')

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Tokens) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("PC_SDK_SAS_URL", f"http://127.0.0.1:{server.server_address[1]}")
        Settings.get.cache_clear()
        files = pickle.loads(pickle.dumps(Files(StacSource("planetary-computer")._catalog.sign)))
        plain = "https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/31/U/B02.tif"
        with ThreadPoolExecutor(8) as pool:
            opened = list(pool.map(lambda _: files.open(RasterSource(plain), None), range(20)))
        server.shutdown()
    Settings.get.cache_clear()
    assert asked == ["/sentinel2l2a01/sentinel2-l2"]
    assert {file._src.uri for file in opened} == {f"{plain}?sig=topsecret"}
    assert files.sign("https://elsewhere.org/B02.tif") == "https://elsewhere.org/B02.tif"


def test_known_catalogs_are_opened_without_the_network(tmp_path: Path) -> None:
    for name in ("earth-search", "planetary-computer"):
        source = tn.open_source("stac", catalog=name, cache=tmp_path)
        assert name in source.name
        assert source.bounds is None


@pytest.mark.parametrize(
    "given",
    [
        {"readers": "3"}, {"readers": 0}, {"readers": True}, {"readers": float("nan")}, {"masked": 3},
        {"masked": None}, {"collection": 3}, {"collection": [3]}, {"collection": []}, {"cache": 3},
        {"deadline": True}, {"catalog": 3}, {"catalog": None},
    ],
)  # fmt: skip
def test_an_argument_of_another_kind_is_said_by_its_name(given: dict) -> None:
    ((name, value),) = given.items()
    with pytest.raises(ValueError, match=rf"{name}( given: |=){re.escape(repr(value))}.*expected"):
        StacSource(**given)
    assert StacSource(collection={"sentinel-2-l2a"}, masked=np.array([3, 8]), readers=np.int64(3))
