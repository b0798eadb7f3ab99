"""A network given as arrays or as a torch model, in the place of a problem that makes its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from straightedge.analysis.problem.archive import write
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import LOSSES, Loss, StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.network.word import named_loss, noise_of, states_of

BETWEEN = tuple(vars(nn.modules.activation)[name] for name in nn.modules.activation.__all__) + (nn.Identity, nn.Flatten)
"""Modules of torch that may stand where Bernoulli units will."""


@dataclass(frozen=True, eq=False)
class Given(Problem):
    """A network that is there already.  Two are equal where their numbers are."""

    told: ClassVar[tuple[str, ...]] = ("given", "title")
    given: Network = field(repr=False)
    title: str = "network"

    def __repr__(self) -> str:
        network = self.given
        return (f"{self.title}: widths {'-'.join(map(str, network.widths))}, {network.outputs} outputs, {len(network.inputs)} points, "
                f"{len(network.theta)} parameters")

    def network(self) -> Network:
        return self.given

    @property
    def digest(self) -> str:
        """Of everything that can change a number."""
        network, text = self.given, sha256()
        for tensor in (network.theta, network.inputs, network.labels):
            text.update(str((tensor.dtype, tuple(tensor.shape))).encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
        text.update(repr((network.widths, network.outputs, network.states, network.noise, type(network.loss).__name__)).encode())
        if isinstance(network.loss, StateFunction):  # a function has no values to tell it by
            text.update(str(id(network.loss.function)).encode())
        return text.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and (self.digest, self.title) == (other.digest, other.title)

    def __hash__(self) -> int:
        return hash(self.digest)

    def values(self) -> dict:
        return {"kind": "Given", "title": self.title, "sha256": self.digest}

    def save(self, path: str | Path) -> Path:
        """Writes the arrays as an npz that `measure` reads; states, noise and loss are options there.  The path."""
        if isinstance(self.given.loss, StateFunction):
            raise InputError("save: a network whose loss is a function cannot be a file; expected cross_entropy, logistic or squared_error")
        path = Path(path)
        if path.suffix != ".npz":
            raise InputError(f"save: {path} must end in .npz")
        write(path, self.given)
        return path


def network(weights: Sequence, biases: Sequence | None, x: object, y: object, *, loss: str | Loss = "cross_entropy",
            noise: str | Noise = "logistic", states: str | tuple[float | int, float | int] = "+-1", title: str = "network") -> Given:
    """The network with a_l = W_l x_{l-1} + b_l and P(x_l = hi | a_l) = F(a_l), from arrays, lists or tensors.

    weights  [o, i] of every affine layer from the data up, the last the output layer
    biases   [o] of each, None for zeros
    x, y     data [b, i] and labels: class numbers [b] (cross_entropy), -1 or +1 [b] (logistic), targets [b, m] (squared_error)
    loss     a name, or a function of the last layer's state [.., n] -> [..]: then no output layer stands above it
    noise    a name or a Noise: the distribution function F
    states   the two states of a unit, "+-1", "01" or a pair (lo, hi)

    Raises InputError where shapes do not chain, a number is not finite, or labels do not fit the loss.
    """
    weights = [tensor(weight, "weights", 2) for weight in weights]
    biases = [weight.new_zeros(len(weight)) for weight in weights] if biases is None else [tensor(bias, "biases", 1) for bias in biases]
    if len(weights) != len(biases):
        raise InputError(f"network: {len(weights)} weights and {len(biases)} biases; expected one bias for each, or None for zeros")
    inputs = tensor(x, "x", 2)
    labels = torch.as_tensor(y).detach().cpu()
    labels = labels.double() if labels.is_floating_point() else labels
    chosen = loss_of(loss)
    if chosen == LOSSES["squared_error"] and labels.dim() == 1:
        labels = labels[:, None]
    made = Network.of(weights, biases, inputs, labels, chosen, noise_of(noise), states_of(states))
    return Given(made, title)


def from_torch(model: nn.Module, x: object, y: object, **options: Any) -> Given:
    """The network of a torch.nn.Sequential of Linear layers: what stands between two of them, an activation of torch's or a module of
    your own without parameters, becomes a layer of Bernoulli units.  Options are those of `network`.

    Raises InputError, naming the module, for anything else: such a model has no exact gradient by layers.
    """
    if not isinstance(model, nn.Sequential):
        raise InputError(f"from_torch: expected a torch.nn.Sequential of Linear layers, got {type(model).__name__}")
    layers = []
    for index, module in enumerate(model):
        if isinstance(module, nn.Linear):
            layers.append(module)
        elif any(True for _ in module.parameters()) or type(module).__module__.startswith("torch.") and not isinstance(module, BETWEEN):
            raise InputError(f"from_torch: module {index} is {type(module).__name__}; expected Linear layers with activations between them")
    if len(layers) < 2:
        raise InputError(f"from_torch: {len(layers)} Linear layers; expected two or more, the last of which is the output layer")
    biases = [layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias for layer in layers]
    return network([layer.weight for layer in layers], biases, x, y, **options)


def tensor(values: object, what: str, dimensions: int) -> Tensor:
    """Float64 on the CPU, detached.  Raises InputError where it is no array of numbers of so many dimensions."""
    try:
        found = torch.as_tensor(values).detach().cpu().double().clone()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"network: {what} cannot be read as numbers ({' '.join(str(error).split())})") from None
    if found.dim() != dimensions:
        raise InputError(f"network: {what} of shape {tuple(found.shape)}; expected {dimensions} dimensions")
    return found


def loss_of(loss: object) -> Loss:
    """The loss of this name, of this function, or itself."""
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        return named_loss(loss)
    if not callable(loss):
        raise InputError(f"network: loss {loss!r}; expected a name or a function of the last layer's state")
    return StateFunction(loss)
