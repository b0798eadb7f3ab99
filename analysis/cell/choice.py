"""The words by which the way of a measurement is chosen; no library is imported for them."""

from typing import Literal

Method = Literal["auto", "exact", "sampled"]
Precision = Literal["float64", "float32"]
