"""What every table says of the network itself: its exact loss, and how saturated its units are, against brute force."""

import itertools

import pytest
import torch

from straightedge.analysis.cell import nature
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import measure_cell
from straightedge.analysis.check.ladder import layered
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.exact


def enumerated(network):
    """(saturation, loss) by plain sums over all states of two layers."""
    (w0, b0), (w1, b1), (w2, b2) = network.layers
    certain, loss = [0.0, 0.0], 0.0
    for x, y in zip(network.inputs, network.labels, strict=True):
        p0 = torch.sigmoid(w0 @ x + b0)
        certain[0] += float((1 - 4 * p0 * (1 - p0)).mean()) / len(network.inputs)
        for s0 in itertools.product((-1.0, 1.0), repeat=len(b0)):
            s0 = torch.tensor(s0, dtype=torch.float64)
            m0, p1 = float(torch.where(s0 > 0, p0, 1 - p0).prod()), torch.sigmoid(w1 @ s0 + b1)
            certain[1] += m0 * float((1 - 4 * p1 * (1 - p1)).mean()) / len(network.inputs)
            for s1 in itertools.product((-1.0, 1.0), repeat=len(b1)):
                s1 = torch.tensor(s1, dtype=torch.float64)
                z = w2 @ s1 + b2
                loss += m0 * float(torch.where(s1 > 0, p1, 1 - p1).prod()) * float(z.logsumexp(0) - z[int(y)]) / len(network.inputs)
    return sum(certain) / 2, loss


@pytest.mark.parametrize("scale", (0.3, 3.0))
def test_saturation_and_loss(scale):
    """Saturation within four standard errors (one false alarm in 10 000), the loss to rounding."""
    network = layered((2, 3, 2, 2), CrossEntropy(), [0, 1, 1, 0], scale=scale)
    saturation, loss = enumerated(network)
    found = {record["metric"]: record for record in nature.nature_records(network, True)}
    assert abs(found["saturation"]["value"] - saturation) <= 4 * found["saturation"]["error"] + 1e-12
    assert found["saturation"]["error"] < 0.02 and found["loss"]["value"] == pytest.approx(loss, rel=1e-12)


def test_every_cell_says_it_and_counts_no_pass_for_it():
    problem = Points((2, 3), points=10)
    records = measure_cell(Cell(problem, StraightThrough(), rows=20, seeds=2)).records
    assert len(records[records.metric == "loss"]) == len(records[records.metric == "saturation"]) == 1
    assert set(records[records.metric == "saturation"].group) == {"hidden"} and set(records[records.metric == "loss"].group) == {"all"}
    assert float(records[records.metric == "forwards"].value.iloc[0]) == pytest.approx(1.0)


def test_no_exact_loss_where_a_run_stands_for_the_truth():
    assert [record["metric"] for record in nature.nature_records(Points((2,), points=5).build(), False)] == ["saturation"]
