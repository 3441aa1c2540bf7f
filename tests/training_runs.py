"""Short runs of training, and one that is stopped."""

import signal
from contextlib import contextmanager

import pytest
import torch
from pairs_world import TOWER, make_pairs, small_encoder

import timesen_nb as tn
from timesen_nb.training.loss import Learner

QUICK = {
    "tower": TOWER,
    "epochs": 3,
    "batch_size": 32,
    "memory_bank": 64,
    "learning_rate": 3e-3,
    "device": "cpu",
    "progress": False,
}


def fit(pairs=None, encoder=None, **options):
    return tn.fit(encoder or small_encoder(), pairs or make_pairs(), **{**QUICK, **options})


def same_weights(one, other) -> bool:
    a, b = one.encoder.state_dict(), other.encoder.state_dict()
    return all(torch.equal(a[k], b[k]) for k in a) and one.logit_scale == other.logit_scale


RESUME = {"epochs": 4, "memory_bank": 64, "accumulate": 2, "batch_size": 16, "checkpoint_every": 1}
VALIDATION = make_pairs(32, seed=3)


@contextmanager
def stopped_at(batch: int):
    """The stop button of a notebook: SIGINT in the middle of a batch."""
    done, real = [], Learner.forward

    def stopped(self, *args):
        done.append(1)
        if len(done) == batch:
            signal.raise_signal(signal.SIGINT)
        return real(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "forward", stopped)
        yield
