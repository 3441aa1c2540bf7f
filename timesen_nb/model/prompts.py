"""Words -> sentences -> one vector a class: the prompts of zero-shot classifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np

from timesen_nb.tasks.names import check_no_table, tidy

if TYPE_CHECKING:
    from timesen_nb.tasks import Task

#: The prompt of one's own words in the style "template"; a task brings its own.
PHOTO = "a photo of {}"
#: A class's name as a photographer would write it, CLIP-style; with a task's descriptions, or instead of them.
TEMPLATES: tuple[str, ...] = (
    "{}",
    PHOTO,
    "a ground photo of {} in the countryside",
    "a place with {}",
    "a view over {} in summer",
)

PROMPT_STYLES = ("names", "template", "descriptions")

EncodeText = Callable[[Sequence[str]], np.ndarray]

#: The answer where no word fits; no class has its name.
NONE_OF_THESE = "none of these"


def check_free(names: Sequence[str]) -> None:
    """ValueError where a class has the name of the answer that no word fits."""
    if NONE_OF_THESE in (name.casefold() for name in names):
        raise ValueError(
            f"a class given is {NONE_OF_THESE!r}, which is the answer where no word fits; expected words for what may "
            "be there. Leave it out; model.zero_shot(words, open_set=True) gives that answer."
        )


def check_classes(classes: Sequence[str]) -> list[str]:
    """The class names, trimmed. ValueError when there is none, one is empty or no text, or two are the same."""
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise ValueError(
            f"classes given: {classes!r}; expected a list of names, for example ['vineyard', 'forest']."
        )
    check_no_table(classes, "classes")
    if isinstance(classes, Mapping):
        raise ValueError(
            "classes given as a dict, whose sentences would not be read; expected a list of names. Sentences of a "
            "class stand in a task file: tn.tasks.add('my_task.toml')."
        )
    classes = list(classes)  # what is read once only
    if not all(isinstance(c, str) for c in classes):
        wrong = next(c for c in classes if not isinstance(c, str))
        raise ValueError(f"a class given is {wrong!r}; expected text. Write each class as words.")
    names = [tidy(c) for c in classes]
    if not names or not all(names):
        raise ValueError(
            "no class given, or an empty one; expected at least one name, for example ['vineyard']."
        )
    folded = [n.casefold() for n in names]
    twice = sorted({n for n in names if folded.count(n.casefold()) > 1})
    if twice:
        raise ValueError(
            f"classes given twice: {', '.join(twice[:5])}; expected each once. Remove the repeats."
        )
    check_free(names)
    return names


def check_style(style: str) -> str:
    """A prompt style; ValueError for one that is not among :data:`PROMPT_STYLES`."""
    if style not in PROMPT_STYLES:
        raise ValueError(f"prompts={style!r}; expected one of {', '.join(map(repr, PROMPT_STYLES))}.")
    return style


def class_prompts(
    classes: Task | Sequence[str], prompts: str, template: str = PHOTO
) -> tuple[list[str], list[list[str]]]:
    """Class names and the sentences that stand for each.

    Args:
        classes: a task, or names.
        prompts: "names", "template" or "descriptions". The last is a task's descriptions beside its name in
            :data:`TEMPLATES`, since what a description leaves unnamed is easily taken for another class; your own words
            have no descriptions, and their names in the templates stand alone.
        template: of names in the style "template", with {}; a task brings its own.

    Returns:
        K names, and the sentences of each.

    Raises:
        ValueError: another style, or classes that are none.
    """
    check_style(prompts)
    given: Any = classes  # a Task by what it has: this module imports none
    if hasattr(given, "descriptions"):
        names, template, descriptions = check_classes(given.classes), given.template, given.descriptions
        descriptions = {tidy(name): texts for name, texts in descriptions.items()}
    else:
        names, template, descriptions = check_classes(given), template, {}
    if prompts == "names":
        return names, [[n] for n in names]
    if prompts == "template":
        return names, [[template.replace("{}", n)] for n in names]
    return names, [[*(t.replace("{}", n) for t in TEMPLATES), *descriptions.get(n, ())] for n in names]


def class_vectors(sentences: Sequence[Sequence[str]], encode_text: EncodeText) -> np.ndarray:
    """(K, D) unit vectors: the mean of each class's sentence vectors; every sentence is encoded once, in one call."""
    # full-width letters are letters to whoever checks words, and nothing to a tower
    flat = [normalize("NFKC", s) for group in sentences for s in group]
    vectors = np.asarray(encode_text(flat), dtype=np.float32)
    ends = np.cumsum([len(g) for g in sentences])[:-1]
    means = np.stack([part.mean(axis=0) for part in np.split(vectors, ends)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)
