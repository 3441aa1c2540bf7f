"""The pocket model on real pixels outside Europe, by words: part of ``make bench-real``.

Every row by names and by phrases, with the calibration error, beside a forest trained on the real labels (five folds;
the words have seen none). The tasks, their words and the scoring are those of ``../shared/real/score_world.py``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from types import ModuleType

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict

import timesen_nb as tn
from benchmarks.real import REAL
from timesen_nb.bands import month_columns
from timesen_nb.evaluation.baselines import filled


def scorer() -> ModuleType:
    """The script that lies beside the data."""
    spec = importlib.util.spec_from_file_location("score_world", REAL / "score_world.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"score_world.py expected in {REAL}; not there.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_forest(values: np.ndarray, truth: np.ndarray) -> float:
    """Balanced accuracy of a forest on the labels, five folds of neighbouring rows."""
    # rows of a file lie near each other as their places do: a tenth of a fold at a time stays together
    blocks = np.arange(len(truth)) // max(1, len(truth) // 50)
    x = np.nan_to_num(filled(values))
    forest = RandomForestClassifier(200, class_weight="balanced_subsample", n_jobs=2, random_state=0)
    guess = cross_val_predict(forest, x, truth, groups=blocks, cv=GroupKFold(5))
    return float(balanced_accuracy_score(truth, guess))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    given = parser.parse_args()
    world = scorer()
    rows = pd.read_parquet(REAL / "s2_world_dev.parquet")
    tasks = json.loads((REAL / "world_tasks.json").read_text())
    annual = pd.read_parquet(REAL / "s2_tonga_annual_dev.parquet")
    lines, _ = world.table(world.run(tn.load(given.model), rows, tasks, annual))
    print("\nreal pixels outside Europe, by words: balanced accuracy (calibration error)")
    print("\n".join(lines))
    print("random forest on the real labels, five folds: balanced accuracy")
    for name in tasks:
        some = rows[rows.task == name]
        values, valid = world.series(some, month_columns([""]))
        keep = valid.any(axis=1)
        print(f"{name:22s} {by_forest(values[keep], some.label.to_numpy(str)[keep]):.3f}")


if __name__ == "__main__":
    main()
