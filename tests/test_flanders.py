"""The bundled real sample: the values of the data it was cut from, what is missing, and what was declared."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer

import timesen_nb as tn
from timesen_nb.composite import monthly_cube, solar_days
from timesen_nb.model.checkpoint import read_checkpoint
from timesen_nb.model.fingerprint import fingerprint
from timesen_nb.model.hub import find_file
from timesen_nb.sources.flanders import FlandersSource

MIDDLE = (3.0238, 50.8159)


@pytest.fixture(scope="module")
def source() -> FlandersSource:
    opened = tn.open_source("flanders")
    assert isinstance(opened, FlandersSource)
    return opened


def test_it_is_a_source(source: FlandersSource) -> None:
    assert isinstance(source, tn.Source)
    assert "flanders" in repr(source).lower()
    assert list(source.years) == [2018]


def test_december_is_missing_and_said(source: FlandersSource) -> None:
    series = source.pixel(*MIDDLE)
    assert series.missing == ("December",)
    assert np.isnan(series.values[11]).all()
    assert "2018" in series.source


@pytest.mark.needs_real
def test_its_months_are_those_of_the_cube_it_was_cut_from(source: FlandersSource, real_data: Path) -> None:
    """To half a unit: medians of an even number of dates end in .5, and are stored whole."""
    whole = tn.open_source(real_data / "s2_l2a_flanders_2018.nc")
    expected = whole.cube(source.bounds, 2018).compute()
    found = source.cube(source.bounds)
    assert found.rio.crs == expected.rio.crs
    # the box's edges touch one more pixel of the larger cube here and there
    expected = expected.sel(x=found.x, y=found.y)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert float(np.nanmax(np.abs(found - expected))) <= 0.5
    with xr.open_dataset(real_data / "s2_l2a_flanders_2018.nc") as file:
        crops = file["crop_code"].values
    maize = source.declared().attrs["cover_types"].index("maize")
    np.testing.assert_array_equal(source.declared().values == maize, crops == 1200)


def test_pixels_and_cube_agree_everywhere(source: FlandersSource) -> None:
    cube = source.cube(source.bounds)
    assert cube.shape == (12, 10, 64, 64)
    west, south, east, north = source.bounds
    rng = np.random.default_rng(0)
    for lon, lat in rng.uniform((west, south), (east, north), (20, 2)):
        series = source.pixel(lon, lat)
        point = source.cube((lon - 1e-7, lat - 1e-7, lon + 1e-7, lat + 1e-7))
        np.testing.assert_array_equal(series.values, point.isel(x=0, y=0).values)


@pytest.mark.parametrize("corner", [(0, 1), (0, 3), (2, 1), (2, 3)])
def test_the_corners_of_its_bounds_have_pixels(source: FlandersSource, corner: tuple[int, int]) -> None:
    place = [source.bounds[i] for i in corner]
    assert source.pixel(*place).values.shape == (12, 10)


def test_outside_and_other_years_are_refused_in_words(source: FlandersSource) -> None:
    with pytest.raises(ValueError, match=r"outside.*longitude 3\.019"):
        source.pixel(9.0, 50.0)
    with pytest.raises(ValueError, match="2019"):
        source.pixel(*MIDDLE, year=2019)
    with pytest.raises(ValueError, match="holds no data"):
        source.cube((9.0, 50.0, 9.1, 50.1))


def test_declarations_go_by_the_names_of_the_task(source: FlandersSource) -> None:
    covers = {*tn.tasks["land_cover"].classes, ""}
    declared = source.declared()
    assert declared.attrs["cover_types"] == [
        "", "beans and other pulses", "built-up area", "cabbages", "grassland", "maize", "potatoes"
    ]  # fmt: skip
    seen = set()
    rng = np.random.default_rng(1)
    west, south, east, north = source.bounds
    for lon, lat in rng.uniform((west, south), (east, north), (200, 2)):
        truth, fine = source.truth(lon, lat), source.cover_type(lon, lat)
        assert truth in covers
        assert source.pixel(lon, lat).truth == (truth or None)
        seen.add((truth, fine))
    assert {("Cropland", "maize"), ("Grassland", "grassland"), ("", "")} <= seen


def test_a_declaration_is_that_of_the_pixel_itself(source: FlandersSource) -> None:
    declared = source.declared()
    to_degrees = Transformer.from_crs(32631, 4326, always_xy=True)
    for row, column in np.random.default_rng(2).integers(0, 64, (60, 2)):
        lon, lat = to_degrees.transform(float(declared.x[column]), float(declared.y[row]))
        expected = declared.attrs["cover_types"][int(declared[row, column])]
        assert source.cover_type(lon, lat) == expected


def test_the_months_of_the_window_are_the_medians_of_its_acquisitions(source: FlandersSource) -> None:
    dated = source.observations()
    assert dated["reflectance"].shape == (91, 10, 16, 16)
    days = solar_days(dated["time"].values.astype("datetime64[s]"), source.bounds[0])
    days = days.astype("datetime64[ns]")
    months = monthly_cube(
        dated["reflectance"].assign_coords(time=days), 2018, dated["SCL"].assign_coords(time=days)
    )
    whole = source.cube(source.bounds).sel(x=months.x, y=months.y)
    assert float(np.nanmax(np.abs(months - whole))) <= 0.5
    np.testing.assert_array_equal(np.isnan(months), np.isnan(whole))


def test_a_real_place_is_never_called_simulated(source: FlandersSource) -> None:
    app = tn.ClickMap(tn.load("pocket"), source)
    app.click(3.024612, 50.81595)
    assert app.result.known == "Declared here: Cropland"
    sample = tn.open_source("sample")
    app.open_source(sample)
    west, south, east, north = sample.bounds
    app.click((west + east) / 2, (south + north) / 2)
    assert app.result.known.startswith("True class of this simulated place: ")


def test_its_vectors_are_those_of_the_bundled_model(source: FlandersSource) -> None:
    assert source.vectors("of another model") is None
    kept = source.vectors(fingerprint(read_checkpoint(find_file("pocket")).weights))
    assert kept is not None
    values = source.cube(source.bounds).transpose("y", "x", "month", "band").values[::9, ::9]
    vectors = tn.load("pocket").encode(values.reshape(-1, 12, 10), exact=True)
    unit = kept[::9, ::9].reshape(len(vectors), -1).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    assert (unit * vectors).sum(axis=1).min() > 0.999
