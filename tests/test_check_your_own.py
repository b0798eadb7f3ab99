"""The example of docs/check-your-own.md runs, and the assertion refuses an estimate that is a little short."""

from pathlib import Path

import pytest
import torch

from straightedge.analysis.check.unbiased import assert_unbiased, judge

pytestmark = pytest.mark.endtoend

PAGE = Path(__file__).parent.parent / "docs" / "check-your-own.md"


def example() -> dict:
    """The names that the page's code defines."""
    names = {}
    exec(PAGE.read_text().split("```python\n")[1].split("```")[0], names)
    return names


def test_example():
    example()["test_reinforce_is_unbiased"]()


def test_short_estimate_is_refused():
    names, logits = example(), torch.tensor([0.4, -0.8, 1.1], dtype=torch.float64)

    def short(logits, loss, rng):
        return 0.9 * names["reinforce"](logits, loss, rng)

    with pytest.raises(AssertionError, match="biased"):
        assert_unbiased(short, names["loss"], logits)
    assert judge(short, names["loss"], logits, rows=1024, resolution=0.001).outcome == "cannot tell"
