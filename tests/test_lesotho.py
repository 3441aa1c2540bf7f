"""The bundled points of Lesotho: what the data card says of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import timesen_nb as tn
from timesen_nb.bands import month_columns, ndvi
from timesen_nb.datasets import lesotho_points, read_points
from timesen_nb.datasets.lesotho import FILE, LAND_COVERS


def test_at_most_fifty_of_each_land_cover() -> None:
    points = lesotho_points()
    names, counts = np.unique(points.labels["land_cover"], return_counts=True)
    assert set(names) == set(tn.tasks["land_cover"].classes)
    assert dict(zip(names, counts.tolist(), strict=True)) == dict.fromkeys(names, 50) | {
        "Artificial land": 39
    }
    assert len(points) == 389


def test_they_lie_in_lesotho() -> None:
    east, north = lesotho_points().lonlats.T
    assert ((east > 27) & (east < 29.5) & (north > -30.7) & (north < -28.5)).all()


def test_two_months_share_a_composite_and_none_is_missing() -> None:
    values = lesotho_points().series()
    assert np.isfinite(values).all()
    assert np.array_equal(values[:, 0::2], values[:, 1::2])
    assert 200 < np.median(values) < 4000


def test_fields_are_green_in_southern_summer() -> None:
    points = lesotho_points()
    fields = points.series(points.labels["land_cover"] == "Cropland")
    greenness = np.nanmedian(ndvi(fields), axis=0)
    assert greenness[[0, 1, 11]].min() > greenness[[6, 7, 8]].max()


def test_any_reader_of_points_reads_the_file() -> None:
    pairs = read_points(FILE)
    assert len(pairs) == 389
    assert set(pairs.labels) == set(LAND_COVERS)


def test_the_licence_lies_beside_them() -> None:
    assert "Apache License" in (FILE.parent / "LICENSE-lesotho.txt").read_text()
    assert "Apache License 2.0" in (FILE.parent / "README.md").read_text()


@pytest.mark.needs_real
def test_they_are_those_of_the_data_they_were_drawn_from(real_data: Path) -> None:
    whole = pd.read_parquet(real_data / "s2_world_dev.parquet").query("task == 'lesotho_covers'")
    whole = whole.round({"lon": 5, "lat": 5}).drop_duplicates(["lon", "lat"])
    drawn = pd.read_csv(FILE).merge(whole, on=["lon", "lat"], suffixes=("", "_whole"))
    assert len(drawn) == 389
    assert (drawn["true_class"] == drawn["label"]).all()
    columns = month_columns()
    assert np.array_equal(drawn[columns], drawn[[f"{name}_whole" for name in columns]])
