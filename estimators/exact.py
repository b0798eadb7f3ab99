"""Exact loss and gradient by marginalisation, layer by layer: sum_l 2^(n_l + n_{l+1}) terms, never 2^(sum n)."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator
from straightedge.estimators.sum.truth import exact_gradient, require_exact


@dataclass(frozen=True)
class Exact(Estimator):
    """The exact gradient, the estimator without variance: the truth that everything is held against.

    Also known as marginalisation, enumeration.

    By      marginalisation: E loss = alpha_0 T_1 .. T_{L-1} phi, each transfer in two halves; derivatives climb back through it
    Needs   layers narrow enough for tables of 2^width
    Bias    none
    Cost    2^(n_l + n_{l+1}) multiply-adds a layer and loss feature; counted as no pass
    Paper   Shekhovtsov, Yanush, Flach 2020, arXiv:2006.03143 (enumeration); the split in halves is derived in docs/mathematics.md
    """

    family: ClassVar[str] = "exact"
    marker: ClassVar[str] = "*"
    unbiased: ClassVar[bool] = True
    random: ClassVar[bool] = False

    def check(self, network):
        require_exact(network)

    def __call__(self, network, n, rng):
        return exact_gradient(network).expand(n, -1)
