"""What training came to, and how accurate estimators were along it, from the table of a study that has both."""

import numpy as np
import pandas as pd

from straightedge.analysis.figure.price import efficiency, layers
from straightedge.estimators.catalogue.spelling import estimator_of, label_of

BUDGETS = (10, 100, 1000, 10_000)
"""Passes of the network at which efficiency is compared; the first is the price of a step of training."""
NETWORK = ["problem_kind", "problem_widths", "problem_shape", "problem_noise"]


def losses(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each kind of network, optimiser, trainer (its label) and seed: the loss at the trainer's best rate, by the mean over
    seeds, and that rate."""
    ends = table[(table.estimator == "exact") & (table.metric == "loss")].fillna({"problem_shape": ""})
    keys = [*NETWORK, "problem_optimizer", "problem_trainer"]
    means = ends.groupby([*keys, "problem_rate"], sort=False).value.mean().reset_index()
    best = means.loc[means.groupby(keys, sort=False).value.idxmin(), [*keys, "problem_rate"]]
    found = best.merge(ends, on=[*keys, "problem_rate"])
    labels = {trainer: label_of(estimator_of(trainer)) for trainer in found.problem_trainer.unique()}
    return named(found.assign(label=found.problem_trainer.map(labels)).rename(columns={"value": "loss"}))


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """With the network's kind in a column of its own."""
    shape = frame.problem_shape.where(frame.problem_shape != "", frame.problem_kind.str.lower())
    noise = (", " + frame.problem_noise).where(frame.problem_noise != "logistic", "")
    return frame.assign(network=shape + " " + frame.problem_widths.astype(str) + noise)


def scores(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each kind of network, estimator and seed: the measures, means over hidden layers and checkpoints, the higher the better;
    errors as minus their logarithms."""
    wide = layers(table[table.estimator != "exact"])
    bias2 = np.where(wide.bias2 > 0, wide.bias2 / wide.exact2, 0.0)
    found = wide[["label"]].assign(
        bias=-np.log10(np.sqrt(bias2).clip(min=1e-3)), rmse=-np.log10(bias2 + wide.variance) / 2, cosine=wide.cosine, descent=wide.descent,
        length=-np.log10(wide.along.clip(lower=1e-3)).abs(), efficiency=efficiency(wide, 1))
    found["rmse 10"] = -np.log10(bias2 + wide.variance * wide.price / BUDGETS[0]) / 2
    for budget in BUDGETS:
        found[f"efficiency {budget}"] = efficiency(wide, budget / wide.price)
    networks = table.drop_duplicates("problem").set_index("problem")[[*NETWORK, "problem_seed"]].fillna({"problem_shape": ""})
    found = found.join(networks.loc[wide.problem].reset_index(drop=True))
    return named(found.groupby([*NETWORK, "problem_seed", "label"], sort=False).mean().reset_index())
