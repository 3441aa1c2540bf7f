"""Sen4Map files in both layouts, written here and read whole, by their centres, and into a file."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import timesen_nb as tn
from timesen_nb.composite import monthly_medians
from timesen_nb.datasets import read_sen4map
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.datasets.sen4map import published_medians
from timesen_nb.evaluation.encoding import centre

SIZE = 8  # pixels on a side, in place of 64
POINTS = {
    "38863102": ("BE", "A11", "U370", (3.812952713, 50.863822271)),
    "27482136": ("PT", "B16", "U111", (-8.699090799, 40.561124712)),
    "55182100": ("EL", "C10", "", (24.255324771, 40.980413984)),
}


def names(days: list[str]) -> np.ndarray:
    """Images as Earth Engine names them."""
    return np.array([f"{d}T103421_{d}T103419_T31UES" for d in days], dtype=h5py.string_dtype())


def dates(number: str) -> list[str]:
    """Two looks a month, but for one month without any, and one look of the year before."""
    gap = int(number[-1]) % 12 + 1
    return ["20171230", *[f"2018{m:02d}{d:02d}" for m in range(1, 13) if m != gap for d in (4, 19)]]


def attributes(group: h5py.Group, number: str, **more: Any) -> None:
    country, lc1, lu1, place = POINTS[number]
    group.attrs.update({"nuts0": country, "lc1": lc1, "lu1": lu1, "Coordinates": np.array(place), **more})


@pytest.fixture
def looks() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(t, 10, 8, 8) reflectance and (t, 8, 8) scene classes of each point."""
    rng = np.random.default_rng(0)
    out = {}
    for number in POINTS:
        t = len(dates(number))
        values = rng.integers(50, 6000, (t, 10, SIZE, SIZE)).astype(np.uint16)
        out[number] = (
            values,
            rng.choice([4, 5, 8, 9, 11], (t, SIZE, SIZE), p=[0.4, 0.2, 0.1, 0.2, 0.1]).astype(np.uint8),
        )
    return out


@pytest.fixture
def dated(tmp_path: Path, looks: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    """The layout of Sen4Map: a data set a band, compressed, in an order of its own."""
    with h5py.File(tmp_path / "dated.h5", "w") as file:
        for number, (values, scl) in looks.items():
            group = file.create_group(f"Lucas_Point_{number}")
            for i in np.random.default_rng(int(number)).permutation(10):
                group.create_dataset(
                    tn.BANDS[i], data=values[:, i], compression="gzip", chunks=(1, SIZE, SIZE)
                )
            group["SCL"] = scl
            attributes(group, number, Image_ID=names(dates(number)))
    return tmp_path / "dated.h5"


@pytest.fixture
def composed(tmp_path: Path) -> Path:
    """The layout with composites, and labels of habitats and regions."""
    rng = np.random.default_rng(1)
    with h5py.File(tmp_path / "composed.h5", "w") as file:
        for i, number in enumerate(POINTS):
            group = file.create_group(f"Lucas_Point_{number}")
            image = rng.integers(100, 5000, (12, 10, 1, 1)).astype(np.float32)
            image[i] = 1.0  # clouds, as the published rule leaves them
            image[5, 0] = 1.0  # one dark band is a value
            group["image"] = image
            attributes(group, number, EUNIS_L2=np.int64(i), bioregion_class_code=[3, 8, 1][i])
    return tmp_path / "composed.h5"


def by_number(places: PlaceDataset, number: str) -> np.ndarray:
    return places.series(places.ids == number)[0]


def test_clear_composites_are_ours(dated: Path, looks: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    places = read_sen4map(dated, crop=None, progress=False)
    assert places.values.shape == (3, 12, 10, SIZE, SIZE)
    for number, (values, scl) in looks.items():
        days = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates(number)], dtype="datetime64[D]")
        np.testing.assert_array_equal(by_number(places, number), monthly_medians(values, days, 2018, scl))
        assert np.isnan(by_number(places, number)[int(number[-1]) % 12]).all()  # the gap stays a gap


