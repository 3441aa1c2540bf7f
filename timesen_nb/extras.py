"""What comes with an extra of the package, and what is said where it is missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


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
