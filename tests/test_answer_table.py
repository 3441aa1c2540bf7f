"""Answers for a table of places: few requests, every place accounted for, accuracy where labels are."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import timesen_nb as tn
from tests.synthetic import GridSource, small_model
from timesen_nb import regions
from timesen_nb.bands import month_columns
from timesen_nb.datasets import read_point_table, read_points
from timesen_nb.evaluation import answer_table

WORDS = ["a wood", "a field", "a lake"]


class Batches(GridSource):
    """Counts the calls of ``pixels``."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def pixels(self, lonlats, year=2018):
        self.batches.append(len(lonlats))
        return [self.pixel(lon, lat, year) for lon, lat in lonlats]


@pytest.fixture(scope="module")
def zs() -> tn.ZeroShot:
    return small_model().zero_shot(WORDS)


def places(n: int, seed: int = 0) -> pd.DataFrame:
    west, south, east, north = GridSource().bounds
    at = np.random.default_rng(seed).uniform(0.1, 0.9, (n, 2))
    return pd.DataFrame({"lon": west + at[:, 0] * (east - west), "lat": south + at[:, 1] * (north - south)})


def bad() -> dict[str, float]:
    """The south-west pixel of the grid, which has no valid month."""
    source = GridSource()
    x, y = float(source.grid.x[0]), float(source.grid.y[-1])
    point = gpd.points_from_xy([x], [y], crs="EPSG:32631").to_crs(4326)[0]
    return {"lon": point.x, "lat": point.y}


def test_thousands_are_few_requests_and_come_in_order(zs: tn.ZeroShot, tmp_path: Path) -> None:
    source, table, told = Batches(), places(600).assign(year=[2018, 2019] * 300), []
    table.to_csv(tmp_path / "p.csv", index=False)
    found = answer_table(zs, tmp_path / "p.csv", source, progress=told.append)
    assert source.batches == [256, 44, 256, 44]
    assert told[-1] == 1
    assert told == sorted(told)
    np.testing.assert_allclose(found.table[["lon", "lat"]], table[["lon", "lat"]])
    assert found.table["year"].tolist() == table["year"].tolist()
    assert set(found.table["source"]) == {source.name}
    rows = table.head(5).itertuples(index=False, name=None)
    series = [source.pixel(lon, lat, int(year)) for lon, lat, year in rows]
    p = zs.probabilities(series)
    np.testing.assert_allclose(found.table[[f"p_{w}" for w in WORDS]].head(5), p, atol=1e-5)
    assert found.table["top_class"].head(5).tolist() == zs.predict(series)
    np.testing.assert_allclose(found.table["probability"].head(5), p.max(axis=1), atol=1e-5)
    np.testing.assert_allclose(
        found.table[[f"ndvi_{m:02d}" for m in range(1, 13)]].head(5), [s.ndvi for s in series], atol=1e-5
    )


def test_a_place_without_series_says_why_and_stops_nothing(zs: tn.ZeroShot, tmp_path: Path) -> None:
    table = places(40)
    table.loc[17, ["lon", "lat"]] = bad()
    table.to_csv(tmp_path / "p.csv", index=False)
    source = Batches()
    found = answer_table(zs, tmp_path / "p.csv", source, progress=False).table
    assert found.index[found["problem"] != ""].tolist() == [17]
    assert pd.isna(found.loc[17, "top_class"])
    assert found["top_class"].drop(17).notna().all()
    assert found.loc[17, [f"p_{w}" for w in WORDS]].isna().all()
    assert len(source.batches) < 20


def test_a_source_that_has_nothing_is_not_asked_a_thousand_times(zs: tn.ZeroShot, tmp_path: Path) -> None:
    places(600).to_csv(tmp_path / "p.csv", index=False)
    source = Batches()
    source.pixel = lambda *_: (_ for _ in ()).throw(ValueError("a year that it has not"))
    with pytest.raises(ValueError, match=r"first 16 places .* a year that it has not"):
        answer_table(zs, tmp_path / "p.csv", source, progress=False)
    assert len(source.batches) < 60


def labelled(zs: tn.ZeroShot, n: int = 30) -> tuple[pd.DataFrame, list[str]]:
    table = places(n, seed=2)
    answers = zs.predict(GridSource().pixels(list(table.itertuples(index=False, name=None))))
    true = list(answers)
    true[0] = next(w for w in WORDS if w != answers[0])
    true[1], true[2], true[3] = "", "a moor", f" {answers[3].upper()} "
    return table.assign(kind=true), answers


