"""Benchmarks that the field knows, from files shaped as their makers publish them: read right, scored in one call."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

import timesen_nb as tn
from timesen_nb.datasets import breizhcrops, cropharvest, eurocropsml
from timesen_nb.evaluation import crop_benchmark
from timesen_nb.simulate.cover_types import INDEX
from timesen_nb.simulate.places import simulate_places
from timesen_nb.simulate.processing import TOA_ADDED, TOA_TIMES


def top(values):
    """Surface reflectance x 10000 as seen through the atmosphere."""
    return values * TOA_TIMES + TOA_ADDED


def places(names, n, seed):
    """Simulated years (n x classes, 12, 10), none missing, and what each is."""
    drawn = simulate_places(n * len(names), seed, cover_types=names, clouds=False)
    return drawn.values, drawn.cover_type


# CropHarvest


def harvest_array(values):
    """(n, 12, 18) as stored: from February on, top of the atmosphere, among other columns."""
    out = np.full((*values.shape[:2], 18), 7.0)
    for i, band in enumerate(tn.BANDS):
        out[..., cropharvest.COLUMNS.index(band)] = top(values)[..., i]
    return np.roll(out, -1, axis=1)


def write_cropharvest(folder, seed=0):
    (folder / "features" / "arrays").mkdir(parents=True)
    (folder / "test_features").mkdir()
    values, kinds = places(["maize", "meadow", "sunflower"], 12, seed)
    rows = []
    for n, (series, kind) in enumerate(zip(values, kinds, strict=True)):
        name = {INDEX["maize"]: "maize", INDEX["meadow"]: None, INDEX["sunflower"]: "sunflower"}[kind]
        about = {"index": n, "dataset": "here", "lon": 36.0 + n / 100, "lat": 0.5, "is_crop": int(name is not None),
                 "label": name, "is_test": False}  # fmt: skip
        rows.append(about)
        with h5py.File(folder / "features" / "arrays" / f"{n}_here.h5", "w") as file:
            file["array"] = harvest_array(series[None])[0]
    maize = next(row for row in rows if row["label"] == "maize")
    # elsewhere, of a test, and a crop without a name: none of them is learned from
    rows += [{**rows[0], "lon": 10.0}, {**rows[0], "is_test": True}, {**maize, "label": None}]
    features = [
        {
            "type": "Feature",
            "properties": about,
            "geometry": {"type": "Point", "coordinates": [about["lon"], about["lat"]]},
        }
        for about in rows
    ]
    (folder / "labels.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    values, kinds = places(["maize", "meadow"], 20, seed + 1)
    y = np.where(kinds == INDEX["maize"], 1, 0)
    y[:3] = -1
    with h5py.File(folder / "test_features" / "Kenya_maize_2020_0_0.h5", "w") as file:
        file["x"], file["y"] = harvest_array(values), y
        file["lats"], file["lons"] = np.linspace(0, 1, len(y)), np.linspace(34, 35, len(y))
    return values, y


def test_cropharvest_is_read_from_january_on_and_at_the_surface(tmp_path) -> None:
    values, y = write_cropharvest(tmp_path)
    train, test = cropharvest.read_cropharvest(tmp_path, "Kenya")
    np.testing.assert_allclose(test.series(), values[3:], atol=0.5)
    assert (test.labels["crop"] == np.where(y[3:] == 1, "maize", "other")).all()
    np.testing.assert_allclose(test.lonlats[0], [34 + 3 / 39, 3 / 39])
    assert sorted(zip(*np.unique(train.labels["crop"], return_counts=True), strict=True)) == [
        ("maize", 12),
        ("other", 24),
    ]


def test_a_composite_of_zeros_is_missing_and_what_is_no_reflectance_is_refused(tmp_path) -> None:
    write_cropharvest(tmp_path)
    (path,) = (tmp_path / "test_features").iterdir()
    with h5py.File(path, "a") as file:
        stored = file["x"][:]
        file["x"][5, 1] = 0  # March
    _, test = cropharvest.read_cropharvest(tmp_path, "Kenya")
    assert np.isnan(test.series()[2, 2]).all()
    assert np.isfinite(test.series()[2, [1, 3]]).all()
    for wrong, said in ((stored / 10_000, "0 to 1"), (stored + 30_000, "no reflectance")):
        with h5py.File(path, "a") as file:
            file["x"][...] = wrong
        with pytest.raises(ValueError, match=said):
            cropharvest.read_cropharvest(tmp_path, "Kenya")


def test_cropharvest_in_one_call(tmp_path) -> None:
    write_cropharvest(tmp_path)
    table = crop_benchmark("cropharvest Kenya", tmp_path, tn.load("pocket"), epochs=1)
    assert list(table.index[:4]) == ["words", "random forest", "transformer from scratch", "majority class"]
    assert table["labels"].tolist()[:2] == [0, 12]  # of maize; 24 are something else
    assert table.loc["words", "f1"] > 0.8  # simulated maize beside simulated meadows
    # more than half are no maize, and whoever says so of all finds none
    assert table.loc["majority class", "f1"].tolist() in (0.0, [0.0])
    assert table.loc["Presto", "f1"] == 0.816
    assert "2304.14065" in table.loc["Presto", "published"]


@pytest.mark.parametrize(("name", "n"), [("maize", 12), ("other", 24)])
def test_cropharvest_counts_the_labels_without_features(tmp_path, name, n) -> None:
    write_cropharvest(tmp_path)
    arrays = tmp_path / "features" / "arrays"
    train, _ = cropharvest.read_cropharvest(tmp_path, "Kenya")
    first, *more = train.ids[train.labels["crop"] == name].tolist()
    for file in more:
        (arrays / f"{file}.h5").unlink()
    said = f"lacks the features of {n - 1} of {n} fields of class '{name}'; they are not"
    with pytest.warns(UserWarning, match=said):
        train, _ = cropharvest.read_cropharvest(tmp_path, "Kenya")
    assert (train.labels["crop"] == name).sum() == 1
    (arrays / f"{first}.h5").unlink()
    said = rf"no field of class '{name}', of which labels\.geojson has {n}"
    with pytest.raises(FileNotFoundError, match=said):
        cropharvest.read_cropharvest(tmp_path, "Kenya")


@pytest.mark.parametrize("shots", [0, -1, 2.5, True])
def test_no_other_number_of_labels(tmp_path, shots) -> None:
    with pytest.raises(
        ValueError, match=rf"shots given: {shots}; expected a whole number of labels of each class"
    ):
        crop_benchmark("cropharvest Kenya", tmp_path, tn.load("pocket"), shots=shots)


def test_classes_with_fewer_labels_are_named_and_the_fewest_are_said(tmp_path) -> None:
    write_cropharvest(tmp_path)
    with pytest.warns(
        UserWarning, match=r"1 of 2 classes have too few .* shots=20: maize \(12\); all of theirs"
    ):
        table = crop_benchmark("cropharvest Kenya", tmp_path, tn.load("pocket"), shots=20, epochs=1)
    assert table["labels"].tolist()[:2] == [0, 12]
    (path,) = (tmp_path / "test_features").iterdir()
    with h5py.File(path, "a") as file:
        file["y"][:] = 1
    with pytest.raises(ValueError, match="fields to score on are all 'maize'; expected two classes"):
        crop_benchmark("cropharvest Kenya", tmp_path, tn.load("pocket"), epochs=1)


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda f: (f / "labels.geojson").unlink(), FileNotFoundError, "labels.geojson is not there"),
        (lambda f: next((f / "test_features").iterdir()).unlink(), FileNotFoundError, "Kenya_maize"),
        (
            lambda f: [p.unlink() for p in (f / "features" / "arrays").iterdir()],
            FileNotFoundError,
            "no field",
        ),
        (
            lambda f: next((f / "test_features").iterdir()).write_bytes(b"none"),
            ValueError,
            "no whole HDF5 file",
        ),
        (
            lambda f: _cut_columns(next((f / "test_features").iterdir())),
            ValueError,
            r"expected \(N, 12, 18\)",
        ),
        (
            lambda f: (f / "labels.geojson").write_text(
                (f / "labels.geojson").read_text().replace("is_test", "tested")
            ),
            ValueError,
            "is_test expected too",
        ),
        (lambda f: _without_y(next((f / "test_features").iterdir())), ValueError, "expected 'y'"),
    ],
)
def test_cropharvest_says_what_is_wrong(tmp_path, spoil, error, said) -> None:
    write_cropharvest(tmp_path)
    spoil(tmp_path)
    with pytest.raises(error, match=said):
        cropharvest.read_cropharvest(tmp_path, "Kenya")


def _cut_columns(path):
    with h5py.File(path, "a") as file:
        x = file["x"][..., :17]
        del file["x"]
        file["x"] = x


def _without_y(path):
    with h5py.File(path, "a") as file:
        del file["y"]


# EuroCropsML


def write_eurocropsml(folder, n=8):
    values, kinds = places(["maize", "rape"], n, 5)
    codes = {INDEX["maize"]: "3301010600", INDEX["rape"]: "3301060000"}
    days = np.array([f"2021-{m:02d}-{d}" for m in range(1, 13) for d in ("05", "20")], dtype="datetime64[D]")
    for number, (series, kind) in enumerate(zip(values, kinds, strict=True)):
        data = np.full((24, 13), 300.0)
        for i, band in enumerate(tn.BANDS):
            data[:, eurocropsml.COLUMNS.index(band)] = np.repeat(top(series)[:, i], 2)
        data[2] = -999
        data[4:6] = 0
        np.savez(
            folder / f"EE001_{number}_{codes[kind]}.npz", data=data, dates=days, center=np.array([25.0, 58.5])
        )
    table = pd.DataFrame(
        {"EC_hcat_c": [3301010600.0, 3301060000.0, np.nan], "EC_hcat_n": ["grain_maize", "winter_rape", None]}
    )
    table.to_parquet(folder / "EE_labels.parquet")
    return values


def test_eurocropsml_is_read_with_its_gaps(tmp_path) -> None:
    values = write_eurocropsml(tmp_path)
    found = eurocropsml.read_eurocropsml(tmp_path, "EE")
    order = [int(name.split("_")[1]) for name in found.ids]
    expected = values[order].copy()
    expected[:, 2] = np.nan  # March has nothing but zeros; February still has a date
    np.testing.assert_allclose(found.series(), expected, atol=0.5)
    np.testing.assert_allclose(found.lonlats, [[25.0, 58.5]] * len(found))
    assert set(found.labels["crop"]) == {"3301010600", "3301060000"}
    assert len(eurocropsml.read_eurocropsml(tmp_path, "EE", most=3)) == 3


def test_eurocropsml_in_one_call_of_few_labels(tmp_path) -> None:
    write_eurocropsml(tmp_path)
    table = crop_benchmark("eurocropsml Estonia", tmp_path, tn.load("pocket"), shots=3, epochs=1)
    assert table.loc["random forest", "labels"] == 3
    assert table.loc["words", "accuracy"] > 0.8  # simulated maize beside simulated rape
    assert table.loc["transformer from scratch, 5 labels a class", "accuracy"] == 0.331
    with pytest.raises(ValueError, match="shots=5"):
        crop_benchmark("eurocropsml Estonia", tmp_path, tn.load("pocket"))
    # a class of as many fields as are learned from has none to be scored on
    for path in list(tmp_path.glob("*_3301010600.npz"))[:3]:
        path.rename(tmp_path / path.name.replace("3301010600", "3301090000"))
    with pytest.warns(
        match=r"1 of 3 classes have too few fields for shots=3: 3301090000 \(3\); they are left out"
    ):
        crop_benchmark("eurocropsml Estonia", tmp_path, tn.load("pocket"), shots=3, epochs=1)
    for path in tmp_path.glob("*_3301090000.npz"):
        path.unlink()
    for path in list(tmp_path.glob("*_3301060000.npz"))[:5]:
        path.unlink()
    with pytest.raises(ValueError, match="1 classes have more than 3 fields; expected two"):
        crop_benchmark("eurocropsml Estonia", tmp_path, tn.load("pocket"), shots=3)
    with pytest.raises(ValueError, match="more than 99"):
        crop_benchmark("eurocropsml Estonia", tmp_path, tn.load("pocket"), shots=99)


def test_eurocropsml_says_what_is_wrong(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="'EE'"):
        eurocropsml.read_eurocropsml(tmp_path, "EE")
    np.savez(
        tmp_path / "EE001_1_33.npz",
        data=np.ones((2, 12)),
        dates=np.zeros(2, "datetime64[D]"),
        center=[0.0, 0.0],
    )
    with pytest.raises(ValueError, match=r"expected \(dates, 13\)"):
        eurocropsml.read_eurocropsml(tmp_path, "EE")
    days = np.zeros(2, "datetime64[D]")
    np.savez(tmp_path / "EE001_1_33.npz", data=np.full((2, 13), 900.0), dates=days, center=[25.0, 58.5, 0.0])
    with pytest.raises(ValueError, match=r"a center of \(3,\); expected .* and \(2,\)"):
        eurocropsml.read_eurocropsml(tmp_path, "EE")
    with pytest.raises(FileNotFoundError, match="codes and no words"):
        crop_benchmark("eurocropsml Estonia", tmp_path, tn.load("pocket"), shots=1)
    (tmp_path / "EE001_1_33.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="expected a field of EuroCropsML"):
        eurocropsml.read_eurocropsml(tmp_path, "EE")


@pytest.mark.parametrize(
    ("country", "inside"),
    [("EE", (25.0, 58.5)), ("LV", (24.1, 56.9)), ("PT", (-8.0, 39.5)), ("PT", (-28.6, 38.5))],
)
def test_a_field_with_latitude_first_is_refused(tmp_path, country, inside) -> None:
    """Its country, which the file's name says, is far from where it would lie."""

    def write(number, center):
        dates = np.array(["2021-05-05"], dtype="datetime64[D]")
        np.savez(
            tmp_path / f"{country}001_{number}_33.npz",
            data=np.full((1, 13), 900.0),
            dates=dates,
            center=center,
        )

    write(1, inside)
    write(2, (inside[0] + 0.1, inside[1]))
    np.testing.assert_allclose(eurocropsml.read_eurocropsml(tmp_path, country).lonlats[0], inside)
    write(2, inside[::-1])
    with pytest.raises(
        ValueError, match=f"1 of 2 files .* in {country} the other way round .*{country}001_2_33.npz"
    ):
        eurocropsml.read_eurocropsml(tmp_path, country)
    write(
        2, (10.0, 50.0)
    )  # regions are assigned roughly: another country beside it is no mistake of this kind
    assert len(eurocropsml.read_eurocropsml(tmp_path, f"{country}001")) == 2


