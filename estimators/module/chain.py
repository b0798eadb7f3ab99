"""A Sequential of Linear layers and units is a chain of layers, for which everything is exact and fast: it is recognised."""

from collections.abc import Iterator
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from straightedge.estimators.module.unit import Bernoulli
from straightedge.estimators.network.loss import LOSSES, CrossEntropy, Loss
from straightedge.estimators.network.network import Network


def chain_of(model: nn.Module, x: Tensor, y: Tensor, loss: object) -> Network | None:
    """The network of layers that this model is, float64 on the CPU with theta in the model's own order; None for any other model."""
    parts, known = list(flat(model)), known_loss(loss, y)
    shaped = x.flatten(1) if parts and type(parts[0]) is nn.Flatten and parts.pop(0).start_dim == 1 else x
    layers, units = parts[::2], [part for part in parts[1::2] if type(part) is Bernoulli]
    if known is None or shaped.dim() != 2 or not shaped.is_floating_point() or not units:
        return None
    if len(parts) != 2 * len(units) + 1 or not all(type(layer) is nn.Linear and layer.bias is not None for layer in layers):
        return None
    if len({(unit.noise, unit.states) for unit in units}) > 1 or not all(value.requires_grad for value in model.parameters()):
        return None
    if len(set(layers)) < len(layers) or any(part._forward_hooks or part._forward_pre_hooks for part in model.modules()):
        return None
    weights, biases = [own(layer.weight) for layer in layers], [own(layer.bias) for layer in layers]
    return Network.of(weights, biases, own(shaped), y.detach().cpu().clone(), known, units[0].noise, units[0].states)


def own(values: Any) -> Tensor:
    """A copy, float64 on the CPU."""
    return values.detach().cpu().double().clone()


def flat(model: nn.Module) -> Iterator[nn.Module]:
    """The modules of nested Sequentials in order, without those that do nothing; another module alone."""
    if type(model) is nn.Sequential:
        for part in model:
            yield from flat(part)
    elif type(model) is not nn.Identity:
        yield model


def known_loss(loss: object, y: Tensor) -> Loss | None:
    """The package's loss that this is; None for others."""
    if isinstance(loss, nn.CrossEntropyLoss):
        plain = loss.weight is None and loss.reduction == "mean" and not loss.label_smoothing and not bool((y == loss.ignore_index).any())
        return CrossEntropy() if plain else None
    if loss is F.cross_entropy:
        return CrossEntropy() if y.dim() == 1 and not y.is_floating_point() and bool((y >= 0).all()) else None
    return LOSSES.get(loss) if isinstance(loss, str) else None
