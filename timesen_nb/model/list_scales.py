"""How sure a list of words may be: one scale of the softmax is too sure for some, not sure enough for others.

Temperature scaling (Guo et al. 2017, arXiv 1706.04599), with a temperature that depends on the words. Which one suits
lists that real places were labelled by is known; for a new list these count by how alike they are to it (the kernel
regression of Nadaraya and Watson, 1964), and all of them together count a little. A list like none of them has the
scale that suits all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ListScales:
    """What :meth:`factor` needs; made by ``recipes/list_scales.py``.

    Attributes:
        factors: (S,) by what the model's calibrated logit scale may be multiplied, rising.
        losses: (L, S) mean log loss of the most probable word by each factor, on the places of each list.
        words: (M, D) unit vectors of the lists' words.
        list_of: (M,) number of the list that each belongs to, 0 to L - 1.
        width: how much less alike lists are to each other where they count e times less.
        all_lists: what all lists together count, where a list of the same words counts 1.
    """

    factors: np.ndarray
    losses: np.ndarray
    words: np.ndarray
    list_of: np.ndarray
    width: np.ndarray
    all_lists: np.ndarray

    def factor(self, words: np.ndarray) -> float:
        """By what the model's calibrated logit scale is multiplied for a list of words.

        Args:
            words: (K, D) unit vectors.

        Returns:
            The factor whose loss is least.
        """
        cosines = words @ self.words.T
        alike = [likeness(cosines[:, self.list_of == n]) for n in range(len(self.losses))]
        weight = np.exp((np.array(alike) - 1) / self.width)
        loss = weight @ self.losses + self.all_lists * self.losses.mean(axis=0)
        return float(self.factors[loss.argmin()])


def likeness(cosines: np.ndarray) -> float:
    """How alike two lists are, 1 where they have the same words.

    Args:
        cosines: (K, L) of the words of one and those of the other.

    Returns:
        The mean cosine of the words to the nearest of the other list, of the list that has less of the other.
    """
    return float(min(cosines.max(axis=1).mean(), cosines.max(axis=0).mean()))
