"""The words by which noises, losses and encodings are chosen; no library is imported for them."""

from typing import Literal, get_args

States = Literal["01", "+-1"]
NoiseName = Literal["logistic", "logistic2", "uniform", "triangular", "normal"]
LossName = Literal["cross_entropy", "logistic", "squared_error"]
NOISE_NAMES: tuple[NoiseName, ...] = get_args(NoiseName)
