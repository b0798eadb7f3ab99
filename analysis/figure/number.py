"""Numbers of tables, their decimals aligned."""

import numpy as np
import pandas as pd

MOST = 4
"""Decimals at most."""


def aligned(values: pd.Series, digits: int = 3, marks: pd.Series | str = "") -> pd.Series:
    """The numbers as words with equally many decimals, those that give the smaller quarter of them so many significant digits; what
    would then be zero and is not is said to be less than the last place.  nan is empty.  `marks` stand before the numbers."""
    numbers = values.astype(float)
    sizes = numbers[np.isfinite(numbers) & (numbers.abs() > 1e-9)].abs()
    places = 0 if not len(sizes) else int(np.clip(digits - 1 - np.floor(np.log10(sizes.quantile(0.25))), 0, MOST))
    least = 10.0**-places

    def shown(value: float) -> str:
        if not np.isfinite(value):
            return "" if np.isnan(value) else "∞"
        if 1e-9 < abs(value) < least / 2:
            return f"< {least:.{places}f}" if value > 0 else f"> -{least:.{places}f}"
        return f"{0.0 if abs(value) < least / 2 else value:.{places}f}"

    written = numbers.map(shown)
    if isinstance(marks, str):
        return written
    return marks.where(~written.str.startswith(("<", ">")), "") + written
