"""The words game: whose sentence for bare land is best at places nobody has seen? ``python docs/words_game.py FILE``.

A line of the file is ``team; sentence``. ``docs/teaching/words_game.md`` has the rules.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import timesen_nb as tn
from timesen_nb.datasets import lesotho_points

CLASS = "Bareland"


def scores(sentences: Mapping[str, str], seed: int, hidden: bool = True) -> pd.DataFrame:
    """A row a team, the best first: bare places found, others called bare, and the score.

    Args:
        sentences: team -> its words for the class.
        seed: draws the half of the places that is hidden.
        hidden: judge at these; else at the other half.

    Returns:
        Shares from 0 to 1: found, false alarms, score.
    """
    model, points = tn.load("pocket"), lesotho_points()
    task = tn.tasks["land_cover"]
    rows = np.random.default_rng(seed).permutation(len(points))
    half = rows[: len(rows) // 2] if hidden else rows[len(rows) // 2 :]
    vectors, is_bare = model.encode(points.series(half)), points.labels["land_cover"][half] == CLASS
    words, k = model.zero_shot(task).vectors, task.classes.index(CLASS)
    table = {}
    for team, sentence in sentences.items():
        changed = words.copy()
        changed[k] = model.encode_text([sentence])[0]
        said = (vectors @ changed.T).argmax(axis=1) == k
        found, false = said[is_bare].mean(), said[~is_bare].mean()
        table[team] = {"found": found, "false alarms": false, "score": (found + 1 - false) / 2}
    return pd.DataFrame(table).T.sort_values("score", ascending=False)


def read(text: str) -> dict[str, str]:
    """The sentence of each team.

    Args:
        text: a line a team, ``team; sentence``; empty lines do not count.

    Returns:
        team -> sentence, in their order.

    Raises:
        ValueError: no line, or lines of another form or of a team that has one already; all of them are named.
    """
    sentences: dict[str, str] = {}
    wrong = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        team, semicolon, sentence = (part.strip() for part in line.partition(";"))
        if not semicolon:
            wrong.append(f"line {number} has no semicolon: {line.strip()!r}")
        elif not team or not sentence:
            wrong.append(f"line {number} has no {'sentence' if team else 'team'}: {line.strip()!r}")
        elif team in sentences:
            wrong.append(f"line {number} is a second one of {team!r}")
        else:
            sentences[team] = sentence
    if wrong or not sentences:
        raise ValueError(
            f"{'; '.join(wrong) or 'no line was given'}. Expected one line a team: team; sentence."
        )
    return sentences


def unknown(sentences: Mapping[str, str]) -> dict[str, str]:
    """Team -> its words that the model's list does not have, for the teams that have some."""
    model = tn.load("pocket")
    checked = {team: model.check_words([sentence])[0].unknown for team, sentence in sentences.items()}
    return {team: ", ".join(words) for team, words in checked.items() if words}


def main() -> None:
    """Score the sentences of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="lines of: team; sentence")
    parser.add_argument("--seed", type=int, default=0, help="draws the hidden half; keep it to yourself")
    parser.add_argument("--open", action="store_true", help="score at the other half")
    given = parser.parse_args()
    try:
        sentences = read(given.file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        parser.error(str(error))
    print(scores(sentences, given.seed, not given.open).map("{:.0%}".format).to_string())
    for team, words in unknown(sentences).items():
        print(f"{team}: not known (the list is English): {words}. The score is luck.")


if __name__ == "__main__":
    main()
