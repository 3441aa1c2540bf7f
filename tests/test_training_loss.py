"""The loss of cross-view training against known answers, its bank, and the rate at which it is learned."""

import math

import numpy as np
import pytest
import torch

from timesen_nb.training import MemoryBank, info_nce
from timesen_nb.training.loop import learning_rate

pytestmark = pytest.mark.usefixtures("one_thread")


def unit(rows) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=-1)


def loss(satellite, ground, bank=None, rows=None, scale=5.0):
    n = len(ground)
    rows = torch.arange(n) if rows is None else rows
    return float(
        info_nce(satellite, ground, rows, torch.arange(n), torch.tensor(scale), bank or MemoryBank(0, 3))
    )


def test_loss_of_two_orthogonal_places():
    eye = torch.eye(3)[:2]
    assert loss(eye, eye) == pytest.approx(math.log(1 + math.exp(-5)), rel=1e-5)


def test_loss_counts_the_bank_but_not_the_place_itself():
    eye, bank = torch.eye(3)[:2], MemoryBank(2, 3)
    bank.put(torch.eye(3)[[0, 2]], torch.tensor([0, 9]))  # place 0 again, and another one
    # place 0: its own old photo does not count; the other is orthogonal. Place 1: both count.
    expected = (math.log(1 + 2 * math.exp(-5)) + math.log(1 + 3 * math.exp(-5))) / 2
    assert loss(eye, eye, bank) == pytest.approx(expected, rel=1e-5)


def test_loss_leaves_out_series_of_which_nothing_was_left():
    satellite = torch.eye(3)
    satellite[1] = torch.nan
    assert loss(satellite, torch.eye(3)) == pytest.approx(math.log(1 + 2 * math.exp(-5)), rel=1e-5)


def test_gradients_are_numbers_where_a_place_is_in_its_own_bank():
    bank, scale = MemoryBank(2, 3), torch.tensor(5.0, requires_grad=True)
    bank.put(torch.eye(3)[:2], torch.arange(2))
    satellite = unit([[1, 1, 0], [0, 1, 1]]).requires_grad_()
    info_nce(satellite, torch.eye(3)[:2], torch.arange(2), torch.arange(2), scale, bank).backward()
    assert torch.isfinite(scale.grad)
    assert torch.isfinite(satellite.grad).all()


def test_bank_holds_the_last_in_the_order_they_came():
    bank = MemoryBank(4, 1)
    for start in (0, 2, 4):
        rows = torch.arange(start, start + 2)
        bank.put(rows[:, None].float(), rows)
        assert bank.filled() == min(start + 2, 4)
        assert sorted(bank.rows.tolist())[-bank.filled() :] == list(range(max(0, start - 2), start + 2))
    assert torch.equal(bank.embeddings[:, 0].long(), bank.rows)


def test_a_batch_of_which_nothing_was_left_has_no_loss_and_no_gradient():
    satellite = torch.full((2, 3), torch.nan, requires_grad=True)
    scale = torch.tensor(5.0, requires_grad=True)
    found = info_nce(satellite * 1, torch.eye(3)[:2], torch.arange(2), torch.arange(2), scale)
    found.backward()
    assert found.item() == 0
    assert scale.grad.item() == 0


def test_learning_rate_rises_then_falls_along_a_cosine():
    rates = np.array([learning_rate(step, 1e-3, 10, 110) for step in range(110)])
    assert rates[:10] == pytest.approx(1e-3 * np.arange(1, 11) / 10)
    assert rates[10:] == pytest.approx(1e-3 * 0.5 * (1 + np.cos(np.pi * np.arange(100) / 100)))
