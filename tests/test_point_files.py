"""Places and maps in files that others read."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray
import xarray as xr
from class_maps import parcels, rectangle, small_map
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb import regions
from timesen_nb.datasets import Pairs


@pytest.fixture
def maps() -> xr.Dataset:
    return small_map()


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {"lon": [4.123456, -70.0], "lat": [50.654321, -33.0], "words": ["=maize", "café"], "p_maize": [0.25, np.nan],
         "year": [2018, 2019], "row": [1, 2]}
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_points_come_back_from_a_gis(table: pd.DataFrame, suffix: str, tmp_path: Path) -> None:
    path = regions.save_points(table, tmp_path / "new" / f"places{suffix}")
    there = gpd.read_file(regions.save_points(table, path))
    assert there.crs == "EPSG:4326"
    np.testing.assert_allclose(there.geometry.x, table["lon"])
    np.testing.assert_allclose(there.geometry.y, table["lat"])
    assert there["words"].tolist() == table["words"].tolist()
    assert there["year"].tolist() == [2018, 2019]
    np.testing.assert_allclose(there["p_maize"].astype(float), [0.25, np.nan])
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".csv"])
def test_places_are_blurred_or_left_out(table: pd.DataFrame, suffix: str, tmp_path: Path) -> None:
    blurred = regions.save_points(table, tmp_path / f"blurred{suffix}", places="blurred")
    without = regions.save_points(table, tmp_path / f"without{suffix}", places="left out")
    assert b"4.123" not in blurred.read_bytes() + without.read_bytes()
    if suffix == ".csv":
        assert pd.read_csv(blurred)[["lon", "lat"]].values.tolist() == [[4.12, 50.65], [-70.0, -33.0]]
        assert pd.read_csv(without).columns.tolist() == ["words", "p_maize", "year"]
        return
    there = gpd.read_file(blurred)
    assert [(p.x, p.y) for p in there.geometry] == [(4.12, 50.65), (-70.0, -33.0)]
    assert "row" not in there
    left = gpd.read_file(without)
    assert left["words"].tolist() == table["words"].tolist()
    assert "geometry" not in left or left["geometry"].isna().all()


def test_a_spreadsheet_runs_nothing_and_json_has_no_nan(table: pd.DataFrame, tmp_path: Path) -> None:
    assert "'=maize" in regions.save_points(table, tmp_path / "a.csv").read_text()
    said = json.loads(regions.save_points(table, tmp_path / "a.geojson").read_text())
    assert said["features"][1]["properties"]["p_maize"] is None
    assert said["features"][0]["properties"]["words"] == "=maize"


def test_json_has_days_in_words_and_no_place_where_none_is_known(table: pd.DataFrame, tmp_path: Path) -> None:
    days = pd.to_datetime(["2018-05-01 10:30", None])
    given = table.assign(lon=[4.1, np.nan], when=days, day=[days[0].date(), pd.NA], took=days - days[0])
    text = regions.save_points(given, tmp_path / "a.geojson").read_text()

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    first, second = json.loads(text, parse_constant=refuse)["features"]
    assert first["geometry"]["coordinates"] == [4.1, 50.654321]
    assert (first["properties"]["when"], first["properties"]["day"]) == ("2018-05-01T10:30:00", "2018-05-01")
    assert second["geometry"] is None
    assert [second["properties"][name] for name in ("when", "day", "took")] == [None] * 3
    assert gpd.read_file(tmp_path / "a.geojson")["when"].isna().tolist() == [False, True]


def test_what_is_no_table_of_places_is_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    for given, name, words_of_it in [(table, "a.shp", "ends in .csv"), (table.head(0), "a.csv", "0 rows"),
                                     (table.drop(columns="lat"), "a.csv", "a row a place")]:  # fmt: skip
        with pytest.raises(ValueError, match=words_of_it):
            regions.save_points(given, tmp_path / name)
    with pytest.raises(ValueError, match="places='near'"):
        regions.save_points(table, tmp_path / "a.csv", places="near")


def test_a_tilde_is_the_home_folder(
    maps: xr.Dataset, table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(elsewhere)
    regions.save_points(table, "~/places.csv")
    regions.save_geotiff(maps, "~/new/map.tif")
    regions.save_picture(maps, "~/map.png")
    parcels(rectangle(6, 0, 12, 10)).to_file(home / "fields.gpkg", driver="GPKG")
    assert regions.field_table(maps, "~/fields.gpkg")["pixels"].tolist() == [60]
    source = GridSource()
    words = small_model().zero_shot(["a maize field", "open water"])
    for _ in range(2):  # the second takes the first one up
        found = tn.map_region(words, source.grid, store="~/map.zarr", progress=False)
        assert found["label"].shape == (32, 32)
    Pairs(np.full((2, 12, 10), 500, np.float32), labels=["a", "b"]).save("~/pairs.safetensors")
    assert Pairs.load("~/pairs.safetensors").labels.tolist() == ["a", "b"]
    written = {"places.csv", "new", "map.png", "fields.gpkg", "map.zarr", "pairs.safetensors"}
    assert {path.name for path in home.glob("[!.]*")} == written  # matplotlib keeps fonts in hidden folders
    assert not list(elsewhere.iterdir())


def test_a_column_with_the_name_of_the_rows_is_said(tmp_path: Path) -> None:
    table = pd.DataFrame({"lon": [4.0, 4.0], "lat": [50.0, 50.0], "fid": [1, 1]})
    with pytest.raises(ValueError, match="'fid' has the name of a GeoPackage's own numbers"):
        regions.save_points(table, tmp_path / "a.gpkg")
    assert not list(tmp_path.iterdir())


def test_a_geotiff_comes_back_as_the_map_that_it_was(maps: xr.Dataset, tmp_path: Path) -> None:
    path, *_ = regions.save_geotiff(maps, tmp_path / "map.tif")
    again = rioxarray.open_rasterio(path).squeeze("band", drop=True).to_dataset(name="label")
    pd.testing.assert_frame_equal(regions.area_table(again), regions.area_table(maps))
    part = again.isel(x=slice(0, 10))
    assert regions.area_table(part)["pixels"].to_dict()["maize"] == 200
