"""What is loaded when it is first asked for, what comes with an extra, and what is said where that is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def needs(module: str, *, extra: str, what: str) -> ModuleType:
    """Import a library that only an extra of the package brings.

    Args:
        module: what is imported, such as "torch".
        extra: the extra that brings it, such as "train".
        what: what needs it, as its user calls it, such as "tn.fit".

    Returns:
        The module.

    Raises:
        ImportError: it is not installed. The message says the command that installs it. A library that is there and
            lacks something of its own raises what it raises.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as problem:
        package = module.partition(".")[0]
        if problem.name is None or problem.name.partition(".")[0] != package:
            raise
        raise ImportError(
            f'{what} needs {package}, which is not installed. Install it with: pip install "timesen_nb[{extra}]"',
            name=package,
        ) from problem


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package whose names are loaded when they are first asked for.

    Args:
        package: its name.
        homes: where each name is from: a module, as seen from ``timesen_nb``; "" for a folder of that name.

    Returns:
        That function.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"{package} has no {name!r}; it has {', '.join(homes)}")
        home = import_module(f"timesen_nb.{homes[name] or name}")
        value = getattr(home, name) if homes[name] else home
        setattr(import_module(package), name, value)
        return value

    return load
