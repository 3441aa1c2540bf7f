"""What the notebooks that train refuse before anything is fetched, and that a run with other parameters begins anew."""

import re
import shutil
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from timesen_nb.datasets import PlaceDataset, simulated_survey
from timesen_nb.exercises import check

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def on_a_grid(step_km: float, tasks: tuple[str, ...]) -> PlaceDataset:
    """Places as Sen4Map has them: points on a grid, labelled for some tasks."""
    east, north = np.meshgrid(np.arange(8), np.arange(8))
    lonlats = np.column_stack([4 + east.ravel() * step_km / 70.0, 50 + north.ravel() * step_km / 111.32])
    labels = {task: np.full(64, "Cropland") for task in tasks} | {"habitat": np.full(64, "")}
    ids = np.array([str(k) for k in range(64)])
    return PlaceDataset(np.ones((64, 12, 10), dtype=np.float32), lonlats, labels, ids)


def survey(task: str, block_km: float) -> None:
    """The cell of notebook 07 that reads real places, with none of them fetched."""
    cells = nbformat.read(NOTEBOOKS / "07_fine_tune_on_gpu.ipynb", as_version=4).cells
    (cell,) = (c.source for c in cells if c.id == "survey")

    def download_photos(*_: object) -> None:
        raise ConnectionError("a photo is fetched")

    names: dict[str, Any] = {
        "DATA": "sen4map", "SEN4MAP": "", "LUCAS": "", "COUNTRIES": None, "TASK": task, "BLOCK_KM": block_km, "EACH": 2,
        "BATCH": 32, "np": np, "simulated_survey": simulated_survey, "download_photos": download_photos,
        "read_lucas": lambda *_, **__: SimpleNamespace(ids=None, select=lambda ids: SimpleNamespace(photos=None)),
        "read_sen4map": lambda *_, **__: on_a_grid(2.0, ("land_cover", "crops")),
    }  # fmt: skip
    exec(cell, names)


def test_a_task_that_the_data_lack_is_refused_before_the_first_photo() -> None:
    with pytest.raises(ValueError, match=r"TASK is 'habitat'.*crops, land_cover"):
        survey("habitat", 50)


def test_blocks_narrower_than_the_grid_are_refused_and_a_width_is_named() -> None:
    with pytest.raises(ValueError, match=r"BLOCK_KM is 0\.5.*take 1\d\.\d"):
        survey("land_cover", 0.5)


