"""Two collections of the same images, each with holes; and what a series says of what it was made of."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dated_cube import DatedCube, dated_cube
from stac_catalog import ONE, CatalogWriter
from stac_server import Api, served

from timesen_nb.composite import clear, monthly_medians
from timesen_nb.sources.checks import whole_years
from timesen_nb.sources.stac import StacSource

BOTH = ("sentinel-2-l2a", "sentinel-2-c1-l2a")
DATES = 14
#: Which images each collection lacks; number 3 is in neither.
HOLES = {"sentinel-2-l2a": {1, 3, 8}, "sentinel-2-c1-l2a": {0, 3, 5, 6, 10}}
UNION = sorted(set(range(DATES)) - {3})


@pytest.fixture(scope="module")
def world() -> DatedCube:
    """Every image shows something everywhere."""
    world = dated_cube(dates=DATES, height=4, width=4)
    world.values[:] = np.maximum(world.values, 200)
    world.scl[:] = np.where(np.isin(world.scl, (4, 5, 6, 7, 9)), world.scl, 4)
    return world


@pytest.fixture(scope="module")
def folder(world: DatedCube, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As earth-search has them: of one collection the copies without the offset, of the other as ESA delivers them."""
    writer = CatalogWriter(tmp_path_factory.mktemp("collections"))
    for i, when in enumerate(world.times):
        if i not in HOLES[BOTH[0]]:
            kind = {"baseline": "02.12"} if i % 2 else {"baseline": "05.00", "applied": True}
            writer.add(f"S2A_A_{i:03d}_old", when, world.values[i], world.scl[i], **kind)
        if i not in HOLES[BOTH[1]]:
            later = when + np.timedelta64(2, "s")
            new = {"baseline": "05.11", "collection": BOTH[1]}
            writer.add(f"S2A_A_{i:03d}_new", later, world.values[i], world.scl[i], **new)
    writer.write()
    return writer.folder


@pytest.fixture
def api(folder: Path) -> Iterator[Api]:
    with served(folder) as api:
        yield api


def expected(world: DatedCube, images: list[int]) -> np.ndarray:
    values = world.values[images].astype(np.float32)
    return monthly_medians(values, world.times[images].astype("datetime64[D]"), 2018, world.scl[images])


def test_what_either_collection_has_is_there(world: DatedCube, api: Api) -> None:
    series = StacSource(api.address, collection=BOTH, cache=False).pixel(*world.place(1, 2), 2018)
    np.testing.assert_array_equal(series.values, expected(world, UNION)[:, :, 1, 2])
    shown = [i for i in UNION if clear(world.scl[i, 1, 2])]
    assert series.provenance["dates"] == [str(t.astype("datetime64[D]")) for t in world.times[shown]]
    assert series.provenance["collections"] == sorted(BOTH)
    assert len(api.searches) == 1
    assert api.searches[0]["collections"] == list(BOTH)


def test_an_acquisition_of_both_collections_is_read_once(world: DatedCube, api: Api) -> None:
    StacSource(api.address, collection=BOTH, cache=False).pixel(*world.place(1, 2), 2018)
    read = {name.rpartition("_")[0] for name in api.files}
    for i in UNION:
        new = i not in HOLES[BOTH[1]]
        assert f"S2A_A_{i:03d}_{'new' if new else 'old'}" in read
        assert f"S2A_A_{i:03d}_{'old' if new else 'new'}" not in read


def test_a_cube_is_of_both_collections_too(world: DatedCube, folder: Path) -> None:
    source = StacSource(folder)
    west, south, east, north = source.bounds
    inside = 2e-5
    cube = source.cube((west + inside, south + inside, east - inside, north - inside), 2018)
    ours = cube.sel(x=world.left + 5 + 10 * np.arange(4), y=world.top - 5 - 10 * np.arange(4))
    np.testing.assert_array_equal(ours.values, expected(world, UNION))