@pytest.mark.parametrize(
    ("days", "said"),
    [(["2020-05-05", "2020-07-01"], "dates from 2020-05-05 to 2020-07-01"), ([], "no dates")],
)
def test_a_field_of_another_year_is_refused(tmp_path, days, said) -> None:
    np.savez(
        tmp_path / "EE001_1_33.npz",
        data=np.full((len(days), 13), 900.0),
        dates=np.array(days, dtype="datetime64[D]"),
        center=(25.0, 58.5),
    )
    with pytest.raises(ValueError, match=rf"EE001_1_33.npz has {said}; expected some of 2021"):
        eurocropsml.read_eurocropsml(tmp_path, "EE")


def test_days_that_are_numbers_are_refused(tmp_path) -> None:
    np.savez(
        tmp_path / "EE001_1_33.npz",
        data=np.full((1, 13), 900.0),
        dates=np.array([20210505]),
        center=(25.0, 58.5),
    )
    with pytest.raises(ValueError, match="numbers, which may count anything"):
        eurocropsml.read_eurocropsml(tmp_path, "EE")


# BreizhCrops


def write_breizhcrops(folder, region, seed):
    values, kinds = places(["maize", "rape"], 6, seed)
    codes = {INDEX["maize"]: "MIS", INDEX["rape"]: "CZH"}
    rows = []
    with h5py.File(folder / f"{region}.h5", "w") as file:
        for number, (series, kind) in enumerate(zip(values, kinds, strict=True)):
            field = np.zeros((24, 17))
            for i, band in enumerate(tn.BANDS):
                field[:, breizhcrops.COLUMNS.index(band)] = np.repeat(top(series)[:, i], 2)
            days = pd.to_datetime([f"2017-{m:02d}-{d}" for m in range(1, 13) for d in ("03", "21")])
            field[:, -1] = days.astype("datetime64[ns]").astype("int64")
            field[1, :15], field[1, 15] = 9000, 1024  # a cloud
            field[6:8, 15] = 500  # April is clouded
            path = f"csv/{region}/{number}.csv"
            file[path] = field
            rows.append({"idx": number, "path": path, "CODE_CULTU": codes[kind], "sequencelength": 24})
        file["csv/other"] = np.zeros((1, 17))
    rows.append({"idx": 99, "path": "csv/other", "CODE_CULTU": "XXX", "sequencelength": 1})
    pd.DataFrame(rows).to_csv(folder / f"{region}.csv")
    table = {"id": [0, 1], "classname": ["corn", "rapeseed"], "code": ["MIS", "CZH"]}
    pd.DataFrame(table).to_csv(folder / "classmapping.csv")
    return values


