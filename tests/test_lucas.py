"""LUCAS micro data: places, labels and photo addresses; photos fetched from a server on this machine."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import timesen_nb as tn
from timesen_nb.datasets import (
    PlaceDataset,
    photo_address,
    read_codes,
    read_lucas,
)
from timesen_nb.datasets.lucas import grid_places

COLUMNS = [
    "POINT_ID",
    "NUTS0",
    "NUTS1",
    "TH_LAT",
    "TH_LONG",
    "GPS_LAT",
    "GPS_LONG",
    "LC1",
    "LC1_PERC",
    "LU1",
    "PHOTO_POINT",
    "PHOTO_NORTH",
    "PHOTO_EAST",
    "PHOTO_SOUTH",
    "PHOTO_WEST",
]
ROWS = [
    line.split(",")
    for line in (
        "38863060,BE,BE3,50.487792576,3.862541317,88.888888,88.888888,A22,100,U312,2,2,2,2,2",
        "38863102,BE,BE2,50.863822271,3.812952713,50.863709,3.813208,A11,100,U370,1,1,1,1,1",
        "27482136,PT,PT1,40.561124712,-8.699090799,40.5611,-8.6990,B16 ,90,u111,1,1,2,1,8",
        "55182100,EL,EL5,40.980413984,24.255324771,40.9804,24.2553,BX2,90,8,1,1,1,1,1",
    )
]


def write(path: Path, rows: list[list[str]], columns: list[str] = COLUMNS) -> Path:
    """A CSV with the quotes of the real one: every text but the first column's."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([columns, *rows])
    text = path.read_text("utf-8")
    path.write_text(text.replace('"POINT_ID"', "POINT_ID", 1), "utf-8")
    return path


@pytest.fixture
def points(tmp_path: Path) -> PlaceDataset:
    return read_lucas(write(tmp_path / "EU_2018.csv", ROWS))


def test_places_and_labels(points: PlaceDataset) -> None:
    assert points.ids.tolist() == [row[0] for row in ROWS]
    np.testing.assert_allclose(points.lonlats[1], [3.812952713, 50.863822271])
    assert points.labels["land_cover"].tolist() == [
        "Artificial land",
        "Artificial land",
        "Cropland",
        "Cropland",
    ]
    assert points.labels["crops"].tolist() == ["", "", "Maize", ""]
    assert points.labels["land_use"].tolist()[1:] == ["Residential", "Agriculture", ""]
    assert points.labels["country"].tolist() == ["Belgium", "Belgium", "Portugal", "Greece"]
    assert set(points.labels["land_use"]) - {""} <= set(tn.tasks["land_use"].classes)


def test_photo_addresses(points: PlaceDataset) -> None:
    root = "https://gisco-services.ec.europa.eu/lucas/photos/2018"
    assert points.photos is not None
    assert points.photos[0].tolist() == [""] * 4
    assert points.photos[1].tolist() == [f"{root}/BE/388/631/38863102{v}.jpg" for v in "NESW"]
    assert points.photos[2].tolist() == [
        f"{root}/PT/274/821/27482136N.jpg",
        "",
        f"{root}/PT/274/821/27482136S.jpg",
        "",
    ]
    assert photo_address("38863102", "BE", "W", 2015) == (
        "https://gisco-services.ec.europa.eu/lucas/photos/2015/BE/388/631/38863102W.jpg"
    )


def test_point_numbers_are_places(points: PlaceDataset) -> None:
    np.testing.assert_allclose(grid_places(points.ids), points.lonlats, atol=2e-3)
    assert np.isnan(grid_places(np.array(["x", "123", "38863102"]))).any(axis=1).tolist() == [
        True,
        True,
        False,
    ]


def test_countries_and_years_can_be_picked(tmp_path: Path) -> None:
    path = write(tmp_path / "points.csv", ROWS)
    assert set(read_lucas(path, countries={"be"}).labels["country"]) == {"Belgium"}
    with pytest.raises(ValueError, match="no point of 2018"):
        read_lucas(path, countries=["FI"])
    columns = [c.lower() for c in COLUMNS] + ["year"]  # as in the harmonised tables
    rows = [*[[*row, "2018"] for row in ROWS], *[[*row, "2015"] for row in ROWS]]
    assert len(read_lucas(write(tmp_path / "all.csv", rows, columns))) == len(ROWS)
    addresses = read_lucas(tmp_path / "all.csv", year=2015).photos
    assert addresses is not None
    assert "/2015/" in addresses[1, 0]


def test_unknown_codes_are_refused_with_count_and_examples(tmp_path: Path) -> None:
    rows = [row.copy() for row in ROWS]
    rows[0][7] = rows[3][7] = "B99"
    with pytest.raises(
        ValueError, match=r"LC1 holds 1 codes .* at 2 points: 'B99' \(2 times, first at 38863060\)"
    ):
        read_lucas(write(tmp_path / "a.csv", rows))
    rows = [row.copy() for row in ROWS]
    rows[2][9] = "U999"
    with pytest.raises(ValueError, match=r"LU1 .*'U999' .*land_use"):
        read_lucas(write(tmp_path / "b.csv", rows))
    rows = [row.copy() for row in ROWS]
    rows[1][1] = "XX"
    with pytest.raises(ValueError, match="NUTS0"):
        read_lucas(write(tmp_path / "c.csv", rows))


