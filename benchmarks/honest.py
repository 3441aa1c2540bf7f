"""How far the bundled model's answers may be believed, on real pixels: ``python -m benchmarks.honest``.

Reads ``../shared/real`` (development halves). What is fitted on real pixels (thresholds of sets, the margin for "none
of these") is fitted on half of the groups of neighbours and judged on the other half, and figures are means of twenty
such splits. Beside each figure stands what was there before, or a plain rule.
"""

from __future__ import annotations

import argparse
import random
import string
from collections.abc import Sequence

import numpy as np
import pandas as pd

import timesen_nb as tn
from benchmarks.calibration import SPLITS, show_calibration
from benchmarks.real import REAL
from recipes.confidence import background_words, common_margin, kin_cosine
from recipes.prediction_sets import PLACES, RealScores, fit_thresholds, simulated_scores
from recipes.real_places import elsewhere, europe
from recipes.training_space import FAULTS, POINTS, SEED, USUAL, Series, simulated
from timesen_nb.composite import annual, quarters
from timesen_nb.model.applicability import INFRARED, RED
from timesen_nb.model.confidence import others
from timesen_nb.model.sets import marginal_sets
from timesen_nb.model.words import check_words, words_of
from timesen_nb.simulate.cover_types import COVER_TYPES

COVERAGE = 0.9
#: Words of no sense or no land.
NONSENSE = (
    "a herd of elephants", "a chess tournament", "a spaceship", "a wedding cake", "a jazz concert", "a coral reef",
    "an angry politician", "a stock exchange crash", "a birthday party", "quantum mechanics", "a laptop computer",
    "a pair of sunglasses", "a goldfish", "a violin sonata", "happiness", "a broken heart", "a blue whale", "a pizza",
    "a tax return", "the Roman empire", "a dinosaur skeleton", "a bank robbery", "a love letter", "a ballet dancer",
    "a kitten", "a unicorn", "a submarine", "a racing driver", "a piano", "a lecture", "a school of dolphins",
    "a newborn baby", "a bottle of whisky", "a novel by Tolstoy", "the planet Mars", "an election campaign", "a ghost",
    "a mobile phone", "a polar bear", "a wristwatch", "a crying child", "a rock concert", "a tennis racket", "justice",
    "a Christmas carol", "a hairdresser", "an electric guitar", "an operating theatre", "qwertyuiop", "asdf jkl",
)  # fmt: skip


def auroc(near: np.ndarray, far: np.ndarray) -> float:
    """How often one of ``far`` is above one of ``near``."""
    rank = np.concatenate([near, far]).argsort().argsort() + 1.0
    return float((rank[len(near) :].sum() - len(far) * (len(far) + 1) / 2) / (len(near) * len(far)))


