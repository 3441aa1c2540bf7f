"""Which words of a class are none that we know, and what may have been meant.

A tower gives a vector to anything: its tokens are pieces, and "forrest" or "qwertyuiop" have some. So a word counts as
known when it stands in a list of words that comes with the package: common English, names left out, and the
landscape's own lexicon (``recipes/word_list.py``)::

    model.check_words(["forrest", "ein See", "olive grove"])
"""

from __future__ import annotations

import gzip
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.tasks.names import check_several, tidy

if TYPE_CHECKING:
    from timesen_nb.tasks import Task

_DATA = Path(str(files("timesen_nb").joinpath("data")))
#: Cover and crop words, other words for land, the rest: three parts, an empty line between them.
WORDS = _DATA / "words.txt.gz"
FOREIGN = _DATA / "foreign_words.toml"

LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SMALL = (
    "a an and are as at be by for from i in into is it its no nor not of off on or our out so some that the their "
    "there these this those to up very was we were which with without you your"
)
_ARTICLES = (
    "a an the ein eine einen einem einer eines der die das den dem des un une le la les l du de d el los las una "
    "unos unas del"
)
#: Say nothing of a place alone.
SMALL_WORDS, ARTICLES = frozenset(_SMALL.split()), frozenset(_ARTICLES.split())
#: What stands between a thing and where or how it is.
RELATIONS = (
    r"\b(?:with|without|in|on|at|by|near|under|over|after|for|behind|between|along|for|from|that|which|to)\b"
)
#: Towers read what stands beside these words as if it were there: "not cropland" lies near "cropland".
NEGATIONS = frozenset(["no", "not", "non", "never", "neither", "nor", "without", "except"])
#: Shortest word in which two mistakes are looked for, and longest that is corrected.
LONG_ENOUGH, LONGEST = 5, 24


@dataclass(frozen=True)
class WordCheck:
    """What is known of the words of one class.

    text: the class as given. unknown: its words that stand in no list of the package, in order. suggestion: the whole
    text as it may have been meant, or None. meaningful: False where not one word is known but small ones such as "the":
    there is nothing that a probability could be of. land: whether it names something that land can be: "a field of
    maize" does, "a herd of elephants" does not. negation: the word that says that something is not there, or "".
    """

    text: str
    unknown: tuple[str, ...] = ()
    suggestion: str | None = None
    meaningful: bool = True
    land: bool = True
    negation: str = ""

    @property
    def passes(self) -> bool:
        """Whether it may be the answer: every word is known, and it names something that land can be."""
        return self.land and not self.unknown

    def __str__(self) -> str:
        if self.passes:
            return f"{self.text!r}: known" + (f", but {self.negation!r} is lost" if self.negation else "")
        meant = f"; {self.suggestion!r} may have been meant" if self.suggestion else ""
        if self.unknown:
            return f"{self.text!r}: {', '.join(self.unknown)} not known{meant}"
        return f"{self.text!r}: nothing that land can be{meant}"


class NeverTheAnswer(UserWarning):
    """Words that have a probability beside others, but are never the answer."""


class NegationLost(UserWarning):
    """Words that say what is not there: the model reads them as if it were."""


def check_words(classes: Task | Sequence[str]) -> list[WordCheck]:
    """One :class:`WordCheck` a class, in order.

    Args:
        classes: texts; or a task, whose names were chosen for land: a class passes if all words of its name or of one
            of its descriptions are known.

    Returns:
        The checks.

    Raises:
        ValueError: one text alone.
    """
    check_several(classes, "classes")
    given: Any = classes  # a Task by what it has, as in prompts
    if not hasattr(given, "descriptions"):
        return [_check(tidy(text)) for text in given]
    told = [(name, (name, *given.descriptions.get(name, ()))) for name in given.classes]
    return [WordCheck(name) if any(map(_all_known, texts)) else _check(tidy(name)) for name, texts in told]


def _all_known(text: str) -> bool:
    words = words_of(text)
    return bool(words) and all(map(is_known, words))


def words_of(text: str) -> list[str]:
    """The words of a text: small letters, accents off; numbers and signs are no words."""
    return re.findall(r"[^\W\d_]+", _plain(text))


def is_known(word: str) -> bool:
    """Whether a word, or what it is a plain plural or another form of, stands in the lists; single letters do."""
    known = _lists()[2]
    return (len(word) == 1 and word in LETTERS) or any(stem in known for stem in _stems(word))


@lru_cache(4096)
def _check(text: str) -> WordCheck:
    words = words_of(text)
    unknown = tuple(dict.fromkeys(w for w in words if not is_known(w)))
    meant = [w for w in words if w not in unknown and w not in SMALL_WORDS | ARTICLES and len(w) > 1]
    if not words:
        return WordCheck(text, (text,), None, meaningful=False, land=False)
    suggestion = _suggestion(words, unknown)
    negation = next((w for w in words if w in NEGATIONS), "")
    return WordCheck(text, unknown, suggestion, bool(meant), names_land(text), negation)


def names_land(text: str) -> bool:
    """Whether a text is about land: the last word before "with", "in" and their like is one ("a field of maize")."""
    return any(_about_land(part) for part in re.split(r"[,;:/()]|\b(?:and|or)\b", _plain(text)))


def _about_land(phrase: str) -> bool:
    parts = [words_of(part) for part in re.split(RELATIONS, phrase)]
    nouns = [[w for w in part if w not in SMALL_WORDS | ARTICLES] for part in parts]
    first = next((part for part in nouns if part), [""])
    return any(stem in _lists()[1] for stem in _stems(first[-1]))


