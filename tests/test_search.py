"""The search for a rule: its moments are those of the rules that it contains, its gradient is its value's, what it finds is better."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.lesson.search import KINDS, Search, efficiency, free, known, shaped, tempered, value
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.teacher import Teacher
from straightedge.estimators.free_form import FreeForm
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.moment.free import FreePlan
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.margin import MARGINS, interpolated
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tempered import Tempered
from straightedge.experiments import search as study
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.exact
TRAINED = Points((3, 4), points=12, steps=60)
NETWORK = TRAINED.build()
LOGS = tuple(np.linspace(0.9, -0.6, len(MARGINS)))


def shape(g, h):
    """That of tempered straight-through."""
    return tempered(*torch.tensor([g, h], dtype=torch.float64))


def spelled(logs):
    """As the hyper-parameter has them."""
    return "/".join(map(str, logs))


def same(a, b):
    """Moments are equal to rounding."""
    return torch.allclose(a.mean, b.mean, rtol=1e-9, atol=1e-14) and torch.allclose(a.variance, b.variance, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize(("g", "h"), ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.25, 0.5)))
def test_moments_of_a_shape_are_those_of_its_rule(g, h):
    """Found by another path: the rule's own derivative, differentiated; other exponents have others."""
    found = FreePlan(NETWORK, StraightThrough(), (shape(g, h),) * 2).moments()
    assert same(found, exact_moments(Tempered(g, h), NETWORK))
    assert not same(FreePlan(NETWORK, StraightThrough(), (shape(g, h), shape(0.9 * g + 0.05, h))).moments(), found)


@pytest.mark.parametrize("noise", ("logistic", "normal", "uniform"))
def test_a_table_as_a_rule_has_the_moments_of_its_shape(noise):
    network = replace(TRAINED, noise=noise, steps=0, scale=2.0).build()
    values, rule = torch.tensor(LOGS, dtype=torch.float64), exact_moments(FreeForm(spelled(LOGS)), network)
    assert same(FreePlan(network, StraightThrough(), (free(values),) * 2).moments(), rule)
    assert not same(FreePlan(network, StraightThrough(), (free(values + 0.01),) * 2).moments(), rule)


def test_a_table_without_slope_is_the_identity_scaled():
    flat = FreeForm(spelled((0.0,) * len(MARGINS)))
    assert same(exact_moments(flat, NETWORK), exact_moments(Tempered(0.0, 1.0), NETWORK))


def test_between_margins_the_table_is_linear():
    t = torch.tensor([-100.0, -9.0, -7.5, 0.0, 3.25, 100.0], dtype=torch.float64)
    margins, values = (torch.tensor(part, dtype=torch.float64) for part in (MARGINS, LOGS))
    np.testing.assert_allclose(interpolated(t, margins, values).numpy(), np.interp(t.numpy(), MARGINS, LOGS), rtol=1e-12)


@pytest.mark.parametrize("form", ("exponents", "exponents_by_layer", "free", "free_by_layer"))
def test_the_gradient_is_that_of_the_value(form):
    """Against central differences; the last layer's parameters stand last."""
    one = torch.tensor([0.4, 0.7], dtype=torch.float64) if form.startswith("exponents") else torch.tensor(LOGS, dtype=torch.float64)
    parameters = [(one + 0.1 * place).requires_grad_() for place in range(2 if "layer" in form else 1)]
    efficiency(TRAINED, parameters, form, 10).backward()
    for place, part in enumerate(parameters):
        for entry in range(0, len(part), 3):
            moved = []
            for step in (1e-5, -1e-5):
                others = [other.detach().clone() for other in parameters]
                others[place][entry] += step
                moved.append(value(TRAINED, others, form, 10))
            assert float(part.grad[entry]) == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-5, abs=1e-9)


def test_efficiency_is_its_definition():
    parameters = [torch.tensor([1.0, 0.0], dtype=torch.float64)]
    moments, gradient, parts = exact_moments(Tempered(1.0, 0.0), NETWORK), exact_gradient(NETWORK), []
    for name in ("layer0", "layer1"):
        where = NETWORK.groups[name]
        g, mean = gradient[where].numpy(), moments.mean[where].numpy()
        parts.append((g @ mean) ** 2 / (g @ g) / (mean @ mean + moments.trace(where) / 7))
    assert value(TRAINED, parameters, "exponents", 7) == pytest.approx(np.mean(parts), rel=1e-9)
    assert value(TRAINED, parameters, "exponents", 8) != pytest.approx(np.mean(parts), rel=1e-4)