def test_breizhcrops_is_read_without_its_clouds(tmp_path) -> None:
    values = write_breizhcrops(tmp_path, "frh04", 7)
    found = breizhcrops.read_breizhcrops(tmp_path, "frh04")
    values[:, 3] = np.nan
    np.testing.assert_allclose(found.series(), values, atol=0.5)
    assert set(found.labels["crop"]) == {"corn", "rapeseed"}
    assert np.isnan(found.lonlats).all()
    pairs = found.pairs(task="crop")
    assert pairs.lonlats is None
    assert sorted(set(pairs.labels)) == ["corn", "rapeseed"]
    assert len(breizhcrops.read_breizhcrops(tmp_path, "frh04", most=2)) == 2
    with pytest.raises(ValueError, match="frh05"):
        breizhcrops.read_breizhcrops(tmp_path, "frh05")
    with pytest.raises(FileNotFoundError, match=r"frh01\.csv"):
        breizhcrops.read_breizhcrops(tmp_path, "frh01")
    mapping = pd.read_csv(tmp_path / "classmapping.csv", index_col=0)
    mapping.loc[2] = [2, "", "XXX"]
    mapping.to_csv(tmp_path / "classmapping.csv")
    with pytest.raises(ValueError, match="no name for XXX"):
        breizhcrops.read_breizhcrops(tmp_path, "frh04")
    mapping.drop(index=2).to_csv(tmp_path / "classmapping.csv")
    with h5py.File(tmp_path / "frh04.h5", "a") as file:
        file["csv/frh04/3.csv"][:, -1] /= 1e9  # seconds, read as nanoseconds
    with pytest.raises(ValueError, match=r"frh04/3\.csv has dates from 1970-01-01 .* expected some of 2017"):
        breizhcrops.read_breizhcrops(tmp_path, "frh04")


def test_breizhcrops_in_one_call(tmp_path) -> None:
    for region, seed in (("frh01", 8), ("frh04", 9)):
        write_breizhcrops(tmp_path, region, seed)
    table = crop_benchmark("breizhcrops", tmp_path, tn.load("pocket"), shots=4, epochs=1)
    assert table.loc["words", "balanced"] > 0.8
    assert table.loc["random forest", "labels"] == 4


def test_no_other_benchmark(tmp_path) -> None:
    with pytest.raises(ValueError, match="breizhcrops"):
        crop_benchmark("imagenet", tmp_path, tn.load("pocket"))
    with pytest.raises(ValueError, match="'Togo'"):
        cropharvest.read_cropharvest(tmp_path, "Peru")