def _suggestion(words: list[str], unknown: tuple[str, ...]) -> str | None:
    """The text as it may have been meant: another language first, then spelling."""
    of_land = any(stem in _lists()[1] for word in words for stem in _stems(word))
    if of_land and not unknown:
        return None
    bare = [w for w in words if w not in ARTICLES or w == "a"]
    if whole := _translated(" ".join(w for w in bare if w != "a")):
        return whole
    if not unknown:  # English, but no word for land: "barely" for barley
        return _nearest_cover(bare[0]) if len(bare) == 1 else None
    # "champ de ble" loses its articles with its language
    kept = words if not any(w in ARTICLES for w in unknown) else [w for w in words if w not in ARTICLES]
    out = [_translated(w) or (w if w not in unknown else _nearest(w)) for w in kept]
    return " ".join(w for w in out if w) if out and all(out) else None


def _translated(text: str) -> str | None:
    """A German, French or Spanish word for a cover in English; German writes two as one."""
    table = _foreign()
    if text in table:
        return table[text]
    cuts = [(text[:i], text[i:]) for i in range(3, len(text) - 2)] if not is_known(text) else []
    both = [f"{table[a]} {table[b]}" for a, b in cuts if a in table and b in table]
    return both[0] if both else None


def _nearest_cover(word: str) -> str | None:
    """The cover or crop word one mistake away."""
    covers = _lists()[0]
    near = [w for w in _edits(word) if w in covers] if len(word) > 2 else []
    return min(near, key=lambda w: _rank(word, w)) if near else None


@lru_cache(4096)
def _nearest(word: str) -> str | None:
    """The known word that is spelt most alike: one mistake away, else two; words for land before others."""
    if len(word) > LONGEST:
        return None
    covers, land, known = _lists()
    edits = _edits(word)
    for some in (covers, land):
        if near := [w for w in edits if w in some]:
            return min(near, key=lambda w: _rank(word, w))
    if split := _split(word):
        return split
    if len(word) >= LONG_ENOUGH and (near := _two_away(word)):
        return min(near, key=lambda w: (w not in covers, *_rank(word, w)))
    near = [w for w in edits if w in known and len(w) > 3]
    return min(near, key=lambda w: _rank(word, w)) if near else None


def _split(word: str) -> str | None:
    """Two words for land that were written as one."""
    land = _lists()[1]
    cuts = [(word[:i], word[i:]) for i in range(3, len(word) - 2)]
    both = [f"{a} {b}" for a, b in cuts if a in land and b in land]
    return both[0] if both else None


def _rank(given: str, meant: str) -> tuple[object, ...]:
    """The likelier mistake first: letters swapped, doubled or left single, one changed; the first letter is seldom."""
    swapped = sorted(given) == sorted(meant)
    doubled = re.sub(r"(.)\1", r"\1", given) == re.sub(r"(.)\1", r"\1", meant)
    return (
        given[0] != meant[0],
        not (swapped or doubled),
        abs(len(given) - len(meant)) == 0,
        -len(meant),
        meant,
    )


def _edits(word: str) -> set[str]:
    """All that one mistake makes of a word: a letter more, less, other, or two swapped."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    out = {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    out |= {a + c + b[1:] for a, b in cuts if b for c in LETTERS}
    return (out | {a + c + b for a, b in cuts for c in LETTERS}) - {word}


def _two_away(word: str) -> list[str]:
    """Words for land at most two mistakes away."""
    names, counts = _letters()
    # two mistakes change the count of four letters at most
    few = np.flatnonzero(np.abs(counts - _count([word])).sum(axis=1) <= 4)
    return [names[k] for k in few if distance(word, names[k]) <= 2]


def distance(a: str, b: str) -> int:
    """How many mistakes lie between two words (optimal string alignment): letters more, less, other, or two swapped."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            row.append(min(row[j] + 1, last[j + 1] + 1, last[j] + (x != y)))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                row[-1] = min(row[-1], before[j - 1] + 1)
        before, last = last, row
    return last[-1]


@cache
def _letters() -> tuple[list[str], np.ndarray]:
    """Words for land that two mistakes leave readable, and how often each holds each letter."""
    names = sorted(w for w in _lists()[1] if len(w) >= LONG_ENOUGH - 1)
    return names, _count(names)


def _count(words: Sequence[str]) -> np.ndarray:
    """(words, 26) counts of letters."""
    return np.array([[w.count(c) for c in LETTERS] for w in words], dtype=np.int8)


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Cover and crop words; those and other words for land; those and all others."""
    covers, land, rest = (frozenset(p.split("\n")) for p in _read(WORDS).split("\n\n"))
    return covers, covers | land, covers | land | rest


@cache
def _foreign() -> dict[str, str]:
    """What a German, French or Spanish word for a cover is in English, without articles."""
    table = tomllib.loads(FOREIGN.read_text("utf-8"))
    bare = {e: [[w for w in words_of(f) if w not in ARTICLES] for f in fs] for e, fs in table.items()}
    return {" ".join(words): english for english, each in bare.items() for words in each}


def _read(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(
            f"the list of words {path.name} is missing from the package. Reinstall timesen_nb."
        )
    return gzip.decompress(path.read_bytes()).decode()


def _stems(word: str) -> Iterable[str]:
    """A word and what it may be a plural or another form of."""
    yield word
    for ending, instead in (
        ("ies", "y"),
        ("es", ""),
        ("s", ""),
        ("ing", ""),
        ("ed", ""),
        ("ed", "e"),
        ("ing", "e"),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            yield word[: -len(ending)] + instead


def _plain(text: str) -> str:
    """Small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))
