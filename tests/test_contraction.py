"""Weighted sums over states, against the sums written out."""

import itertools

import pytest
import torch

from straightedge.estimators.sum.contraction import contraction, kronecker, push

pytestmark = pytest.mark.exact


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


@pytest.mark.parametrize(("width", "states"), [(1, 2), (2, 2), (5, 2), (3, 4)])
def test_contraction(width, states):
    weights, columns = draw(7, width, 3, states), draw(6, states**width)
    orders = [tuple((7 * column + 3 * unit) % 5 % 3 for unit in range(width)) for column in range(6)]
    truth = torch.zeros(7, 6, dtype=torch.float64)
    for index, x in enumerate(itertools.product(range(states), repeat=width)):
        for column, order in enumerate(orders):
            product = torch.stack([weights[:, unit, order[unit], x[unit]] for unit in range(width)]).prod(0)
            truth[:, column] += product * columns[column, index]
    torch.testing.assert_close(contraction(weights, columns, orders), truth, rtol=1e-12, atol=1e-13)
    orders[0] = tuple((order + 1) % 3 for order in orders[0])
    assert (contraction(weights, columns, orders) - truth)[:, 0].abs().max() > 0.1


@pytest.mark.parametrize(("width", "states"), [(1, 2), (5, 2), (3, 4)])
def test_push_is_the_transpose(width, states):
    weights, mass = draw(9, width, 2, states), draw(4, 9)
    truth = mass @ kronecker(weights, (0,) * width)
    torch.testing.assert_close(push(weights, mass), truth, rtol=1e-12, atol=1e-13)


def test_blocks_change_nothing(monkeypatch):
    weights, columns, mass = draw(9, 4, 3, 2), draw(5, 16), draw(3, 9)
    orders = [(0, 1, 2, 0), (0, 1, 0, 0), (0, 0, 0, 0), (2, 0, 0, 1), (0, 1, 2, 0)]
    whole = contraction(weights, columns, orders), push(weights, mass)
    monkeypatch.setattr("straightedge.estimators.sum.contraction.BLOCK_BYTES", 1000)
    for part, all_at_once in zip((contraction(weights, columns, orders), push(weights, mass)), whole, strict=True):
        torch.testing.assert_close(part, all_at_once, rtol=1e-13, atol=1e-14)
