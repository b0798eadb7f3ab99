"""One thread in every test process: the tests run side by side on all cores."""

import pytest
import torch

from straightedge.experiments.runner import spread


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)
    spread.CORES = 1
