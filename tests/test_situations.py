"""The table of situations names tests that are there."""

import ast
from pathlib import Path

from benchmarks.situations import situations


def named_in(file: Path) -> set[str]:
    """Tests of a file as pytest names them, without parameters."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            inside = (n for n in node.body if isinstance(n, ast.FunctionDef))
            names |= {f"{file.name}::{node.name}::{n.name}" for n in inside}
        elif isinstance(node, ast.FunctionDef):
            names.add(f"{file.name}::{node.name}")
    return names


def test_every_situation_has_tests_that_are_there() -> None:
    rows = situations()
    there = set().union(*(named_in(file) for file in Path(__file__).parent.glob("test_*.py")))
    lost = {test for row in rows for test in row.tests} - there
    assert not lost
    assert all(row.tests and row.before and row.now for row in rows)
    assert len({row.what for row in rows}) == len(rows) > 50
    assert [row.part for row in situations(["at random"])] == ["at random"] * 2
