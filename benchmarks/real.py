"""The pocket model on real Sentinel-2 it never saw, by words only: ``make bench-real``.

Reads ``../shared/real`` (development half). Beside each figure: the majority class, the nearest mean of simulated
series, a random forest trained on the real labels (five folds, neighbours never split), and a linear probe on the
model's own vectors, trained on the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import GroupKFold, cross_val_predict

import timesen_nb as tn
from recipes.class_statistics import TOA_A, TOA_B
from timesen_nb.bands import month_columns
from timesen_nb.composite import annual
from timesen_nb.evaluation.baselines import filled
from timesen_nb.evaluation.calibration import calibration_error, reliability
from timesen_nb.nodata import HIGHEST
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.places import simulate_places

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "real"
COVERS = list(tn.tasks["land_cover"].classes)
THREE = ["Cropland", "Grassland", "Woodland"]

#: The words of each group, and the labels and simulated cover types that it holds.
SEVEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "winter cereal": ("winter cereals: wheat, barley, rye", ("Wheat", "Barley", "Rye", "Triticale", "Oats")),
    "maize": ("maize", ("Maize",)),
    "rape": ("oilseed rape", ("Rape and turnip rape",)),
    "sunflower": ("sunflowers", ("Sunflower",)),
    "potatoes": ("potatoes", ("Potatoes",)),
    "sugar beet": ("sugar beet", ("Sugar beet",)),
    "orchard or vine": (
        "orchards, olive groves, citrus and vineyards",
        ("Vineyards", "Olive groves", "Citrus"),
    ),
}
TEN: dict[str, str] = {
    "Maize": "maize", "Vineyards": "vineyard", "Wheat": "winter wheat", "Barley": "barley", "Potatoes": "potatoes",
    "Sunflower": "sunflower", "Olive groves": "olive grove", "Citrus": "citrus", "Rape and turnip rape": "rape",
    "Soya": "soya",
}  # fmt: skip


def read_series() -> tuple[pd.DataFrame, np.ndarray]:
    """Labelled monthly pixels that are meant for evaluation, and their series (N, 12, 10), NaN = missing."""
    rows = pd.read_parquet(REAL / "s2_monthly_europe.parquet")
    values = rows[month_columns()].to_numpy().reshape(-1, 12, len(tn.BANDS))
    # six pixels hold numbers of 49,000 and more, which are no reflectance
    values = np.where((values == 0) | (values > HIGHEST), np.nan, values).astype(np.float32)
    use = rows["use_for_eval"].to_numpy() & ~np.isnan(values).all(axis=(1, 2))
    return rows[use].reset_index(drop=True), values[use]


def read_annual() -> tuple[np.ndarray, np.ndarray]:
    """LUCAS 2018 points: land-cover names (N,) and one annual composite (N, 1, 10), roughly surface reflectance."""
    rows = pd.read_parquet(REAL / "lucas2018_s2_metrics.parquet")
    nine = [b for b in tn.BANDS if b != "B8A"]
    surface = (rows[[f"{b}_median" for b in nine]].to_numpy(float) - TOA_A) / TOA_B
    ten = np.insert(surface, tn.BANDS.index("B8A"), surface[:, nine.index("B8")], axis=1)
    return rows["lc_class"].to_numpy(str), ten[:, None].astype(np.float32)


#: Random maskings that are averaged: one drawing alone moves a class of eight pixels by many points.
MASKINGS = 10


def confidence_error(p: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error of the most probable class."""
    return calibration_error(p.max(axis=1), p.argmax(axis=1) == truth)


