"""The ledger of claims: complete, decided as recorded, and able to come out otherwise."""

import pandas as pd
import pytest
import torch
from breakage import BREAKAGES, FACTORS, planned

from straightedge.analysis.claim import evidence
from straightedge.analysis.claim.evidence import Contradiction, moments_of, rows
from straightedge.analysis.claim.ledger import Decision, Finding, claims, decided, said
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import vector
from straightedge.analysis.store.place import checkout
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.sampled

RECORDED = pd.read_csv(checkout() / "results" / "claims" / "claims.csv", keep_default_na=False).set_index("claim")
PAIRS = [(name, kind) for name, one in claims().items() for kind in one.about]


def test_the_recorded_ledger_has_every_claim_once():
    assert RECORDED.index.is_unique and list(RECORDED.index) == list(claims())
    assert list(RECORDED) == ["statement", "where", "computation", "number", "error", "decision", "condition"]
    for one in claims().values():
        assert one.statement.endswith(".") and one.where
        assert one.about and all(issubclass(kind, Estimator) for kind in one.about)


@pytest.mark.parametrize("name", claims())
def test_a_claim_comes_out_as_recorded(name):
    finding, number = claims()[name](), RECORDED.loc[name, "number"]
    assert finding.decision.value == RECORDED.loc[name, "decision"]
    if number == "0 (to rounding)":
        assert said(finding.number) == number
    else:
        assert finding.number == pytest.approx(float(number), rel=0.006, abs=5 * finding.error)


def outcome(name: str) -> Decision | None:
    """What the claim says; None where it finds that an estimator contradicts itself."""
    try:
        return claims()[name]().decision
    except Contradiction:
        return None


@pytest.mark.parametrize(("name", "kind"), PAIRS, ids=[f"{name}-{kind.__name__}" for name, kind in PAIRS])
def test_a_claim_notices_a_broken_estimator(name, kind, monkeypatch):
    """Rows alone, moments alone, and both alike: zero, and 0.7 times what they should be.  A claim that fails must come to nothing."""
    unnoticed = []
    allowed = (None, Decision.FAILS) if RECORDED.loc[name, "decision"] != "fails" else (None,)
    for way, breakage in BREAKAGES.items():
        for factor in FACTORS if way != "moments" or planned(kind) else ():
            with monkeypatch.context() as patch:
                breakage(patch, kind, factor)
                if outcome(name) not in allowed:
                    unnoticed.append(f"{way} times {factor}")
    assert unnoticed == []


def test_rows_that_contradict_their_moments_are_refused(monkeypatch):
    network = Points((3, 3), points=10).build()
    moments_of(Arm(), network)
    BREAKAGES["rows"](monkeypatch, Arm, 0.7)
    with pytest.raises(Contradiction, match="z = "):
        moments_of(Arm(), network)


def test_rows_that_tell_nothing_are_refused(monkeypatch):
    for name in ("FEWEST", "MOST"):
        monkeypatch.setattr(evidence, name, 16)
    with pytest.raises(Contradiction, match="relative errors"):
        moments_of(Arm(), Points((3, 3), points=10).build())


def test_decided():
    assert decided(True, "", 1.0) == Finding(Decision.HOLDS, "", 1.0)
    assert decided(True, "", 1.0, only_if="so").decision is Decision.HOLDS_ONLY_IF
    assert decided(False, "", 1.0, only_if="so", instead="not") == Finding(Decision.FAILS, "", 1.0, 0.0, "not")
    assert len({decision.sentence for decision in Decision}) == len(Decision)


def test_rounding_is_written_as_zero():
    assert [said(number) for number in (4.26e-15, 0.0, 0, 3, 1.23456e-9)] == ["0 (to rounding)", "0 (to rounding)", "0", "3", "1.23e-09"]


def test_the_square_by_hand():
    """x^2 in {-1, +1}: the mean of 2 F' 2 x over both states, written out."""
    network = vector(torch.tensor([0.8], dtype=torch.float64), lambda x: x.square().sum(-1))
    p = torch.sigmoid(torch.tensor(0.8, dtype=torch.float64))
    by_hand = 2 * p * (1 - p) * (p * 2 - (1 - p) * 2)
    assert evidence.relative_bias(StraightThrough(), network) == pytest.approx(float(by_hand), rel=1e-12)
    assert float(exact_gradient(network).abs().max()) < 1e-15


def test_one_augmented_evaluation_by_hand():
    """E[f^2 (1 - 2 u)^2] over the states is that of many uniforms."""
    from straightedge.analysis.claim.antithetic import augmented_variance

    network = vector(torch.tensor([0.8, -0.3], dtype=torch.float64), lambda x: (x[..., 0] + 0.5 * x[..., 0] * x[..., 1] + 2).square())
    u = torch.rand(1 << 18, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    value = network.loss.function(2 * (u < torch.sigmoid(network.theta)).double() - 1)
    drawn = (value.unsqueeze(1) * (1 - 2 * u)).var(0).sum()
    assert augmented_variance(network) == pytest.approx(float(drawn), rel=0.01)
    assert rows(Arm(), network).shape == (256, 2)


@pytest.mark.parametrize("page", ("README.md", "docs/claims.md"))
def test_pages_count_the_statements(page):
    assert f"{len(claims())} statements" in (checkout() / page).read_text()


def test_the_page_names_what_does_not_simply_hold():
    """As many as the ledger has, and the number of those that hold."""
    page, counts = (checkout() / "docs" / "claims.md").read_text(), RECORDED.decision.value_counts()
    assert page.count("\n* *") == counts["holds only if"] + counts["fails"] and f"\n{counts['holds']} hold. " in page
