"""The site beside the notebooks: formulas, tooltips, the teacher's kit. It asks no other host for anything."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TEACHING = ROOT / "docs" / "teaching"
TIME = re.compile(r"\*\*Time\*\*: about (\d+) minutes")


def first(path: Path) -> str:
    """The first cell of a notebook."""
    return nbformat.read(path, as_version=4).cells[0].source


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import pages
    import slides
    import texts
    import words_game

    yield {"pages": pages, "slides": slides, "texts": texts, "words_game": words_game}
    for name in ("pages", "slides", "texts", "words_game"):
        sys.modules.pop(name)


def asked_of_others(page: str) -> list[str]:
    """Addresses of other hosts that a browser would fetch by itself."""
    return re.findall(r"(?:src=|@import |import [^;]* from |url\()\W{0,2}(https?://[^\"')\s]+)", page)


def test_formulas_are_drawn_in_the_page_and_nothing_is_fetched(docs: dict[str, ModuleType]) -> None:
    path = next(p for p in NOTEBOOKS if p.name.startswith("03"))
    notebook = nbformat.read(path, as_version=4)
    page, _ = HTMLExporter().from_notebook_node(
        docs["pages"].as_page(notebook), resources={"metadata": {"name": "03"}}
    )
    assert asked_of_others(page)  # what the exporter writes by itself
    page = docs["texts"].FOREIGN.sub("", page)
    assert not asked_of_others(page)
    assert not re.search(r"\$\$\\\w", page)
    assert re.search(r'<img alt="[^"]*\\dfrac[^>]+src="data:image/svg', page)


def test_a_picture_is_described_by_its_section_and_what_to_look_for(docs: dict[str, ModuleType]) -> None:
    picture = nbformat.v4.new_output("display_data", {"image/png": "", "text/plain": "<Figure>"})
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("## The **year**\n\nA picture."),
            nbformat.v4.new_code_cell("plot()", outputs=[picture, picture]),
            nbformat.v4.new_markdown_cell("What to look for: the [curve](01.ipynb)\nrises. It falls."),
            nbformat.v4.new_code_cell("plot()", outputs=[picture]),
        ]
    )
    said = ["The year. What to look for: the curve rises."] * 2 + ["The year."]
    assert list(docs["pages"].descriptions(notebook)) == said


def test_a_page_leaves_out_what_it_has_no_use_for_and_numbers_its_cells(docs: dict[str, ModuleType]) -> None:
    page = docs["pages"].as_page(nbformat.read(NOTEBOOKS[0], as_version=4))
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any({"colab", "prose", "check"} & set(cell.metadata.get("tags", ())) for cell in code)
    assert "index.html" in page.cells[0].source


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("$x_i$ and $y$", 2), ("5 $ and 6 $", 0), ("`$x$`", 0), ("$$a$$", 1), ("it costs $5, or $6", 0)],
)
def test_what_is_a_formula(docs: dict[str, ModuleType], text: str, drawn: int) -> None:
    assert docs["texts"].with_formulas(text).count("<img") == drawn


def test_a_term_says_what_it_means_where_it_first_stands(docs: dict[str, ModuleType]) -> None:
    tips = docs["texts"].with_tooltips
    page = tips(
        "<p><code>band</code> a band, two bands <b>pixel</b></p>", {"band": 'a "range"', "pixel": "10 m"}
    )
    assert page == (
        '<p><code>band</code> a <abbr title="a &quot;range&quot;">band</abbr>, two bands '
        '<b><abbr title="10 m">pixel</abbr></b></p>'
    )


def test_the_glossary_is_that_of_the_first_notebook(docs: dict[str, ModuleType]) -> None:
    terms = docs["texts"].glossary(nbformat.read(NOTEBOOKS[0], as_version=4))
    assert {"NDVI", "observation", "acquisition", "zero-shot"} <= set(terms)
    assert len(terms) >= 20


def test_common_mistakes_are_those_of_the_checks(docs: dict[str, ModuleType]) -> None:
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        found = docs["texts"].mistakes(notebook)
        exercises = sum("exercise" in c.metadata.get("tags", ()) for c in notebook.cells)
        assert list(found) == [f"Exercise {k}" for k in range(1, exercises + 1)]
        assert all(len(said) >= 3 for said in found.values()), path.name
    text = docs["texts"].common_mistakes(NOTEBOOKS)
    assert "You count from 0, as Python does." in text


def test_texts_become_pages_whose_links_lead_somewhere(docs: dict[str, ModuleType], tmp_path: Path) -> None:
    docs["texts"].write_texts(tmp_path, NOTEBOOKS)
    docs["slides"].write_slides(TEACHING / "slides.md", tmp_path / "slides.html")
    docs["pages"].write_index(NOTEBOOKS, tmp_path)
    pages = {p.stem for p in NOTEBOOKS} | {p.stem for p in tmp_path.glob("*.html")}
    for page in tmp_path.glob("*.html"):
        text = page.read_text()
        assert not asked_of_others(text), page.name
        for link in re.findall(r'href="(?!https?:|#|api/)([^"#]+)\.html', text):
            assert link in pages, f"{page.name}: {link}"
    for name in (*docs["texts"].TEXTS.values(), "mistakes", "slides"):
        assert f'href="{name}.html"' in (tmp_path / "index.html").read_text()


def test_slides_are_a_page_of_their_own(docs: dict[str, ModuleType], tmp_path: Path) -> None:
    number = docs["slides"].write_slides(TEACHING / "slides.md", tmp_path / "s.html")
    text = (tmp_path / "s.html").read_text()
    assert number == text.count("<section") >= 8
    assert "What grows at my place?" in text


def test_the_plan_fills_two_times_three_hours() -> None:
    sessions = (TEACHING / "plan.md").read_text().split("\n## ")[1:3]
    took: dict[str, int] = {}
    for session in sessions:
        rows = re.findall(r"^\| (\d+) \| (.*?) \|", session, re.MULTILINE)
        assert sum(int(minutes) for minutes, _ in rows) == 180
        for minutes, what in rows:
            took |= {name: int(minutes) for name in re.findall(r"notebooks/(\w+)\.ipynb", what)}
    assert len(took) >= 7
    for name, minutes in took.items():
        alone = int(re.search(TIME, first(ROOT / "notebooks" / f"{name}.ipynb"))[1])
        assert minutes <= alone, f"{name} takes {alone} minutes alone"
    stated = [re.search(TIME, first(path))[1] for path in NOTEBOOKS]
    left_out = (TEACHING / "plan.md").read_text()
    assert f"take {sum(map(int, stated))} minutes alone" in left_out
    for path in NOTEBOOKS:
        number = path.stem.split("_")[0]
        assert path.stem in took or re.search(rf"Not in the plan:.*\b{number}\b", left_out), path.name


def test_five_questions_with_answers_a_notebook() -> None:
    parts = (TEACHING / "quiz.md").read_text().split("\n## ")[1:]
    named = [f"{p.stem.split('_')[0]} {first(p).splitlines()[0].removeprefix('# ')}" for p in NOTEBOOKS]
    assert [part.splitlines()[0] for part in parts] == named
    for part in parts:
        questions = re.findall(r"^(\d)\. .+ \*\*.+\*\*$", part, re.MULTILINE)
        assert questions == list("12345"), part.splitlines()[0]


def test_the_words_game_is_played_on_hidden_places(docs: dict[str, ModuleType]) -> None:
    sentences = {"a": "bare soil", "b": "a lake"}
    table = docs["words_game"].scores(sentences, seed=7)
    assert set(table.index) == {"a", "b"}
    assert table["score"].between(0, 1).all()
    assert table["score"].is_monotonic_decreasing
    assert table.loc["a", "found"] > table.loc["b", "found"]
    assert not table.equals(docs["words_game"].scores(sentences, seed=8))
    assert not table.equals(docs["words_game"].scores(sentences, seed=7, hidden=False))


def test_every_team_of_the_words_game_is_scored_or_named(
    docs: dict[str, ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    game, file = docs["words_game"], tmp_path / "sentences.txt"
    assert game.read("a; bare soil; dry\n\n b ;sand\n") == {"a": "bare soil; dry", "b": "sand"}
    monkeypatch.setattr(sys, "argv", ["words_game.py", str(file)])
    file.write_text("a; bare soil\nD; \nF: stones\na; sand\n; sand\n")
    with pytest.raises(SystemExit):
        game.main()
    said = capsys.readouterr().err
    for part in ("line 2 has no sentence", "line 3 has no semicolon", "line 4 is a second one of 'a'"):
        assert part in said
    assert "line 5 has no team" in said
    assert "line 1" not in said
    file.write_text("a; bare soil\nb; qwertz blorf\nc; kahler Boden\n")
    game.main()
    said = capsys.readouterr().out
    assert "b: not known (the list is English): qwertz, blorf." in said
    assert "c: not known (the list is English): kahler, boden." in said
    assert "a: not known" not in said


def test_a_students_server_starts_with_the_notebooks_and_keeps_her_work(tmp_path: Path) -> None:
    mine = tmp_path / "notebooks" / NOTEBOOKS[0].name
    mine.parent.mkdir()
    mine.write_text("my work")
    start = [str(TEACHING / "with_notebooks"), "sh", "-c", "echo started"]
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    said = subprocess.run(start, env=env, capture_output=True, text=True, check=True).stdout
    assert said == "started\n"
    assert {p.name for p in mine.parent.iterdir()} == {p.name for p in NOTEBOOKS}
    assert mine.read_text() == "my work"


def test_the_hub_image_and_the_wheels_have_what_the_notebooks_need() -> None:
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    for path, needed in (
        (TEACHING / "Dockerfile", {"lab", "train", "regions"}),
        (ROOT / "Makefile", {"lab", "train"}),
    ):
        asked = [
            set(found.split(","))
            for found in re.findall(r'(?:timesen_nb|"\.)\[([a-z,]+)\]"', path.read_text())
        ]
        assert needed in asked, path.name
        assert needed <= extras
    assert "make wheels" in (TEACHING / "plan.md").read_text()
    assert "\nwheels:" in (ROOT / "Makefile").read_text()


def test_every_data_set_has_a_card() -> None:
    folder = ROOT / "timesen_nb" / "data"
    cards = (folder / "README.md").read_text()
    files = [path.name for path in (*folder.iterdir(), *ROOT.glob("timesen_nb/*/*.csv")) if path.is_file()]
    others = ("Sen4Map", "LUCAS 2018", 'open_source("sample")', "simulated_dataset", "Earth Engine")
    missing = [name for name in (*files, *others) if name not in cards and name != "README.md"]
    assert not missing