def nearest_mean(values: np.ndarray, classes: list[np.ndarray]) -> np.ndarray:
    """Class of the nearest mean of simulated series (log reflectance); ``classes``: cover types of each."""
    cover_types = [COVER_TYPES[i].name for group in classes for i in group]
    places = simulate_places(6_000, 77, cover_types=cover_types)
    simulated = np.log(np.clip(filled(places.values), 15, None))
    means = np.stack([simulated[np.isin(places.cover_type, group)].mean(axis=0) for group in classes])
    x = np.log(np.clip(filled(values), 15, None))
    return ((x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


def half_masked(values: np.ndarray, seed: int) -> np.ndarray:
    """Series with six of their twelve months gone, others in each."""
    rng = np.random.default_rng(seed)
    out = values.copy()
    for series in out:
        series[rng.permutation(12)[:6]] = np.nan
    return out


def probed(model: tn.TimeSenCLIP, seen: list[np.ndarray], truth: np.ndarray, groups: np.ndarray) -> float:
    """Balanced accuracy of a linear probe that learned real labels on the model's vectors.

    Args:
        model: whose vectors.
        seen: the series (N, 12, 10), in one or several ways; it learns from all of them.
        truth: (N,) classes.
        groups: (N,) neighbours, which are never split.

    Returns:
        Mean over the ways.
    """
    vectors = np.stack([model.encode(values, allow_empty=True) for values in seen])
    there, told = np.isfinite(vectors).all(axis=2), np.zeros((len(seen), len(truth)), int)
    for train, test in GroupKFold(5).split(truth, groups=groups):
        probe = LogisticRegression(C=30, max_iter=500, class_weight="balanced")
        rows = there[:, train]
        probe.fit(vectors[:, train][rows], np.tile(truth[train], (len(seen), 1))[rows])
        guesses = probe.predict(np.nan_to_num(vectors[:, test]).reshape(-1, vectors.shape[2]))
        told[:, test] = guesses.reshape(len(seen), -1)
    scores = [balanced_accuracy_score(truth[t], g[t]) for t, g in zip(there, told, strict=True)]
    return float(np.mean(scores))


def show_task(
    title: str, model: tn.TimeSenCLIP, zs: tn.ZeroShot, values: np.ndarray, truth: np.ndarray, names: list[str],
    cover_types: list[np.ndarray], groups: np.ndarray,
) -> None:  # fmt: skip
    """One block: zero-shot with all months and with gaps, the baselines, the calibration and the confusion table."""
    p = zs.probabilities(values)
    full = balanced_accuracy_score(truth, p.argmax(axis=1))
    summer = values.copy()
    summer[:, [0, 1, 2, 9, 10, 11]] = np.nan

    def with_gaps(x: np.ndarray) -> float:
        some = ~np.isnan(x).all(axis=(1, 2))
        return balanced_accuracy_score(truth[some], zs.probabilities(x[some]).argmax(axis=1))

    masked = [half_masked(values, seed) for seed in range(MASKINGS)]
    halves = [with_gaps(x) for x in masked]

    forest = RandomForestClassifier(300, class_weight="balanced_subsample", n_jobs=2, random_state=0)
    folds = cross_val_predict(forest, filled(values), truth, groups=groups, cv=GroupKFold(5))
    print(f"\n{title}: {len(truth)} real pixels, {len(names)} classes; balanced accuracy")
    rows = {
        "zero-shot, pocket": full,
        f"  six random months masked (mean of {MASKINGS}, sd {np.std(halves):.3f})": float(np.mean(halves)),
        "  April to September only": with_gaps(summer),
        "linear probe on its vectors, real labels": probed(model, [values], truth, groups),
        "  six random months masked": probed(model, masked, truth, groups),
        "majority class": 1 / len(names),
        "nearest simulated class mean": balanced_accuracy_score(truth, nearest_mean(values, cover_types)),
        "random forest on real labels": balanced_accuracy_score(truth, folds),
    }
    for name, figure in rows.items():
        print(f"  {name:52s} {figure:.3f}")
    print(f"  {'expected calibration error':52s} {confidence_error(p, truth):.3f}")
    table = pd.DataFrame(confusion_matrix(truth, p.argmax(axis=1)), index=names, columns=names)
    print(table.to_string())
    print(reliability(p.max(axis=1), p.argmax(axis=1) == truth).round(2).to_string(index=False))


def show_annual(model: tn.TimeSenCLIP, seed: int = 0) -> None:
    """Eight land covers from one annual composite."""
    labels, values = read_annual()
    truth = np.array([COVERS.index(c) for c in labels])
    p = model.zero_shot("land_cover").probabilities(values)
    order = np.random.default_rng(seed).permutation(len(truth))
    train, test = order[: len(order) // 2], order[len(order) // 2 :]
    forest = RandomForestClassifier(300, min_samples_leaf=3, n_jobs=2, random_state=0)
    by_forest = forest.fit(values[train, 0], truth[train]).predict(values[test, 0])
    print(
        f"\neight land covers from one annual composite: {len(truth)} LUCAS points; accuracy, balanced accuracy"
    )
    guess = p.argmax(axis=1)
    for name, y, g in (
        ("zero-shot, pocket", truth, guess),
        ("majority class", truth, np.full(len(truth), np.bincount(truth).argmax())),
        ("random forest, half of the points", truth[test], by_forest),
    ):
        print(f"  {name:34s} {accuracy_score(y, g):.3f} {balanced_accuracy_score(y, g):.3f}")
    print(f"  {'expected calibration error':34s} {confidence_error(p, truth):.3f}")
    print("  share of each cover (rows) that is called what (columns, the same order)")
    told = confusion_matrix(truth, guess, normalize="true")
    print(pd.DataFrame(told, index=COVERS, columns=list("ABCDEFGH")).round(2).to_string())
    show_called("Bareland", model, values, p, truth)


def show_called(
    name: str, model: tn.TimeSenCLIP, values: np.ndarray, p: np.ndarray, truth: np.ndarray
) -> None:
    """Of the places that are called a cover: how many there are, how sure the model is, and how often it is right."""
    k = COVERS.index(name)
    called = p.argmax(axis=1) == k
    right, sure = truth[called] == k, p[called, k]
    there = (truth == k).sum()
    print(
        f"  called {name}: {called.sum()}, there are {there}; said {sure.mean():.2f}, true {right.mean():.2f}"
    )
    for low in (0.2, 0.4, 0.6, 0.8):
        rows = (sure > low) & (sure <= low + 0.2)
        print(f"    said {low:.1f} to {low + 0.2:.1f}: {rows.sum()}, true {right[rows].mean():.2f}")
    try:
        inside = model.applicability(values[called]).inside
    except ValueError:
        return  # weights of no area
    within, outside = right[inside].mean(), right[~inside].mean()
    print(f"    inside the area {inside.mean():.2f}, true there {within:.2f}, outside {outside:.2f}")


def show_misfit(model: tn.TimeSenCLIP, values: np.ndarray) -> None:
    """Words that fit nothing should not win with high confidence."""
    print(
        "\nwords that fit nothing, added to cropland / grassland / woodland: how often they win, and win above 0.5"
    )
    for word in ("a coral reef", "a spaceship", "a herd of elephants"):
        p = model.zero_shot([*THREE, word]).probabilities(values)
        wins = p.argmax(axis=1) == 3
        print(f"  {word:24s} {wins.mean():.3f} {(wins & (p[:, 3] > 0.5)).mean():.3f}")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    given = parser.parse_args()
    if not REAL.exists():
        raise SystemExit(
            f"real Sentinel-2 expected in {REAL.parent.name}/{REAL.name} beside the project; not there."
        )
    model = tn.load(given.model)
    rows, values = read_series()
    # only those that have a share of Europe: the pixels are European
    cover_of = np.array([COVERS["ABCDEFGH".index(k.land_cover)] if k.share else "" for k in COVER_TYPES])

    some = rows["lc_class"].isin(THREE).to_numpy()
    truth = np.array([THREE.index(c) for c in rows["lc_class"][some]])
    cover_types = [np.flatnonzero(cover_of == c) for c in THREE]
    three = model.zero_shot("land_cover").only(THREE)
    groups = rows["group"].to_numpy()
    show_task(
        "cropland / grassland / woodland", model, three, values[some], truth, THREE, cover_types, groups[some]
    )
    show_misfit(model, values[some])

    group_of = {label: i for i, (_, labels) in enumerate(SEVEN.values()) for label in labels}
    some = rows["crop_std"].isin(group_of).to_numpy()
    truth = rows["crop_std"][some].map(group_of).to_numpy(int)
    simulated = [{"Vineyards": "vineyard", "Olive groves": "olive grove", "Citrus": "citrus", "Wheat": "winter wheat"}
                 .get(label, label.lower()) for label in group_of]  # fmt: skip
    simulated = ["rape" if s.startswith("rape") else s for s in simulated]
    index = {k.name: i for i, k in enumerate(COVER_TYPES)}
    cover_types = [
        np.array([index[s] for s, label in zip(simulated, group_of, strict=True) if group_of[label] == g])
        for g in range(len(SEVEN))
    ]
    zs = model.zero_shot([words for words, _ in SEVEN.values()])
    show_task("seven crop groups", model, zs, values[some], truth, list(SEVEN), cover_types, groups[some])
    plain = model.zero_shot(list(SEVEN)).probabilities(values[some])
    score = balanced_accuracy_score(truth, plain.argmax(axis=1))
    print(
        f"  by the bare words {', '.join(SEVEN)}: {score:.3f}, calibration error {confidence_error(plain, truth):.3f}"
    )

    some = rows["crop_std"].isin(TEN).to_numpy()
    truth = rows["crop_std"][some].map({c: i for i, c in enumerate(TEN)}).to_numpy(int)
    cover_types = [np.array([index[w]]) for w in TEN.values()]
    crops = model.zero_shot(list(TEN))
    show_task("ten crops", model, crops, values[some], truth, list(TEN), cover_types, groups[some])
    right = [
        accuracy_score(truth, crops.probabilities(v).argmax(axis=1))
        for v in (values[some], annual(values[some]))
    ]
    print(f"  right by their months {right[0]:.2f}, by one annual composite {right[1]:.2f}")
    show_annual(model)


if __name__ == "__main__":
    main()