@pytest.mark.study
def test_what_is_found_is_better(monkeypatch):
    """On the networks that it is found on; where every network has its own, on all."""
    monkeypatch.setitem(KINDS, "digits", Points((3, 3), points=10))
    heard = []
    task = Search("exponents", 10, 30, ("digits",))
    begin = np.mean([value(one, [torch.tensor([0.25, 0.5], dtype=torch.float64)], "exponents", 10) for one in task.problems()[::2]])
    found, = task.learn(Tempered(), 1, lambda steps, loss: heard.append(loss))
    assert found["all"]["fit"] > begin and len(heard) == 30 and all(0 < loss < 1 for loss in heard)
    own, = Search("own", 10, 90, ("digits",)).learn(Tempered(), 1, lambda steps, loss: None)
    assert own["all"]["judged"] > found["all"]["judged"]
    assert len(own) == 1 + 3 and set(found) == {"all", "layer0", "layer1", *(one.name for one in task.problems()[1::2])}


def test_a_network_is_made_once():
    assert known(TRAINED)[0] is known(TRAINED)[0] and len(shaped([torch.zeros(13)], "free", 3)) == 3


@pytest.mark.unit
def test_what_cannot_be_searched_is_refused():
    with pytest.raises(ProblemError, match="kinds of moons"):
        Search(kinds=("mons",))
    with pytest.raises(ProblemError, match="two networks at least"):
        Search(networks=1)
    with pytest.raises(ProblemError, match="expected tempered straight-through"):
        Search().learn(StraightThrough(), 1, print)
    for logs in ("0/1", "0/0/0/0/0/0/0/0/0/0/0/0/x", "0/0/0/0/0/0/0/0/0/0/0/0/nan"):
        with pytest.raises(InputError, match="expected 13 numbers"):
            FreeForm(logs)


def test_a_teacher_labels_as_its_layers_say():
    """By hand: signs of the layers' sums; half of the points are of each class, and other seeds have other teachers."""
    problem = Teacher((3, 2), inputs=4, points=40, seed=5)
    x, y, classes = problem.data()
    rng = torch.Generator().manual_seed(5 + (1 << 20))
    sizes, state = (4, 3, 2, 1), x
    weights = [torch.randn(o, i, generator=rng, dtype=torch.float64).numpy() / i**0.5 for i, o in zip(sizes, sizes[1:], strict=False)]
    biases = [0.3 * torch.randn(o, generator=rng, dtype=torch.float64).numpy() for o in sizes[1:]]
    for place in range(2):
        state = np.sign(state @ weights[place].T + biases[place])
    z = (state @ weights[2].T + biases[2])[:, 0]
    assert classes == 2 and (y == (z > np.sort(z)[19])).all() and 0 < y.sum() <= 20
    assert not (Teacher((3, 2), inputs=4, points=40, seed=6).data()[1] == y).all() and problem.build().inputs.shape == (40, 4)
    with pytest.raises(ProblemError, match="expected 1 and 2 at least"):
        Teacher(points=1).data()


@pytest.mark.study
def test_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(KINDS, "digits", Points((3, 3), points=10))
    config = replace(study.SMOKE, forms=("exponents", "own"))
    table = read(perform.perform(study.STUDY, config, jobs=1).folder / "summary.csv")
    found = study.efficiencies(table)
    assert len(found) == (2 + 2) * 2 * 3, "two forms and two rules, two numbers of estimates, three networks"
    assert not found.duplicated(["name", "draws", "network"]).any() and found.efficiency.between(0, 1).all()
    means = study.tables(table)
    assert set(means.index) == {"two exponents", "ceiling, own to each network", "straight-through", "ZGR"}
    drawing = study.figure(table)
    assert len(drawing.axes) == 4
    close(drawing)
    assert "two exponents reaches" in study.said(table).answer and "nan" not in study.said(table).answer
    broken = found.assign(efficiency=found.efficiency.where(found.index > 0))
    name, number = broken.name.iloc[0], int(broken.draws.iloc[0])
    assert np.isnan(study.means_of(broken, number)[name]) and study.means_of(found, number).notna().all()
