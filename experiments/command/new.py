"""Writes a new estimator: a commented file that passes every check, to be edited."""

import keyword
import re
from datetime import date
from pathlib import Path

import straightedge.estimators
from straightedge.analysis.store.file import replace
from straightedge.estimators.catalogue.catalogue import camel
from straightedge.estimators.network.error import InputError

ESTIMATORS = Path(straightedge.estimators.__path__[0])
TEMPLATE = '''"""{title}: say here what it is, in one line."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC


def {name}(a, u, noise=LOGISTIC, temperature=1.0):
    """x in {{-1, +1}} from pre-activations a and u ~ U(0, 1), any shape; also for your own nn.Module."""
    p = noise.cdf(a)
    x = 2.0 * (u < p) - 1  # the sample: +1 with probability p = F(a)
    proxy = 2 * noise.cdf(a / temperature)  # what the derivative is taken of; here a wider mean
    return x + (proxy - proxy.detach())  # the value of x, the derivative of the proxy


@dataclass(frozen=True)
class {kind}(Rule):
    """{title}: the sample's derivative is taken to be that of a wider mean.

    By      d x / d a := span F'(a / temperature) / temperature
    Needs   the loss differentiable in x
    Bias    yes
    Cost    1 forward, 1 backward
    Paper   you {year}, and where it can be read
    """

    marker: ClassVar[str] = "h"  # in figures; the colour is that of straight-through rules
    temperature: float = 1.0
    """Hyper-parameters are fields: options of the command line, columns of the tables."""

    def unit(self, a, u, noise):
        return {name}(a, u, noise, self.temperature)
'''


def write_estimator(name: str, folder: Path) -> Path:
    """The file written.  Raises InputError for a bad name, a folder that is not there, or a file that is."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise InputError(f"new: {name!r} cannot name an estimator; expected small letters, digits and single underscores, "
                         "as in my_estimator")
    if not folder.is_dir():
        raise InputError(f"new: {folder} is not a folder; expected one that exists")
    path = folder / f"{name}.py"
    if path.exists() or (ESTIMATORS / f"{name}.py").exists() or (ESTIMATORS / name).is_dir():
        raise InputError(f"new: {name} exists already; expected a name that is free")
    title = name.replace("_", " ").capitalize()
    replace(path, TEMPLATE.format(name=name, title=title, kind=camel(name), year=date.today().year).encode())
    return path
