"""What is known before a row is drawn of a network that is a torch module: less than of a chain, whose layers are at hand."""

import torch

from straightedge.analysis.cell.rarity import PASSES, Known, known
from straightedge.estimators.module.network import ModuleNetwork
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.sample import draw


@known.register
def known_of_module(network: ModuleNetwork, dtype: torch.dtype) -> Known:
    """The mean |loss| over states as they come, and the rounding of rows by their own size; nothing of events that were not seen."""
    rng = torch.Generator(network.theta.device).manual_seed(0)
    loss = float(draw(network, network.uniform(rng, PASSES)).value.abs().mean()) or 1.0
    rows = Reinforce()(network, PASSES, rng).double()
    return Known(loss, 64 * torch.finfo(dtype).eps * rows.abs().amax(0), None, ())
