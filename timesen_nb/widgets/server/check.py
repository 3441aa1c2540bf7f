"""Whether what the environment names can be shown: asked before anything is served, in a process of its own.

Of its own because opening a source takes memory that the server would hold as long as it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from timesen_nb.sources import BUNDLED

#: Environment variables that name what is shown.
SOURCE, MODEL = "TIMESEN_SOURCE", "TIMESEN_MODEL"
#: What these mean does not depend on a folder of that name where the server was started.
NAMES = {*BUNDLED, "earthengine", "stac", "pocket"}
_REFUSED = 3
_OPEN = f"""
import os, sys
from timesen_nb.sources import open_source
try:
    open_source(os.environ["{SOURCE}"])
except (ValueError, OSError) as problem:
    print(problem)
    sys.exit({_REFUSED})
"""


def check_source(name: str) -> str:
    """Whether a source can be opened.

    Args:
        name: as :func:`timesen_nb.open_source` takes it.

    Returns:
        The name, a path made absolute.

    Raises:
        ValueError: it cannot; in words.
    """
    name = _absolute(name)
    # what lies in the package needs no check
    if name not in BUNDLED:
        tried = subprocess.run(  # noqa: S603 - our own line; the name goes by the environment
            [sys.executable, "-W", "ignore", "-c", _OPEN],
            env={**os.environ, SOURCE: name},
            stdout=subprocess.PIPE,
            text=True,
        )
        if tried.returncode:
            raise ValueError(tried.stdout.strip() or f"the source {name!r} cannot be opened; see above.")
    return name


def check_model(name: str) -> str:
    """Whether a model is there; it is not read here.

    Args:
        name: as :func:`timesen_nb.load` takes it.

    Returns:
        The name, a path made absolute.

    Raises:
        ValueError: there is no such file; in words.
    """
    if name != "pocket" and not name.startswith("hf:") and not Path(name).is_file():
        raise ValueError(
            f"model given: {name!r}; expected 'pocket', an existing file, or 'hf:OWNER/REPO/FILE'. Check the path."
        )
    return _absolute(name)


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if name not in NAMES and Path(name).exists() else name
