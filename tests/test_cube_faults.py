"""Cubes as people have them, by their names and on their disks: read right, refused in words, or said."""

import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from cube_files import bands_of, months, small_world, with_offset
from dated_cube import DatedCube, dated_cube

import timesen_nb as tn
from timesen_nb.bands import BANDS


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return small_world()


@pytest.fixture(scope="module")
def raised(world: DatedCube) -> xr.Dataset:
    return with_offset(world)


class TestNames:
    def test_bands_numbered_along_a_dimension_are_renamed_by_number(self, world: DatedCube) -> None:
        stack = world.dataset()[list(BANDS)].to_dataarray("band").assign_coords(band=np.arange(1, 11))
        source = tn.open_source(stack.assign_attrs(crs="EPSG:32631"), rename=dict(enumerate(BANDS, 1)))
        np.testing.assert_array_equal(source.pixel(*world.place(0, 0)).values.shape, (12, 10))
        with pytest.raises(ValueError, match="rename= has 11, which it does not hold"):
            tn.open_source(stack, rename={11: "B2"})

    @pytest.mark.parametrize("months", [False, True])
    def test_near_infrared_of_force(self, tmp_path: Path, months: bool) -> None:
        import rasterio

        names = [
            "BLUE",
            "GREEN",
            "RED",
            "REDEDGE1",
            "REDEDGE2",
            "REDEDGE3",
            "BROADNIR",
            "NIR",
            "SWIR1",
            "SWIR2",
        ]
        folder = tmp_path / "force"
        folder.mkdir()
        profile = {
            "driver": "GTiff", "width": 4, "height": 3, "dtype": "int16", "crs": "EPSG:32631",
            "transform": rasterio.transform.from_origin(600000, 5620000, 10, 10),
        }  # fmt: skip

        def write(path: Path, described: list[str]) -> None:
            values = np.arange(1, len(described) + 1, dtype=np.int16)[:, None, None] * 30 + np.zeros(
                (3, 4), np.int16
            )
            with rasterio.open(path, "w", count=len(described), **profile) as file:
                file.write(values + 270)
                file.descriptions = described

        path = folder / "20180705_LEVEL2_SEN2A_BOA.tif"
        write(path, [f"{n}_m07" for n in names] if months else names)
        series = tn.open_source(path if months else folder).pixel(*dated_cube(height=4, width=4).place(1, 1))
        np.testing.assert_array_equal(series.values[6], np.arange(300, 600, 30))
        write(path, names[:9])
        with pytest.raises(ValueError, match=r"bands given: BLUE, .*BROADNIR.*missing B12"):
            tn.open_source(folder)

    @pytest.mark.parametrize("style", ["S2-L2A-{}", "{}_{}m", "SR_{}", "s2_{}", "BOA {}", "{} ({}m"])
    def test_products_names_of_bands(self, world: DatedCube, style: str) -> None:
        names = {
            b: style.format(f"B{b[1:]:0>2}" if b != "B8A" else b, 20 if b in ("B5", "B8A") else 10)
            for b in BANDS
        }
        names["SCL"] = style.format("SCL", 20)
        if style == "{} ({}m":
            with pytest.raises(ValueError, match=r"missing B2|has no bands"):
                tn.open_source(world.dataset().rename(names))
            names = {b: b for b in names}
        source = tn.open_source(world.dataset().rename(names))
        assert "SCL" not in source.name
        np.testing.assert_array_equal(months(source), world.months(2018))

    @pytest.mark.parametrize("name", ["scl", "Scl", "SCL", "SCL_20m", "scene_classification"])
    @pytest.mark.parametrize("along", [True, False], ids=["band dimension", "variable"])
    def test_scene_classes_are_used_however_they_are_written(
        self, world: DatedCube, name: str, along: bool
    ) -> None:
        data = world.dataset().rename(SCL=name)
        if along:
            data = data.to_dataarray("band").to_dataset(name="s2").assign_attrs(crs="EPSG:32631")
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))

    def test_the_finest_of_several_pixel_sizes_counts(self, world: DatedCube) -> None:
        data = world.dataset().rename(B2="B02_10m")
        data["B02_20m"] = data["B02_10m"] * 0 + 9
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))

    def test_rename(self, world: DatedCube, tmp_path: Path) -> None:
        own = {f"refl_{i}": b for i, b in enumerate(BANDS)} | {"klassen": "SCL"}
        data = world.dataset().rename({b: n for n, b in own.items()})
        with pytest.raises(ValueError, match="rename="):
            tn.open_source(data)
        np.testing.assert_array_equal(months(tn.open_source(data, rename=own)), world.months(2018))
        stacked = data.to_dataarray("band").to_dataset(name="s2").assign_attrs(crs="EPSG:32631")
        np.testing.assert_array_equal(months(tn.open_source(stacked, rename=own)), world.months(2018))
        with pytest.raises(ValueError, match="rename= has nir, which it does not hold; it holds"):
            tn.open_source(data, rename={"nir": "B8"})

    def test_names_of_another_quantity_are_no_bands(self, world: DatedCube) -> None:
        data = world.dataset()
        data["std_B2"], data["count_B2"] = data["B2"] * 0 + 1, data["B2"] * 0 + 1
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))
        with pytest.raises(ValueError, match="no bands"):
            tn.open_source(world.dataset().rename({b: f"S2-L1C-{b}" for b in BANDS}))

    @pytest.mark.parametrize("kind", ["each band", "the file"])
    def test_names_in_the_description_tag_of_a_geotiff(self, tmp_path: Path, kind: str) -> None:
        import rasterio

        names = [f"{b}_m{m:02d}" for b in BANDS for m in range(1, 13)]
        values = (
            np.arange(120, dtype=np.float32)[:, None, None] * 10 + 300 + np.zeros((120, 2, 3), np.float32)
        )
        transform = rasterio.transform.from_origin(600000, 5620000, 10, 10)
        with rasterio.open(
            tmp_path / "m.tif", "w", driver="GTiff", width=3, height=2, count=120, dtype="float32",
            crs="EPSG:32631", transform=transform,
        ) as file:  # fmt: skip
            file.write(values)
            for i, name in enumerate(names, 1):
                if kind == "each band":
                    file.update_tags(i, DESCRIPTION=name)
            if kind == "the file":
                file.update_tags(DESCRIPTION=", ".join(names))
        expected = values.reshape(10, 12, 2, 3).swapaxes(0, 1)
        np.testing.assert_array_equal(months(tn.open_source(tmp_path / "m.tif")), expected)


