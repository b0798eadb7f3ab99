"""From words to values, and the sentences for words that mean nothing."""

import pytest

from estimators.error import InputError
from estimators.gumbel_softmax import GumbelSoftmax
from estimators.reinforce import Reinforce
from experiments.cell import label
from experiments.parse import estimator, study


def test_estimators():
    assert estimator("reinforce") == Reinforce()
    assert estimator("reinforce:baseline=leave_one_out,samples=4") == Reinforce(baseline="leave_one_out", samples=4)
    assert estimator("gumbel_softmax:tau=0.25") == GumbelSoftmax(tau=0.25)
    assert label(estimator("reinforce:baseline=leave_one_out,samples=4")) == "reinforce (baseline=leave_one_out, samples=4)"


@pytest.mark.parametrize(("text", "words"), [
    ("strait_through", "did you mean straight_through"), ("zzzzqqq", "expected one of"),
    ("reinforce:baselin=none", "did you mean baseline"), ("reinforce:samples", "expected samples=VALUE"),
    ("reinforce:samples=x", "expected a whole number"), ("reinforce:baseline=best", "expected one of none"),
    ("reinforce:baseline=leave_one_out", "too few"), ("arm:tau=1", "no hyper-parameters"), ("gumbel_softmax:tau=-1", "tau")])
def test_refusals(text, words):
    with pytest.raises(InputError, match=words):
        estimator(text)


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(InputError, match="bias_variance"):
        study("bias_varianse")
