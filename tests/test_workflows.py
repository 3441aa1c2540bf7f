"""What runs on other people's machines is what is here: workflows and hooks name targets and files that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def commands(path: Path) -> Iterator[str]:
    """The shell lines of a workflow's steps."""
    jobs: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    for job in jobs.values():
        yield from (step["run"] for step in job["steps"] if "run" in step)


def targets() -> set[str]:
    """What the Makefile makes, by its rules."""
    rules = re.findall(r"^([\w./ ]+?)\s*:(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {target for rule in rules for target in rule.split()} - {".PHONY"}


def test_targets_are_read_from_the_makefile() -> None:
    assert {"lint", "test", "site", ".venv/.test"} <= targets()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_name_targets_and_files_that_exist(path: Path) -> None:
    lines = "\n".join(commands(path))
    assert lines
    assert set(re.findall(r"\bmake ([\w./]+)", lines)) <= targets()
    for file in re.findall(r"\$GITHUB_WORKSPACE/([\w./]+)", lines):
        assert (ROOT / file).is_file(), file


def test_ci_and_the_readme_make_what_the_makefile_has() -> None:
    for name in (".ci/run", "README.md", "CONTRIBUTING.md", "MODEL_CARD.md", "benchmarks/README.md"):
        text = (ROOT / name).read_text()
        made = re.findall(r"(?:`|exec |^ *)make ([\w./]+)", text, re.MULTILINE)
        assert set(made) <= targets(), name


def test_hooks_run_what_make_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    entries = [hook["entry"] for hook in hooks]
    for tool in ("ruff check", "ruff format"):
        assert f"$(BIN)/{tool}" in (ROOT / "Makefile").read_text()
        assert any(entry.startswith(f".venv/bin/{tool}") for entry in entries)
