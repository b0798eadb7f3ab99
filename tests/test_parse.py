"""From words to values, and the sentences for words that mean nothing."""

from dataclasses import fields

import pytest

from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.catalogue.spelling import estimator_of, estimators_of, label_of
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.network.error import InputError
from straightedge.estimators.reinforce import Reinforce
from straightedge.experiments.runner.listing import study_of

pytestmark = pytest.mark.unit


def test_estimators():
    assert estimator_of("reinforce") == Reinforce()
    assert estimator_of("reinforce:baseline=leave_one_out,samples=4") == Reinforce(baseline="leave_one_out", samples=4)
    assert estimator_of("gumbel_softmax:tau=0.25") == GumbelSoftmax(tau=0.25)
    assert label_of(estimator_of("reinforce:baseline=leave_one_out,samples=4")) == "reinforce (baseline=leave_one_out, samples=4)"


def test_sweeps():
    assert [one.tau for one in estimators_of("gumbel_softmax:tau=0.1,0.2,0.5")] == [0.1, 0.2, 0.5]
    pairs = [(one.forward, one.backward) for one in estimators_of("decoupled_st_gumbel:forward=1,2,backward=3,4")]
    assert pairs == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert len(estimators_of("gumbel_softmax:tau=0.1,0.1")) == 1
    with pytest.raises(InputError, match="expected one estimator"):
        estimator_of("gumbel_softmax:tau=0.1,0.2")


@pytest.mark.parametrize("name", registry())
def test_every_hyper_parameter_can_be_said(name):
    """The default of every field, in words, gives the estimator back; None as well, where a field may be None."""
    kind = registry()[name]
    for field in fields(kind):
        if field.name in ("constant", "learning_seed", "learning_samples") and name == "reinforce":
            continue  # of no effect with the other defaults
        assert estimator_of(f"{name}:{field.name}={field.default}") == kind()
    assert estimator_of("rebar:tau=0.3").tau == 0.3 and estimator_of("gapped_st:gap=none").gap is None


@pytest.mark.parametrize(("text", "words"), [
    ("reinforce:constant=5", "has no effect"), ("reinforce:baseline=leave_one_out,samples=4,learning_seed=3", "have no effect"),
    ("reinforce:baseline=constant,constant=nan", "finite"), ("gumbel_softmax:tau=inf", "finite"), ("rebar:tau=x", "expected a number"),
    ("gumbel_softmax:tau=0.1,tau=0.2", "given twice"), ("reinforce:samples=2.5", "whole number"),
    ("strait_through", "did you mean straight_through"), ("zzzzqqq", "expected one of"),
    ("reinforce:baselin=none", "did you mean baseline"), ("reinforce:samples", "expected samples=VALUE"),
    ("reinforce:samples=x", "expected a whole number"), ("reinforce:baseline=best", "expected one of none"),
    ("reinforce:baseline=leave_one_out", "too few"), ("psa:tau=1", "no hyper-parameters"), ("gumbel_softmax:tau=-1", "tau")])
def test_refusals(text, words):
    with pytest.raises(InputError, match=words):
        estimator_of(text)


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(InputError, match="bias_variance"):
        study_of("bias_varianse")
