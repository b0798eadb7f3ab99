"""A network from a file: npz with w0, b0, w1, b1, .., X and Y, never a pickle."""

import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from straightedge.analysis.problem.problem import STATES, LossName, NoiseName, Problem, ProblemError, States
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import NOISES


@dataclass(frozen=True)
class Archive(Problem):
    """A network saved by its owner: weights w0 [o, i], biases b0 [o] up to the output layer, X [b, i], Y [b] or [b, m]."""

    path: str
    """The npz file."""
    states: States = "+-1"
    noise: NoiseName = "logistic"
    loss: LossName = "cross_entropy"

    def network(self):
        arrays = read(Path(self.path))
        depth = sum(key.startswith("w") for key in arrays)
        needed = [*(f"{letter}{layer}" for layer in range(depth) for letter in "wb"), "X", "Y"]
        missing = [key for key in needed if key not in arrays]
        if missing or depth < 2:
            raise ProblemError(f"{self.path}: expected arrays w0, b0, w1, b1, .., X, Y; "
                               f"missing {', '.join(missing) or 'w1, b1 (an output layer above one Bernoulli layer)'}")
        tensors = {key: torch.as_tensor(arrays[key]).double() for key in needed}
        for key, tensor in tensors.items():
            if not bool(torch.isfinite(tensor).all()):
                raise ProblemError(f"{self.path}: {key} holds NaN or infinity; expected finite numbers")
        for key in (f"w{layer}" for layer in range(depth)):
            if tensors[key].ndim != 2:
                raise ProblemError(f"{self.path}: {key} has shape {tuple(tensors[key].shape)}; "
                                   "expected [units above, units below]")
        if tensors["X"].ndim != 2:
            raise ProblemError(f"{self.path}: X has shape {tuple(tensors['X'].shape)}; expected [data points, inputs]")
        if self.loss == "squared_error" and tensors["Y"].ndim == 1:
            tensors["Y"] = tensors["Y"][:, None]
        try:
            return Network.of([tensors[f"w{layer}"] for layer in range(depth)],
                              [tensors[f"b{layer}"].reshape(-1) for layer in range(depth)],
                              tensors["X"], tensors["Y"], LOSSES[self.loss], NOISES[self.noise], STATES[self.states])
        except InputError as error:
            raise ProblemError(f"{self.path}: {error}") from error

    @property
    def name(self):
        return Path(self.path).stem

    def values(self):
        return {**super().values(), "path": Path(self.path).name, "sha256": sha256(Path(self.path).read_bytes()).hexdigest()}


def read(path: Path) -> dict[str, np.ndarray]:
    """The numeric arrays of an npz file; one sentence of ProblemError for anything else."""
    if not path.is_file():
        raise ProblemError(f"{path}: no such file; expected an npz with w0, b0, w1, b1, .., X, Y")
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ProblemError(f"{path}: a single array; expected an npz with w0, b0, w1, b1, .., X, Y")
        with loaded as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (ValueError, zipfile.BadZipFile, OSError, EOFError) as error:
        if isinstance(error, ProblemError):
            raise
        raise ProblemError(f"{path}: not a plain npz ({error}); expected numeric arrays without pickles") from error
    for key, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ProblemError(f"{path}: {key} has type {array.dtype}; expected numbers")
    return arrays


def write(path: Path, network: Network) -> None:
    """Saves a network in the form that Archive reads; the encoding, noise and loss are not part of the file."""
    arrays = {f"{letter}{layer}": part.numpy()
              for layer, pair in enumerate(network.layers) for letter, part in zip("wb", pair, strict=True)}
    np.savez(path, X=network.inputs.numpy(), Y=network.labels.numpy(), **arrays)
