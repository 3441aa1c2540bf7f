"""Every notebook runs from a fresh kernel, as it is and with its solutions, and is saved clean."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)


def tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())


def with_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with each exercise's cell replaced by the folded solution that follows it."""
    waiting = None
    for cell in notebook.cells:
        if cell.cell_type == "code" and tagged(cell, "exercise"):
            assert waiting is None, f"no solution follows {waiting.source!r}"
            waiting = cell
        elif cell.cell_type == "markdown" and (found := SOLUTION.search(cell.source)):
            assert waiting is not None, f"no exercise before the solution {found[1]!r}"
            waiting.source, waiting = found[1], None
    assert waiting is None, f"no solution follows {waiting.source!r}"
    return notebook


def run(notebook: nbformat.NotebookNode, folder: Path) -> str:
    """Everything printed, from a fresh kernel in an empty folder."""
    client = NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    warned = [
        o.text for o in outputs if o.output_type == "stream" and o.name == "stderr" and "Warning" in o.text
    ]
    assert not warned
    return "".join(o.text for o in outputs if o.output_type == "stream")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_is_saved_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
        assert set(cell.metadata) <= {"tags", "jupyter"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_is_built_like_the_others(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    first = notebook.cells[0].source
    for part in ("# ", "What you will learn", "What you need", "Time", "GPU, account, network"):
        assert part in first, f"the first cell does not say {part!r}"
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for part in ("## Summary", "## What is next", "## References"):
        assert part in text, f"no {part!r}"
    codes = [c for c in notebook.cells if c.cell_type == "code"]
    assert tagged(codes[0], "colab")
    assert tagged(codes[1], "parameters")
    assert sum(tagged(c, "exercise") for c in codes) in (2, 3)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    """With the solutions in place: every check says right. A fresh notebook differs only in its ``...``."""
    notebook = with_solutions(nbformat.read(path, as_version=4))
    exercises = sum(tagged(c, "exercise") for c in notebook.cells)
    said = run(notebook, tmp_path)
    assert len(re.findall(r"^Exercise .*: right\.$", said, re.MULTILINE)) == exercises, said
    assert "not yet" not in said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_before_the_exercises_are_done(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    exercises = sum(tagged(c, "exercise") for c in notebook.cells)
    assert run(notebook, tmp_path).count("fill in the ... first.") == exercises
