"""assert_unbiased: right estimates pass, wrong ones are told with their size, and too few rows are said to be too few."""

import pytest
import torch

from straightedge.analysis.check.ladder import LOGITS, multi_affine, vector
from straightedge.analysis.check.unbiased import assert_unbiased, enumerated, judge
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.sampled

A = torch.tensor([0.4, -0.8, 1.1], dtype=torch.float64)


def loss(x):
    return (x.sum(-1) - 1.2) ** 2 + x[..., 0] * x[..., 1]


def reinforce(logits, f, rng):
    x = (torch.rand(logits.shape, generator=rng, dtype=logits.dtype) < torch.sigmoid(logits)).to(logits)
    return f(x).unsqueeze(-1) * (x - torch.sigmoid(logits))


def arm(logits, f, rng):
    u = torch.rand(logits.shape, generator=rng, dtype=logits.dtype)
    same, opposite = (u < torch.sigmoid(logits)).to(logits), (u > torch.sigmoid(-logits)).to(logits)
    return (f(opposite) - f(same)).unsqueeze(-1) * (u - 0.5)


class MovingAverage:
    """REINFORCE with a moving average as baseline that takes in the current loss before it is used: 5 % short."""

    def __init__(self):
        self.average = 0.0

    def __call__(self, logits, f, rng):
        x = (torch.rand(logits.shape, generator=rng, dtype=logits.dtype) < torch.sigmoid(logits)).to(logits)
        self.average = 0.95 * self.average + 0.05 * float(f(x))
        return (f(x) - self.average) * (x - torch.sigmoid(logits))


@pytest.mark.parametrize("states", (BITS, SIGNS))
def test_exact_gradient_is_that_of_the_network(states):
    torch.testing.assert_close(enumerated(multi_affine, torch.tensor(LOGITS, dtype=torch.float64), states),
                               exact_gradient(vector(multi_affine, states=states)))


@pytest.mark.parametrize("estimate", (reinforce, arm))
@pytest.mark.parametrize("dtype", (torch.float64, torch.float32))
def test_right_estimates_pass(estimate, dtype):
    found = assert_unbiased(estimate, loss, A.to(dtype), resolution=0.02)
    assert found.outcome == "unbiased"
    assert found.bound <= 0.02
    assert abs(found.scale) < found.scale_error * 2
    assert "unbiased: any bias is below" in str(found)


@pytest.mark.parametrize(("factor", "said"), ((-1.0, "-"), (0.95, "0.9"), (0.0, "-?0.0"), (1.1, "1.")))
def test_wrong_estimates_are_told_with_their_size(factor, said):
    with pytest.raises(AssertionError, match=rf"^biased: .*z = .*along the gradient {said}"):
        assert_unbiased(lambda *given: factor * reinforce(*given), loss, A)


def test_baseline_with_the_current_loss_is_five_percent_short():
    found = judge(MovingAverage(), loss, A, rows=60_000, resolution=0.01, batched=False)
    assert found.outcome == "biased"
    assert abs(found.scale + 0.05) < 2 * found.scale_error < 0.04


def test_bias_that_cannot_be_seen_is_not_denied():
    """Two per cent with too few rows: neither verdict, and the bound admits it; with enough rows it is seen."""
    def slightly_short(*given):
        return 0.98 * arm(*given)

    few, many = (judge(slightly_short, loss, A, rows=rows, resolution=0.005) for rows in (2000, 1 << 20))
    assert (few.outcome, few.rows, many.outcome) == ("cannot tell", 2000, "biased")
    assert few.bound > 0.02
    with pytest.raises(AssertionError, match="cannot tell with 2000 rows"):
        assert_unbiased(slightly_short, loss, A, rows=2000, resolution=0.005)


def test_false_alarms():
    """100 runs of an unbiased estimate at false_alarm = 1e-3: 0.1 alarms expected at most, of bias or of dependence."""
    found = [judge(reinforce, loss, A, rows=1 << 13, resolution=1e-4, false_alarm=1e-3, seed=seed).outcome for seed in range(100)]
    assert found.count("cannot tell") >= 99


def test_estimates_without_variance():
    exact = enumerated(loss, A)
    assert judge(lambda logits, f, rng: exact.expand(logits.shape), loss, A).rows == 1024
    assert judge(lambda logits, f, rng: exact.expand(logits.shape) * 1.001, loss, A).outcome == "biased"
    assert judge(lambda logits, f, rng: torch.zeros_like(logits), lambda x: 0 * x.sum(-1) + 3, A).outcome == "unbiased"


def test_rare_states_are_waited_for():
    """A unit that is on once in 160 000 rows, and then matters: what was seen without it proves nothing."""
    saturated = torch.tensor([0.3, -12.0], dtype=torch.float64)

    def rare(x):
        return x[..., 0] + 1000 * x[..., 1]

    with pytest.raises(AssertionError, match="cannot tell with 65536 rows: a unit's rarer state has probability 6e-06 and was hardly seen"):
        assert_unbiased(reinforce, rare, saturated, rows=1 << 16)


def test_estimates_that_draw_from_the_global_generator_are_reproduced():
    state = torch.get_rng_state()

    def careless(logits, f, rng):
        x = torch.bernoulli(torch.sigmoid(logits))
        return f(x).unsqueeze(-1) * (x - torch.sigmoid(logits))

    assert judge(careless, loss, A) == judge(careless, loss, A)
    assert torch.equal(state, torch.get_rng_state())


