"""A discrete variational autoencoder of 12 bits as its users write it: its ELBO's gradient is exact, held against a sum over all codes,
and unbiased estimators are so for a loss that holds the encoder's own parameters in log q."""

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

import straightedge as se
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.sum.truth import exact_gradient

BITS = 12


class Autoencoder(nn.Module):
    """Pixels -> bits -> pixels."""

    def __init__(self):
        super().__init__()
        self.encoder, self.units, self.decoder = nn.Linear(3, BITS), se.Bernoulli(states=(0, 1)), nn.Linear(BITS, 3)

    def negative_elbo(self, x, a, b):
        """log q(b | x) - log p(b) - log p(x | b), of each data point."""
        log_q = (b * logsigmoid(a) + (1 - b) * logsigmoid(-a)).sum(-1)
        z = self.decoder(b)
        likelihood = -binary_cross_entropy_with_logits(z, x.expand_as(z), reduction="none").sum(-1)
        return log_q + BITS * torch.log(torch.tensor(2.0, dtype=a.dtype)) - likelihood

    def forward(self, x):
        a = self.encoder(x)
        return a, self.units(a)


def loss(model, x, y):
    return model.negative_elbo(x, *model(x))


@pytest.fixture(scope="module")
def given():
    torch.manual_seed(2)
    model = Autoencoder().double()
    x = torch.randint(0, 2, (2, 3)).double()
    return model, x, se.from_torch(model, x, x, loss=loss)


def summed(model, x):
    """The expected loss as a sum over all codes, differentiable."""
    codes = torch.tensor(list(product((0.0, 1.0), repeat=BITS)), dtype=torch.float64)[:, None]
    a = model.encoder(x)
    q = torch.where(codes > 0, a.sigmoid(), (-a).sigmoid()).prod(-1)
    return (q * model.negative_elbo(x, a, codes.expand(-1, len(x), -1))).sum(0).mean()


@pytest.mark.exact
def test_the_elbo_and_its_gradient_are_exact(given):
    model, x, problem = given
    truth = summed(model, x)
    parts = torch.autograd.grad(truth, list(model.parameters()))
    assert float(se.exact_loss(problem)) == pytest.approx(float(truth.detach()), rel=1e-12)
    found = problem.build()
    flat = torch.cat([part.reshape(-1) for part in parts])
    torch.testing.assert_close(exact_gradient(found), flat, rtol=1e-9, atol=1e-11)
    wrong = torch.autograd.grad(summed(model, x) - model.encoder.bias.sigmoid().mean(), list(model.parameters()), allow_unused=True)
    assert not torch.allclose(torch.cat([part.reshape(-1) for part in wrong]), flat, rtol=1e-3)


@pytest.mark.sampled
@pytest.mark.parametrize("spelled", ("reinforce:baseline=leave_one_out,samples=2", "disarm", "arm"))
def test_unbiased_estimators_are_so_for_the_elbo(given, spelled):
    """20 000 rows, 87 coordinates, 5.5 standard errors: one false alarm in 100 000; rows scaled by 0.9 are outside."""
    network = given[2].build()
    rows = estimator_of(spelled)(network, 20_000, torch.Generator().manual_seed(1)).detach()
    truth = exact_gradient(network)

    def score(drawn):
        return float(((drawn.mean(0) - truth).abs() / (drawn.std(0) / len(drawn) ** 0.5 + 1e-9)).max())

    assert score(rows) < 5.5 < score(0.9 * rows)
