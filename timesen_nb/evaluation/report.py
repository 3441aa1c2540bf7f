"""The paper's tables for any model and data set: tasks, prompt styles and numbers of composites from one encoding."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from timesen_nb.datasets.splits import blocks
from timesen_nb.datasets.tables import names_of
from timesen_nb.evaluation.calibration import calibration_error
from timesen_nb.evaluation.encoding import COMPOSITES, Encodes, Labelled, encode_places, readable_places
from timesen_nb.evaluation.metrics import interval
from timesen_nb.evaluation.report_tables import Report
from timesen_nb.evaluation.scoring import Answers, encode_words, score
from timesen_nb.evaluation.trust import TRUST, fitted, look, trust_scores
from timesen_nb.model.prompts import PROMPT_STYLES
from timesen_nb.tasks import Task, tasks


def report(
    model: Encodes | Sequence[Encodes] | Mapping[str, Encodes],
    dataset: Labelled,
    *,
    tasks: Sequence[Task | str] | None = None,
    prompts: Sequence[str] = PROMPT_STYLES,
    composites: Sequence[int] = (12, 4, 1),
    names_beside: bool = True,
    block_km: float | None = 50,
    resamples: int = 500,
    progress: bool = True,
) -> Report:
    """Zero-shot scores for every task, prompt style and number of composites.

    Places are encoded once for each model and number of composites, sentences once for each model. Places without any
    month that every model can read are left out, and the report says how many. Labels that are no class of their task
    are not scored, and a warning says which.

    Args:
        model: one model; or several (seeds, checkpoints, baselines) in a list or by name, for mean and deviation.
        dataset: labelled places.
        tasks: names or tasks; None: every one that the data set has labels for.
        prompts: styles, of "names", "template" and "descriptions".
        composites: of 12 monthly, 4 quarterly and 1 annual (medians of the months).
        names_beside: descriptions stand beside the class's name, as ``zero_shot`` has them; False leaves them alone, as
            the paper's column D does.
        block_km: edge of the blocks that are drawn as a whole for the second interval of each score (neighbours are
            alike; a place-by-place interval is too narrow); None leaves it out. Places without coordinates are in
            none, and a warning counts them.
        resamples: of the bootstrap.
        progress: show a bar.

    Returns:
        The scores, and the answers they are made of.

    Raises:
        ValueError: no task with labels, nothing to read, or another number of composites.
    """
    models = _by_name(model)
    if not hasattr(dataset, "labels"):
        raise ValueError(
            f"the data set given is a {type(dataset).__name__}; expected labelled places, such as read_sen4map or "
            "simulated_dataset give."
        )
    chosen = _chosen(tasks, dataset)
    prompts, composites = list(dict.fromkeys(_listed(prompts))), list(dict.fromkeys(_listed(composites)))
    if not prompts:
        raise ValueError(f"no prompts given; expected some of {', '.join(PROMPT_STYLES)}.")
    wrong = [t for t in composites if t not in COMPOSITES]
    if wrong or not composites:
        raise ValueError(f"composites={tuple(composites)}; expected some of 12, 4 and 1.")
    rows = readable_places(list(models.values()), dataset)
    truth = {t.name: t.index(np.asarray(dataset.labels[t.name])[rows]) for t in chosen}
    asked, chosen = chosen, [t for t in chosen if (truth[t.name] >= 0).any()]
    if not chosen:
        raise ValueError(
            "no place with a month of data has a label in these tasks; check the labels' names and codes: "
            f"{', '.join(dataset.labels) or 'there are none'}."
        )
    # a task of which no label is a class goes, and must not go in silence
    for task in asked:
        _say_strange(task, np.asarray(dataset.labels[task.name])[rows], truth[task.name])
    classes = {t.name: t.classes for t in chosen}
    answers: dict[tuple[str, int, str, str], Answers] = {}
    trust: dict[tuple[str, int, str, str], dict[str, float]] = {}
    for name, each in models.items():
        words = encode_words(chosen, prompts, each.encode_text, names_beside)
        vectors = encode_places(each, dataset, rows, composites, name if progress else None)
        limits = fitted(each)
        scales = {
            key: each.calibrated_logit_scale * (limits.scales.factor(listed) if limits else 1)
            for key, listed in words.items()
        }
        for t in composites:
            scored = score(vectors[t], words, truth, classes, scales)
            answers |= {(name, t, task, style): found for (task, style), found in scored.items()}
        if limits is not None:
            seen = look(limits, dataset, rows, vectors)
            trust |= {
                key: trust_scores(limits, seen[key[1]], vectors[key[1]], words[key[2:]], found)
                for key, found in answers.items()
                if key[0] == name
            }
    known = None if dataset.lonlats is None else np.asarray(dataset.lonlats)[rows]
    labels = {k: names_of(v)[rows] for k, v in dataset.labels.items()}
    block = None if block_km is None else _known_blocks(known, len(rows), block_km)
    unknown = dict.fromkeys(TRUST, float("nan"))
    table = pd.DataFrame(
        [_scores(key, found, block, resamples) | trust.get(key, unknown) for key, found in answers.items()]
    )
    simulated = bool(getattr(dataset, "simulated", False))
    return Report(table, answers, labels, len(dataset) - len(rows), simulated)


def _known_blocks(lonlats: np.ndarray | None, n: int, block_km: float) -> np.ndarray:
    """(N,) the block of each place; NaN where nobody knows where it is: such places are nobody's neighbours."""
    out = np.full(n, np.nan)
    there = np.zeros(n, dtype=bool) if lonlats is None else ~np.isnan(lonlats).any(axis=1)
    if lonlats is not None and there.any():
        out[there] = blocks(lonlats[there], block_km)
        if not there.all():
            warnings.warn(
                f"{(~there).sum()} of {n} places have no coordinates; intervals over blocks are of the others. Give "
                "longitude and latitude of each, or block_km=None.",
                stacklevel=3,
            )
    return out