@pytest.mark.parametrize("how", [500, 404, 60], ids=["fault", "unknown", "hangs"])
@pytest.mark.parametrize("which", BOTH)
def test_a_collection_that_fails_is_left_out_and_said(
    world: DatedCube, api: Api, tmp_path: Path, how: int, which: str
) -> None:
    other = next(name for name in BOTH if name != which)
    # what hangs takes nearly half of the deadline: enough of it is left for this machine, as busy as it is
    started = time.monotonic()
    StacSource(api.address, collection=other, cache=False).pixel(*world.place(1, 2), 2018)
    options = {"deadline": 8 + 6 * (time.monotonic() - started), "attempts": 2, "readers": ONE}
    api.set(failing={which: how})
    source = StacSource(api.address, collection=BOTH, cache=tmp_path, **options)
    with pytest.warns(UserWarning, match=f"the collection {which} is left out"):
        series = source.pixel(*world.place(1, 2), 2018)
    images = [i for i in range(DATES) if i not in HOLES[other]]
    np.testing.assert_array_equal(series.values, expected(world, images)[:, :, 1, 2])
    assert series.provenance["collections"] == [other]
    assert series.provenance["left_out"][0]["what"] == f"the collection {which}"
    api.set(failing={})
    again = source.pixel(*world.place(1, 2), 2018)
    np.testing.assert_array_equal(again.values, expected(world, UNION)[:, :, 1, 2])


def test_two_collections_that_fail_are_an_error(world: DatedCube, api: Api) -> None:
    api.set(failing=dict.fromkeys(BOTH, 500))
    with pytest.raises(ValueError, match="answered with the error 500"):
        StacSource(api.address, collection=BOTH, cache=False, attempts=1).pixel(*world.place(1, 2), 2018)


def test_both_collections_of_earth_search_are_asked_by_default(tmp_path: Path) -> None:
    assert StacSource("earth-search", cache=tmp_path)._catalog.collections == BOTH
    assert StacSource("https://example.org", cache=tmp_path)._catalog.collections == BOTH[:1]
    assert StacSource("earth-search", collection=None, cache=tmp_path)._catalog.collections is None
    one = StacSource("earth-search", collection=BOTH[0], cache=tmp_path)
    assert one._catalog.collections == BOTH[:1]
    assert one._cache.folder != StacSource("earth-search", cache=tmp_path)._cache.folder


def test_without_a_year_it_is_the_last_that_is_over(world: DatedCube, api: Api) -> None:
    with pytest.raises(ValueError, match=f"no acquisition of {whole_years()[-1]}"):
        StacSource(api.address, cache=False).pixel(*world.place(1, 2))


# Provenance


def test_a_series_says_what_it_was_made_of(world: DatedCube, api: Api, tmp_path: Path) -> None:
    source = StacSource(api.address, collection=BOTH, cache=tmp_path)
    made_of = source.pixel(*world.place(1, 2), 2018).provenance
    assert set(made_of) == {
        "catalog", "collections", "acquisitions", "dates", "satellites", "baselines", "offset", "mask", "left_out",
    }  # fmt: skip
    months = [int(date[5:7]) for date in made_of["dates"]]
    assert made_of["acquisitions"] == [months.count(m) for m in range(1, 13)]
    assert made_of["satellites"] == ["S2A"]
    assert set(made_of["baselines"]) == {"02.12", "05.00", "05.11"}
    assert made_of["offset"]["applied"] is True
    assert "-1000 as raster:bands states it" in made_of["offset"]["rule"]
    assert "taken off by the catalog already" in made_of["offset"]["rule"]
    assert made_of["mask"].startswith("scene classes left out: 0 (no data), 1 (saturated")
    assert made_of["left_out"] == []
    assert made_of["catalog"] == api.address
    kept = StacSource(api.address, collection=BOTH, cache=tmp_path).pixel(*world.place(1, 2), 2018)
    assert kept.provenance == made_of
    assert len(api.searches) == 1


def test_counts_are_of_each_pixel(world: DatedCube, folder: Path) -> None:
    at = [(row, column) for row in range(4) for column in range(4)]
    series = StacSource(folder).pixels([world.place(*p) for p in at], 2018)
    for one, (row, column) in zip(series, at, strict=True):
        seen = [i for i in UNION if clear(world.scl[i, row, column])]
        months = world.times[seen].astype("datetime64[M]").astype(int) % 12
        assert one.provenance["acquisitions"] == np.bincount(months, minlength=12).tolist()
        assert (np.array(one.provenance["acquisitions"]) > 0).tolist() == one.valid.tolist()


def test_nothing_is_taken_off_where_nothing_was_on(world: DatedCube, folder: Path) -> None:
    with served(folder) as api:
        series = StacSource(api.address, collection=BOTH[0], cache=False).pixel(*world.place(1, 2), 2018)
    assert series.provenance["offset"]["applied"] is False
