"""The ledger of claims: complete, decided as recorded, and able to come out otherwise."""

import pandas as pd
import pytest
import torch

from straightedge.analysis.claim import layer as claim_layer
from straightedge.analysis.claim import ledger as claim
from straightedge.analysis.claim.ledger import Finding, claims, decided, statement
from straightedge.analysis.problem.function import vector
from straightedge.analysis.store.place import checkout
from straightedge.estimators.identity import Identity
from straightedge.estimators.sum.expectation import exact_gradient

RECORDED = pd.read_csv(checkout() / "results" / "claims" / "claims.csv", keep_default_na=False).set_index("claim")


def test_the_recorded_ledger_has_every_claim_once():
    assert RECORDED.index.is_unique and list(RECORDED.index) == list(claims())
    for function in claims().values():
        text, where = statement(function)
        assert text.endswith(".") and where


@pytest.mark.parametrize("name", claims())
def test_a_claim_comes_out_as_recorded(name, monkeypatch):
    finding = claims()[name]()
    assert finding.verdict == RECORDED.loc[name, "verdict"]
    if abs(float(RECORDED.loc[name, "number"])) > 1e-4:
        assert finding.number == pytest.approx(float(RECORDED.loc[name, "number"]), rel=0.006, abs=5 * finding.error)


def test_a_false_claim_fails(monkeypatch):
    monkeypatch.setattr(claim_layer, "StraightThrough", Identity)
    assert claim_layer.multi_affine().verdict == claim_layer.square_counterexample().verdict == "fails"


def test_decided():
    assert decided(True, "", 1.0) == Finding("holds", "", 1.0)
    assert decided(True, "", 1.0, only_if="so").verdict == "holds only if"
    assert decided(False, "", 1.0, only_if="so", instead="not") == Finding("fails", "", 1.0, 0.0, "not")


def test_the_square_by_hand():
    """x^2 in {-1, +1}: the mean of 2 F' 2 x over both states, written out."""
    network = vector(torch.tensor([0.8], dtype=torch.float64), lambda x: x.square().sum(-1))
    p = torch.sigmoid(torch.tensor(0.8, dtype=torch.float64))
    by_hand = 2 * p * (1 - p) * (p * 2 - (1 - p) * 2)
    assert claim.relative_bias(claim_layer.StraightThrough(), network) == pytest.approx(float(by_hand), rel=1e-12)
    assert float(exact_gradient(network).abs().max()) < 1e-15


@pytest.mark.parametrize("page", ("README.md", "docs/claims.md"))
def test_pages_count_the_statements(page):
    assert f"{len(claims())} statements" in (checkout() / page).read_text()


def test_the_page_names_what_holds_under_conditions():
    """As many as the ledger has, and the number of those that hold."""
    page, counts = (checkout() / "docs" / "claims.md").read_text(), RECORDED.verdict.value_counts()
    assert page.count("\n* *") == counts["holds only if"] and f"\n{counts['holds']} hold. " in page and "fails" not in counts
