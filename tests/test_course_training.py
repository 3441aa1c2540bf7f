"""What the notebooks that train refuse before anything is fetched, and that a run with other parameters begins anew."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from timesen_nb.datasets import PlaceDataset, simulated_survey

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
        "np": np, "simulated_survey": simulated_survey, "download_photos": download_photos,
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
