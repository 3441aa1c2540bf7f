"""Tasks: named sets of classes with their codes and the words that stand for them. One TOML file a task.

    tn.tasks["crops"].classes
    tn.tasks.add("my_task.toml")      # a file of your own, laid out as those in this folder

Files are read when first asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import cast

from timesen_nb.tasks.task import Task

__all__ = ["Task", "Tasks", "UnknownTask", "tasks"]

#: The bundled tasks, in the order of the paper's tables.
BUNDLED = ("land_cover", "land_use", "crops", "habitat", "bioregion", "country")


class UnknownTask(ValueError, KeyError):
    """A task was asked for by a name that is none."""

    __str__ = Exception.__str__


_known: dict[str, Task | None] = dict.fromkeys(BUNDLED)  # None = not read yet


class Tasks(ModuleType, Mapping[str, Task]):
    """Tasks by name: the bundled ones, and those added.

    This module is itself the mapping, so that ``timesen_nb.tasks`` means one thing whichever import came first.
    """

    __hash__ = ModuleType.__hash__  # a mapping has none, and modules are kept in sets

    def __getitem__(self, name: str) -> Task:
        if name not in _known:
            raise UnknownTask(
                f"task given: {name!r}; expected one of {', '.join(_known)}, or a list of your own words. "
                "tn.tasks.add(path) takes a task file of yours."
            )
        task = _known[name]
        if task is None:
            with as_file(files(__name__).joinpath(f"{name}.toml")) as path:
                task = _known[name] = Task.read(path)
        return task

    def __iter__(self) -> Iterator[str]:
        return iter(list(_known))

    def __len__(self) -> int:
        return len(_known)

    def __repr__(self) -> str:
        return f"<tasks: {', '.join(_known)}>"

    def add(self, task: Task | str | Path) -> Task:
        """Add a task under its name; one that you added before is replaced.

        Args:
            task: a task, or a TOML file that holds one.

        Returns:
            The task.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a broken file, by line and reason; or the name of a bundled task.
        """
        if not isinstance(task, Task):
            task = Task.read(task)
        if task.name in BUNDLED:
            raise ValueError(
                f"a bundled task is named {task.name!r} already. Give yours another name: name = ... in its file."
            )
        _known[task.name] = task
        return task


sys.modules[__name__].__class__ = Tasks
tasks: Tasks = cast(Tasks, sys.modules[__name__])
