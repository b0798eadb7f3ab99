"""A noise's functions have one derivative, its own, at kinks and in the tails, by whatever way autograd takes."""

from pathlib import Path

import mpmath as mp
import pytest
import torch

from straightedge.analysis.problem.archive import Archive
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network import noise as noises
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.network.network import SIGNS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.exact

CASES = Path(__file__).resolve().parents[2] / "shared" / "data" / "cases"
A = torch.tensor([-50.0, -36.0, -9.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 9.0, 36.0, 50.0], dtype=torch.float64)
KINKS = {"uniform": {-1.0: 0.0, 1.0: 0.0, 0.0: 0.5}, "triangular": {0.0: 0.5, -2.0: 0.0, 2.0: 0.0, 1.0: 0.25}}


def derivatives(function, a):
    """By every way that autograd is used here."""
    leaf = a.clone().requires_grad_()
    yield torch.autograd.grad(function(leaf).sum(), leaf)[0]
    yield torch.autograd.grad(function(leaf).sum(), leaf, create_graph=True)[0].detach()
    yield -torch.autograd.grad(function(-leaf).sum(), leaf)[0].flip(0)  # of an even derivative at mirrored points
    yield torch.func.vmap(torch.func.grad(function))(a)
    yield torch.func.grad(lambda v: torch.func.vmap(function)(v).sum())(a)
    yield torch.autograd.functional.jacobian(function, a, vectorize=True).diagonal()


@pytest.mark.parametrize("name", NOISES)
def test_cdf_has_the_density(name):
    noise = NOISES[name]
    for found in derivatives(noise.cdf, A):
        assert torch.equal(found.abs(), noise.density(A))
    for at, right in KINKS.get(name, {}).items():
        assert float(noise.density(torch.tensor(at))) == right


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("name", NOISES)
def test_logit_and_quantile(name):
    noise, u = NOISES[name], torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9], dtype=torch.float64)
    inside = A[noise.density(A) > 0]
    by_quantile = 1 / noise.density(noise.quantile(u))
    for function, at, right in ((noise.logit, inside, noise.logit_slope(inside)), (noise.quantile, u, by_quantile)):
        found = list(derivatives(function, at))
        for one in (*found[:2], *found[3:]):
            assert torch.equal(one, right)
    assert bool(torch.isfinite(noise.logit_slope(A)).all())


@pytest.mark.parametrize("name", NOISES)
def test_a_second_derivative(name):
    noise, a = NOISES[name], torch.tensor([-0.9, -0.3, 0.4, 0.8], dtype=torch.float64)
    step = 1e-5
    numeric = (noise.density(a + step) - noise.density(a - step)) / (2 * step)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(torch.func.grad(noise.cdf)))(a), numeric, rtol=1e-6, atol=1e-9)


def test_tails_have_their_digits():
    mp.mp.dps = 40
    a = torch.linspace(-37, 37, 75, dtype=torch.float64)
    right = {"logistic": lambda v: 1 / (1 + mp.exp(-v)), "normal": lambda v: mp.erfc(-v / mp.sqrt(2)) / 2}
    for name, function in right.items():
        noise = NOISES[name]
        truth = torch.tensor([float(function(mp.mpf(v))) for v in a.tolist()], dtype=torch.float64)
        density = {"logistic": lambda v, f=function: f(v) * f(-v), "normal": lambda v: mp.exp(-v * v / 2) / mp.sqrt(2 * mp.pi)}[name]
        slope = torch.tensor([float(density(mp.mpf(v)) / function(mp.mpf(v))) for v in a.tolist()], dtype=torch.float64)
        torch.testing.assert_close(noise.cdf(a), truth, rtol=2e-13, atol=0)
        torch.testing.assert_close(noise.score(a, torch.ones_like(a, dtype=torch.bool)), slope, rtol=1e-12, atol=0)
        torch.testing.assert_close(noise.score(a, torch.zeros_like(a, dtype=torch.bool)), -slope.flip(0), rtol=1e-12, atol=0)
    assert not torch.allclose(torch.special.ndtr(a), truth, rtol=1e-3, atol=0)  # the comparison can fail


@pytest.mark.parametrize("name", NOISES)
def test_difference(name):
    noise = NOISES[name]
    high, low = torch.tensor([1.7, 0.4, -1.2], dtype=torch.float64), torch.tensor([1.5, -0.3, -1.8], dtype=torch.float64)
    torch.testing.assert_close(noise.difference(high, low), noise.cdf(high) - noise.cdf(low), rtol=1e-12, atol=1e-16)
    torch.testing.assert_close(noise.difference(low, high), noise.difference(-high, -low), rtol=1e-12, atol=0)
    if name == "logistic":
        far = noise.difference(torch.tensor([41.0]).double(), torch.tensor([40.0]).double())
        assert float(far) == pytest.approx(float(mp.exp(-40) - mp.exp(-41)), rel=1e-12)


def test_straight_through_on_a_kink():
    """One unit at a = 0 under triangular noise, two classes: the truth is F'(0) (f(1) - f(-1)), straight-through F'(0) (f'(1) + f'(-1))."""
    mp.mp.dps = 40
    nothing, w, b = torch.zeros(1, 0, dtype=torch.float64), torch.tensor([[1.0], [-1.0]]).double(), torch.tensor([0.3, 0.0]).double()
    network = Network.of([nothing.new_empty(1, 0), w], [nothing.new_zeros(1), b], nothing, torch.zeros(1, dtype=torch.long), CrossEntropy(),
                         NOISES["triangular"], SIGNS)
    loss = lambda x: mp.log(1 + mp.exp(-2 * x - mp.mpf(float(b[0]))))  # noqa: E731
    truth = float((loss(mp.mpf(1)) - loss(mp.mpf(-1))) / 2)
    mean = float((mp.diff(loss, 1) + mp.diff(loss, -1)) / 2)
    assert float(exact_gradient(network)[0]) == pytest.approx(truth, rel=1e-12)
    assert float(exact_moments(StraightThrough(), network).mean[0]) == pytest.approx(mean, rel=1e-12)


def test_the_published_case():
    if not (CASES / "zero.npz").is_file():
        pytest.skip(f"LOUD: {CASES / 'zero.npz'} is absent, so what was reported is not held against its numbers here")
    network = Archive(str(CASES / "zero.npz"), noise="triangular").build()
    layer = network.groups["layer0"]
    gradient = exact_gradient(network)[layer]
    bias = (exact_moments(StraightThrough(), network).mean[layer] - gradient).norm() / gradient.norm()
    assert float(bias) == pytest.approx(0.0570, abs=5e-5)


def test_formulas_alone_would_fail(monkeypatch):
    """What autograd makes of the formulas at the kinks and in the tails."""
    monkeypatch.setattr(noises.Triangular, "cdf", noises.Triangular.cdf.__wrapped__)
    monkeypatch.setattr(noises.Logistic, "cdf", noises.Logistic.cdf.__wrapped__)
    for name in ("triangular", "logistic"):
        assert not torch.equal(next(derivatives(NOISES[name].cdf, A)), NOISES[name].density(A))
