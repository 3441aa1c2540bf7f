"""What Binder and Colab need agrees with pyproject.toml, and asks for no secret."""

import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from traitlets.config import PyFileConfigLoader

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
    wanted = (extras[name] for name in ("app", "lab", "train", "regions"))
    needed = requirements([*PROJECT["dependencies"], *itertools.chain(*wanted)])
    assert needed.items() <= given.items()


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_build_steps_can_run_and_ask_for_no_secret(name: str) -> None:
    step = ROOT / "binder" / name
    assert step.stat().st_mode & 0o111
    assert not re.search(r"token|secret|password|key", step.read_text(), re.IGNORECASE)


def test_pip_need_not_bring_another_pytorch() -> None:
    """torchvision from pip wants the PyTorch that it was built with, which is one for GPUs."""
    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    assert "torchvision" in environment["dependencies"]


def test_the_start_step_hands_on_the_command() -> None:
    """Binder calls it with the command that starts Jupyter, in the repository's folder."""
    step = [str(ROOT / "binder" / "start"), "sh", "-c", "echo $OMP_NUM_THREADS; echo $JUPYTER_CONFIG_PATH"]
    env = {k: v for k, v in os.environ.items() if k != "JUPYTER_CONFIG_PATH"}
    said = subprocess.run(step, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    threads, path = said.splitlines()
    assert threads == "1"
    assert (Path(path) / "jupyter_server_config.py").exists()


def test_jupyter_starts_our_server_and_both_hold_one_token() -> None:
    from timesen_nb.widgets.serve import TOKEN, parser

    config = PyFileConfigLoader("jupyter_server_config.py", path=str(ROOT / "binder")).load_config()
    ours = config.ServerProxy.servers["clickmap"]
    python, _, module, *options = ours["command"]
    assert (python, module) == (sys.executable, "timesen_nb.widgets.serve")
    given = parser().parse_args([option.format(port=5000, base_url="/user/me/") for option in options])
    assert (given.port, given.base_url) == (5000, "/user/me/clickmap/")
    assert len(ours["environment"][TOKEN]) >= 24
    assert ours["request_headers_override"] == {"Authorization": f"token {ours['environment'][TOKEN]}"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_badges_come_from_one_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "binder"))
    import badges

    assert badges.badges(path.name) in nbformat.read(path, as_version=4).cells[0].source.splitlines()
    assert badges.readme() in (ROOT / "README.md").read_text().splitlines()
    assert PROJECT["urls"]["Repository"].endswith(badges.repository())
    sys.modules.pop("badges")
