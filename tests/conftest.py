"""One thread in every test process: the tests run side by side on all cores."""

import pytest

KINDS = {"unit", "exact", "sampled", "study", "endtoend"}


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    import torch

    from straightedge.experiments.runner import spread  # what only hands out tests need not wait for these

    torch.set_num_threads(1)
    spread.CORES = 1


def pytest_collection_modifyitems(items):
    """Every test says which kind it is: `make quick` chooses by it."""
    unsaid = [item.nodeid for item in items if not {mark.name for mark in item.iter_markers()} & KINDS]
    if unsaid:
        raise pytest.UsageError(f"{unsaid[0]} and {len(unsaid) - 1} more: expected one of the marks {', '.join(sorted(KINDS))}")
