"""Verdicts: no unbiased estimator of a saturated network is accused, planted biases are found whatever the number of seeds, what cannot
be judged is said, NaN and zero are verdicts of their own.  Networks of public bug reports are used where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.metric import measured
from straightedge.analysis.accuracy.summary import summary
from straightedge.analysis.accuracy.tally import exact_tally, tally
from straightedge.analysis.accuracy.truth import Truth
from straightedge.analysis.accuracy.verdict import Outcome, exact_verdict, sampled_verdict
from straightedge.analysis.cell.cell import Cell, Reference
from straightedge.analysis.cell.measure import measure_cell
from straightedge.analysis.cell.rarity import rarity, rounding
from straightedge.analysis.problem.archive import Archive, write
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import Network

pytestmark = pytest.mark.sampled

CASES = Path(os.environ.get("STRAIGHTEDGE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "cases"
here = pytest.mark.skipif(not CASES.is_dir(), reason=f"the networks of bug reports are not here: {CASES}")


def saturated(bias: float, seed: int = 0, out: float = 1.0) -> Network:
    """2-4-3-2, three points, hidden biases of +-bias; `out` scales the output layer."""
    rng = torch.Generator().manual_seed(seed)
    sizes = (2, 4, 3, 2)
    weights = [0.5 * torch.randn(o, i, generator=rng, dtype=torch.float64) for i, o in zip(sizes[:-1], sizes[1:], strict=True)]
    biases = [bias * torch.randn(o, generator=rng, dtype=torch.float64).sign() for o in sizes[1:-1]] + [torch.zeros(2).double()]
    weights[-1] = weights[-1] * out
    inputs = torch.randn(3, 2, generator=rng, dtype=torch.float64)
    return Network.of(weights, biases, inputs, torch.tensor([0, 1, 0]), LOSSES["cross_entropy"])


def verdicts(path: Path, name: str, rows: int = 1000, seeds: int = 4, **options) -> pd.DataFrame:
    """The rows of bias2 of one estimator, by group."""
    cell = Cell(Archive(str(path)), estimator_of(name), rows, seeds, **({"method": "sampled"} | options))
    table = summary(measure_cell(cell).records)
    return table[table.metric == "bias2"].set_index("group")


@pytest.mark.parametrize("bias", (2.0, 5.0))
@pytest.mark.parametrize("name", ("reinforce", "arm", "arms", "disarm", "muprop", "local_expectation"))
def test_unbiased_estimators_of_saturated_networks_are_not_accused(tmp_path, bias, name):
    """4000 rows of each: at a bias of 5 the first layer needs states that are too rare, and the verdict says so."""
    write(tmp_path / "network.npz", saturated(bias))
    found = verdicts(tmp_path / "network.npz", name)
    assert not found.detected.fillna(False).any(), found.verdict.to_list()
    if bias == 5.0:
        assert found.outcome["layer0"] == "cannot tell" and "too few events" in found.verdict["layer0"]
        assert found.detected.isna()["layer0"]


def test_without_unit_probabilities_they_would_be():
    """Shown able to fail: ARM, whose rows are all equal where no rare state was met, is off by all that was not."""
    network = saturated(9.0)
    from straightedge.estimators.sum.expectation import exact_gradient

    groups, outcomes = {**network.groups, "all": slice(0, len(network.theta))}, {}
    for name, rare in (("known", rarity(network)), ("unknown", None)):
        one = Accuracy(Truth(exact_gradient(network), groups, rounding=rounding(network, torch.float64), rare=rare))
        one.add(estimator_of("arm")(network, 400, torch.Generator().manual_seed(0)))
        outcomes[name] = {sampled_verdict([one], group).outcome for group in groups}
    assert Outcome.BIASED not in outcomes["known"] and Outcome.BIASED in outcomes["unknown"]


@here
@pytest.mark.parametrize(("case", "name"), (*(("sat5", name) for name in ("arms", "rodeo", "rebar", "double_cv", "muprop")),
                                            ("unit10", "muprop"), ("mild", "gumbel_softmax:tau=0.005")))
def test_reported_false_alarms(case, name):
    assert not verdicts(CASES / f"{case}.npz", name).detected.fillna(False).any()


def planted(shift: float, seeds: int, rows: int = 4000, seed: int = 0) -> Outcome:
    """On 20 normal coordinates, one of which is off by `shift` standard errors of all rows; exactly skewed rows, unequal variances."""
    rng = torch.Generator().manual_seed(seed)
    g, scale = torch.linspace(-1, 1, 20, dtype=torch.float64), torch.logspace(-2, 1, 20, dtype=torch.float64)
    noise = torch.empty(rows, 20, dtype=torch.float64).exponential_(generator=rng) - 1
    noise[:, 3] += shift / rows**0.5
    replicates = [Accuracy(Truth(g, {"all": slice(0, 20)}), ()) for _ in range(seeds)]
    for one, part in zip(replicates, (g + scale * noise).chunk(seeds), strict=True):
        one.add(part)
    return sampled_verdict(replicates, "all").outcome


def test_power_does_not_depend_on_seeds():
    """The same rows, divided among 2 to 20 seeds, have the same verdict; a bias of 7 errors in one of 20 coordinates is always found."""
    for seed in range(6):
        outcomes = {planted(7.0, seeds, seed=seed) for seeds in (2, 10, 20)}
        assert outcomes == {Outcome.BIASED}
        assert planted(4.0, 2, seed=seed) == planted(4.0, 10, seed=seed) == planted(4.0, 20, seed=seed)


def test_false_alarms_of_skewed_rows():
    """100 samples of exponential rows without bias: at 1 in 2000, two alarms or more once in 800."""
    assert sum(planted(0.0, 2, 400, seed) is Outcome.BIASED for seed in range(100)) <= 1


def test_few_events_are_not_judged_and_counted():
    rows = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows[:, 1] = 0.0
    rows[:5, 1] = 100.0
    one = Accuracy(Truth(torch.zeros(3, dtype=torch.float64), {"all": slice(0, 3), "rare": slice(1, 2)}))
    one.add(rows)
    found = sampled_verdict([one], "all")
    assert found.outcome is Outcome.NOT_DETECTED and "1 of 3 coordinates not judged: too few events" in found.sentence
    assert sampled_verdict([one], "rare").outcome is Outcome.CANNOT_TELL


@here
def test_a_runs_error_is_one(tmp_path):
    """`along` of straight-through, 0.1352, against five runs of 5000 rows: in the interval; before, five misses."""
    cell = Cell(Archive(str(CASES / "narrow.npz")), estimator_of("straight_through"), 2000, 5, method="sampled",
                reference=Reference(estimator_of("reinforce:baseline=leave_one_out,samples=2"), 5000))
    table = summary(measure_cell(cell).records).set_index(["group", "metric"])
    row = table.loc[("layer0", "along")]
    assert row.low <= 0.1352 <= row.high and table.loc[("layer0", "exact2"), "error"] > 0
    unbiased = Cell(cell.problem, estimator_of("reinforce"), 2000, 5, method="sampled", reference=cell.reference)
    found = summary(measure_cell(unbiased).records)
    assert not found[found.metric == "bias2"].detected.fillna(False).any()


def test_float32_rounding_is_no_bias(tmp_path):
    """One layer, one point, 64 inputs: local expectation has no variance, and its rows differ from the gradient by rounding alone."""
    rng = torch.Generator().manual_seed(0)
    network = Network.of([0.1 * torch.randn(1, 64, generator=rng).double(), torch.randn(2, 1, generator=rng).double()],
                         [torch.randn(1, generator=rng).double(), torch.zeros(2).double()], torch.randn(1, 64, generator=rng).double(),
                         torch.tensor([1]), LOSSES["cross_entropy"])
    write(tmp_path / "network.npz", network)
    found = verdicts(tmp_path / "network.npz", "local_expectation", 500, 4, precision="float32")
    assert found.outcome["layer0"] == "not detected" and found.bound["layer0"] < 0.01


def test_a_zero_gradient_is_zero(tmp_path):
    """An output layer whose weights are zero: no layer below has a gradient, and no estimator a bias 'of 100 %'."""
    write(tmp_path / "network.npz", saturated(0.5, out=0.0))
    exact = verdicts(tmp_path / "network.npz", "straight_through", method="exact")
    assert exact.outcome["layer0"] == "exactly unbiased" and exact.verdict["layer0"].endswith("the exact gradient is zero")
    found = verdicts(tmp_path / "network.npz", "reinforce")
    assert found.outcome["layer0"] == "not detected" and "of the loss, the exact gradient is zero" in found.verdict["layer0"]
    assert np.isfinite(found.value["layer0"]) and 0 < found.bound["layer0"] < 1


def test_a_biased_mean_where_the_gradient_is_zero():
    truth = Truth(torch.zeros(2, dtype=torch.float64), {"all": slice(0, 2)}, loss=2.0)
    mean = torch.tensor([0.3, 0.4], dtype=torch.float64)
    found = exact_verdict(exact_tally(truth, "all", mean, 0 * mean), truth, "all")
    assert found.outcome is Outcome.EXACTLY_BIASED and found.sentence.startswith("bias 25 % of the loss (exact)")


def test_nan_is_a_verdict_of_its_own():
    g = torch.tensor([1.0, 2.0], dtype=torch.float64)
    for bad in (torch.nan, torch.inf):
        truth = Truth(g, {"all": slice(0, 2)})
        one = Accuracy(truth)
        rows = g.repeat(50, 1)
        rows[3, 1] = bad
        one.add(rows)
        found = sampled_verdict([one], "all")
        assert found.outcome is Outcome.NOT_A_NUMBER and found.outcome.detected is None and "estimate" in found.sentence
        assert np.isnan(measured(tally([one], "all"), "bias2").value)
        moments = exact_tally(truth, "all", torch.tensor([1.0, bad], dtype=torch.float64), 0 * g)
        assert exact_verdict(moments, truth, "all").outcome is Outcome.NOT_A_NUMBER
        overflowed = Truth(torch.tensor([1.0, bad], dtype=torch.float64), {"all": slice(0, 2)})
        assert "exact gradient" in exact_verdict(exact_tally(overflowed, "all", g, 0 * g), overflowed, "all").sentence
