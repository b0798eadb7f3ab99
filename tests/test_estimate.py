"""The door for estimates: right ones pass as they are, each kind of wrong one is refused in a sentence with name and file."""

import sys
from dataclasses import dataclass

import pytest
import torch

from straightedge.analysis.check.ladder import linear, vector
from straightedge.estimators.catalogue.estimate import EstimateError, estimates
from straightedge.estimators.reinforce import Reinforce

pytestmark = pytest.mark.sampled

NETWORK = vector(linear)


@dataclass(frozen=True)
class Altered(Reinforce):
    """REINFORCE whose rows something is done to; the module's tests choose what."""

    how: str = ""

    def __call__(self, network, n, rng):
        return HOW[self.how](super().__call__(network, n, rng), rng)


def nan(rows, rng):
    rows[2, 1] = torch.nan
    return rows


def drawing(rows, rng):
    return rows + torch.rand(())


def seeding(rows, rng):
    rng.manual_seed(3)
    return rows


def leaving(rows, rng):
    sys.exit(0)


HOW = {"too few": lambda rows, rng: rows[1:], "mean": lambda rows, rng: rows.mean(0), "columns": lambda rows, rng: rows[:, 1:],
       "integer": lambda rows, rng: rows.long(), "complex": lambda rows, rng: rows + 0j, "numpy": lambda rows, rng: rows.numpy(),
       "nothing": lambda rows, rng: None, "nan": nan, "infinite": lambda rows, rng: rows / 0, "global": drawing, "seeded": seeding,
       "exit": leaving}
SAID = {"too few": "expected 5 rows of 4 numbers", "mean": r"got shape \(4,\)", "columns": r"got shape \(5, 3\)",
        "integer": "got torch.int64", "complex": "got torch.complex128", "numpy": "got a ndarray", "nothing": "got a NoneType",
        "nan": "1 of 5 rows hold NaN or infinity", "infinite": "5 of 5 rows hold NaN or infinity", "global": "global generator",
        "seeded": "seeds the given generator", "exit": "the call exits"}


def test_right_estimates_pass_as_they_are():
    drawn = [call(NETWORK, 5, torch.Generator().manual_seed(1)) for call in (Reinforce(), lambda *given: estimates(Reinforce(), *given))]
    assert torch.equal(*drawn)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_wrong_estimates_are_refused_with_name_and_file(how):
    with torch.random.fork_rng(devices=[]), pytest.raises(EstimateError, match=rf"^Altered\(.*test_estimate.py\): .*{SAID[how]}"):
        estimates(Altered(how=how), NETWORK, 5, torch.Generator().manual_seed(1))
