"""A network from a file: npz with w0, b0, w1, b1, .., X and Y, or a torch state_dict beside an npz with X and Y; never a pickle."""

import io
import sys
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from straightedge.analysis.problem.array import LIMIT, arrays
from straightedge.analysis.problem.choice import LossName, NoiseName, States
from straightedge.analysis.problem.layer import NAME, Layers, linear, named
from straightedge.analysis.problem.problem import Problem, ProblemError
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.file import replace
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.word import STATES

EXPECTED = "an npz with w0 [units, inputs], b0, w1, b1, .. up to the output layer, X [points, inputs] and Y"
TORCH = (".pt", ".pth", ".safetensors")
SAID: set[str] = set()


@dataclass(frozen=True)
class Archive(Problem):
    """A network saved by its owner: weights w0 [o, i], biases b0 [o] up to the output layer, X [b, i], Y [b] or [b, m]."""

    told: ClassVar[tuple[str, ...]] = ("path", "stamp")
    path: str
    """The file: .npz, or .pt, .pth, .safetensors with a state_dict of Linear layers."""
    states: States = "+-1"
    noise: NoiseName = "logistic"
    loss: LossName = "cross_entropy"
    data: str | None = None
    """An npz with X and Y, where the file has none."""
    stamp: tuple = field(default=(), init=False, repr=False)
    """Where and of when the files are: another file under the same name is another problem, and no memory of the first serves it."""

    def __post_init__(self):
        files = [Path(path) for path in (self.path, self.data) if path is not None]
        object.__setattr__(self, "stamp", tuple(stamp(path) for path in files))

    def network(self):
        path = Path(self.path)
        if path.suffix in TORCH:
            layers, found = linear(path, state_dict(path)), {}
            if self.data is None:
                raise ProblemError(f"{path}: a state_dict holds no data; expected --data FILE.npz with X [points, inputs] and Y")
        else:
            found = arrays(path, EXPECTED)
            layers = named(path, found)
            ignored = [key for key in found if not NAME.fullmatch(key) and key not in ("X", "Y")]
            layers.said.extend([f"{', '.join(ignored)} ignored"] if ignored else [])
        if self.data is not None:
            path, found = Path(self.data), arrays(Path(self.data), "an npz with X [points, inputs] and Y")
        say(self.path, layers)
        missing = [key for key in ("X", "Y") if key not in found]
        if missing:
            raise ProblemError(f"{path}: expected {EXPECTED}; missing {', '.join(missing)}")
        return self.whole(layers, number(path, "X", found["X"]), number(path, "Y", found["Y"]))

    def whole(self, layers: Layers, x: Tensor, y: Tensor) -> Network:
        """The network of these layers and data."""
        if x.ndim != 2:
            raise ProblemError(f"{self.data or self.path}: X has shape {tuple(x.shape)}; expected [data points, inputs]")
        if self.loss == "squared_error" and y.ndim == 1:
            y = y[:, None]
        weights, biases = ([number(Path(self.path), f"layer {index}", part) for index, part in enumerate(parts)]
                           for parts in (layers.weights, layers.biases))
        try:
            return Network.of(weights, biases, x, y, LOSSES[self.loss], NOISES[self.noise], STATES[self.states])
        except InputError as error:
            raise ProblemError(f"{self.path}: {error}") from error

    @property
    def title(self):
        return Path(self.path).stem

    def values(self):
        files = {"sha256": self.path} | ({"data": self.data} if self.data else {})
        digests = {field: sha256(Path(path).read_bytes()).hexdigest() for field, path in files.items()}
        plain = {name: value for name, value in super().values().items() if name != "stamp"}
        return {**plain, "path": Path(self.path).name, **digests}


def stamp(path: Path) -> tuple:
    """What changes when a file does."""
    try:
        about = path.stat()
        return str(path.resolve()), about.st_mtime_ns, about.st_size, about.st_ino
    except (OSError, ValueError):
        return (str(path),)


def number(path: Path, name: str, array: np.ndarray) -> Tensor:
    """Finite numbers in float64."""
    if array.dtype.kind not in "fiub":
        raise ProblemError(f"{path}: {name} has type {array.dtype}; expected numbers")
    tensor = torch.as_tensor(np.ascontiguousarray(array, dtype=np.float64))
    if not bool(torch.isfinite(tensor).all()):
        raise ProblemError(f"{path}: {name} holds NaN or infinity; expected finite numbers")
    return tensor


def say(path: str, layers: Layers) -> None:
    """A line on standard error about how the file was read, once."""
    for words in layers.said:
        line = f"{path}: {words}"
        if line not in SAID:
            SAID.add(line)
            print(visible(line), file=sys.stderr)


def state_dict(path: Path) -> dict[str, np.ndarray]:
    """Name -> array of a torch file, read without unpickling objects."""
    expected = "a state_dict of Linear layers, saved by torch.save(model.state_dict(), path) or safetensors"
    if not path.is_file():
        raise ProblemError(f"{path}: no such file; expected {expected}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            refuse_bomb(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
        taken = 8 * sum(value.numel() for value in state.values())
        if taken > LIMIT:
            raise ProblemError(f"{path}: its tensors take {taken / 2**30:.3g} GiB; expected {LIMIT / 2**30:.3g} GiB at most")
        return {str(key): value.detach().double().numpy() for key, value in state.items()}
    except ImportError:
        raise ProblemError(f"{path}: reading it takes the library safetensors; install it, or save with torch.save") from None
    except ProblemError:
        raise
    except Exception:  # torch and safetensors fail in many ways on what is not theirs
        raise ProblemError(f"{path}: it cannot be read as plain tensors; expected {expected}") from None


def refuse_bomb(path: Path) -> None:
    """Raises ProblemError for a zip whose members are more than may be read, before any is expanded."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LIMIT:
            raise ProblemError(f"{path}: it expands to {size / 2**30:.3g} GiB; expected {LIMIT / 2**30:.3g} GiB at most")


def write(path: Path, network: Network) -> None:
    """Saves a network in the form that Archive reads, whole or not at all; the encoding, noise and loss are not part of the file."""
    stored = {f"{letter}{layer}": part.detach().cpu().numpy()
              for layer, pair in enumerate(network.layers) for letter, part in zip("wb", pair, strict=True)}
    buffer = io.BytesIO()
    stored |= {"X": network.inputs.cpu().numpy(), "Y": network.labels.cpu().numpy()}
    np.savez(buffer, allow_pickle=False, **stored)  # type: ignore[arg-type]
    replace(path, buffer.getvalue())