def halves(real: Sequence[RealScores], rng: np.random.Generator) -> list[np.ndarray]:
    """Of each task the rows to fit on: half of the groups of neighbours, the same in every task."""
    groups = np.unique(np.concatenate([each.task.group for each in real]))
    chosen = rng.permutation(groups)[: len(groups) // 2]
    return [np.isin(each.task.group, chosen) for each in real]


def show(name: str, *figures: str) -> None:
    """One line."""
    print(f"  {name:58s} {'   '.join(figures)}", flush=True)


def show_sets(model: tn.TimeSenCLIP, real: Sequence[RealScores], scores: np.ndarray) -> None:
    """Coverage and size of sets; beside them the plain rule: one quantile of 1 - p over all places of Europe."""
    rng = np.random.default_rng(SEED)
    space = model.weights.confidence().space
    inside = [space.measure(each.task.values, each.encoded).inside for each in real]
    rows, worst = [], {}
    for _ in range(SPLITS):
        fit = halves(real, rng)
        thresholds = fit_thresholds(scores, real, fit)
        for each, some, within in zip(real, fit, inside, strict=True):
            t, p, truth = each.task, each.p[~some], each.task.truth[~some]
            if not len(p) or not some.any():
                continue
            sets = thresholds.sets(p, each.words, each.months[~some], COVERAGE)
            own = marginal_sets(p, each.p[some], t.truth[some], COVERAGE)
            hit, within = sets[np.arange(len(p)), truth], within[~some]
            hits = [
                hit.mean(),
                hit[within].mean() if within.any() else np.nan,
                own[np.arange(len(p)), truth].mean(),
            ]
            sizes = [sets.sum(axis=1).mean(), own.sum(axis=1).mean()]
            rows.append((t.name, t.europe, *hits, *sizes, within.mean()))
            for k, word in enumerate(t.words):
                if (t.truth == k).sum() >= PLACES and (truth == k).any():
                    worst.setdefault((t.name, word), []).append(hit[truth == k].mean())
    columns = [
        "task",
        "europe",
        "coverage",
        "coverage inside",
        "by own labels",
        "size",
        "own size",
        "share inside",
    ]
    table = pd.DataFrame(rows, columns=columns).groupby("task", sort=False).mean()
    print("\n90 % prediction sets; beside them marginal sets fitted on the task's own labels")
    print(table.drop(columns="europe").round(2).to_string())
    within = table["europe"] > 0.5
    show("coverage: Europe", f"{table['coverage'][within].mean():.3f}")
    far = table[~within]
    show(
        "coverage: elsewhere",
        f"{far['coverage'].mean():.3f}",
        f"inside the area {far['coverage inside'].mean():.3f}",
    )
    classes = sorted((float(np.mean(v)), *k) for k, v in worst.items())
    show(
        f"classes of {PLACES} places or more, lowest coverage",
        *(f"{c:.2f} {w} ({t})" for c, t, w in classes[:4]),
    )
    left = {}
    for region in dict.fromkeys(each.task.region for each in real if not each.task.europe):
        rows_in = [np.full(len(each.p), each.task.region != region) for each in real]
        thresholds = fit_thresholds(scores, real, rows_in)
        for each in real:
            if each.task.region == region:
                sets = thresholds.sets(each.p, each.words, each.months, COVERAGE)
                left[each.task.name] = float(sets[np.arange(len(sets)), each.task.truth].mean())
    show(
        "coverage in a region that nothing was fitted on, mean",
        f"{np.mean(list(left.values())):.3f}",
        *(f"{hit:.2f} {name}" for name, hit in left.items() if hit < COVERAGE - 0.05),
    )


def show_words(model: tn.TimeSenCLIP, real: Sequence[RealScores]) -> None:
    """Words of no sense or no land as the answer, and misspelt words."""
    print("\nwords")
    three = real[0]
    vectors = {word: model.zero_shot([word]).vectors[0] for word in NONSENSE}
    passes = {check.text: check.passes for check in check_words(NONSENSE)}
    wins = [
        ((three.encoded @ v) > (three.encoded @ three.words.T).max(axis=1)).mean() for v in vectors.values()
    ]
    gated = [win * passes[word] for word, win in zip(vectors, wins, strict=True)]
    show(f"{len(NONSENSE)} words that are no land, beside three covers: the answer in", f"{np.mean(gated):.4f}",
         f"without the gate {np.mean(wins):.4f}")  # fmt: skip
    land = sorted({w for each in real for w in each.task.words})
    show(
        "words of the real tasks that are turned away",
        f"{np.mean([not c.passes for c in check_words(land)]):.3f}",
    )
    rng = random.Random(1)
    names = [name for key in ("land_cover", "crops") for name in tn.tasks[key].classes]
    names += [kind.name for kind in COVER_TYPES]
    words = sorted(
        {w for name in names for w in words_of(name) if len(w) > 3 and not check_words([w])[0].unknown}
    )
    words = [w for w in words if check_words([w])[0].passes]
    right = 0
    for _ in range(200):
        word, i = rng.choice(words), 0
        given = word
        while given == word:
            i, letter = rng.randrange(len(word)), rng.choice(string.ascii_lowercase)
            begin, end = word[:i], word[i + 1 :]
            swapped = begin + end[:1] + word[i] + end[1:]
            given = rng.choice((begin + end, begin + letter + word[i:], begin + letter + end, swapped))
        right += check_words([given])[0].suggestion == word
    show("200 misspelt words, the right suggestion", f"{right / 200:.3f}", "before 0")
    classes = [name for task in tn.tasks.values() for name in task.classes]
    show("words of the six tasks called unknown", str(sum(bool(c.unknown) for c in check_words(classes))))


def show_none(model: tn.TimeSenCLIP, real: Sequence[RealScores]) -> None:
    """Places whose class is among the words, and is not, that are turned away; margins of the other half."""
    rng = np.random.default_rng(SEED)
    background, kin = background_words(model), kin_cosine(model)
    kept, lost = {}, {}
    for _ in range(SPLITS):
        fit = halves(real, rng)
        margin = common_margin(background, kin, real, fit)
        for each, some in zip(real, fit, strict=True):
            own, truth = each.encoded[~some] @ each.words.T, each.task.truth[~some]
            listed = rng.permutation(len(each.words))[: max(2, len(each.words) // 2)]
            rest = others(background, each.words[listed], kin)
            best = (each.encoded[~some] @ rest.T).max(axis=1, initial=-np.inf) - margin
            turned = best > own[:, listed].max(axis=1)
            known = np.isin(truth, listed)
            kept.setdefault(each.task.name, []).append(turned[known].mean() if known.any() else np.nan)
            lost.setdefault(each.task.name, []).append(turned[~known].mean() if (~known).any() else np.nan)
    means = {name: float(np.nanmean(v)) for name, v in kept.items()}
    worst = max(means, key=means.__getitem__)
    print('\n"none of these", over lists of half of the words of each task')
    turned = f"{np.mean(list(means.values())):.3f}"
    show("places whose class is among the words, turned away", turned, f"worst {means[worst]:.2f} ({worst})")
    show("places whose class is not", f"{np.nanmean([np.nanmean(v) for v in lost.values()]):.3f}")


def exchanged(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Red where near infrared should be."""
    bands = np.arange(values.shape[2])
    bands[[RED, INFRARED]] = bands[[INFRARED, RED]]
    return values[:, :, bands]


def show_applicability(model: tn.TimeSenCLIP, real: Sequence[RealScores], held: Series) -> None:
    """Faults found; accuracy inside and outside. The plain rule: distance to the nearest training vectors."""
    rng = np.random.default_rng(SEED)
    space = model.weights.confidence().space
    reference = model.encode(simulated(POINTS, SEED + 1).values, allow_empty=True)
    reference = reference[~np.isnan(reference[:, 0])]

    def plain(vectors: np.ndarray) -> np.ndarray:
        return -np.sort(vectors @ reference.T, axis=1)[:, -3:].mean(axis=1)

    world = [each for each in real if each.task.name.endswith("names")]
    sets = {"Europe": real[0].task.values, "elsewhere": np.concatenate([e.task.values[::8] for e in world]),
            "simulated": held.values[:800]}  # fmt: skip
    print(
        "\narea of applicability: AUROC of a fault against the same series as they are (plain nearest vectors)"
    )
    untaught = {
        "offset of 500 (not taught)": lambda v, rng: np.minimum(v + 500, np.float32(19_000)),
        "half a year late (not taught)": lambda v, rng: np.roll(v, 6, axis=1),
        "red and near infrared exchanged (not taught)": exchanged,
    }
    for name, fault in {**FAULTS, **untaught}.items():
        figures = []
        for place, values in sets.items():
            spoilt = fault(values, rng)
            v, w = (model.encode(x, allow_empty=True) for x in (values, spoilt))
            there = ~np.isnan(v[:, 0]) & ~np.isnan(w[:, 0])
            a, b = (space.measure(x[there], y[there]).dissimilarity for x, y in ((values, v), (spoilt, w)))
            figures.append(f"{place} {auroc(a, b):.3f} ({auroc(plain(v[there]), plain(w[there])):.2f})")
        show(name, *figures)
    right, within, tasks = [], [], []
    for each in world:
        right.append(each.p.argmax(axis=1) == each.task.truth)
        within.append(space.measure(each.task.values, each.encoded).inside)
        tasks.append(np.full(len(each.p), each.task.name))
    r, w, t = map(np.concatenate, (right, within, tasks))
    gaps = [r[(t == k) & w].mean() - r[(t == k) & ~w].mean() for k in dict.fromkeys(t)]
    accuracy = f"{r[w].mean():.3f} {r[~w].mean():.3f}"
    show("accuracy inside and outside, other continents", accuracy, f"share inside {w.mean():.2f}")
    show("the same within each task, mean difference", f"{np.nanmean(gaps):.3f}")
    for each in real:
        if each.task.europe:
            inside, hit = (
                space.measure(each.task.values, each.encoded).inside,
                each.p.argmax(axis=1) == each.task.truth,
            )
            accuracy = f"{hit[inside].mean():.2f} {hit[~inside].mean():.2f}"
            show(
                f"accuracy inside and outside, {each.task.name}",
                accuracy,
                f"share inside {inside.mean():.2f}",
            )
    for name, values in {
        "months": held.values,
        "quarters": quarters(held.values),
        "a year": annual(held.values),
    }.items():
        made = space.measure(values, model.encode(values, allow_empty=True)).inside
        show(f"share inside, simulated, by {name}", f"{made.mean():.2f}")


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
    real = [RealScores(model, task) for task in (*europe(), *elsewhere())]
    held = simulated(POINTS + USUAL)[np.arange(POINTS, POINTS + USUAL)]
    print(f"half of the real pixels, {len(real)} tasks, {SPLITS} splits by group")
    show_sets(model, real, simulated_scores(model, held))
    show_words(model, real)
    show_none(model, real)
    show_applicability(model, real, held)
    show_calibration(model, real)


if __name__ == "__main__":
    main()
