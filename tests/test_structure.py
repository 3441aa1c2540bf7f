"""The house stands as CONTRIBUTING.md says: names mean one thing, and imports point one way."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "timesen_nb"
#: What every part shares.
BASE = {"bands", "composite", "series", "arrays", "nodata", "tensor_file", "extras", "spreadsheet"}
#: Folder -> what it may import of the package beside itself: what lies below it.
BELOW = {
    "tasks": set[str](),
    "composite": {"bands", "arrays", "nodata"},
    "plots": {"bands", "composite"},
    "simulate": {"bands"},
    "sources": BASE | {"simulate", "tasks"},
    "model": BASE | {"tasks", "plots"},
    "datasets": BASE | {"simulate", "sources", "tasks"},
    "evaluation": BASE | {"tasks", "plots", "datasets", "model"},
    "training": BASE | {"tasks", "plots", "datasets", "model", "evaluation"},
    "regions": BASE | {"tasks", "plots", "model"},
    "widgets": BASE | {"tasks", "plots", "sources", "datasets", "model", "evaluation", "regions"},
}
#: Modules beside training/ that import torch at their top: they are loaded by what needs it.
TORCH = {f"model/{name}.py" for name in ("encoder", "ablation", "torch_inference", "published")}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def named(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {named(path) for path in modules("timesen_nb")}


def imports(path: Path, top_only: bool = False) -> Iterator[str]:
    """Modules that running code imports: not what only type checkers see."""
    waiting: list[ast.AST] = [parsed(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in NAMES else node.module
        elif not (top_only and isinstance(node, ast.FunctionDef | ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def twice(names: list[str]) -> list[str]:
    return sorted(name for name, n in Counter(names).items() if n > 1)


def test_no_two_classes_have_one_name():
    trees = [parsed(path) for path in modules("timesen_nb", "benchmarks", "recipes")]
    assert not twice([n.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)])


def test_no_two_modules_have_one_name():
    """Beside them may stand what draws, makes or measures a module, by its name: plots, recipes, benchmarks."""
    paths = [p for p in modules("timesen_nb") if p.stem != "__init__"]
    assert not twice([p.stem for p in paths if "plots" not in p.parts])
    for folder in ("timesen_nb/plots", "recipes", "benchmarks"):
        assert not twice([p.stem for p in modules(folder)])


def test_imports_do_not_go_round():
    known = {named(path): set(imports(path)) & NAMES - {named(path)} for path in modules("timesen_nb")}
    TopologicalSorter(known).prepare()


@pytest.mark.parametrize("folder", BELOW)
def test_imports_point_down(folder: str):
    found = {name for path in modules(f"timesen_nb/{folder}") for name in imports(path)}
    rooms = {name.split(".")[1] for name in found if name.startswith("timesen_nb.")}
    assert rooms - {folder} <= BELOW[folder]


def test_what_is_installed_knows_no_recipes_and_no_benchmarks():
    for path in modules("timesen_nb"):
        assert not {name.partition(".")[0] for name in imports(path)} & {"recipes", "benchmarks", "tests"}


def test_torch_is_imported_where_it_is_needed():
    found = {
        p for p in modules("timesen_nb") if any(n.startswith("torch") for n in imports(p, top_only=True))
    }
    assert {p.relative_to(PACKAGE).as_posix() for p in found if "training" not in p.parts} == TORCH


def test_eight_modules_at_the_root_at_most():
    assert len([path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]) <= 8


def test_a_word_has_one_spelling() -> None:
    """ "catalog", as STAC writes it; names of others' functions aside."""
    texts = [*modules("timesen_nb", "recipes", "benchmarks"), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"),
             *(ROOT / "notebooks").glob("*.ipynb")]  # fmt: skip
    assert not [path.name for path in texts if "catalogue" in path.read_text(encoding="utf-8").lower()]


def test_every_deliberate_fault_has_its_place() -> None:
    """Code moves on; a fault whose text is nowhere any more shows nothing."""
    faults = tomllib.loads((ROOT / "benchmarks" / "faults.toml").read_text(encoding="utf-8"))["fault"]
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in {fault["file"] for fault in faults}}
    assert not [fault["name"] for fault in faults if texts[fault["file"]].count(fault["old"]) != 1]
    assert not twice([fault["name"] for fault in faults])