def test_broken_tables_are_refused(tmp_path: Path) -> None:
    rows = [row.copy() for row in ROWS]
    rows[2][3:5] = "1530000.0", "4774000.0"
    with pytest.raises(ValueError, match="1 points are at no place on Earth, such as 27482136"):
        read_lucas(write(tmp_path / "a.csv", rows))
    with pytest.raises(ValueError, match="no column LC1, LU1, PHOTO_NORTH"):
        read_lucas(write(tmp_path / "b.csv", [row[:7] for row in ROWS], COLUMNS[:7]))
    with pytest.raises(ValueError, match="1 ids occur twice, such as '38863060'"):
        read_lucas(write(tmp_path / "c.csv", [*ROWS, ROWS[0]]))


def changed(column: str, values: list[str], columns: list[str] = COLUMNS) -> list[list[str]]:
    """The rows with other values in a column."""
    return [
        [v if name == column else cell for name, cell in zip(columns, row, strict=True)]
        for row, v in zip(ROWS, values, strict=True)
    ]


IDS = [row[0] for row in ROWS]


@pytest.mark.parametrize(
    "written",
    [
        [f"{i}.0" for i in IDS],
        [f"{float(i):.7E}" for i in IDS],  # 3.8863102E+07: every digit is there
        [f"{float(i):.2E}" for i in IDS],  # 3.89E+07: the place tells
        [f"{float(i):.2E}".replace(".", ",") for i in IDS],
        ["3.89E7", *IDS[1:]],
        [f" {i} " for i in IDS],
    ],
    ids=str,
)
def test_point_numbers_of_spreadsheets_lead_to_the_right_photos(
    points: PlaceDataset, tmp_path: Path, written: list[str]
) -> None:
    again = read_lucas(write(tmp_path / "points.csv", changed("POINT_ID", written)))
    assert again.ids.tolist() == IDS
    np.testing.assert_array_equal(again.photos, points.photos)


def test_a_number_that_is_not_its_places_has_no_photos(points: PlaceDataset, tmp_path: Path) -> None:
    rows = changed("POINT_ID", [*IDS[:1], "38900000", "my point", IDS[3]])
    with pytest.warns(
        UserWarning, match="2 of 4 points have a number that is none or not that of their place, such as 389"
    ):
        again = read_lucas(write(tmp_path / "points.csv", rows))
    assert again.photos is not None
    assert points.photos is not None
    assert (again.photos[1:3] == "").all()
    assert again.photos[3].tolist() == points.photos[3].tolist()
    for wrong in ("38900000.5", "3.89E+07", "12345", "", "３８８６３１０２"):
        with pytest.raises(ValueError, match="expected its LUCAS number of eight digits"):
            photo_address(wrong, "BE", "N")
    assert photo_address("38863102.0", "BE", "N") == photo_address("38863102", "BE", "N")


def test_rounded_numbers_off_the_grid_are_refused(tmp_path: Path) -> None:
    rows = changed("POINT_ID", ["3.89E+07", *IDS[1:]])
    rows[0][3] = "50.4915"  # 400 m from any point
    with pytest.raises(
        ValueError, match=r"1 point numbers were rounded by a spreadsheet, such as 3\.89E\+07"
    ):
        read_lucas(write(tmp_path / "points.csv", rows))


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "2"), ("1.0", "2.0"), ("Yes", "No"), ("yes", ""), ("TRUE", "FALSE"), ("1", "8.0"), ("Y", "NA")],
)
def test_photos_that_were_taken_in_any_words(points: PlaceDataset, tmp_path: Path, yes: str, no: str) -> None:
    rows = [[*row[:11], *(yes if cell == "1" else no for cell in row[11:])] for row in ROWS]
    again = read_lucas(write(tmp_path / "points.csv", rows))
    np.testing.assert_array_equal(again.photos, points.photos)
    rows[2][12] = "perhaps"
    with pytest.raises(ValueError, match="'PERHAPS' in column PHOTO_EAST of line 4; expected 1 or Yes"):
        read_lucas(write(tmp_path / "points.csv", rows))


@pytest.mark.parametrize(
    "sides", [["E", "E", "W", "E"], ["East", "EAST", "west", "east"], ["1", "1", "2", "1"], None]
)
def test_older_files_say_east_or_west_beside_the_longitude(
    points: PlaceDataset, tmp_path: Path, sides: list[str] | None
) -> None:
    rows = changed("TH_LONG", [row[4].removeprefix("-") for row in ROWS])
    columns = COLUMNS
    if sides is not None:
        columns, rows = [*COLUMNS, "TH_EW"], [[*row, side] for row, side in zip(rows, sides, strict=True)]
    np.testing.assert_allclose(
        read_lucas(write(tmp_path / "points.csv", rows, columns)).lonlats, points.lonlats
    )


