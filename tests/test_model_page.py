"""The examples of docs/model.md, and the README's on modules, run as they stand, measured in worker processes as a user's would be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "model.md").read_text() + (ROOT / "README.md").read_text()
BLOCKS = [block for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if "straightedge as se" in block]
SAID = ("Sequential: units 8 Bernoulli, 8 shared BinaryLinear, 1 Bernoulli; 20 points, 53 parameters, rows mapped",
        "Skip: units 3 Bernoulli; 10", "Recurrent: units 3 Bernoulli, 3 Bernoulli, 3 Bernoulli, 3 Bernoulli; 8 points",
        "Sequential: units 30 Bernoulli", "by a run of", "z = ",
        "114 parameters and 64 random projections of", "Best on this network: with",
        "backward  clipped_identity; the derivative of a unit's mean, the noise uniform", "off by up to 399% of the largest")
"""What they print, among other things."""


@pytest.mark.endtoend
def test_the_examples_run(tmp_path):
    """In a folder of their own, where they write what they write."""
    code = "import torch; torch.set_num_threads(1)\n" + "\n".join(BLOCKS)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert len(BLOCKS) == 12 and all(said in done.stdout for said in SAID)
