"""Words for cover types, and the projection of the text tower that they teach.

Several wordings mean one thing. ``phrases.toml`` says which: a concept is a cover type or a group of
them, with phrases.
The projection is linear, so that it folds into the token vectors: it is learned so that, for each cover type, every
phrase that holds beats every phrase that does not, as when a user's words compete for a place; words for nothing in
the list keep the neighbours they had.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from timesen_nb.model.zeroshot import TEMPLATES
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.tasks import tasks

LETTERS = np.array([t.land_cover for t in COVER_TYPES])
Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Concept:
    """phrases: what people say. holds: (cover types,) bool, those that it is said of."""

    phrases: tuple[str, ...]
    holds: np.ndarray


def read_concepts() -> list[Concept]:
    """One concept a cover type, in the order of ``COVER_TYPES``, then the groups of ``phrases.toml``."""
    table = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))["concept"]
    own: dict[str, list[str]] = {t.name: [t.name, *t.words] for t in COVER_TYPES}
    groups: list[Concept] = []
    for row in table:
        members = np.zeros(len(COVER_TYPES), bool)
        for name in row["holds"]:
            members |= name == LETTERS if len(name) == 1 else np.arange(len(COVER_TYPES)) == INDEX[name]
        if members.sum() == 1:
            own[row["holds"][0]] += row["phrases"]
        else:
            groups.append(Concept(tuple(row["phrases"]), members))
    for task, code in (("land_cover", "land_cover"), ("crops", "lc1"), ("habitat", "habitat")):
        # descriptions that come with the tasks are wordings of their classes too
        for k, name in enumerate(tasks[task].classes):
            key = name if task == "habitat" else tasks[task].codes[k]
            members = np.array([getattr(t, code) == key for t in COVER_TYPES])
            if members.any():
                groups.append(Concept((name.lower(), *tasks[task].descriptions.get(name, ())), members))
    shared = {p for g in groups for p in g.phrases if g.holds.sum() > 1}
    singles = [
        Concept(
            tuple(p for p in dict.fromkeys(own[t.name]) if p not in shared), np.arange(len(COVER_TYPES)) == i
        )
        for i, t in enumerate(COVER_TYPES)
    ]
    return singles + groups


def cover_concept(concepts: Sequence[Concept], k: int) -> int:
    """The widest group of cover type k within its land cover; k itself where there is none."""
    same = [
        i
        for i, c in enumerate(concepts)
        if c.holds[k] and c.holds.sum() >= 4 and (LETTERS[c.holds] == LETTERS[k]).all()
    ]
    return max(same, key=lambda i: int(concepts[i].holds.sum())) if same else k


def in_templates(phrases: Sequence[str]) -> list[str]:
    """Every phrase in every template, phrase by phrase."""
    return [t.replace("{}", p) for p in phrases for t in TEMPLATES]


def cover_type_vectors(encode: Encode) -> np.ndarray:
    """(cover types, D) unit vectors: half what each is called, half what its land cover is called."""
    concepts = read_concepts()

    def mean(i: int) -> np.ndarray:
        phrases = concepts[i].phrases
        each = encode(in_templates(phrases)).reshape(len(phrases), len(TEMPLATES), -1).mean(axis=1)
        middle = each.mean(axis=0)
        out: np.ndarray = middle / np.linalg.norm(middle)
        return out

    means = [mean(i) for i in range(len(concepts))]
    total = np.stack([means[k] + means[cover_concept(concepts, k)] for k in range(len(COVER_TYPES))])
    return (total / np.linalg.norm(total, axis=1, keepdims=True)).astype(np.float32)


def other_texts() -> list[str]:
    """Class names and descriptions of the bundled tasks, which keep the neighbours they had."""
    texts = [x for t in tasks.values() for c in t.classes for x in (c, *t.descriptions.get(c, ()))]
    return list(dict.fromkeys(texts))


def learn_projection(
    encode: Encode,
    width: int,
    *,
    kept: Callable[[str], bool] = lambda phrase: True,
    steps: int = 1500,
    scale: float = 12.0,
    keep: float = 0.1,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """The mean (d,) to take off texts' vectors and the map (d, width) that follows.

    Args:
        encode: texts -> (n, d), not normalised and additive over their tokens.
        width: of the space that the map leads to.
        kept: which phrases are learned from; others are left to judge by.
        steps: of Adam.
        scale: of cosines, as in a zero-shot classifier.
        keep: weight of the neighbours that other words had.
        seed: of the draws.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    concepts = read_concepts()
    phrases = sorted({p for c in concepts for p in c.phrases if kept(p)})
    row = {p: i for i, p in enumerate(phrases)}
    x = encode(in_templates(phrases)).astype(np.float64)
    mean = x.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov((x - mean).T))
    chosen = np.argsort(variance)[::-1][:width]
    start = directions[:, chosen] * (variance[chosen] + 1e-4) ** -0.25
    start /= np.sqrt((((x - mean) @ start) ** 2).sum(axis=1).mean())
    weight = torch.nn.Parameter(torch.from_numpy(start).float())
    first = weight.detach().clone()
    texts = torch.from_numpy(x - mean).float().view(len(phrases), len(TEMPLATES), -1)
    others = torch.from_numpy(encode(other_texts()) - mean).float()
    before = F.normalize(others @ first, dim=1)
    members = [[row[p] for p in c.phrases if p in row] for c in concepts]
    used = [i for i, m in enumerate(members) if m]
    at = {i: j for j, i in enumerate(used)}
    leaves = [k for k in range(len(COVER_TYPES)) if k in at]
    covers = [at.get(cover_concept(concepts, k), at[k]) for k in leaves]
    holds = torch.from_numpy(np.stack([concepts[i].holds for i in used]).T[leaves])  # leaves x concepts
    optimizer = torch.optim.Adam([weight], 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)

    def draw() -> torch.Tensor:
        which = [members[i][rng.integers(len(members[i]))] for i in used]
        return F.normalize(texts[which, rng.integers(len(TEMPLATES), size=len(used))] @ weight, dim=1)

    for _ in range(steps):
        a, b, c = draw(), draw(), draw()
        place = F.normalize(a + b, dim=1)
        place = F.normalize(place[[at[k] for k in leaves]] + place[covers], dim=1)
        odds = scale * place @ c.T
        wrong = torch.logsumexp(odds.masked_fill(holds, -torch.inf), dim=1, keepdim=True)
        beaten = F.softplus(wrong - odds)[holds].mean()
        alike = 1 - (a * c).sum(dim=1).mean()
        some = torch.from_numpy(rng.integers(0, len(others), 256))
        now = F.normalize(others[some] @ weight, dim=1)
        moved = ((now @ now.T - before[some] @ before[some].T) ** 2).mean() * width
        loss = beaten + 0.5 * alike + keep * moved + 0.02 * ((weight - first) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return mean, weight.detach().numpy().astype(np.float64)
