"""Straightedge: the ruler for gradient estimators of stochastic binary networks."""

from pathlib import Path

if not (Path(__file__).parent / "estimators").is_dir():  # a checkout: the rooms stand beside this folder, in a wheel inside it
    __path__.append(str(Path(__file__).parent.parent))