@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gpkg"])
def test_labels_tell_how_right_it_is(zs: tn.ZeroShot, tmp_path: Path, suffix: str) -> None:
    table, answers = labelled(zs)
    path = regions.save_points(table, tmp_path / f"p{suffix}")
    found = answer_table(zs, path, GridSource(), label="kind", progress=False)
    assert found.strange == ["a moor"]
    counts = found.confusion.to_numpy()
    assert counts.sum() == 28
    assert counts.trace() == 27
    wrong = WORDS.index(table["kind"][0]), WORDS.index(answers[0])
    assert counts[wrong] == 1
    per_class = found.accuracy
    np.testing.assert_allclose(
        per_class["producers"], counts.diagonal() / np.where(counts.sum(1), counts.sum(1), np.nan)
    )
    np.testing.assert_allclose(
        per_class["users"], counts.diagonal() / np.where(counts.sum(0), counts.sum(0), np.nan)
    )
    share, low, high = found.overall
    assert share == pytest.approx(27 / 28)
    # the whole grid is within one kilometre or two: it proves next to nothing
    assert high - low > 0.4
    assert "Labels that are no class, not scored: a moor." in str(found)
    assert str(found).startswith("30 of 30 places have an answer. 96% of 28 labelled places are right")


def test_series_of_the_file_need_no_source(zs: tn.ZeroShot, tmp_path: Path) -> None:
    table = places(3)
    series = GridSource().pixels(list(table.itertuples(index=False, name=None)))
    bands = pd.DataFrame([s.values.ravel() for s in series], columns=month_columns())
    pd.concat([table, bands], axis=1).to_csv(tmp_path / "p.csv", index=False)
    found = answer_table(zs, tmp_path / "p.csv")
    assert found.table["top_class"].tolist() == zs.predict(series)
    assert set(found.table["source"]) == {"the file"}
    assert np.isnan(found.overall).all()
    table.to_csv(tmp_path / "q.csv", index=False)
    with pytest.raises(ValueError, match="give the source"):
        answer_table(zs, tmp_path / "q.csv")


def test_sets_have_their_size_where_they_were_fitted(tmp_path: Path) -> None:
    source = tn.open_source("flanders")
    west, south, east, north = source.bounds
    table = pd.DataFrame({"lon": np.linspace(west, east, 7)[1:-1], "lat": (south + north) / 2})
    path = regions.save_points(table, tmp_path / "p.gpkg")
    zs = tn.load("pocket").zero_shot("crops")
    found = answer_table(zs, path, source, progress=False).table
    series = source.pixels(list(table.itertuples(index=False, name=None)))
    assert found["set_size"].tolist() == zs.prediction_sets(series).sum(axis=1).tolist()
    taught = zs.teach(series, [zs.classes[0]] * 5)
    assert "set_size" not in answer_table(taught, read_point_table(path), source, progress=False).table


@pytest.mark.filterwarnings("ignore:.*differ in capitals")
def test_a_geopackage_is_read_as_a_geojson_is(zs: tn.ZeroShot, tmp_path: Path) -> None:
    table, _ = labelled(zs)
    frame = gpd.GeoDataFrame(table[["kind"]], geometry=gpd.points_from_xy(table.lon, table.lat, crs=4326))
    frame.to_crs("EPSG:32631").to_file(tmp_path / "p.gpkg", driver="GPKG")
    frame.to_file(tmp_path / "p.geojson", driver="GeoJSON")
    a, b = (read_points(tmp_path / f"p.{s}", "kind", GridSource()) for s in ("gpkg", "geojson"))
    assert a.labels.tolist() == b.labels.tolist()
    np.testing.assert_allclose(a.lonlats, b.lonlats, atol=1e-7)
    np.testing.assert_array_equal(a.values, b.values)


def test_geopackages_that_hold_no_points_are_refused(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([4], [50], crs=4326))
    frame.to_file(tmp_path / "two.gpkg", layer="a", driver="GPKG")
    frame.to_file(tmp_path / "two.gpkg", layer="b", driver="GPKG")
    gpd.GeoDataFrame(geometry=[box(4, 50, 5, 51)], crs=4326).to_file(
        tmp_path / "polygons.gpkg", driver="GPKG"
    )
    (tmp_path / "none.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    for name, said in [
        ("two", "layers a, b"),
        ("polygons", "feature 1 is Polygon"),
        ("none", "no GeoPackage"),
    ]:
        with pytest.raises(ValueError, match=said):
            read_point_table(tmp_path / f"{name}.gpkg")