def _by_name(model: Any) -> dict[str, Encodes]:
    if isinstance(model, Mapping):
        models = dict(model)
    elif isinstance(model, Sequence):
        models = {f"model {i + 1}": m for i, m in enumerate(model)}
    else:
        models = {"model": model}
    if not models:
        raise ValueError("no model given; expected one, a list, or a dictionary of them by name.")
    return models


def _chosen(given: Sequence[Task | str] | None, dataset: Labelled) -> list[Task]:
    names = [t for t in tasks if t in dataset.labels] if given is None else _listed(given)
    chosen = list({t.name: t for t in (t if isinstance(t, Task) else tasks[t] for t in names)}.values())
    lost = [t.name for t in chosen if t.name not in dataset.labels]
    if lost or not chosen:
        raise ValueError(
            f"no labels for {', '.join(lost) or 'any task'}; the data set has them for "
            f"{', '.join(dataset.labels) or 'none'}. Name the tasks that it has, or add labels."
        )
    return chosen


def _listed(given: Any) -> list[Any]:
    """What was given, a single one in a list."""
    return [given] if isinstance(given, str | int | Task) else list(given)


def _say_strange(task: Task, labels: np.ndarray, truth: np.ndarray) -> None:
    """A warning of labels that are no class, whose places are not scored."""
    labels = names_of(labels)
    strange = labels[(truth < 0) & (labels != "")]
    if len(strange):
        said = ", ".join(dict.fromkeys(strange.tolist()[:1000]))[:200]
        warnings.warn(
            f"{task.name}: {len(strange)} of {len(labels)} places have a label that is no class of the task ({said}), "
            "and are not scored. Mend what is misspelt.",
            stacklevel=3,
        )


def _scores(
    key: tuple[str, int, str, str], found: Answers, block: np.ndarray | None, resamples: int
) -> dict[str, Any]:
    tally, transductive = found.tally, found.transductive == found.truth
    row: dict[str, Any] = dict(zip(("model", "T", "task", "prompts"), key, strict=True))
    row |= {"places": len(found.truth), "classes": int((tally.true > 0).sum()), "top1": float(tally.accuracy)}
    spread = found.resampled(resamples=resamples)
    row["top1_low"], row["top1_high"] = interval(spread.accuracy)
    if block is not None:
        blocked = found.resampled(block, resamples)
        row["top1_block_low"], row["top1_block_high"] = interval(blocked.accuracy)
    row |= {"top5": float(found.in_five.mean()), "balanced": float(tally.balanced)}
    row["balanced_low"], row["balanced_high"] = interval(spread.balanced)
    row |= {"f1": float(tally.macro_f1), "top1_transductive": float(transductive.mean())}
    row["calibration_error"] = calibration_error(found.confidence, found.right)
    return row
