"""Words for cover types, and the token vectors of the text tower that they teach.

Several wordings mean one thing. ``phrases.toml`` says which: a concept is a cover type or a group of
them, with phrases.
A text is the mean of its tokens. A linear projection is learned for all tokens, and a small step for each token of the
phrases, so that for each cover type every phrase that holds beats every phrase that does not, as when a user's words
compete for a place; a phrase for something else of the same land cover beats those of other land covers. Words for
nothing in the list keep the neighbours they had.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from timesen_nb.model.prompts import TEMPLATES
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


def one_land_cover(concept: Concept) -> str:
    """The LUCAS letter of all that a concept holds; "" where it holds several land covers."""
    letters = set(LETTERS[concept.holds])
    return letters.pop() if len(letters) == 1 else ""


def learn_tokens(
    tokens: np.ndarray,
    cut: Callable[[Sequence[str]], list[list[int]]],
    width: int,
    *,
    kept: Callable[[str], bool] = lambda phrase: True,
    steps: int = 400,
    scale: float = 12.0,
    seed: int = 0,
) -> np.ndarray:
    """(n, width) token vectors in the space that series will share.

    Args:
        tokens: (n, d) token vectors of a sentence encoder.
        cut: texts -> their rows of ``tokens``.
        width: of the space that the vectors lead to.
        kept: which phrases are learned from; others are left to judge by.
        steps: of Adam.
        scale: of cosines, as in a zero-shot classifier.
        seed: of the draws.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    concepts = read_concepts()
    phrases = sorted({p for c in concepts for p in c.phrases if kept(p)})
    row = {p: i for i, p in enumerate(phrases)}
    table = torch.from_numpy(tokens.astype(np.float32))
    pieces = cut(in_templates(phrases))
    seen = sorted({t for text in pieces for t in text})
    at_token = {t: i for i, t in enumerate(seen)}
    share = torch.zeros(len(pieces), len(seen))
    for i, text in enumerate(pieces):
        for t in text:
            share[i, at_token[t]] += 1 / len(text)
    texts = share @ table[seen]
    mean = texts.mean(dim=0)
    variance, directions = np.linalg.eigh(np.cov((texts - mean).T.numpy()))
    chosen = np.argsort(variance)[::-1][:width]
    start = directions[:, chosen] * (variance[chosen] + 1e-4) ** -0.25
    start /= np.sqrt((((texts - mean).numpy() @ start) ** 2).sum(axis=1).mean())
    weight = torch.nn.Parameter(torch.from_numpy(start).float())
    first = weight.detach().clone()
    step = torch.nn.Parameter(torch.zeros(len(seen), width))
    size = ((table[seen] - mean) @ first).square().sum(dim=1).mean()
    others = torch.stack([table[t].mean(dim=0) for t in cut(other_texts())]) - mean
    before = F.normalize(others @ first, dim=1)

    members = [[row[p] for p in c.phrases if p in row] for c in concepts]
    used = [i for i, m in enumerate(members) if m]
    at = {i: j for j, i in enumerate(used)}
    leaves = [k for k in range(len(COVER_TYPES)) if k in at]
    own = [at[k] for k in leaves]
    covers = [at.get(cover_concept(concepts, k), at[k]) for k in leaves]
    holds = torch.from_numpy(np.stack([concepts[i].holds for i in used]).T[leaves])  # leaves x concepts
    letters = np.array([one_land_cover(concepts[i]) for i in used])
    near = torch.from_numpy(LETTERS[leaves][:, None] == letters) & ~holds  # of the same land cover
    optimizer = torch.optim.Adam([weight, step], 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)

    for _ in range(steps):
        vectors = share @ ((table[seen] - mean) @ weight + step)
        each = F.normalize(vectors.view(len(phrases), len(TEMPLATES), -1), dim=2).mean(dim=1)
        each = F.normalize(each, dim=1)
        # a concept is where half of its phrases are, to be judged by one of all
        half = [
            [m[j] for j in rng.permutation(len(m))[: (len(m) + 1) // 2]]
            for m in map(members.__getitem__, used)
        ]
        middle = F.normalize(torch.stack([each[rows].mean(dim=0) for rows in half]), dim=1)
        place = F.normalize(middle[own] + middle[covers], dim=1)
        said = each[[members[i][rng.integers(len(members[i]))] for i in used]]
        odds = scale * place @ said.T

        def beaten(by: torch.Tensor, odds: torch.Tensor = odds) -> torch.Tensor:
            return torch.logsumexp(odds.masked_fill(~by, -torch.inf), dim=1, keepdim=True)

        loss = F.softplus(beaten(~holds) - odds)[holds].mean()
        loss = loss + 0.5 * F.softplus(beaten(~holds & ~near) - odds)[near].mean()
        loss = loss + 0.5 * (1 - (middle * said).sum(dim=1).mean())
        some = torch.from_numpy(rng.integers(0, len(others), 256))
        now = F.normalize(others[some] @ weight, dim=1)
        loss = loss + 0.1 * (now @ now.T - before[some] @ before[some].T).square().mean() * width
        loss = loss + 0.02 * (weight - first).square().sum() + step.square().sum(dim=1).mean() / size
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        out = (table - mean) @ weight
        out[seen] += step
    learned: np.ndarray = out.numpy()
    return learned
