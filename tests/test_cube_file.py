"""Cubes in files: the same twelve months from every format, and a refusal by name for what cannot be read."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from dated_cube import DatedCube, dated_cube
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.bands import BANDS


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return dated_cube()


@pytest.fixture(scope="module")
def grid() -> xr.DataArray:
    return GridSource().grid


def as_tiff(months: xr.DataArray, path: Path, scale: float = 1.0) -> Path:
    flat = (months * scale).stack(layer=("band", "month")).transpose("layer", "y", "x")
    names = tuple(f"{band}_m{month:02d}" for band, month in flat["layer"].values)
    plain = flat.drop_vars(["layer", "band", "month"]).assign_attrs(long_name=names)
    plain.rio.write_crs(months.rio.crs).astype("float32").rio.to_raster(path)
    return path


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_dated_cube_gives_its_monthly_medians(world: DatedCube, tmp_path: Path, ending: str) -> None:
    source = tn.open_source(world.write(tmp_path / f"cube{ending}"))
    assert isinstance(source, tn.Source)
    assert list(source.years) == [2018]
    expected = world.months(2018)
    for row, column in [(0, 0), (11, 9), (5, 4)]:
        lon, lat = world.place(row, column)
        series = source.pixel(lon, lat, year=2018)
        np.testing.assert_array_equal(series.values, expected[:, :, row, column])
        assert not series.valid[10]
        assert series.valid.sum() > 6
        assert (series.lon, series.lat, series.year) == (lon, lat, 2018)
        assert f"cube{ending}" in series.source


def test_many_pixels_come_in_the_order_asked(world: DatedCube, tmp_path: Path) -> None:
    source = tn.open_source(world.write(tmp_path / "cube.nc"))
    at = [(3, 3), (0, 9), (3, 3), (11, 0)]
    series = source.pixels([world.place(*p) for p in at])
    for (row, column), one in zip(at, series, strict=True):
        np.testing.assert_array_equal(one.values, world.months(2018)[:, :, row, column])
    assert source.pixels([]) == []


def test_the_cube_of_a_box_is_cut_to_the_file(world: DatedCube, tmp_path: Path) -> None:
    source = tn.open_source(world.write(tmp_path / "cube.nc"))
    west, south, east, north = source.bounds
    whole = source.cube((west - 1, south - 1, east + 1, north + 1), year=2018)
    assert whole.dims == ("month", "band", "y", "x")
    np.testing.assert_array_equal(whole.values, world.months(2018))
    assert whole.rio.crs.to_epsg() == 32631
    a, b = world.place(4, 2), world.place(2, 5)
    part = source.cube((a[0], a[1], b[0], b[1]), year=2018)
    np.testing.assert_array_equal(part.values, world.months(2018)[:, :, 2:5, 2:6])
    with pytest.raises(ValueError, match="touches it"):
        source.cube((west - 2, south, west - 1, north))


def test_large_cubes_are_lazy(tmp_path: Path) -> None:
    world = dated_cube(dates=2, height=300, width=300)
    source = tn.open_source(world.write(tmp_path / "cube.nc"))
    cube = source.cube(source.bounds)
    assert cube.chunks is not None
    np.testing.assert_array_equal(cube[:, :, 290:, 100:110].values, world.months(2018)[:, :, 290:, 100:110])


def test_a_cube_written_and_opened_again_is_the_same(world: DatedCube, tmp_path: Path) -> None:
    source = tn.open_source(world.write(tmp_path / "cube.nc"))
    source.cube(source.bounds).to_netcdf(tmp_path / "months.nc")
    again = tn.open_source(tmp_path / "months.nc")
    assert list(again.years) == [2018]
    np.testing.assert_array_equal(again.cube(again.bounds).values, world.months(2018))


@pytest.mark.parametrize("ending", [".nc", ".zarr", ".tif"])
def test_a_monthly_cube_is_read_as_it_is(grid: xr.DataArray, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"months{ending}"
    if ending == ".tif":
        as_tiff(grid, path)
    elif ending == ".zarr":
        grid.to_dataset("band").to_zarr(path, consolidated=False)
    else:
        grid.to_dataset(name="reflectance").to_netcdf(path)
    source = tn.open_source(path)
    assert list(source.years) == []
    series = source.pixel(*GridSource().place(6, 20), year=2021)
    np.testing.assert_array_equal(series.values, grid.values[:, :, 20, 6])
    assert series.missing == ("December",)
    with pytest.raises(ValueError, match=r"no month of 2018 has a clear observation"):
        source.pixel(*GridSource().place(0, 31))


def test_reflectance_from_0_to_1_is_recognised(world: DatedCube, grid: xr.DataArray, tmp_path: Path) -> None:
    dated = world.dataset()
    for band in BANDS:
        dated[band] = dated[band].astype("float32") / 10_000
    dated.to_netcdf(tmp_path / "unit.nc")
    source = tn.open_source(tmp_path / "unit.nc")
    np.testing.assert_allclose(source.cube(source.bounds).values, world.months(2018), rtol=1e-5)
    tiff = tn.open_source(as_tiff(grid, tmp_path / "unit.tif", 1e-4))
    np.testing.assert_allclose(tiff.cube(tiff.bounds).values, grid.values, rtol=1e-5)


SPELLINGS = {
    "B02 to B12": [f"B{b[1:].zfill(2)}" if b != "B8A" else "B8A" for b in BANDS],
    "lower case": [b.lower() for b in BANDS],
    "colours": [
        "blue",
        "green",
        "red",
        "rededge1",
        "rededge2",
        "rededge3",
        "nir",
        "nir08",
        "swir16",
        "swir22",
    ],
}


@pytest.mark.parametrize("names", SPELLINGS.values(), ids=SPELLINGS)
def test_bands_are_matched_by_name_in_any_order(world: DatedCube, tmp_path: Path, names: list[str]) -> None:
    data = world.dataset().rename(dict(zip(BANDS, names, strict=True)))
    data = data[[*reversed(names), "SCL"]]
    data = data.rename(time="t", y="Y", x="X")
    data.to_netcdf(tmp_path / "cube.nc")
    source = tn.open_source(tmp_path / "cube.nc")
    np.testing.assert_array_equal(source.cube(source.bounds).values, world.months(2018))


def test_bands_and_classes_along_one_dimension(world: DatedCube, tmp_path: Path) -> None:
    data = world.dataset()
    stacked = data.to_dataarray("band").transpose("time", "band", "y", "x").astype("uint16")
    stacked.to_dataset(name="s2").assign_attrs(crs="EPSG:32631").to_netcdf(tmp_path / "cube.nc")
    source = tn.open_source(tmp_path / "cube.nc")
    np.testing.assert_array_equal(source.cube(source.bounds).values, world.months(2018))


def test_a_cube_in_degrees(world: DatedCube, tmp_path: Path) -> None:
    data = world.dataset().rename(y="lat", x="lon")
    data = data.assign_coords(
        lon=4 + 1e-4 * np.arange(data.sizes["lon"]), lat=50 - 1e-4 * np.arange(data.sizes["lat"])
    )
    del data.attrs["crs"]
    data.to_netcdf(tmp_path / "cube.nc")
    source = tn.open_source(tmp_path / "cube.nc")
    np.testing.assert_array_equal(source.pixel(4.0003, 49.9998).values, world.months(2018)[:, :, 2, 3])


def test_without_scene_classes_the_name_says_so(world: DatedCube, tmp_path: Path) -> None:
    world.dataset().drop_vars("SCL").to_netcdf(tmp_path / "cube.nc")
    source = tn.open_source(tmp_path / "cube.nc")
    assert "no SCL" in source.name
    assert source.pixel(*world.place(0, 0)).valid[10]


def broken(change: str, world: DatedCube) -> xr.Dataset:
    data = world.dataset()
    if change == "bands":
        return data.drop_vars(["B8A", "B11"])
    if change == "all bands":
        return data[["SCL"]]
    if change == "crs":
        del data.attrs["crs"]
    if change == "crs unknown":
        data.attrs["crs"] = "Lambert somewhere"
    if change == "dates":
        data = data.rename(time="step").drop_vars("step")
    if change == "months":
        data = data.isel(time=[0]).rename(time="month").assign_coords(month=[13])
    if change == "uneven":
        data = data.isel(x=[0, 1, 2, 5, 6])
    if change == "percent":
        for band in BANDS:
            data[band] = data[band].astype("float32") / 100
    if change == "decibel":
        data.attrs["units"] = "dB"
    if change == "logarithm":
        for band in BANDS:
            data[band] = np.log10(data[band].astype("float32") / 10_000 + 1e-6)
    if change == "empty":
        for band in BANDS:
            data[band] = data[band] * 0
    return data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("bands", "missing B8A, B11"),
        ("all bands", "has no bands"),
        ("crs", "coordinate system .* not said"),
        ("crs unknown", "Lambert somewhere"),
        ("dates", "dimensions step"),
        ("months", "its months: 13"),
        ("uneven", "evenly spaced"),
        ("percent", "units are unknown"),
        ("decibel", "units are dB"),
        ("logarithm", "units are unknown"),
        ("empty", "no value but 0"),
    ],
)
def test_what_cannot_be_known_is_refused_by_name(
    world: DatedCube, tmp_path: Path, change: str, words: str
) -> None:
    broken(change, world).to_netcdf(tmp_path / "odd.nc")
    with pytest.raises(ValueError, match=rf"odd\.nc cannot be used: .*{words}"):
        tn.open_source(tmp_path / "odd.nc")


@pytest.mark.parametrize("ending", [".nc", ".tif"])
def test_a_truncated_file_is_refused(
    world: DatedCube, grid: xr.DataArray, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"whole{ending}"
    if ending == ".tif":
        as_tiff(grid, path)
    else:
        world.write(path)
    tn.open_source(path)
    for share in (0.97, 0.6, 0.1, 0):
        whole = path.read_bytes()
        cut = tmp_path / f"cut{ending}"
        cut.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ValueError, match=rf"(?s)cut{ending} cannot be used: .*cut short"):
            tn.open_source(cut)


def test_a_damaged_chunk_is_said_when_it_is_read(world: DatedCube, tmp_path: Path) -> None:
    path = world.write(tmp_path / "cube.zarr")
    source = tn.open_source(path)
    for chunk in (path / "B2" / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(chunk.read_bytes()[:10])
    with pytest.raises(ValueError, match=r"cube\.zarr cannot be read here .*cut short"):
        source.pixel(*world.place(0, 0))


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"expected \.nc, \.zarr or \.tif"):
        tn.open_source(tmp_path / "notes.txt")
    (tmp_path / "notes.nc").write_text("hello")
    with pytest.raises(ValueError, match="damaged, cut short or of another kind"):
        tn.open_source(tmp_path / "notes.nc")
    with pytest.raises(ValueError, match="expected 'flanders', 'sample', 'earthengine', 'stac' or the path"):
        tn.open_source(tmp_path / "none.nc")


def test_a_tiff_without_described_bands_is_refused(grid: xr.DataArray, tmp_path: Path) -> None:
    path = tmp_path / "plain.tif"
    grid[0].astype("float32").rio.to_raster(path)
    with pytest.raises(ValueError, match=r"needs a description for each: B2_m01"):
        tn.open_source(path)


def test_places_and_years_outside_are_said(world: DatedCube, tmp_path: Path) -> None:
    source = tn.open_source(world.write(tmp_path / "cube.nc"))
    west, south, east, north = source.bounds
    inside = world.place(0, 0)
    for place in [(west - 1e-5, south), (east + 1e-5, north), (0, 90), (-180, -90)]:
        with pytest.raises(ValueError, match="outside the data"):
            source.pixel(*place)
    with pytest.raises(ValueError, match="expected longitude"):
        source.pixel(500, 0)
    with pytest.raises(ValueError, match=r"year given: 2020; cube\.nc has 2018"):
        source.pixel(*inside, year=2020)
    with pytest.raises(ValueError, match=r"year given: 2020; cube\.nc has 2018"):
        source.cube(source.bounds, year=2020)
    with pytest.raises(ValueError, match="two numbers in degrees"):
        source.pixel("here", 3)


@pytest.mark.needs_real
def test_the_real_cube_opens_and_its_pixels_are_its_cube(real_data: Path) -> None:
    source = tn.open_source(real_data / "s2_l2a_flanders_2018.nc")
    assert list(source.years) == [2017, 2018]
    cube = source.cube(source.bounds, year=2018)
    assert cube.shape == (12, 10, 64, 64)
    x, y = float(cube.x[10]), float(cube.y[50])
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32631, 4326, always_xy=True).transform(x, y)
    series = source.pixel(lon, lat, year=2018)
    np.testing.assert_array_equal(series.values, cube.values[:, :, 50, 10])
    assert series.valid[3:10].all()
    assert series.missing == ("December",)


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_relative_path_is_read_from_another_working_folder(
    world: DatedCube, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.write(tmp_path / f"cube{ending}")
    monkeypatch.chdir(tmp_path)
    source = tn.open_source(path.name)
    monkeypatch.chdir("/")
    there = world.place(5, 4)
    np.testing.assert_array_equal(source.pixel(*there).values, tn.open_source(path).pixel(*there).values)
    assert source.fingerprint == tn.open_source(path).fingerprint
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(source)).pixel(*there).values, source.pixel(*there).values
    )
