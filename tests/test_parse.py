"""From words to values, and the sentences for words that mean nothing."""

import pytest

from straightedge.estimators.catalogue.spelling import estimator_of, label_of
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.network.error import InputError
from straightedge.estimators.reinforce import Reinforce
from straightedge.experiments.runner.listing import study_of


def test_estimators():
    assert estimator_of("reinforce") == Reinforce()
    assert estimator_of("reinforce:baseline=leave_one_out,samples=4") == Reinforce(baseline="leave_one_out", samples=4)
    assert estimator_of("gumbel_softmax:tau=0.25") == GumbelSoftmax(tau=0.25)
    assert label_of(estimator_of("reinforce:baseline=leave_one_out,samples=4")) == "reinforce (baseline=leave_one_out, samples=4)"


@pytest.mark.parametrize(("text", "words"), [
    ("strait_through", "did you mean straight_through"), ("zzzzqqq", "expected one of"),
    ("reinforce:baselin=none", "did you mean baseline"), ("reinforce:samples", "expected samples=VALUE"),
    ("reinforce:samples=x", "expected a whole number"), ("reinforce:baseline=best", "expected one of none"),
    ("reinforce:baseline=leave_one_out", "too few"), ("arm:tau=1", "no hyper-parameters"), ("gumbel_softmax:tau=-1", "tau")])
def test_refusals(text, words):
    with pytest.raises(InputError, match=words):
        estimator_of(text)


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(InputError, match="bias_variance"):
        study_of("bias_varianse")
