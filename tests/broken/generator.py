"""Rows whose randomness does not come from the given generator, or not all of it, or too little."""

import random
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough


class Elsewhere(Reinforce):
    """REINFORCE with the generator that `other` makes of the given one."""

    __doc__ = Reinforce.__doc__
    meant = "check_global_random"

    def __call__(self, network, n, rng):
        return super().__call__(network, n, self.other(rng))


class GlobalGenerator(Elsewhere):
    def other(self, rng):
        return torch.default_generator


class PythonsRandom(Elsewhere):
    """The state of `random` cannot be watched where beartype is at work, but its use shows."""

    def other(self, rng):
        return torch.Generator().manual_seed(random.getrandbits(32))


class NumpysRandom(Elsewhere):
    def other(self, rng):
        return torch.Generator().manual_seed(int(np.random.randint(1 << 30)))  # noqa: NPY002


class SeedsTheGlobal(Elsewhere):
    """Leaves the global generator seeded."""

    def other(self, rng):
        torch.manual_seed(0)
        return rng


class LeavesDoubles(Elsewhere):
    """Leaves another default precision behind."""

    def other(self, rng):
        torch.set_default_dtype(torch.float64)
        return rng


class SetsThreads(Elsewhere):
    """Changes how many threads all other code has."""

    def other(self, rng):
        torch.set_num_threads(2 if torch.get_num_threads() == 1 else 1)
        return rng


class OwnSeed(Elsewhere):
    """A generator of its own, seeded like the one given: every call gives the same rows."""

    meant = "check_seed"

    def other(self, rng):
        return torch.Generator().manual_seed(rng.initial_seed())


class Entropy(OwnSeed):
    """A seed from the system."""

    def other(self, rng):
        generator = torch.Generator()
        generator.seed()
        return generator


class Cloned(OwnSeed):
    """A copy of the given generator, which itself does not move."""

    def other(self, rng):
        return rng.clone_state()


class SeedsTheGiven(OwnSeed):
    def other(self, rng):
        return rng.manual_seed(7)


class SeedsTheGivenFromItself(OwnSeed):
    """Seeded anew with a number that it gave: as good as random, but the seed is the caller's."""

    def other(self, rng):
        return rng.manual_seed(int(torch.randint(1 << 40, (1,), generator=rng)))


class FewSeeds(OwnSeed):
    """One of a hundred streams."""

    def other(self, rng):
        return torch.Generator().manual_seed(int(torch.randint(100, (1,), generator=rng)))


@dataclass(frozen=True)
class SaidToBeConstant(StraightThrough):
    __doc__ = StraightThrough.__doc__
    meant: ClassVar = "check_random"
    random: ClassVar = False


@dataclass(frozen=True)
class SaidToBeRandom(MeanField):
    __doc__ = MeanField.__doc__
    meant: ClassVar = "check_random"
    random: ClassVar = True