def test_published_composites_by_torch(dated: Path, looks: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Clouds as zeros, torch's median, a month without dates from all of the year, plus one."""
    places = read_sen4map(dated, crop=None, composites="published", progress=False)
    for number, (values, scl) in looks.items():
        image = torch.from_numpy(np.where(scl[:, None] < 9, values, 0).astype(np.float32))
        for month in range(12):
            rows = [i for i, d in enumerate(dates(number)) if d.startswith(f"2018{month + 1:02d}")]
            rows = rows or [i for i, d in enumerate(dates(number)) if d.startswith("2018")]
            expected = image[rows].median(dim=0).values + 1
            np.testing.assert_array_equal(by_number(places, number)[month], expected.numpy())


@given(
    arrays(np.uint16, (6, 10), elements=st.integers(1, 9000)),
    st.lists(st.integers(0, 12), min_size=6, max_size=6).filter(any),
    st.lists(st.integers(0, 11), min_size=6, max_size=6),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_published_composites_have_no_gaps(values: np.ndarray, months: list[int], scl: list[int]) -> None:
    out = published_medians(values, np.array(months), np.array(scl))
    assert out.shape == (12, 10)
    assert np.isfinite(out).all()
    assert out.min() >= 1
    assert out.max() <= values.max() + 1


def test_published_composites_of_other_years_are_refused() -> None:
    with pytest.raises(ValueError, match="2 images of other years were given"):
        published_medians(np.ones((2, 10)), np.zeros(2, int), np.zeros(2))


@pytest.mark.parametrize("crop", [1, 2, 5])
def test_crops_are_the_middle(dated: Path, crop: int) -> None:
    whole = read_sen4map(dated, crop=None, progress=False).series()
    top = SIZE // 2 - crop // 2
    middle = whole[..., top : top + crop, top : top + crop]
    cropped = read_sen4map(dated, crop=crop, progress=False).series()
    np.testing.assert_array_equal(cropped, middle[..., 0, 0] if crop == 1 else middle)
    np.testing.assert_array_equal(centre(whole, crop), cropped)  # what a model looks at is what is read


def test_places_labels_and_photos(dated: Path) -> None:
    places = read_sen4map(dated, progress=False)
    assert sorted(places.ids) == sorted(POINTS)
    assert set(places.labels) == {"land_cover", "land_use", "crops", "country"}
    for i, number in enumerate(places.ids):
        country, _, _, place = POINTS[number]
        np.testing.assert_allclose(places.lonlats[i], place)
        assert places.photos is not None
        assert places.photos[i, 1].endswith(f"/2018/{country}/{number[:3]}/{number[3:6]}/{number}E.jpg")
    assert dict(zip(places.ids, places.labels["crops"], strict=True))["27482136"] == "Maize"
    assert dict(zip(places.ids, places.labels["land_use"], strict=True))["55182100"] == ""


def test_coordinates_either_way_round_without_their_sign_and_none(dated: Path) -> None:
    with h5py.File(dated, "a") as file:
        file["Lucas_Point_38863102"].attrs["Coordinates"] = np.array(POINTS["38863102"][3][::-1])
        file["Lucas_Point_27482136"].attrs["Coordinates"] = np.array(POINTS["27482136"][3]) * (-1, 1)
        del file["Lucas_Point_55182100"].attrs["Coordinates"]
    places = read_sen4map(dated, progress=False)
    expected = [POINTS[number][3] for number in places.ids]
    np.testing.assert_allclose(places.lonlats, expected, atol=2e-3)


@pytest.mark.parametrize("place", [(50.79, 4.09), (30.0, 50.0), (0.0, 0.0)])
def test_coordinates_that_are_not_where_the_number_says_are_named(
    dated: Path, place: tuple[float, float]
) -> None:
    with h5py.File(dated, "a") as file:
        file["Lucas_Point_38863102"].attrs["Coordinates"] = place
    with pytest.warns(
        UserWarning, match=r"dated\.h5: 1 of 3 points have a number .* such as 38863102; they get"
    ):
        places = read_sen4map(dated, progress=False)
    assert places.photos is not None
    assert [bool(photo) for photo in places.photos[:, 0]] == [number != "38863102" for number in places.ids]


@pytest.mark.parametrize("attribute", ["EUNIS_L2", "bioregion_class_code"])
def test_codes_of_habitats_and_regions_that_are_none_are_named(composed: Path, attribute: str) -> None:
    task = {"EUNIS_L2": "habitat", "bioregion_class_code": "bioregion"}[attribute]
    with h5py.File(composed, "a") as file:
        for number, code in zip(POINTS, ("8.0", "99", "NaN"), strict=True):
            file[f"Lucas_Point_{number}"].attrs[attribute] = code
    said = rf"{attribute} holds 1 codes .* '99' \(1 times, first at 27482136\).*tn.tasks\['{task}'\]"
    with pytest.warns(UserWarning, match=said):
        places = read_sen4map(composed, progress=False)
    found = dict(zip(places.ids, places.labels[task], strict=True))
    named = tn.tasks[task]
    assert [found[number] for number in POINTS] == [named.classes[named.codes.index("8")], "", ""]


@pytest.mark.parametrize("codes", [("1", "2", "7"), ("9", "9.0", "")])
def test_regions_that_no_point_lies_in_are_no_news(composed: Path, codes: tuple[str, ...]) -> None:
    with h5py.File(composed, "a") as file:
        for number, code in zip(POINTS, codes, strict=True):
            file[f"Lucas_Point_{number}"].attrs["bioregion_class_code"] = code
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (read_sen4map(composed, progress=False).labels["bioregion"] == "").all()


def test_composed_files(composed: Path) -> None:
    places = read_sen4map(composed, progress=False)
    published = read_sen4map(composed, composites="published", progress=False)
    assert set(places.labels) == {"land_cover", "land_use", "crops", "country", "habitat", "bioregion"}
    for i, number in enumerate(POINTS):
        series = by_number(places, number)
        assert np.flatnonzero(np.isnan(series).any(axis=1)).tolist() == [i]
        np.testing.assert_array_equal(series[5, 0], 1.0)
        np.testing.assert_array_equal(np.nan_to_num(series, nan=1.0), by_number(published, number))
        row = places.ids.tolist().index(number)
        assert places.labels["habitat"][row] == tn.tasks["habitat"].classes[i]
        assert places.labels["bioregion"][row] == ["Atlantic", "Mediterranean", ""][i]


@pytest.mark.parametrize("crop", [1, 3])
def test_a_memory_mapped_file_holds_the_same(dated: Path, tmp_path: Path, crop: int) -> None:
    memory = read_sen4map(dated, crop=crop, progress=False)
    mapped = read_sen4map(dated, crop=crop, into=tmp_path / "new" / "series.npy", progress=False)
    assert isinstance(mapped.values, np.memmap)
    assert mapped.values.dtype == np.int16
    np.testing.assert_allclose(mapped.series(), memory.series(), atol=0.5)
    np.testing.assert_array_equal(np.isnan(mapped.series()), np.isnan(memory.series()))
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["series.npy"]
    pairs = mapped.pairs(np.ones((3, 16), np.float32))
    np.testing.assert_allclose(np.asarray(pairs.series(slice(None))).squeeze(), memory.series(), atol=0.5)


def test_some_points_only(dated: Path) -> None:
    assert read_sen4map(dated, points=["27482136"], progress=False).ids.tolist() == ["27482136"]
    with pytest.raises(
        ValueError, match=r"does not hold 1 of the 1 points asked for: 1; expected LUCAS numbers"
    ):
        read_sen4map(dated, points=["1"], progress=False)
    with pytest.raises(ValueError, match="no group among the points asked for: none"):
        read_sen4map(dated, points=[], progress=False)


def test_points_that_the_file_does_not_hold_are_named(dated: Path) -> None:
    asked = [*POINTS, "27482138", "1", "2", "3", "4", "5"]
    with pytest.warns(
        UserWarning, match="does not hold 6 of the 9 points .*: 1, 2, 27482138, 3, 4 and 1 more;"
    ):
        places = read_sen4map(dated, points=asked, progress=False)
    assert sorted(places.ids) == sorted(POINTS)
    with pytest.warns(UserWarning, match=r"2 of the 3 points .*: 1, 2; .* read them from the other files"):
        read_sen4map(dated, points=["38863102", "1", "2"], progress=False)


def break_dates(file: h5py.File) -> None:
    file["Lucas_Point_38863102"].attrs["Image_ID"] = names(["20180104"])


def break_names(file: h5py.File) -> None:
    file["Lucas_Point_38863102"].attrs["Image_ID"] = np.array(["a"] * 23, dtype=h5py.string_dtype())


def break_band(file: h5py.File) -> None:
    del file["Lucas_Point_38863102/B8A"]


def break_scl(file: h5py.File) -> None:
    del file["Lucas_Point_38863102/SCL"]


def break_code(file: h5py.File) -> None:
    file["Lucas_Point_38863102"].attrs["lc1"] = "Q11"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (break_dates, "38863102 has 23 images and 1 dates"),
        (break_names, "does not say the date of each image"),
        (break_band, "point 38863102 .*missing B8A"),
        (break_scl, "point 38863102 .*SCL"),
        (break_code, r"'Q11' \(1 times, first at 38863102\)"),
    ],
)
def test_broken_points_are_named(
    dated: Path, change: Callable[[h5py.File], None], message: str, tmp_path: Path
) -> None:
    with h5py.File(dated, "a") as file:
        change(file)
    with pytest.raises(ValueError, match=message):
        read_sen4map(dated, progress=False)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_file_says_so(dated: Path, tmp_path: Path, share: float) -> None:
    whole = dated.read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"cut\.h5 is no whole HDF5 file .* download it again"):
        read_sen4map(cut, into=tmp_path / "out" / "series.npy", progress=False)
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_names_the_point_and_leaves_nothing(dated: Path, tmp_path: Path) -> None:
    with h5py.File(dated, "r") as file:
        chunk = file["Lucas_Point_38863102/B2"].id.get_chunk_info(0)
    data = bytearray(dated.read_bytes())
    data[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    dated.write_bytes(data)
    with pytest.raises(ValueError, match="Lucas_Point_38863102 cannot be read, 1 points before it can"):
        read_sen4map(dated, into=tmp_path / "out" / "series.npy", progress=False)
    assert not list((tmp_path / "out").iterdir())


def test_a_full_disk_is_said_and_leaves_nothing(
    dated: Path, tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    small_files(500)
    with pytest.raises(OSError, match=r"series\.npy could not be written whole.*disk full"):
        read_sen4map(dated, into=tmp_path / "out" / "series.npy", progress=False)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("into", [None, "series.npy"])
def test_reflectance_that_is_none_is_refused(composed: Path, tmp_path: Path, into: str | None) -> None:
    target = None if into is None else tmp_path / "out" / into
    with h5py.File(composed, "a") as file:
        for group in file.values():
            group["image"][:] = group["image"][:] / 10_000
    with pytest.raises(
        ValueError, match=r"point \d+ has reflectance up to 0\.\d+; expected reflectance x 10000"
    ):
        read_sen4map(composed, into=target, progress=False)
    with h5py.File(composed, "a") as file:
        for group in file.values():
            group["image"][:] = group["image"][:] * 10_000
        file["Lucas_Point_38863102/image"][3, 2] = -77
    with pytest.raises(ValueError, match=r"point 38863102 has reflectance -77; .* points="):
        read_sen4map(composed, into=target, progress=False)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize("factor", [1e-4, 1e-2])
def test_another_unit_is_refused(dated: Path, composed: Path, factor: float) -> None:
    with h5py.File(dated, "a") as file:
        for group in file.values():
            for band in tn.BANDS:
                values = group[band][:] * factor
                del group[band]
                group[band] = values
    with h5py.File(composed, "a") as file:
        for group in file.values():
            group["image"][:] = (group["image"][:] - 1) * factor + 1  # one is added last
    for path in (dated, composed):
        for composites in ("clear", "published"):
            with pytest.raises(
                ValueError, match=r"point \d+ has reflectance up to .* share of one or in percent"
            ):
                read_sen4map(path, composites=composites, progress=False)


def test_what_is_asked_for_is_checked(dated: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"crop=9 of point .*8 x 8 pixels"):
        read_sen4map(dated, crop=9, progress=False)
    with pytest.raises(ValueError, match="'clear', 'published'"):
        read_sen4map(dated, composites="ours", progress=False)
    with pytest.raises(FileNotFoundError, match="Check the path"):
        read_sen4map(tmp_path / "nowhere.h5", progress=False)


@pytest.mark.parametrize("composites", ["clear", "published"])
def test_a_year_that_no_image_is_of_is_refused(dated: Path, composites: str) -> None:
    with pytest.raises(ValueError, match=r"point \d+ has dates from 201\d-.* expected some of 2023"):
        read_sen4map(dated, composites=composites, year=2023)


def test_split_by_blocks_keeps_neighbours_together(dated: Path) -> None:
    places = read_sen4map(dated, progress=False)
    a, b = places.split((0.6, 0.4), block_km=100)
    assert sorted([*a.ids, *b.ids]) == sorted(POINTS)
    assert a.values.shape[0] == len(a)
    np.testing.assert_array_equal(a.series(0), places.series(places.ids == a.ids[0])[0])


# What stands for no data ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "code"), [("B4", 65535), ("SCL", 255), ("SCL", 99), ("all", 65535), ("all", 0)]
)
def test_codes_for_no_data_are_no_values(
    dated: Path, looks: dict[str, tuple[np.ndarray, np.ndarray]], what: str, code: int
) -> None:
    """The month that is left without another clear look is missing; the others are what they were."""
    number = "38863102"
    values, scl = looks[number]
    with h5py.File(dated, "a") as file:
        group = file[f"Lucas_Point_{number}"]
        group["SCL"][:] = 4
        first = dates(number).index("20180104")
        for name in tn.BANDS if what == "all" else [what]:
            group[name][first : first + 2] = code
    with pytest.warns(UserWarning, match="65535") if code == 65535 else nullcontext():
        series = by_number(read_sen4map(dated, crop=None, points=[number], progress=False), number)
    days = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates(number)], dtype="datetime64[D]")
    expected = monthly_medians(values, days, 2018, np.full_like(scl, 4))
    expected[0] = np.nan
    np.testing.assert_array_equal(series, expected)
    with pytest.warns(UserWarning, match="65535") if code == 65535 else nullcontext():
        places = read_sen4map(dated, crop=None, points=[number], composites="published", progress=False)
    published = by_number(places, number)
    assert published.max() <= values.max() + 1


