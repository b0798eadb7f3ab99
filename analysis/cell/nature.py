"""What a network is like where it is measured, whatever the estimator: its expected loss, and how certain its units are."""

import torch

from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.cell.record import record
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.sum.truth import exact_loss

PASSES = 64
"""Sampled passes, given whose states below a unit's probabilities are exact."""


def nature_records(network: Network, exact: bool) -> list[dict]:
    """The records of `loss`, of the group `all` and only where it is exact, and of `saturation`, of the group `hidden`.

    Saturation is 1 - 4 p q, averaged over units and data points layer by layer, then over layers: 0 where every unit is a fair coin, 1
    where every unit is certain."""
    metered = network.metered()
    rng = torch.Generator(network.theta.device).manual_seed(0)
    sites = draw(metered, metered.uniform(rng, PASSES)).sites
    layers = [1 - 4 * (site.noise.cdf(site.a) * site.noise.cdf(-site.a)).double().flatten(1).mean(1) for site in sites]
    certain = torch.stack(layers).mean(0)
    mean, error = float(certain.mean()), float(certain.std()) / PASSES**0.5
    found = [record("hidden", "saturation", 1, Estimate.normal(mean, error, PASSES - 1), "sampled", PASSES)]
    if exact:
        found.append(record("all", "loss", 1, Estimate.exact(float(exact_loss(metered))), "exact", 0))
    return found
