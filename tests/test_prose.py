"""A sentence of the course that states a figure or compares is held by a hidden cell that quotes it, or has a source.

An assertion quotes by its message: ``assert gap > 0.2, "the rows by much"``. What the notebook does not measure, such
as a figure of a paper or a definition, stands in ``facts.toml`` with what it is from.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TEXTS = [
    ROOT / "README.md",
    ROOT / "docs/ethics.md",
    *(ROOT / "docs/teaching").glob("[!q]*.md"),
]  # a quiz asks
FACTS: dict[str, dict[str, str]] = tomllib.loads((ROOT / "tests" / "facts.toml").read_text(encoding="utf-8"))
STATED = re.compile(
    r"\d\.\d|\d,\d{3}|\d ?%|±|\d (?:km|m|MB|GB|million|points|seconds)\b"
    r"|\b(?:better|worse|harder|easier|larger|smaller|higher|steadier|surer|cheaper|slower|faster"
    r"|greenest|highest|lowest|largest|smallest|about half|most (?:of|woods|places)|worth more"
    r"|far (?:more|less|above|below)|(?:more|less|fewer) often)\b"
)
#: What states no result: what one will learn, exercises, solutions, code, formulas; lines of tables, titles and liars.
ASIDE = re.compile(
    r"\*\*What you will learn\*\*.*|^### Exercise.*|<details>.*?</details>|```.*?```|\$\$.*?\$\$|^## References.*"
    r"|^(?-s:(?:[#>|!\[]|    ).*)$",
    re.DOTALL | re.MULTILINE,
)


def plain(text: str) -> str:
    """Text on one line, without marks."""
    return " ".join(re.sub(r"\]\([^)]*\)|[*`\[]", "", text).split())


def sentences(markdown: str) -> Iterator[str]:
    """What a cell states, sentence by sentence, without its questions."""
    for paragraph in re.split(r"\n\s*\n|\n(?=- )", ASIDE.sub("", markdown)):
        for sentence in re.split(r"(?<=[.!?])\)?\s+(?=[A-Z*(`])", paragraph):
            if not sentence.rstrip().endswith("?"):
                yield plain(sentence)


def quotes(cells: list[nbformat.NotebookNode]) -> set[str]:
    """What the assertions of the hidden cells say that they hold."""
    trees = [ast.parse(c.source) for c in cells if "prose" in c.metadata.get("tags", ())]
    asserts = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assert))
    return {plain(node.msg.value) for node in asserts if isinstance(node.msg, ast.Constant)}


@pytest.mark.parametrize("path", [*NOTEBOOKS, *TEXTS], ids=lambda p: p.stem)
def test_figures_and_comparisons_are_asserted_or_have_a_source(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells if path.suffix == ".ipynb" else []
    texts = [c.source for c in cells if c.cell_type == "markdown"] or [path.read_text(encoding="utf-8")]
    held = quotes(cells) | {plain(fact) for fact in FACTS.get(path.stem, {})}
    for part in held:
        assert len(part) >= 9, f"{part!r} could be anything"
        assert part in plain("\n".join(texts)), f"nothing says {part!r} any more"
    bare = [
        s for text in texts for s in sentences(text) if STATED.search(s) and not any(p in s for p in held)
    ]
    assert not bare, "\n".join(bare)


def test_sources_of_facts_are_there() -> None:
    for source in (source for facts in FACTS.values() for source in facts.values()):
        assert source
        for file in re.findall(r"\S+\.(?:md|py)\b", source):
            assert (ROOT / file).exists(), f"{file} is not there"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is right for 80 % of them. Which one?", ["It is right for 80 % of them."]),
        ("A forest is **better** than `words`.", ["A forest is better than words."]),
        ("| a | 0.5 |\n> 0.3 is better.\n\n### Exercise 1: 0.5\n\nWhat is larger?", []),
        ("$$0.5$$ <details>0.5</details>\n```python\n0.5\n```\n", []),
    ],
)
def test_what_states_a_figure(text: str, found: list[str]) -> None:
    assert [s for s in sentences(text) if STATED.search(s)] == found


def field(path: Path) -> list[tuple[str, str]]:
    """What a notebook says of the one real place: (number, what), a line a notebook so far."""
    cells = nbformat.read(path, as_version=4).cells
    table = next(
        c.source.split("| the field `HERE` so far |")[1] for c in cells if "`HERE` so far |" in c.source
    )
    return re.findall(r"^\| (\d\w*) \| (.+) \|$", table, re.MULTILINE)


def test_the_real_place_gains_a_line_in_each_notebook_which_holds_it() -> None:
    known: list[tuple[str, str]] = []
    for path in NOTEBOOKS:
        *before, (number, line) = field(path)
        assert before == known, path.stem
        assert number == path.stem.split("_")[0]
        said = [part for part in quotes(nbformat.read(path, as_version=4).cells) if part in plain(line)]
        assert said, f"{path.stem}: nothing holds {line!r}"
        known = field(path)
