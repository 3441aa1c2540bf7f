"""Cubes at random, seeded: 250 ways to write one cube, 120 to damage it. No wrong value in silence, no raw error."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from dated_cube import DatedCube, dated_cube
from zarr.codecs import Crc32cCodec

import timesen_nb as tn
from timesen_nb.bands import BANDS

BATCH = 25
SPELLINGS = (
    lambda b: b,
    lambda b: b.lower(),
    lambda b: f"S2-L2A-{b}",
    lambda b: f"{b}_20m",
    lambda b: f"B{int(b[1:]):02d}" if b[1:].isdigit() else b,
)
FILLS = (-9999.0, -999.0, -32768.0, 65535.0, 1e20)


def outcome(data: Any, **options: Any) -> tuple[np.ndarray | None, str]:
    """The months, or None and the words of a refusal; and what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            source = tn.open_source(data, **options)
            values = source.cube(source.bounds, 2018).values
        except ValueError as error:
            assert len(str(error)) > 40, error  # noqa: PT017 - errors are one of the outcomes
            return None, str(error)
    return values, " ".join(str(w.message) for w in said)


def variant(seed: int) -> tuple[xr.Dataset, np.ndarray, str]:
    """A cube written in a random way, its months, and what must come: "right", "said" or "refused"."""
    rng = np.random.default_rng(seed)
    world = dated_cube(seed, dates=8, height=4, width=6)
    expected, due = world.months(2018), "right"
    values = world.values.astype(np.float64)
    gaps = values == 0
    values[gaps] = np.nan

    raised = rng.choice(["no", "no", "baseline", "offset", "packed name", "silent"])
    if raised != "no":
        values += 1000
        due = "said" if raised == "silent" else due
        expected = expected + 1000 if raised == "silent" else expected
    unit = rng.random() < 0.3
    dtype = np.dtype(
        rng.choice(["float32", "float64"] if unit else ["uint16", "int32", "float32", "float64"])
    )
    fill = float(rng.choice([0.0, np.nan, *FILLS]))
    if dtype.kind in "iu" and not (np.isfinite(fill) and np.iinfo(dtype).min <= fill <= np.iinfo(dtype).max):
        fill = 0.0
    declared = rng.random() < 0.4
    if np.isfinite(fill) and fill and not declared and gaps.any():
        due = "said" if due == "right" else due
    if unit:
        values /= 10_000
    stored = np.where(gaps, fill, values).astype(dtype)

    time = world.times.astype("datetime64[ns]")
    stamps = rng.choice(["overpass", "date", "text"])
    if stamps != "overpass":
        time = world.times.astype("datetime64[D]").astype("datetime64[ns]")
    coords: dict[str, Any] = {
        "time": [f"{str(t)[:10]}T00:00:00Z" for t in time] if stamps == "text" else time,
        "y": world.top - 10 * np.arange(4) - 5,
        "x": world.left + 10 * np.arange(6) + 5,
    }
    dims = ("time", "y", "x")
    data = xr.Dataset({b: (dims, stored[:, i]) for i, b in enumerate(BANDS)}, coords)
    data["SCL"] = (dims, world.scl)
    if declared and np.isfinite(fill):
        for b in BANDS:
            data[b].attrs[str(rng.choice(["nodata", "no_data_value"]))] = fill
    if raised == "baseline":
        data = data.assign_coords(processing_baseline=("time", np.full(8, "05.09")))
    elif raised == "offset":
        data.attrs["BOA_ADD_OFFSET"] = -1000
    elif raised == "packed name":
        data.attrs["product_uri"] = "S2B_MSIL2A_20230611T103631_N0509_R008_T31UES_20230611T120000"

    system = rng.choice(["attribute", "mapping", "none", "wrong"], p=[0.45, 0.4, 0.05, 0.1])
    if system == "attribute":
        data.attrs["crs"] = "EPSG:32631"
    elif system == "mapping":
        data = data.rio.write_crs(32631)
    elif system == "wrong":
        data.attrs["crs"] = "EPSG:4326"
    fault = rng.choice(["none", "band lost", "percent", "mixed", "uneven", "classes"], p=[0.75, *[0.05] * 5])
    if fault == "band lost":
        data = data.drop_vars(str(rng.choice(BANDS)))
    elif fault == "percent":
        there = {b: data[b].where(np.isfinite(data[b]) & (data[b] > 0) & (data[b] < 30000)) for b in BANDS}
        data = data.assign({b: v / (0.01 if unit else 100) for b, v in there.items()})
    elif fault == "mixed":
        band = str(rng.choice(BANDS))
        data[band] = data[band].astype(np.float64) * (10_000 if unit else 1e-4)
    elif fault == "uneven":
        data = data.isel(x=[0, 1, 2, 4, 5])
    elif fault == "classes":
        data["SCL"] = data["SCL"] + np.float32(0.5)
    if fault != "none" or system in ("none", "wrong"):
        due = "refused"

    spell = SPELLINGS[rng.integers(len(SPELLINGS))]
    names = {b: spell(b) for b in (*BANDS, "SCL") if b in data}
    order = rng.permutation(list(names.values())).tolist()
    data = data.rename(names)[order]
    if rng.random() < 0.3 and fault == "none":
        whole = data.attrs
        data = data.to_dataarray("band").to_dataset(name="s2").assign_attrs(whole)
        if declared and np.isfinite(fill):
            data["s2"].attrs["nodata"] = fill
    flip = rng.random() < 0.3
    if flip:
        data = data.isel(y=slice(None, None, -1))
        expected = expected[..., ::-1, :]
    if rng.random() < 0.3:
        data = data.transpose("x", ..., "time")
    if rng.random() < 0.3:
        data = data.isel(time=rng.permutation(8))
    return data, expected, due


