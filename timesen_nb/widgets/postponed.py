"""Imports of other libraries that wait until they are needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


@contextmanager
def postponed(module: str, function: str) -> Iterator[None]:
    """Within it, ``from module import function`` gives a function that imports the module when it is first called.

    For what a library imports at its top and a map hardly ever needs. Nothing happens where the module was imported
    before, or is not installed.

    Args:
        module: what is dear to import.
        function: the function that is taken from it.
    """
    if module in sys.modules or find_spec(module) is None:
        yield
        return

    def later(*given: Any, **named: Any) -> Any:
        return getattr(import_module(module), function)(*given, **named)

    stand_in = ModuleType(module)
    setattr(stand_in, function, later)
    sys.modules[module] = stand_in
    try:
        yield
    finally:
        del sys.modules[module]


#: What jsonschema imports to check addresses in other scripts: building its grammar takes more than a second. leafmap
#: and Jupyter's server import jsonschema.
GRAMMAR_OF_ADDRESSES = ("rfc3987_syntax", "is_valid_syntax")
