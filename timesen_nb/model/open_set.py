"""The answer "none of these", for places that none of the words fit.

A softmax over three words always finds a winner. Here the words also have to stand up to a background: what land is
otherwise called. When some word of the background is nearer by more than a margin, that is the answer. The margin is
fitted so that places whose class is among the words are seldom turned away (split conformal prediction: Vovk et al.
2005). ``model.zero_shot(words, open_set=True)`` has the margin that comes with the model, and of its background what is
no kind of one of the words, for a vineyard is cropland. For your own::

    background = background_vectors(model.encode_text)
    margin = fit_margin(model.zero_shot("land_cover"), background, vectors, truth)
    OpenZeroShot(model.zero_shot(["a lake", "a river"]), background, margin).probabilities(values)
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np

from timesen_nb.model.config import is_number
from timesen_nb.model.kept_vectors import as_read
from timesen_nb.model.prompts import NONE_OF_THESE, EncodeText, class_prompts, class_vectors
from timesen_nb.model.sets import conformal_quantile, softmax
from timesen_nb.model.truth import check_truth
from timesen_nb.model.zeroshot import ZeroShot


class OpenZeroShot(ZeroShot):
    """A classifier of words that may answer :data:`NONE_OF_THESE`, its last class.

    Args:
        zs: the words.
        background: (B, D) unit vectors of what else there is; none: nothing is turned away.
        margin: how much nearer than the best of the words a word of the background must be, in cosine.

    Raises:
        ValueError: a background of another width, or a margin that is no number.
    """

    def __init__(self, zs: ZeroShot, background: np.ndarray, margin: float) -> None:
        if not is_number(margin):
            raise ValueError(
                f"margin={margin!r}; expected a difference of cosines, for example 0.05: see fit_margin."
            )
        passing = [*zs.passing, True]
        super().__init__(
            [*zs.classes, NONE_OF_THESE], zs.vectors, zs.scale, zs.encode, passing=passing, limits=zs.limits,
            lesson=zs.lesson, prompts=zs.prompts, template=zs.template, fingerprint=zs.fingerprint,
        )  # fmt: skip
        self.background = as_read(background, zs.vectors.shape[1])
        self.margin = float(margin)

    def of_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Probabilities of places that are encoded already.

        Args:
            vectors: (N, D), as for :meth:`ZeroShot.of_vectors`.

        Returns:
            (N, K + 1) float32, rows sum to 1; the last column is "none of these".
        """
        vectors = as_read(vectors, self.vectors.shape[1])
        own = vectors @ self.vectors.T
        other = (vectors @ self.background.T).max(axis=-1, keepdims=True, initial=-np.inf) - self.margin
        cosines = np.concatenate([own, other], axis=-1)
        return softmax(self.scale * cosines)


def background_vectors(encode_text: EncodeText, tasks: Sequence[str] = ("land_cover",)) -> np.ndarray:
    """What land is otherwise called: the names of classes, in the templates of one's own words.

    Args:
        encode_text: sentences -> vectors, the model's.
        tasks: whose classes, by name.

    Returns:
        (B, D) unit vectors, one a class.
    """
    from timesen_nb.tasks import tasks as known

    names = list(dict.fromkeys(name for task in tasks for name in known[task].classes))
    return class_vectors(class_prompts(names, "descriptions")[1], encode_text)


def fit_margin(
    zs: ZeroShot, background: np.ndarray, vectors: np.ndarray, truth: np.ndarray, refused: float = 0.05
) -> float:
    """The margin that turns away few of labelled places, were the name of their class the only word.

    Split conformal prediction: Vovk et al. 2005.

    Args:
        zs: the classes of the labels; the margin serves other words too, as far as they fit their places equally well.
        background: (B, D) unit vectors of what else there is.
        vectors: (N, D) unit vectors of places that are not tested on.
        truth: (N,) class numbers, -1 = none of these, left out.
        refused: the largest share of places like these that may be turned away, 0 to below 1.

    Returns:
        How much nearer a word of the background must be, in cosine.

    Raises:
        ValueError: no labelled place, a truth that is no class number of each place, no background or one of another
            width, or a share that is none.
    """
    if not isinstance(refused, Real) or not 0 <= refused < 1:
        raise ValueError(
            f"refused={refused!r}; expected a share of places from 0 to below 1, for example 0.05."
        )
    vectors, others = (as_read(each, zs.vectors.shape[1]) for each in (vectors, background))
    if not len(others):
        raise ValueError("the background given is empty; expected (B, D) vectors of what else there is.")
    truth = check_truth(truth, len(vectors), len(zs.vectors))
    rows = np.flatnonzero(truth >= 0)
    if not len(rows):
        raise ValueError("no labelled place to fit the margin on; give truth with class numbers from 0 up.")
    some = vectors[rows]
    own = (some @ zs.vectors.T)[np.arange(len(rows)), truth[rows]]
    lead = (some @ others.T).max(axis=1) - own
    # what is just as near is not turned away
    return min(conformal_quantile(lead, 1 - refused), float(lead.max())) + 1e-6
