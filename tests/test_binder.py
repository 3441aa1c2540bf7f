"""What Binder and Colab need agrees with pyproject.toml, and asks for no secret."""

import re
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Names of a package on conda-forge that differ from its name for pip.
CONDA = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib", "dask-core": "dask"}


def requirements(lines: list[str]) -> dict[str, str]:
    """Lowest version by package name."""
    found = (re.match(r"([A-Za-z0-9_.-]+)(?:\[.*?\])?\s*>=\s*([\d.]+)", line) for line in lines)
    return {m[1].lower().replace("_", "-"): m[2] for m in found if m}


def test_the_environment_has_all_that_the_package_needs() -> None:
    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    lines = [d for d in environment["dependencies"] if isinstance(d, str)]
    lines += next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    given = {CONDA.get(name, name): version for name, version in requirements(lines).items()}
    extras = PROJECT["optional-dependencies"]
    needed = requirements([*PROJECT["dependencies"], *extras["train"], *extras["regions"]])
    assert needed.items() <= given.items()


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_build_steps_can_run_and_ask_for_no_secret(name: str) -> None:
    step = ROOT / "binder" / name
    assert step.stat().st_mode & 0o111
    assert not re.search(r"token|secret|password|key", step.read_text(), re.IGNORECASE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_badges_come_from_one_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "binder"))
    import badges

    assert badges.badges(path.name) in nbformat.read(path, as_version=4).cells[0].source.splitlines()
    assert PROJECT["urls"]["Repository"].endswith(badges.repository())
    sys.modules.pop("badges")
