"""Imports of other libraries that wait until they are needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

#: What jsonschema imports to check addresses in other scripts: building its grammar takes more than a second. leafmap
#: and Jupyter's server import jsonschema.
GRAMMAR_OF_ADDRESSES = "rfc3987_syntax"
#: What leafmap imports for maps, charts and controls of other kinds. Of ipyvuetify the import alone has a page load its
#: script.
OTHER_KINDS = ("folium", "plotly.express", "ipyvuetify")


@contextmanager
def postponed(*modules: str) -> Iterator[None]:
    """Within it, libraries that import a module get a stand-in, which imports it when something of it is used.

    For what a library imports at its top and a map hardly ever needs. What is taken from the module at once is a
    function that waits in the same way. Nothing happens where a module was imported before, or is not installed.

    Args:
        modules: what is dear to import.
    """
    with ExitStack() as stand_ins:
        for module in modules:
            if module not in sys.modules and find_spec(module) is not None:
                stand_ins.enter_context(_postponed(module))
        yield


@contextmanager
def _postponed(module: str) -> Iterator[None]:
    stand_in = ModuleType(module)

    def take(name: str) -> Any:
        if sys.modules.get(module) is not stand_in:
            return getattr(import_module(module), name)
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *given, **named: take(name)(*given, **named)

    vars(stand_in)["__getattr__"] = take
    sys.modules[module] = stand_in
    try:
        yield
    finally:
        del sys.modules[module]
