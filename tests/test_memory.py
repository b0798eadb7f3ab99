"""What rows hold is counted from above, for every estimator, and no number depends on what they may hold."""

import weakref
from contextlib import suppress

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from straightedge import measure
from straightedge.analysis.cell import memory, sampling
from straightedge.analysis.cell.memory import BLOCK, MOST, block_rows, held, require_memory
from straightedge.analysis.problem.bernoulli import BernoulliWeights
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.learning import LearningEstimator
from straightedge.estimators.straight_through import StraightThrough

PROBLEMS = (Points((5, 5, 5)), Points((20,), points=50), Digits((8, 8)))
OPTIONS = ({}, {"samples": 8}, {"noises": 100}, {"hidden": 64}, {"learning_samples": 20_000})
LITTLE = Points((3, 2), points=20)


class Peak(TorchDispatchMode):
    """The most bytes that lived at once, of all that was made meanwhile."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.living: dict[int, int] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.living:
                    self.living[storage._cdata] = storage.nbytes()
                    self.now += storage.nbytes()
                    self.most = max(self.most, self.now)
                    weakref.finalize(storage, self.end, storage._cdata)
        return out

    def end(self, name):
        self.now -= self.living.pop(name)


def peak(estimator, network):
    """Bytes that one block of rows really holds, learning included."""
    watch = Peak()
    with watch:
        estimator(network.copied(), block_rows(network, estimator), torch.Generator().manual_seed(0))
    return watch.most


def estimators():
    """Every estimator that draws rows, also with other numbers of what makes them larger."""
    for name, kind in registry().items():
        for options in OPTIONS:
            if name != "exact" and (not options or set(options) <= set(kind.__dataclass_fields__)):
                with suppress(InputError):  # options that have no effect are refused
                    yield pytest.param(kind(**options), id=f"{name} {options}")


@pytest.mark.sampled
@pytest.mark.parametrize("estimator", tuple(estimators()))
def test_no_estimator_holds_more_than_is_counted(estimator):
    for problem in PROBLEMS:
        network = problem.build()
        try:
            estimator.check(network)
        except Unsuitable:
            continue
        assert peak(estimator, network) <= held(network, estimator), problem.name


@pytest.mark.wide
@pytest.mark.unit
def test_a_count_without_what_is_learned_would_be_too_small(monkeypatch):
    network, estimator = PROBLEMS[1].build(), registry()["rodeo"](hidden=64)
    monkeypatch.setattr(memory, "counted", lambda estimator, name, least: least)
    assert peak(estimator, network) > held(network, estimator)


@pytest.mark.unit
def test_the_size_of_a_block_follows_from_shapes_alone():
    """Also that of every precision; estimators with one sample share it, so that they share their uniforms."""
    network = PROBLEMS[0].build()
    row = 8 * (4 * len(network.theta) + 24 * 200 * 17)
    assert block_rows(network, StraightThrough()) == block_rows(network, registry()["relax"](hidden=64)) == BLOCK // row
    assert block_rows(network, Reinforce(samples=100)) == BLOCK // (8 * (4 * len(network.theta) + 12 * 101 * 200 * 17))
    assert block_rows(Points((2,), points=2).build(), StraightThrough()) == MOST


@pytest.mark.unit
def test_what_does_not_fit_is_refused():
    network = PROBLEMS[0].build()
    for estimator in (Reinforce(samples=1000), registry()["rodeo"](hidden=1000), registry()["rebar"](learning_samples=1_000_000),
                      registry()["gumbel_rao"](noises=1000)):
        needed = -(-held(network, estimator) // 2**20)
        require_memory(network, estimator, needed << 20)
        with pytest.raises(InputError, match=rf"too small for .*; expected at least {needed}$"):
            require_memory(network, estimator, (needed - 1) << 20)
        with pytest.raises(InputError, match="memory: the budget"):
            measure(PROBLEMS[0], estimator, rows=4, seeds=2, memory=needed - 1, method="sampled")


def numbers(memory_given):
    """What every estimator gives on a network of units and on one of weights; its rows are more than one block."""
    found = []
    for problem in (LITTLE, BernoulliWeights()):
        network = problem.build()
        for kind in registry().values():
            small = {"learning_samples": 80} if issubclass(kind, LearningEstimator) and kind is not Reinforce else {}
            try:
                kind().check(network)
            except Unsuitable:
                continue
            table = measure(problem, kind(**small), rows=40, seeds=1, jobs=1, memory=memory_given, method="sampled").table
            found += map(repr, table[table.metric != "seconds"].value)
    return found


@pytest.mark.sampled
def test_what_rows_may_hold_changes_no_number_of_any_estimator(monkeypatch):
    monkeypatch.setattr(memory, "BLOCK", 1 << 18)
    one, other = numbers(64), numbers(4096)
    assert one == other and len(one) > 1000
    monkeypatch.setattr(sampling, "block_rows", lambda network, estimator: 17)  # the check can fail: other blocks, other numbers
    assert numbers(64) != one