def test_a_right_loss_is_right_after_the_training_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever comes back to the first exercise of notebook 03 has the batches of later cells."""
    cells = nbformat.read(NOTEBOOKS / "03_cross_view_training.ipynb", as_version=4).cells
    (cell,) = (c.source for c in cells if "check" in c.metadata.get("tags", ()) and "Exercise 1" in c.source)
    logits = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    loss = -logits.softmax(dim=1).diagonal().log().mean()
    functional = torch.nn.functional
    exec(cell, {"torch": torch, "F": functional, "check": check, "logits": logits, "loss": loss})
    assert "Exercise 1: right." in capsys.readouterr().out


def test_what_fits_goes_on_to_the_photos() -> None:
    with pytest.raises(ConnectionError, match="a photo is fetched"):
        survey("land_cover", 50)


@pytest.mark.timeout(3600)
def test_other_epochs_and_run_again(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS / "03_cross_view_training.ipynb", as_version=4)
    upto = next(k for k, cell in enumerate(notebook.cells) if cell.id == "fit")
    (parameters,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", ()))
    parameters.source += "\nPLACES, EPOCHS = 600, 1"
    again = nbformat.v4.new_code_cell(f"EPOCHS = 2\n{notebook.cells[upto].source}")
    runs = nbformat.v4.new_code_cell(
        "from pathlib import Path\nprint(len(list(Path().glob('*/metrics.csv'))))"
    )
    notebook.cells = [*notebook.cells[: upto + 1], again, runs]
    resources = {"metadata": {"path": tmp_path}}
    NotebookClient(notebook, timeout=None, kernel_name="python3", resources=resources).execute()
    assert runs.outputs[0].text == "2\n"


def test_the_paper_streams_its_photos_and_a_stopped_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The cell of notebook 07b: a thousand places at a time, no photo kept, none fetched twice."""
    cells = nbformat.read(NOTEBOOKS / "07b_the_paper_on_one_gpu.ipynb", as_version=4).cells
    (cell,) = (c.source for c in cells if c.id == "run")
    monkeypatch.chdir(tmp_path)
    places = PlaceDataset(
        np.full((2500, 12, 10), 1000, dtype=np.float32),
        np.column_stack([np.linspace(0, 20, 2500), np.full(2500, 50.0)]),
        {"land_cover": np.full(2500, "Cropland")},
        np.array([str(k) for k in range(2500)]),
    )
    fetched: list[int] = []

    def download_photos(photos: np.ndarray, folder: str) -> tuple[np.ndarray, dict[str, str]]:
        if len(fetched) == 2:
            fetched.append(0)
            raise ConnectionError("the night is over")
        Path(folder).mkdir()
        fetched.append(len(photos))
        return photos, {}

    def embed_photos(_: object, files: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
        return np.ones((len(files), 4, 8), dtype=np.float32), {}

    def fit(_: object, train: Any, **__: object) -> None:
        raise InterruptedError(f"trains on {len(train)}")

    points = SimpleNamespace(ids=None, select=lambda ids: SimpleNamespace(photos=np.full((len(ids), 4), "")))
    monkeypatch.setattr("timesen_nb.datasets.download_photos", download_photos)
    monkeypatch.setattr("timesen_nb.datasets.read_lucas", lambda _: points)
    monkeypatch.setattr("timesen_nb.datasets.read_sen4map", lambda *_, **__: places)
    monkeypatch.setattr("timesen_nb.model.towers.embed_photos", embed_photos)
    monkeypatch.setattr("timesen_nb.model.towers.open_tower", lambda _: SimpleNamespace(width=8, name="stub"))
    monkeypatch.setattr("timesen_nb.model.timesenclip.TimeSenCLIP", lambda *_: None)
    names: dict[str, Any] = {
        "GO": True, "clear_to_go": True, "LUCAS": "", "SEN4MAP": {"train": "", "test": ""}, "PLACES": 2500,
        "TASK": "land_cover", "BLOCK_KM": 50, "EPOCHS": 1, "BATCH": 8, "BANK": 8, "Path": Path, "np": np,
        "shutil": shutil, "zlib": zlib, "tn": SimpleNamespace(fit=fit, SeriesEncoder=lambda: None),
    }  # fmt: skip
    with pytest.raises(ConnectionError):
        exec(cell, dict(names))
    with pytest.raises(InterruptedError, match="trains on"):
        exec(cell, dict(names))
    assert fetched == [1000, 1000, 0, 500]
    assert not Path("photos").exists()
    [kept] = Path().glob("vectors_2500_*.npy")
    assert np.isfinite(np.load(kept)).all()
    with pytest.raises(RuntimeError, match="preflight says no"):
        exec(cell, names | {"clear_to_go": False})


def village(tmp_path: Path, parameters: str, changes: dict[str, str] | None = None) -> tuple[str, str]:
    """What notebook 09 prints with other parameters and its solutions, and the page that it writes."""
    notebook = nbformat.read(NOTEBOOKS / "09_my_village.ipynb", as_version=4)
    solutions = iter(re.findall(r"```python\n(.*?)```", "".join(c.source for c in notebook.cells), re.DOTALL))
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", ())
        if "exercise" in tags:
            cell.source = next(solutions)
        if "parameters" in tags:
            cell.source += f"\n{parameters}"
        for old, new in (changes or {}).items():
            cell.source = cell.source.replace(old, new)
    resources = {"metadata": {"path": tmp_path}}
    NotebookClient(notebook, timeout=None, kernel_name="python3", resources=resources).execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    said = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    return said, (tmp_path / "my_village.md").read_text()


@pytest.mark.timeout(3600)
def test_words_in_another_order_more_clicks_and_half_of_the_points_not_visited(tmp_path: Path) -> None:
    words = 'SEED = 4711\nWORDS = ["grassland", "maize", "potatoes", "built-up area"]'
    half = "points = go_and_look(points)\n    points.loc[::2, 'true_class'] = ''"
    said, page = village(
        tmp_path, words, {"CLICKS = 2 ": "CLICKS = 3 ", "points = go_and_look(points)": half}
    )
    for text in (said, page):
        assert "60 points drawn at random (60 of 120 not visited)" in text
    assert "Exercise 1: right." in said
    assert "Exercise 2: right." in said
    assert "was written for two clicks a word" in said
    shares = re.findall(
        r"^(?:words alone|taught by 12 clicks): (\d+)% of the check points", said, re.MULTILINE
    )
    assert len(shares) == 2
    assert min(map(int, shares)) > 50, "points that nobody visited count as wrong"


@pytest.mark.timeout(3600)
def test_a_seed_a_student_and_words_without_maize(tmp_path: Path) -> None:
    """Other check points in notebook 09, and the exercises say what they ask for."""
    words = 'SEED = 7\nWORDS = ["grassland", "a forest", "potatoes", "built-up area"]'
    said, page = village(
        tmp_path, words, {'"maize", "maize"': '"grassland", "grassland"', '["maize"]': '["grassland"]'}
    )
    assert 'read "grassland" in its place' in said
    assert "Exercise 1: right." in said
    assert "Exercise 2: right." in said
    assert "from 120 points drawn at random\n" in said
    assert "Checked at 120 points drawn at random, seed 7" in page
