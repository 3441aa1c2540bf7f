"""The list of known words in the package: ``python -m recipes.word_list FOLDER``.

FOLDER is where the Debian package ``scowl`` keeps its lists (/usr/share/dict/scowl): common English words in British
and American spelling up to size 50, without names, abbreviations and contractions. Beside them stands the landscape's
own lexicon: ``landscape.txt``, the words of the tasks, of ``phrases.toml`` and of ``cover_types.toml``.
"""

from __future__ import annotations

import argparse
import gzip
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from timesen_nb.model.words import WORDS, words_of
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.tasks import tasks

#: Sizes of SCOWL that are taken, from the thousand most common words to what half of twelve dictionaries have.
SIZES = (10, 20, 35, 40, 50)
PARTS = (
    "english-words",
    "american-words",
    "british-words",
    "british_z-words",
    "variant_1-words",
    "british_variant_1-words",
)
#: Tasks whose names are places or uses: known, and never what a misspelt cover is corrected to.
NO_COVERS = ("bioregion", "country", "land_use")


def english_words(folder: Path, sizes: Sequence[int] = SIZES) -> set[str]:
    """Words in small letters of the lists that are taken."""
    texts = [folder / f"{part}.{size}" for part in PARTS for size in sizes]
    words = {w for text in texts if text.exists() for w in text.read_text("latin-1").split()}
    return {w for w in words if re.fullmatch("[a-z]{2,}|a|i", w)}


def cover_words() -> set[str]:
    """Words of what covers and crops are called: what a misspelling is corrected to first."""
    here = Path(__file__).parent
    concepts = tomllib.loads((here / "phrases.toml").read_text("utf-8"))["concept"]
    called = [phrase for concept in concepts for phrase in concept["phrases"]]
    called += [word for kind in COVER_TYPES for word in (kind.name, *kind.words)]
    called += [name for key, task in tasks.items() if key not in NO_COVERS for name in task.classes]
    return {word for text in called for word in words_of(text)}


def main() -> None:
    """Write the list into the package."""
    parser = argparse.ArgumentParser(description="Rebuild the list of known words.")
    parser.add_argument("folder", type=Path, help="of SCOWL's lists")
    folder = parser.parse_args().folder
    own = (Path(__file__).parent / "landscape.txt").read_text("utf-8")
    land = {word for line in own.splitlines() if not line.startswith("#") for word in line.split()}
    english, common = english_words(folder), english_words(folder, SIZES[:3])
    # "after", "field of": what every text holds is no cover
    covers = {w for w in cover_words() if len(w) > 2 and (w in land or w not in common)}
    # names of countries and regions are no cover, and are not corrected to one
    land |= {w for t in tasks.values() for c in t.classes for w in words_of(c) if w not in common}
    said = {
        w for t in tasks.values() for c in t.classes for s in (c, *t.descriptions[c]) for w in words_of(s)
    }
    known = english | said | cover_words()
    parts = [sorted(covers), sorted(land - covers), sorted(known - land - covers)]
    WORDS.write_bytes(gzip.compress("\n\n".join("\n".join(p) for p in parts).encode(), mtime=0))
    print(f"{', '.join(str(len(p)) for p in parts)} words, {WORDS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
