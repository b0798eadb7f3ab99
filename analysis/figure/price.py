"""Efficiency for a price, layer by layer, from a table of accuracies."""

from typing import Any

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.estimators.catalogue.registry import registry


def layers(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each problem, estimator and hidden layer: price of an estimate, and of its mean A2, the square along the gradient,
    and whole2, the square of its length, and its variance, all over |g|^2; exact for what promises to have no bias."""
    plain = table[table.draws == 1]
    plain = plain[plain.against.isna()] if "against" in plain else plain
    price = plain[(plain.group == "all") & (plain.metric == "evaluations")].set_index(["problem", "label"]).value
    part = plain[plain.group.str.startswith("layer")]
    part = part[part.group != part.groupby("problem").group.transform("max")]
    keys = ["problem", "label", "estimator", "group"]
    wide = part.pivot_table("value", keys, "metric", sort=False).reset_index()
    square = part[part.metric == "bias2"].set_index(keys).loc[list(map(tuple, wide[keys].to_numpy()))]
    bias2 = np.where(known(square), square.value, square.high.clip(lower=0))
    promised = wide.estimator.map({name: kind.unbiased for name, kind in registry().items()}).to_numpy(bool)
    along = np.where(promised, 1.0, wide.along)
    wide["A2"] = along**2
    wide["whole2"] = np.where(promised, 1.0, np.maximum(bias2 / wide.exact2 + 2 * along - 1, along**2))
    wide["variance"] = wide.variance.clip(lower=0) / wide.exact2
    wide["price"] = price.loc[list(map(tuple, wide[["problem", "label"]].to_numpy()))].to_numpy()
    return wide


def efficiency(rows: pd.DataFrame, draws: float | int | pd.Series) -> pd.Series:
    """The efficiency of the mean of this number of estimates, of each row of `layers`; draws may be a column too."""
    return rows.A2 / (rows.whole2 + rows.variance / draws)


def gain(rows: pd.DataFrame, draws: Any) -> Any:
    """The efficiency of the mean of these numbers of estimates, averaged over the layers, the rows of one estimator."""
    return np.mean([row.A2 / (row.whole2 + row.variance / draws) for row in rows.itertuples()], axis=0)
