"""One year of looks, read from a file, from a STAC catalog and from Earth Engine: the same twelve months, exactly."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dated_cube import LEFT, TOP, DatedCube, dated_cube
from earth_engine_images import scenes_of
from earth_engine_server import EarthEngineServer
from stac_catalog import CatalogWriter

import timesen_nb as tn

HEIGHT, WIDTH = 8, 12


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return dated_cube(seed=7, dates=16, height=HEIGHT, width=WIDTH)


@pytest.fixture(scope="module")
def sources(world: DatedCube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tn.Source]]:
    folder = tmp_path_factory.mktemp("agreement")
    writer = CatalogWriter(folder)
    kinds = [
        {"baseline": "02.12", "applied": False},
        {"baseline": "05.09", "applied": True},
        {"baseline": "05.10", "style": "planetary-computer"},
    ]
    for i, when in enumerate(world.times):
        for tile, columns in (("A", slice(0, 8)), ("B", slice(4, WIDTH))):
            values, scl = world.values[i][..., columns], world.scl[i][..., columns]
            left = LEFT + 10 * columns.start
            writer.add(f"S2A_{i:03d}_{tile}", when, values, scl, left=left, **kinds[i % 3])
    with pytest.MonkeyPatch.context() as patch, EarthEngineServer(scenes_of(world)) as server:
        patch.delenv("EE_PROJECT", raising=False)
        server.initialize()
        yield {
            "file": tn.open_source(world.write(folder / "cube.nc")),
            "stac": tn.open_source("stac", catalog=writer.write()),
            "earthengine": tn.open_source("earthengine", cache=False),
        }


@pytest.mark.parametrize("name", ["file", "stac", "earthengine"])
def test_pixels_are_what_the_looks_give(world: DatedCube, sources: dict[str, tn.Source], name: str) -> None:
    months = world.months(2018)
    at = [(row, column) for row in range(HEIGHT) for column in range(WIDTH)]
    series = sources[name].pixels([world.place(*p) for p in at], year=2018)
    for one, (row, column) in zip(series, at, strict=True):
        np.testing.assert_array_equal(one.values, months[:, :, row, column])
        np.testing.assert_array_equal(one.valid, np.isfinite(months[:, 0, row, column]))
    assert not np.isfinite(months[10]).any(), "a month of clouds is missing everywhere"


@pytest.mark.parametrize("name", ["file", "stac", "earthengine"])
def test_cubes_are_what_the_looks_give(world: DatedCube, sources: dict[str, tn.Source], name: str) -> None:
    (west, south), (east, north) = world.place(HEIGHT - 1, 0), world.place(0, WIDTH - 1)
    cube = sources[name].cube((west, south, east, north), year=2018)
    ours = cube.sel(x=LEFT + 5 + 10 * np.arange(WIDTH), y=TOP - 5 - 10 * np.arange(HEIGHT))
    assert cube.dims == ("month", "band", "y", "x")
    assert cube.rio.crs.to_epsg() == 32631
    assert ours["band"].values.tolist() == list(tn.BANDS)
    np.testing.assert_array_equal(ours.values, world.months(2018))


@pytest.mark.parametrize("name", ["file", "stac"])
def test_sources_and_lazy_cubes_travel_to_workers(
    world: DatedCube, sources: dict[str, tn.Source], name: str
) -> None:
    source = pickle.loads(pickle.dumps(sources[name]))
    assert source.name == sources[name].name
    (west, south), (east, north) = world.place(HEIGHT - 1, 0), world.place(0, WIDTH - 1)
    cube = source.cube((west, south, east, north))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(cube)).values, cube.values)


def test_a_cube_kept_as_a_file_is_the_source_again(
    world: DatedCube, sources: dict[str, tn.Source], tmp_path: Path
) -> None:
    (west, south), (east, north) = world.place(HEIGHT - 1, 0), world.place(0, WIDTH - 1)
    sources["stac"].cube((west, south, east, north)).to_netcdf(tmp_path / "kept.nc")
    kept = tn.open_source(tmp_path / "kept.nc")
    place = world.place(3, 3)
    np.testing.assert_array_equal(kept.pixel(*place).values, sources["stac"].pixel(*place).values)
