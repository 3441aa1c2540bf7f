"""The notebooks with other parameters, other words and other data than they are stored with."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import timesen_nb as tn
from timesen_nb.datasets import PlaceDataset
from timesen_nb.exercises import check

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
#: Parameters that no sentence depends on: where files lie, how fast it goes, what other sources need.
IDLE = {
    "THREADS",
    "DEVICE",
    "PRECISION",
    "SEN4MAP",
    "LUCAS",
    "LUCAS_CSV",
    "COUNTRIES",
    "OPTIONS",
    "LAST",
    "GO",
}
OF_OTHER_SOURCES = {"01_sentinel2_series": {"FIELD", "WOOD"}}


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


def codes(path: Path) -> list[nbformat.NotebookNode]:
    cells = nbformat.read(path, as_version=4).cells
    return [c for c in cells if c.cell_type == "code" and "colab" not in c.metadata.get("tags", ())]


def tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())


def cell_with(number: str, text: str) -> str:
    (found,) = (
        c.source for p in NOTEBOOKS if p.stem.startswith(f"{number}_") for c in codes(p) if text in c.source
    )
    return found


def run(number: str, until: str, changes: dict[str, str] | None = None) -> dict[str, Any]:
    """The names of a notebook after the first cell with a text; changes: old -> new, in its cells."""
    (path,) = (p for p in NOTEBOOKS if p.stem.startswith(f"{number}_"))
    names: dict[str, Any] = {"display": lambda *_: None}
    waiting = dict(changes or {})
    for cell in codes(path):
        source = cell.source
        for old in [old for old in waiting if old in source]:
            source = source.replace(old, waiting.pop(old))
        exec(source, names)
        if until in cell.source:
            break
    assert not waiting, f"not in the notebook: {list(waiting)}"
    return names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_text_is_of_the_parameters_as_they_are_stored(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters, first, *_ = codes(path)
    assert tagged(parameters, "parameters")
    names: dict[str, Any] = {}
    exec(parameters.source, names)
    stored = first.source[first.source.index("AS_STORED =") :]
    exec(stored, names)
    assert names["AS_STORED"]
    assert not capsys.readouterr().out
    given = {name for name in names if re.fullmatch(r"[A-Z][A-Z_]+", name)}
    for name in given - IDLE - OF_OTHER_SOURCES.get(path.stem, set()) - {"AS_STORED"}:
        changed = names | {name: "another"}
        exec(stored, changed)
        assert not changed["AS_STORED"], name
        assert "The text was written for other parameters" in capsys.readouterr().out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_hidden_checks_of_the_text_ask_nothing_of_other_parameters(path: Path) -> None:
    """And nothing else needs what they name."""
    named: dict[bool, set[str]] = {True: set(), False: set()}
    used: set[str] = set()
    for cell in codes(path):
        tree, prose = ast.parse(cell.source), tagged(cell, "prose")
        if prose:
            (only,) = tree.body
            assert isinstance(only, ast.If), cell.source
            assert not only.orelse
            assert ast.unparse(only.test) == "AS_STORED", cell.source
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used |= set() if prose else {node.id}
            elif isinstance(node, ast.Name):
                named[prose].add(node.id)
            elif isinstance(node, ast.arg):
                named[prose].add(node.arg)
            elif isinstance(node, ast.alias):
                named[prose].add(node.asname or node.name.split(".")[0])
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                named[prose].add(node.name)
    assert not (named[True] - named[False]) & used


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        (["a boat on a lake", "a forest", "a field"], "right."),
        (["a river", "a field", "a forest"], "right."),
        (["a glacier", "a field of wheat", "a forest"], "fit still less"),
        (["ice", "maize", "vines"], "fit still less"),
        (["ein See", "a forest", "a field"], "is not known"),
        (["a spaceship", "a forest", "a field"], "nothing that land can be"),
    ],
)
@pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
def test_what_is_there_is_told_from_what_only_wins(
    mine: list[str], said: str, asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    exec(cell_with("00", '"Exercise 2"'), asked | {"mine": mine})
    assert said in capsys.readouterr().out


@pytest.fixture(scope="module")
def asked() -> dict[str, Any]:
    """The names of notebook 00 before its second exercise."""
    return run("00", "lesotho_points()\n")


def test_a_fifth_query_and_other_last_words(capsys: pytest.CaptureFixture[str]) -> None:
    names = run("06", "argmax finds the largest", {', "a field of maize"]': ', "vines", "a meadow"]'})
    said = capsys.readouterr().out
    assert "'a field of maize' in Flanders" in said
    assert "a meadow' in Flanders" not in said
    assert np.allclose(names["query"], names["model"].encode_text(["a field of maize"]))


def test_another_year_has_a_store_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for year in (2018, 2020):
        run("08", "import Cancelled", {"YEAR = 2018 if": f"YEAR = {year} if"})
    assert len(list(tmp_path.glob("landscape_*.zarr"))) == 2
    assert capsys.readouterr().out.count("ended at 100%") == 2


MEADOW = {"HERE = (3.02548, 50.81754)": "HERE = (3.02591, 50.81826)"}


def test_labels_of_pictures_follow_the_real_place() -> None:
    names = run("01", "secondary_xaxis", MEADOW)
    assert "HERE: grassland, May" in {text.get_text() for text in names["axes"][1].get_legend().get_texts()}
    names = run("04", "real_field", MEADOW)
    assert names["axes"][1].get_title() == "real, Flanders; truth: Grassland"


@pytest.mark.parametrize(
    ("number", "until", "place", "said"),
    [
        ("01", "flanders.observations()", "(3.0230, 50.8159)", "outside the window with single acquisitions"),
        ("08", "around = real_maps", "(4.35, 50.85)", "lies outside"),
    ],
)
def test_the_nearest_pixel_does_not_stand_for_a_place_elsewhere(
    number: str, until: str, place: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        run(number, until, {"HERE = (3.02548, 50.81754)": f"HERE = {place}"})


def test_a_cube_of_ones_own_is_called_by_its_name_and_the_size_of_its_pixels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In Lesotho, with pixels of 20 m."""
    flanders = tn.open_source("flanders")
    cube = flanders.cube(flanders.bounds)
    metres = np.arange(64) * 20.0
    own = xr.DataArray(
        cube.values,
        {"month": cube.month, "band": cube.band, "y": 6_750_000 - metres, "x": 560_000 + metres},
        cube.dims,
        "reflectance",
        {"year": 2021},
    )
    own.rio.write_crs(32735).to_netcdf(tmp_path / "mine.nc")
    west, south, east, north = tn.open_source(tmp_path / "mine.nc").bounds
    changes = {
        'SOURCE = "sample"': f"SOURCE = {str(tmp_path / 'mine.nc')!r}",
        "YEAR = 2018 if": "YEAR = 2021 if True or",
    }
    run("08", "months, ", changes)
    assert "mine.nc: 12 months, 10 bands, 64 x 64 pixels, 20 metre wide" in capsys.readouterr().out
    middle = ((west + east) / 2, (south + north) / 2)
    names = run("00", "def bars", changes | {"PLACES = None": f"PLACES = [{middle}]"})
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert titles == ["mine.nc; true class: not known", "real, Flanders; true class: Cropland"]
    assert names["origin"] == "mine.nc"