@pytest.mark.parametrize("code", [65535, -9999, -32768])
def test_codes_in_composites_are_no_values(composed: Path, code: float) -> None:
    number = "38863102"
    with h5py.File(composed, "a") as file:
        file[f"Lucas_Point_{number}/image"][7, 2] = code + 1  # as one is added to every value
    with pytest.warns(UserWarning, match=f"{code}"):
        series = by_number(read_sen4map(composed, progress=False), number)
    assert np.isnan(series[7, 2])
    assert np.isfinite(series[7, 3])
    with h5py.File(composed, "a") as file:
        file[f"Lucas_Point_{number}/image"][7, 2] = 40_000
    with pytest.raises(ValueError, match="point 38863102 has reflectance 40000"):
        read_sen4map(composed, progress=False)


def test_names_of_images_with_and_without_a_time(dated: Path, tmp_path: Path) -> None:
    """A date alone is that day wherever the place lies; an overpass is the day by the sun there."""
    number = "27482136"  # 8.7 degrees west: the sun is 35 minutes behind
    written = [
        "2018-03-01",
        "20180401",
        "20180501T000500_X",
        "2018-06-01T11:20:00Z",
        "S2A_MSIL2A_20180701T112111_N0206",
    ]
    months = [3, 4, 4, 6, 7]  # five minutes past midnight of 1 May is still April there
    with h5py.File(tmp_path / "mixed.h5", "w") as file:
        group = file.create_group(f"Lucas_Point_{number}")
        for i, band in enumerate(tn.BANDS):
            group[band] = (
                np.full((5, 1, 1), 100 * (i + 1), np.uint16) + np.arange(5, dtype=np.uint16)[:, None, None]
            )
        group["SCL"] = np.full((5, 1, 1), 4, np.uint8)
        attributes(group, number, Image_ID=np.array(written, dtype=h5py.string_dtype()))
    series = by_number(read_sen4map(tmp_path / "mixed.h5", progress=False), number)
    assert (np.flatnonzero(np.isfinite(series[:, 0])) + 1).tolist() == sorted(set(months))
    assert series[3, 0] == 101.5  # the median of 1 April and of what still is April
    with h5py.File(tmp_path / "mixed.h5", "a") as file:
        file[f"Lucas_Point_{number}"].attrs["Image_ID"] = np.array(
            ["20181301"] * 5, dtype=h5py.string_dtype()
        )
    with pytest.raises(ValueError, match="27482136 has a date in Image_ID that is none"):
        read_sen4map(tmp_path / "mixed.h5", progress=False)
