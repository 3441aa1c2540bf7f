"""A task from its TOML file; what is wrong with a broken one is said by line and reason."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from timesen_nb.tasks.names import tidy

TASK_KEYS = ("name", "about", "caution", "attribute", "template", "classes")
CLASS_KEYS = ("name", "code", "members", "descriptions")


def read_fields(path: Path) -> dict[str, Any]:
    """The fields of a :class:`timesen_nb.tasks.Task` in a TOML file.

    Its keys: name (the file's own without it), about, caution, attribute, template with {}, and a table [[classes]]
    each: name, code (the name without it), members, descriptions (one sentence or more).

    Args:
        path: of the file.

    Returns:
        Field -> value.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is broken; the message says line and reason.
    """
    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"{path.name}: {problem}. Expected TOML; see https://toml.io.") from problem
    except UnicodeDecodeError as problem:
        raise ValueError(
            f"{path.name}: byte {problem.start} is no UTF-8. Save the file as UTF-8 text."
        ) from problem
    return _Reader(path.name, text).task(table, path.stem)


class _Reader:
    """Checks what a file says. Lines are found in its text, for tomllib does not tell them."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        heads = [n for n, line in enumerate(self.lines) if re.match(r"\s*\[\[\s*classes\s*\]\]", line)]
        ends = [*heads[1:], len(self.lines)]
        self.blocks = [range(a, b) for a, b in zip(heads, ends, strict=False)]  # one a class
        self.top = range(heads[0] if heads else len(self.lines))

    def refuse(self, rows: range, key: str, reason: str) -> NoReturn:
        """ValueError that names the line of a key among rows, or where they begin."""
        named = [n for n in rows if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", self.lines[n])]
        raise ValueError(f"{self.file}, line {(named or [rows.start])[0] + 1}: {reason}")

    def task(self, table: dict[str, Any], stem: str) -> dict[str, Any]:
        """The fields of a parsed file."""
        self._known(self.top, table, TASK_KEYS)
        said: dict[str, Any] = {
            k: self._text(self.top, table, k)
            for k in ("name", "about", "caution", "attribute", "template")
            if k in table
        }
        if "{}" not in said.get("template", "{}"):
            self.refuse(
                self.top, "template", f"template is {said['template']!r}; expected {{}} where the name goes."
            )
        rows = table.get("classes")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            self.refuse(
                self.top, "classes", "no classes; expected a table [[classes]] for each, with its name."
            )
        blocks = self.blocks if len(self.blocks) == len(rows) else [self.top] * len(rows)
        names: list[str] = []
        codes: list[str] = []
        descriptions: dict[str, tuple[str, ...]] = {}
        members: dict[str, tuple[str, ...]] = {}
        taken: dict[str, str] = {}
        for block, row in zip(blocks, rows, strict=True):
            self._known(block, row, CLASS_KEYS)
            name = self._text(block, row, "name")
            code = self._text(block, row, "code") if "code" in row else name
            finer = self._texts(block, row, "members") if "members" in row else ()
            for key, label in {"name": name, "code": code}.items():
                if taken.setdefault(label.casefold(), name) != name or name in names:
                    self.refuse(block, key, f"{key} {label!r} is that of class {taken[label.casefold()]!r} already; "
                                "expected each once.")  # fmt: skip
            for label in finer:
                if taken.setdefault(label.casefold(), name) != name:
                    self.refuse(block, "members", f"member {label!r} belongs to class {taken[label.casefold()]!r} "
                                "already; expected each once.")  # fmt: skip
            names.append(name)
            codes.append(code)
            descriptions[name] = self._texts(block, row, "descriptions")
            members[name] = finer
        return {"name": stem, **said, "classes": tuple(names), "codes": tuple(codes), "descriptions": descriptions,
                "members": members}  # fmt: skip

    def _known(self, rows: range, table: dict[str, Any], keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                self.refuse(rows, key, f"unknown key {key!r}; expected {', '.join(keys)}.")

    def _text(self, rows: range, table: dict[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not tidy(value):
            said = "is missing" if key not in table else f"is {value!r}"
            self.refuse(rows, key, f"{key} {said}; expected some text in quotes.")
        return tidy(value)

    def _texts(self, rows: range, table: dict[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and tidy(v) for v in value):
            said = "is missing" if key not in table else f"is {str(value)[:60]}"
            self.refuse(rows, key, f"{key} {said}; expected a list of texts in quotes, at least one.")
        texts = tuple(tidy(v) for v in value)
        if len({t.casefold() for t in texts}) < len(texts):
            self.refuse(rows, key, f"{key} says the same twice; expected each once.")
        return texts