def test_an_answer_to_other_words_is_not_caught_out(capsys: pytest.CaptureFixture[str]) -> None:
    names = run("05", "app.click(*places[0])")
    names["app"].use(task=["a lake", "a field"])
    exec(cell_with("05", "def asked"), names | {"wrong": names["places"][0], "check": check})
    assert "The model is right there" in capsys.readouterr().out


def survey_of(labelled: int) -> PlaceDataset:
    """Sixty-four places of which so many have a crop."""
    east, north = np.meshgrid(np.arange(8), np.arange(8))
    lonlats = np.column_stack([4 + east.ravel() * 0.001, 50 + north.ravel() * 0.001])
    crops = np.where(np.arange(64) % (64 // labelled) == 0, "Maize", "")
    values = np.full((64, 12, 10), 1000, dtype=np.float32)
    labels = {"land_cover": np.full(64, "Cropland"), "crops": crops}
    return PlaceDataset(values, lonlats, labels, np.array([str(k) for k in range(64)]))


def test_too_few_labels_of_a_task_are_refused_before_the_first_photo() -> None:
    names: dict[str, Any] = {
        "DATA": "sen4map", "SEN4MAP": "", "LUCAS": "", "COUNTRIES": None, "TASK": "crops", "BLOCK_KM": 50, "EACH": 24,
        "BATCH": 32, "np": np,
        "read_lucas": lambda *_, **__: SimpleNamespace(ids=None),
        "read_sen4map": lambda *_, **__: survey_of(16),
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"16 of 64 places have a label for it: too few.*batches of 32"):
        exec(cell_with("07", "labelled = "), names)


def test_places_without_a_label_are_neither_right_nor_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {
        "places": survey_of(16), "vectors": None, "TASK": "crops", "model": SimpleNamespace(tower=None),
        "BLOCK_KM": 0.2, "DATA": "simulated", "plt": plt,
    }  # fmt: skip
    exec(cell_with("07", "train, test = pairs.split"), names)
    every = names["places"].pairs(None, task="crops").split((0.7, 0.3), seed=1, block_km=0.2)[1]
    assert set(names["test"].labels) == {"Maize"}
    said = f"{len(every) - len(names['test'])} of {len(every)} test places have no label for 'crops'"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(("budgets", "asked_for"), [((5, 50, 200), 50), ((5, 20), 20)])
def test_the_exercise_on_luck_asks_for_a_budget_that_is_there(
    budgets: tuple[int, ...], asked_for: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notebook 10, by made-up scores."""
    rng = np.random.default_rng(0)
    rivals = ("a forest", "a transformer from scratch", "teaching")
    rows = [
        (p, r, b, rng.random()) for p in ("near", "far") for r in rivals for b in budgets for _ in range(3)
    ]
    scores = pd.DataFrame(rows, columns=["place", "rival", "labels", "balanced accuracy"])
    names: dict[str, Any] = {"BUDGETS": budgets, "scores": scores, "plt": plt, "np": np, "check": check}
    exec(cell_with("10", "plt.subplots(1, 2"), names)
    low, high = names["summary"].loc[("far", "a forest", asked_for), ["min", "max"]]
    exec(cell_with("10", "def spread_of"), names | {"spread": high - low})
    said = capsys.readouterr().out
    assert "Exercise 2: right." in said
    assert (f"read {asked_for} in their place" in said) == (asked_for != 50)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda truth: truth.copy(), "the truth itself"),
        (lambda truth: truth.astype(int), "the truth itself"),
        (lambda truth: np.full(truth.shape, np.nan), "NaN"),
        (lambda truth: np.where(np.arange(len(truth)) % 10 == 0, ~truth, truth), "right."),
    ],
)
def test_the_truth_is_no_rule(rule: Any, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    truth = np.arange(200) < 100
    exec(
        cell_with("10", "That is the truth itself"),
        {"np": np, "check": check, "is_maize": truth, "rule": rule(truth)},
    )
    assert said in capsys.readouterr().out
