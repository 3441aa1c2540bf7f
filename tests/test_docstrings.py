"""What users reach says in its docstring what goes in, what comes out and what is refused."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

import timesen_nb

#: Loaded by the server alone, in a process of its own.
SERVER = "timesen_nb.widgets.server"
#: What public calls hand out.
HANDED_OUT = {
    "sources.flanders": "FlandersSource",
    "sources.sample": "SampleSource",
    "sources.cube_file": "CubeFileSource",
    "sources.earth_engine.export": "Export",
    "widgets.answer": "Answer",
    "widgets.view": "EncodedView",
}
#: Made by a source alone: users hold it.
NOT_MADE_BY_USERS = ("timesen_nb.sources.earth_engine.export.Export",)
#: What is raised there is written on the page.
SHOWN = ("timesen_nb.widgets.click_map.ClickMap.map_view",)


def public_modules() -> Iterator[Any]:
    """The package, its root modules, and every subpackage: where users import from."""
    yield timesen_nb
    for found in pkgutil.walk_packages(timesen_nb.__path__, "timesen_nb."):
        if (found.ispkg or found.name.count(".") == 1) and not found.name.startswith(SERVER):
            yield importlib.import_module(found.name)


def public_names() -> Iterator[Any]:
    """What a public module has by a public name, and what public calls hand out."""
    for module in public_modules():
        own = [n for n, o in vars(module).items() if getattr(o, "__module__", "") == module.__name__]
        yield from (getattr(module, n) for n in getattr(module, "__all__", own) if not n.startswith("_"))
    for home, name in HANDED_OUT.items():
        yield getattr(importlib.import_module(f"timesen_nb.{home}"), name)


def public_objects() -> dict[str, Any]:
    """Full name -> function, class or method of this package."""
    found: dict[str, Any] = {}
    for thing in public_names():
        home = str(getattr(thing, "__module__", ""))
        if not home.startswith("timesen_nb.") or not (inspect.isfunction(thing) or inspect.isclass(thing)):
            continue
        found[f"{home}.{thing.__qualname__}"] = thing
        for key, member in vars(thing).items() if inspect.isclass(thing) else ():
            method = getattr(member, "__func__", member)
            if not key.startswith("_") and inspect.isfunction(method):
                found[f"{home}.{method.__qualname__}"] = method
    return found


PUBLIC = public_objects()
FUNCTIONS = [name for name, thing in PUBLIC.items() if inspect.isfunction(thing)]
CLASSES = [name for name, thing in PUBLIC.items() if inspect.isclass(thing)]


def section(docstring: str, title: str) -> str:
    """The indented text under a heading; "" without it."""
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)*)", docstring + "\n", re.MULTILINE)
    return found[1] if found else ""


def entries(docstring: str, *titles: str) -> list[str]:
    """The names that are explained under headings, stars left out."""
    return [n for t in titles for n in re.findall(r"^    \*{0,2}(\w+):", section(docstring, t), re.MULTILINE)]


def arguments(function: Any) -> list[str]:
    return [n for n in inspect.signature(function).parameters if n not in ("self", "cls") and n[0] != "_"]


def raised(function: Any) -> set[str]:
    """The types that a function's own body raises by name."""
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    inner = {
        n for f in ast.walk(body) if f is not body and isinstance(f, ast.FunctionDef) for n in ast.walk(f)
    }
    caught = {
        (node, kind.id)
        for block in ast.walk(body) if isinstance(block, ast.Try)
        for handler in block.handlers if handler.type
        for kind in ast.walk(handler.type) if isinstance(kind, ast.Name)
        for statement in block.body for node in ast.walk(statement)
    }  # fmt: skip
    found = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Raise) and node.exc is not None and node not in inner:
            kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(kind, ast.Name) and kind.id[0].isupper() and (node, kind.id) not in caught:
                found.add(kind.id)
    return found - {"KeyboardInterrupt"}


def test_there_are_public_names() -> None:
    assert {"timesen_nb.model.loading.load", "timesen_nb.model.zeroshot.ZeroShot.predict"} < set(FUNCTIONS)
    assert {"timesen_nb.series.PixelSeries", "timesen_nb.widgets.click_map.ClickMap"} < set(CLASSES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_gives_and_refuses(name: str) -> None:
    function = PUBLIC[name]
    said = inspect.getdoc(function) or ""
    assert said, "no docstring"
    assert entries(said, "Args") == arguments(function), "Args: every argument once, in their order"
    gives = inspect.signature(function).return_annotation
    nothing = gives in (None, "None", NoReturn, "NoReturn", inspect.Signature.empty)
    returns = section(said, "Returns") or section(said, "Yields")
    assert bool(returns) != nothing, "Returns: where something is returned, and only there"
    refused = set() if name in SHOWN else raised(function)
    assert refused <= set(entries(said, "Raises")), "Raises: every error that its body raises"
    assert not re.search(r"^Raises \w", said, re.MULTILINE), "errors stand under Raises:"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_what_it_is_made_of(name: str) -> None:
    said = inspect.getdoc(PUBLIC[name]) or ""
    assert said, "no docstring"
    if dataclasses.is_dataclass(PUBLIC[name]):
        fields = [f.name for f in dataclasses.fields(PUBLIC[name])]
        assert entries(said, "Attributes") == fields, "Attributes: every field once, in their order"
    elif name not in NOT_MADE_BY_USERS and not getattr(PUBLIC[name], "_is_protocol", False):
        made = vars(PUBLIC[name]).get("__init__")
        named = set(entries(said, "Args", "Attributes"))
        assert made is None or set(arguments(made)) <= named, (
            "Args or Attributes: everything that it is made with"
        )
