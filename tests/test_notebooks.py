"""Every notebook runs from a fresh kernel, as it is and with its solutions, and is saved clean."""

import re
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import timesen_nb as tn

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [*NOTEBOOKS, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "MODEL_CARD.md"))]
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")
COLAB = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "timesen_nb[train] @ git+https://github.com/timesen-nb/timesen_nb"
    from google.colab import output

    output.enable_custom_widget_manager()"""
#: They run on the light install.
LIGHT = ("00", "01", "02", "04", "05", "06", "08")
RUNS = pytest.mark.timeout(3600)  # a hang, not a slow machine
WRONG_ANSWERS: dict[str, dict[str, str]] = tomllib.loads(
    (ROOT / "tests" / "wrong_answers.toml").read_text(encoding="utf-8")
)
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


def with_wrong_answers(notebook: nbformat.NotebookNode, number: str) -> nbformat.NotebookNode:
    """The notebook with a cell for each wrong answer, which comes after the check and leaves the right one in place."""
    cells, exercise = [], 0
    for cell in notebook.cells:
        cells.append(cell)
        if not tagged(cell, "check"):
            continue
        exercise += 1
        for wrong, part in WRONG_ANSWERS[f"{number}.{exercise}"].items():
            name = re.findall(r"^(\w+) = ", wrong, re.MULTILINE)[-1]
            source = f"right_answer = {name}\n{wrong}\n{cell.source}\n{name} = right_answer"
            cells.append(
                nbformat.v4.new_code_cell(
                    source, metadata={"tags": ["wrong"], "exercise": exercise, "said": part}
                )
            )
    notebook.cells = cells
    return notebook


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


def run(notebook: nbformat.NotebookNode, folder: Path) -> str:
    """Everything printed, from a fresh kernel in an empty folder; the test's own limit ends a hang."""
    client = NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
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
    for part in ("## The liar's cell", "## Summary", "## What is next", "## References"):
        assert part in text, f"no {part!r}"
    codes = [c for c in notebook.cells if c.cell_type == "code"]
    assert tagged(codes[0], "colab")
    assert codes[0].source == COLAB
    assert tagged(codes[1], "parameters")
    assert sum(tagged(c, "exercise") for c in codes) in (2, 3)
    prose = [c for c in codes if tagged(c, "prose")]
    assert len(prose) >= 2, "no sentence is tested"
    for cell in codes:
        hidden = bool(cell.metadata.get("jupyter", {}).get("source_hidden"))
        assert hidden == (tagged(cell, "prose") or tagged(cell, "check"))  # a check shows the right answer
        assert not tagged(cell, "prose") or "assert " in cell.source


@RUNS
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    """With the solutions in place every check says right, and what each of at least three wrong answers did."""
    number = path.stem.split("_")[0]
    notebook = with_wrong_answers(with_solutions(nbformat.read(path, as_version=4)), number)
    if number in LIGHT:
        notebook.cells.append(nbformat.v4.new_code_cell('import sys\nassert "torch" not in sys.modules'))
    run(notebook, tmp_path)
    codes = [c for c in notebook.cells if c.cell_type == "code"]
    exercises = sum(tagged(c, "exercise") for c in codes)
    said = "".join(printed(c) for c in codes if not tagged(c, "wrong"))
    assert len(re.findall(r"^Exercise .*: right\.$", said, re.MULTILINE)) == exercises, said
    assert "not yet" not in said
    for exercise in range(1, exercises + 1):
        wrong = [c for c in codes if c.metadata.get("exercise") == exercise]
        for cell in wrong:
            assert f"Exercise {exercise}: not yet." in printed(cell), cell.source
            assert cell.metadata.said in printed(cell), f"{cell.source.splitlines()[1]}: {printed(cell)}"
        assert len(wrong) >= 3
        assert len({printed(c) for c in wrong}) == len(wrong), "two wrong answers have one hint"


@RUNS
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_before_the_exercises_are_done(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    exercises = sum(tagged(c, "exercise") for c in notebook.cells)
    assert run(notebook, tmp_path).count("fill in the ... first.") == exercises


def test_one_real_place_goes_through_the_course() -> None:
    """A maize field in Flanders."""
    found = {}
    for path in NOTEBOOKS:
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")
        found[path.stem] = re.findall(r"^HERE = \((\d\.\d+), (\d+\.\d+)\)", text, re.MULTILINE)
    assert all(found.values())
    (place,) = {place for places in found.values() for place in places}
    assert tn.open_source("flanders").cover_type(*map(float, place)) == "maize"


def words(path: Path) -> list[str]:
    """Markdown of a notebook, cell by cell, or of a file."""
    if path.suffix == ".md":
        return [path.read_text()]
    return [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere_and_formulas_are_formulas(path: Path) -> None:
    for text in words(path):
        for link in LINK.findall(text):
            assert (path.parent / link).exists(), f"{link} is not there"
        for formula in re.findall(r"\$\$.+?\$\$", text, re.DOTALL):
            assert not re.search(r"\\\\[a-z]", formula), (
                f"a command with two backslashes is shown as text: {formula}"
            )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_pages_link_to_pages(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import pages

    before = [link for text in words(path) for link in LINK.findall(text)]
    page = pages.as_page(nbformat.read(path, as_version=4))
    after = [link for c in page.cells if c.cell_type == "markdown" for link in LINK.findall(c.source)]
    assert after == ["index.html", *(link.replace(".ipynb", ".html") for link in before)]
    assert any(link.endswith(".html") for link in after)
    sys.modules.pop("pages")


def test_the_api_reference_is_made_from_docstrings_and_asks_no_other_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import pages

    pages.write_api(tmp_path, "timesen_nb.plots", "timesen_nb.training", r"!timesen_nb\.plots\.")
    folder = tmp_path / "api" / "timesen_nb"
    page = (folder / "plots.html").read_text()
    for words in ("true_colour", "class_colours", "<h6", "reflectance x 10000", "Raises"):
        assert words in page
    assert not re.search(r"(src|@import|url)\W{1,3}https?:", page)
    assert not re.search(r"<link[^>]+https?:", page)
    assert not (folder / "plots").exists()
    # its names are loaded when first used: they are shown as what they are
    assert '<a class="function" href="#fit"' in (folder / "training.html").read_text()
    sys.modules.pop("pages")


def test_the_first_page_names_every_notebook_and_the_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import pages

    pages.write_index(NOTEBOOKS, tmp_path)
    page = (tmp_path / "index.html").read_text()
    links = re.findall(r'href="([^"]+)"', page)
    shown = [name for name in pages.API if not name.startswith("!")]
    assert {path.with_suffix(".html").name for path in NOTEBOOKS} < set(links)
    assert {f"api/{name.replace('.', '/')}.html" for name in shown} < set(links)
    assert "<code>tn.fit</code>" in page
    assert "`" not in page
    sys.modules.pop("pages")
