"""Binder and Colab badges of the notebooks, made from the repository's address in pyproject.toml alone.

``python binder/badges.py`` writes them into the first cell of every notebook, and those of notebook 00 and of the
click map into the README; a test checks that they are there.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
PLACE = re.compile(r"^(<!-- badges -->|\[!\[Binder\].*)$", re.MULTILINE)


def repository() -> str:
    """OWNER/NAME of the repository on GitHub."""
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    return str(address).removeprefix("https://github.com/")


def badges(name: str) -> str:
    """One line of badges that open notebooks/``name`` on Binder and on Colab."""
    binder = f"https://mybinder.org/v2/gh/{repository()}/main?labpath=notebooks/{name}"
    colab = f"https://colab.research.google.com/github/{repository()}/blob/main/notebooks/{name}"
    return (
        f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder}) "
        f"[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})"
    )


def app() -> str:
    """A link that opens the click map alone on Binder, by our own server (jupyter_server_config.py)."""
    return f"[the click map on Binder](https://mybinder.org/v2/gh/{repository()}/main?urlpath=clickmap/)"


def readme() -> str:
    """The README's line: the first notebook, and the click map."""
    return f"{badges('00_start_here.ipynb')} {app()}"


def main() -> None:
    """Put the badges into every notebook and into the README."""
    page = ROOT / "README.md"
    page.write_text(PLACE.sub(lambda _: readme(), page.read_text(), count=1))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        first = notebook.cells[0]
        if not PLACE.search(first.source):
            raise SystemExit(f"{path.name}: its first cell has no line <!-- badges --> to put badges in.")
        first.source = PLACE.sub(badges(path.name), first.source, count=1)
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
