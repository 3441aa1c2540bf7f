"""One task: its classes, their codes, and the words that stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.tasks.names import check_no_table, tidy
from timesen_nb.tasks.read import read_fields

#: The generic prompt of the paper (style "template").
TEMPLATE = "a centered satellite image of {}"


@dataclass(frozen=True)
class Task:
    """K classes that a place can belong to.

    Attributes:
        name: how it is asked for.
        classes: K names.
        codes: K codes, as labels write them ("B11").
        descriptions: class name -> sentences on what a ground photo there shows over the seasons.
        template: prompt with {} for the name.
        members: class name -> finer codes that count as this class ("U111" for "U11").
        attribute: what the label is called in Sen4Map files.
        about: what the classes are, and their source.
        caution: what a pixel can hardly tell of them, by measured figures; "" where there is none.

    Raises:
        ValueError: another number of codes than classes, a template without {}, or descriptions or members of what is
            no class, or that are one text instead of several.
    """

    name: str
    classes: tuple[str, ...]
    codes: tuple[str, ...]
    descriptions: Mapping[str, tuple[str, ...]] = field(repr=False)
    template: str = TEMPLATE
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    attribute: str = ""
    about: str = ""
    caution: str = ""

    def __post_init__(self) -> None:
        if len(self.codes) != len(self.classes):
            raise ValueError(
                f"task {self.name!r} was given {len(self.classes)} classes and {len(self.codes)} codes; expected a "
                "code for each class. Where there are none, give the names: codes=classes."
            )
        if "{}" not in self.template:
            raise ValueError(
                f"template is {self.template!r}; expected {{}} where the name of the class goes."
            )
        for what, texts in (("descriptions", self.descriptions), ("members", self.members)):
            if strange := [name for name in texts if name not in self.classes]:
                raise ValueError(
                    f"{what} given of {strange[:5]}, no classes of task {self.name!r}; expected its names, letter by "
                    f"letter: {list(self.classes[:20])}."
                )
            if single := [name for name, each in texts.items() if isinstance(each, str)]:
                raise ValueError(
                    f"{what} of {single[0]!r} are one text, {texts[single[0]]!r:.60}; expected a list of texts."
                )

    def __len__(self) -> int:
        return len(self.classes)

    @classmethod
    def read(cls, path: str | Path) -> Task:
        """A task from a TOML file laid out as those of this package.

        Args:
            path: of the file.

        Returns:
            The task.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is broken; the message says line and reason.
        """
        return cls(**read_fields(Path(path).expanduser()))

    @cached_property
    def _places(self) -> dict[str, int]:
        """What a label may say -> the class it means."""
        said: dict[str, int] = {}
        for k, (name, code) in enumerate(zip(self.classes, self.codes, strict=True)):
            for label in (name, code, *self.members.get(name, ())):
                said[tidy(label).casefold()] = k
        return said

    def index(self, labels: Sequence[Any] | np.ndarray) -> np.ndarray:
        """Which class each label means.

        Args:
            labels: N texts: a name, a code or a code of ``members`` each, whatever their capitals and spaces.

        Returns:
            (N,) class numbers, -1 for what is no class here.

        Raises:
            ValueError: a table; give one of its columns.
        """
        check_no_table(labels, "labels")
        unique, which = np.unique(np.asarray(labels).astype(str), return_inverse=True)
        folded = [tidy(label).casefold() for label in unique]
        found = np.array([self._places.get(label, -1) for label in folded], dtype=np.int64)
        out: np.ndarray = found[which.reshape(-1)] if len(unique) else found
        return out