def test_swapped_longitude_and_latitude_are_refused(tmp_path: Path) -> None:
    columns = [{"TH_LAT": "TH_LONG", "TH_LONG": "TH_LAT"}.get(name, name) for name in COLUMNS]
    with pytest.raises(
        ValueError, match=r"4 points .* the other way round, such as 38863060.* Swap the two columns"
    ):
        read_lucas(write(tmp_path / "points.csv", ROWS, columns))


@pytest.mark.parametrize(
    "written", [(";", ".", "utf-8"), (";", ",", "utf-8-sig"), ("\t", ",", "utf-16")], ids=str
)
def test_tables_as_spreadsheets_write_them(
    points: PlaceDataset, tmp_path: Path, written: tuple[str, str, str]
) -> None:
    delimiter, decimal, encoding = written
    rows = [[cell.replace(".", decimal) for cell in row] for row in ROWS]
    path = tmp_path / "points.csv"
    path.write_text("\n".join(delimiter.join(row) for row in [COLUMNS, *rows]), encoding)
    again = read_lucas(path)
    np.testing.assert_allclose(again.lonlats, points.lonlats)
    np.testing.assert_array_equal(again.photos, points.photos)
    path.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        read_lucas(path)


def test_ids_and_labels_of_data_frames_are_names() -> None:
    ids = [38863102.0, 27482136.0, 55182100.0]
    places = PlaceDataset(None, np.zeros((3, 2)), {"crops": np.array(["None", None, np.nan], object)}, ids)
    assert places.ids.tolist() == ["38863102", "27482136", "55182100"]
    assert places.labels["crops"].tolist() == ["None", "", ""]
    assert places.select([27482136.0]).ids.tolist() == ["27482136"]


def test_series_are_said_to_be_missing(points: PlaceDataset) -> None:
    with pytest.raises(ValueError, match="no series yet"):
        points.series()
    values = np.full((4, 12, 10), 500, np.float32)
    assert points.with_values(values).series([1, 2]).shape == (2, 12, 10)
    assert points.take(points.labels["country"] == "Belgium").ids.tolist() == ["38863060", "38863102"]
    with pytest.raises(ValueError, match="expected one of each for every place"):
        points.with_values(values[:2])


def test_pairs_leave_out_places_without_data(points: PlaceDataset) -> None:
    values = np.full((4, 12, 10), 500, np.float32)
    values[1] = np.nan
    vectors = np.ones((4, 4, 8), np.float32)
    vectors[0] = np.nan
    vectors[2, 1:] = np.nan
    with pytest.warns(
        UserWarning, match="2 of 4 places are left out: 1 without any month, 1 without any photo"
    ):
        pairs = points.with_values(values).pairs(vectors)
    assert list(pairs.labels) == ["Cropland", "Cropland"]
    np.testing.assert_allclose(pairs.lonlats, points.lonlats[2:])
    with pytest.warns(UserWarning, match="1 of 4 places are left out"):
        assert points.with_values(values).pairs(task="country").embeddings is None
    with pytest.raises(ValueError, match="no series yet"):
        points.pairs(vectors)
    with pytest.raises(
        ValueError, match="no labels of 'habitat'; these places have land_cover, land_use, crops"
    ):
        points.with_values(values).pairs(vectors, task="habitat")
    with pytest.raises(ValueError, match="3 rows of embeddings for 4 places"):
        points.with_values(values).pairs(vectors[:3])


@given(st.integers(0, 1000), st.floats(20, 200))
def test_blocks_of_a_split_stay_on_one_side(seed: int, edge: float) -> None:
    lonlats = np.random.default_rng(3).uniform((-5, 40), (20, 60), (200, 2))
    lonlats[100:] = lonlats[:100] + 1e-7  # each place has a twin next door
    places = PlaceDataset(None, lonlats, {}, np.arange(200))
    a, b = places.split((0.7, 0.3), seed=seed, block_km=edge)
    assert sorted(np.concatenate([a.ids, b.ids]).astype(int)) == list(range(200))
    twins = {str((int(i) + 100) % 200) for i in a.ids}
    assert len(twins & set(b.ids)) <= 2  # but for the rare twins that a block's edge cuts apart
    c, d = places.split((0.7, 0.3), seed=seed)
    assert len({str((int(i) + 100) % 200) for i in c.ids} & set(d.ids)) > 10


def test_codes_of_tasks() -> None:
    assert read_codes("crops", ["B11", "C10", "b16"]).tolist() == ["Common wheat", "", "Maize"]


def test_places_by_id(points: PlaceDataset) -> None:
    assert points.select(["55182100", "38863060"]).ids.tolist() == ["55182100", "38863060"]
    with pytest.raises(ValueError, match="1 of 2 ids are not among these places, such as '7'"):
        points.select(["38863060", "7"])
