"""Losses of one data point at outputs z [.., m], with their derivatives [.., m]."""

import numpy as np


def cross_entropy(z, y):
    """-log softmax(z)_y, y a class number."""
    top = z.max(-1, keepdims=True)
    weight = np.exp(z - top)
    total = weight.sum(-1, keepdims=True)
    own = np.arange(z.shape[-1]) == int(y)
    return np.log(total)[..., 0] + top[..., 0] - z[..., int(y)], weight / total - own


def logistic(z, y):
    """log(1 + exp(-y z)), one output, y -1 or +1."""
    margin = -float(y) * z[..., 0]
    return np.logaddexp(0.0, margin), -float(y) / (1 + np.exp(-margin))[..., None]


def squared_error(z, y):
    """sum (z - y)^2, y [m]."""
    gap = z - np.asarray(y, float)
    return (gap**2).sum(-1), 2 * gap


LOSSES = {"cross_entropy": cross_entropy, "logistic": logistic, "squared_error": squared_error}
"""Name -> (z, y) -> (loss [..], derivative by z [.., m])."""