@pytest.mark.parametrize("batch", range(10))
def test_cubes_written_at_random_are_right_refused_or_said(batch: int, tmp_path: Path) -> None:
    for seed in range(BATCH * batch, BATCH * (batch + 1)):
        data, expected, due = variant(seed)
        given: Any = data
        if seed % 5 == 0:
            given = tmp_path / f"{seed}.nc"
            data.to_netcdf(given)
        found, words = outcome(given)
        if due == "refused":
            assert found is None, (seed, words)
            continue
        assert found is not None, (seed, words)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=0.05, err_msg=f"seed {seed}: {words}")
        # more may be said than is due, such as that a code is one; less may not
        assert words or due == "right", (seed, due, words)


def written(world: DatedCube, kind: str, folder: Path) -> tuple[Path, Path]:
    """A cube, and the file of it that is damaged: with checksums over its values, for no one else can tell a flip."""
    data = world.dataset()
    if kind == "nc":
        path = folder / "cube.nc"
        kept = {"zlib": True, "fletcher32": True}
        data.to_netcdf(path, encoding=dict.fromkeys(data.data_vars, kept))
        return path, path
    path = folder / "cube.zarr"
    checked = (Crc32cCodec(),)
    data.to_zarr(
        path, consolidated=False, encoding={name: {"compressors": checked} for name in data.data_vars}
    )
    return path, path / "B4" / ("zarr.json" if kind == "zarr json" else "c/0/0/0")


@pytest.mark.parametrize("kind", ["nc", "zarr", "zarr json"])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damaged_files_are_right_or_refused(kind: str, damage: str, tmp_path: Path) -> None:
    world = dated_cube(1, dates=6, height=4, width=6)
    path, file = written(world, kind, tmp_path)
    whole, expected = file.read_bytes(), world.months(2018)
    rng = np.random.default_rng(len(kind))
    wrong = []
    for at in rng.integers(0, len(whole), 20).tolist():
        bits = bytearray(whole)
        bits[at] ^= 1 << int(rng.integers(8))
        file.write_bytes(whole[:at] if damage == "cut" else bytes(bits))
        found, words = outcome(path)
        if (
            found is not None
            and not words
            and not (found.shape == expected.shape and np.array_equal(found, expected, equal_nan=True))
        ):
            wrong.append(at)
    assert not wrong