class TestOpening:
    def test_what_is_in_memory(self, world: DatedCube) -> None:
        data = world.dataset()
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))
        array = data.drop_vars("SCL").to_dataarray("band").assign_attrs(crs="EPSG:32631")
        source = tn.open_source(array)
        assert "in memory" in source.name
        assert "no SCL" in source.name
        again = pickle.loads(pickle.dumps(source))
        np.testing.assert_array_equal(months(again), months(source))
        cube = tn.open_source(data).cube(tn.open_source(data).bounds)
        np.testing.assert_array_equal(months(tn.open_source(cube)), world.months(2018))
        with pytest.raises(ValueError, match="a dict; expected"):
            tn.open_source({})

    def test_a_path_from_home(
        self, world: DatedCube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        world.write(tmp_path / "cube.nc")
        np.testing.assert_array_equal(months(tn.open_source("~/cube.nc")), world.months(2018))

    @pytest.mark.parametrize("kind", ["dates", "months in names", "dates in names"])
    def test_a_folder_of_files(self, world: DatedCube, tmp_path: Path, kind: str) -> None:
        data = world.dataset()
        if kind == "dates":
            for m, part in data.groupby("time.month"):
                part.to_netcdf(tmp_path / f"part{12 - m}.nc")
        elif kind == "dates in names":
            for t, stamp in enumerate(data["time"].dt.strftime("%Y%m%d").values):
                data.isel(time=t, drop=True).to_netcdf(tmp_path / f"S2_{stamp}.nc")
        else:
            composites = tn.open_source(data).cube(tn.open_source(data).bounds).to_dataset("band")
            for m in range(1, 13):
                part = composites.sel(month=m, drop=True)
                part.attrs.clear()
                part.to_netcdf(tmp_path / f"median_2018-{m:02d}.nc")
        source = tn.open_source(tmp_path)
        assert list(source.years) == [2018]
        np.testing.assert_array_equal(months(source), world.months(2018))

    @pytest.mark.parametrize("dated", ["in the file", "by its name"])
    def test_a_folder_is_opened_once_read_in_parts_and_let_go_of(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dated: str
    ) -> None:
        world = dated_cube(dates=4, height=4, width=1200)
        world.scl[:] = 4
        data = world.dataset().isel(y=[1] * 400).assign_coords(y=5_620_000.0 - 10 * np.arange(400))
        for t, part in data.groupby("time"):
            part.squeeze("time", drop=dated == "by its name").to_netcdf(tmp_path / f"{str(t)[:10]}.nc")
        calls: list[str] = []
        open_dataset = xr.open_dataset
        monkeypatch.setattr(xr, "open_dataset", lambda *a, **k: calls.append("") or open_dataset(*a, **k))
        tracemalloc.start()
        source = tn.open_source(tmp_path)
        assert len(calls) == 4
        for column in (3, 130, 1130):
            np.testing.assert_array_equal(
                source.pixel(*world.place(200, column)).values, world.months(2018)[:, :, 1, column]
            )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # a date is 10 MB, and a block of the year 2 MB
        assert most < 20e6
        assert len(calls) == 4
        assert not [fd for fd in Path("/proc/self/fd").iterdir() if str(tmp_path) in os.path.realpath(fd)]
        there = world.place(200, 3)
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(source)).pixel(*there).values, source.pixel(*there).values
        )
        data.isel(time=[0]).to_netcdf(next(tmp_path.iterdir()))
        with pytest.raises(ValueError, match="written again or moved"):
            source.pixel(*world.place(399, 0))

    def test_a_folder_of_files_that_do_not_fit(self, world: DatedCube, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="folder without a cube"):
            tn.open_source(tmp_path)
        data = world.dataset()
        data.isel(time=[0]).to_netcdf(tmp_path / "a.nc")
        data.isel(time=[1], x=slice(1, None)).to_netcdf(tmp_path / "b.nc")
        with pytest.raises(ValueError, match="expected the same grid"):
            tn.open_source(tmp_path)
        data.isel(time=[1]).assign_attrs(crs="EPSG:32632").to_netcdf(tmp_path / "b.nc")
        with pytest.raises(ValueError, match="different coordinate systems"):
            tn.open_source(tmp_path)
        (tmp_path / "b.nc").write_text("<html>not here</html>")
        with pytest.raises(ValueError, match=r"b\.nc in it: it is a web page"):
            tn.open_source(tmp_path)

    def test_files_of_a_folder_have_their_own_baseline(self, world: DatedCube, tmp_path: Path) -> None:
        data = world.dataset()
        raised = bands_of(data, lambda v: v.where(v == 0, v + 1000))
        data.isel(time=slice(10)).assign_attrs(processing_baseline="02.07").to_netcdf(tmp_path / "a.nc")
        raised.isel(time=slice(10, None)).assign_attrs(processing_baseline="05.09").to_netcdf(
            tmp_path / "b.nc"
        )
        np.testing.assert_array_equal(months(tn.open_source(tmp_path)), world.months(2018))

    @pytest.mark.parametrize("ending", [".nc", ".zarr", "3.nc"])
    def test_a_file_may_be_written_again_while_it_is_open(
        self, world: DatedCube, tmp_path: Path, ending: str
    ) -> None:
        def write(values: np.ndarray) -> Path:
            path = tmp_path / f"cube{ending}"
            data = DatedCube(values, world.scl, world.times).dataset()
            if ending == ".zarr":
                data.to_zarr(path, consolidated=False, mode="w")
            elif ending == "3.nc":
                data.astype("int32").to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
            else:
                data.to_netcdf(path)
            return path

        source = tn.open_source(write(world.values))
        assert source.pixel(*world.place(0, 0)).valid.any()
        again = tn.open_source(write(np.where(world.values == 0, 0, world.values + 7)))
        with pytest.raises(ValueError, match=r"written again or moved since it was opened. Open it again"):
            source.pixel(*world.place(3, 3))
        np.testing.assert_array_equal(months(again), world.months(2018) + 7)

    def test_a_codec_that_is_not_installed(self, world: DatedCube, tmp_path: Path) -> None:
        path = world.write(tmp_path / "cube.zarr")
        for meta in path.rglob("zarr.json"):
            meta.write_text(meta.read_text().replace('"zstd"', '"pcodec_x"'))
        with pytest.raises(ValueError, match=r"needs a codec that is not installed.*pcodec_x"):
            tn.open_source(path)

    @pytest.mark.parametrize("ending", [".nc", ".zarr"])
    def test_groups_are_named(self, world: DatedCube, tmp_path: Path, ending: str) -> None:
        path, data = tmp_path / f"cube{ending}", world.dataset()
        for i, name in enumerate(("farm", "forest")):
            if ending == ".nc":
                data.to_netcdf(path, group=name, mode="a" if i else "w")
            else:
                data.to_zarr(path, group=name, consolidated=False, mode="a")
        with pytest.raises(ValueError, match=r"groups farm, forest.*group='farm'"):
            tn.open_source(path)
        with pytest.raises(ValueError, match=r"group='lake' was given; it has farm, forest"):
            tn.open_source(path, group="lake")
        np.testing.assert_array_equal(months(tn.open_source(path, group="forest")), world.months(2018))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer.*git lfs pull"),
            (b"\n<!DOCTYPE html><html>Sign in</html>", "a web page"),
            (b"<?xml version='1.0'?><Error/>", "XML"),
            (b"PK\x03\x04abc", "zip archive"),
            (b"\x1f\x8b\x08abc", "gzip"),
            (b'{"error": "no"}', "JSON"),
            (b"", "it is empty"),
        ],
    )
    @pytest.mark.parametrize("ending", [".nc", ".tif"])
    def test_what_lies_in_a_cubes_place_is_named(
        self, tmp_path: Path, ending: str, content: bytes, words: str
    ) -> None:
        (tmp_path / f"cube{ending}").write_bytes(content)
        with pytest.raises(ValueError, match=f"(?s){words}"):
            tn.open_source(tmp_path / f"cube{ending}")
