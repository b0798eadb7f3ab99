"""The Cost line as the checks read it, against the sizes of one network counted by hand."""

from dataclasses import dataclass, make_dataclass

import pytest

from straightedge.analysis.check.docstring import HEADINGS, headings, passes
from straightedge.analysis.check.ladder import ladder
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.reinforce import Reinforce

pytestmark = pytest.mark.unit

FORWARD = (4 * 3 + 1 * 5 + 3 * 2 + 2 * 4) + 2  # 2-4-1-3 units, 2 outputs: weights, biases and the loss
BACKWARD = 1 * 4 + 3 * 1 + 2 * 3


def declared(line, **fields):
    """(forward, backward) in multiply-adds of the rung unequal_widths."""
    kind = make_dataclass("Kind", [(name, type(value), value) for name, value in fields.items()], bases=(Reinforce,), frozen=True)
    kind.__doc__ = f"An estimator.\n\n    By      x\n    Needs   x\n    Bias    none\n    Cost    {line}\n    Paper   x 1\n"
    forward, backward = passes(kind(), ladder()["unequal_widths"])
    return forward * FORWARD, backward * BACKWARD


@pytest.mark.parametrize(("line", "forward", "backward"), [
    ("1 forward, 1 backward", FORWARD, BACKWARD),
    ("1 forward, 1 backward through every layer", FORWARD, FORWARD),
    ("`samples` forward and backward; nothing else counts", 3 * FORWARD, 3 * BACKWARD),
    ("2 * `samples` - 1 forward", 5 * FORWARD, 0),
    ("`samples` * 2 - 1 forward", 5 * FORWARD, 0),
    ("counted as no pass", 0, 0),
    ("1 forward (2 at times), and one more from each layer upward", FORWARD + (5 + 6 + 8 + 2) + (6 + 8 + 2) + (8 + 2), 0),
    ("1 backward from each layer upward", 0, (4 + 3 + 6) + (3 + 6) + 6),
    ("the layers above once more for each unit", 4 * (1 + 6 + 8 + 2) + 1 * (3 + 8 + 2) + 3 * (2 + 2), 0),
    ("one flip of every unit through one layer", 4 * 1 + 1 * 3 + 3 * 2, 0),
    ("the loss for every flip of the last layer", 3 * 2, 0),
])
def test_cost_line(line, forward, backward):
    assert declared(line, samples=3) == pytest.approx((forward, backward))


def test_cost_line_that_says_nothing():
    with pytest.raises(ValueError, match="declares no passes"):
        declared("not much")


@dataclass(frozen=True)
class Inherited(Reinforce):
    pass


def test_headings():
    for kind in registry().values():
        assert tuple(headings(kind)) == ("", *HEADINGS)
    assert headings(registry()["straight_through"])["By"] == "d x / d a := span F'(a)"
    assert "By" not in headings(Inherited)


def test_the_line_in_the_list_is_a_sentence():
    """It is the docstring's first, which is all that `straightedge` shows of an estimator."""
    assert [entry.name for entry in entries().values() if not entry.line.endswith(".")] == []
