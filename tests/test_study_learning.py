"""The studies of classification and of latent weights: complete in seconds, their best rates are the best by validation, their page is
that of the table."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import choosing_page, latent, latent_rate
from straightedge.analysis.figure.lesson import best, mean, reached
from straightedge.analysis.store.place import checkout
from straightedge.estimators.network.error import InputError
from straightedge.experiments import classification, latent_weights
from straightedge.experiments.command.main import run
from straightedge.experiments.command.stamp import stamped
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


def measured(study, folder):
    """The table of a smoke run, without its pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perform, "draw", lambda *arguments: False)
        return read(perform.perform(study, study.smoke, jobs=1, results=folder).folder / "summary.csv")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """The table of classification's smoke run."""
    return measured(classification.STUDY, tmp_path_factory.mktemp("classification"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The table of the smoke run of latent weights."""
    return measured(latent_weights.STUDY, tmp_path_factory.mktemp("latent"))


def test_classification(learned):
    found = classification.methods(learned)
    assert len(found) == 2 * 2 * 2, "networks, noises, rules"
    assert found.error.between(0, 1).all() and (found.low <= found.error).all() and (found.error <= found.high).all()
    shown = classification.tables(learned)
    assert len(shown) == 8 and set(shown.columns) >= {"rule", "likeliest", "ensemble"}
    for picture in classification.STUDY.figures.values():
        close(picture.figure(learned))


def test_the_page_is_complete(learned):
    text = choosing_page.page(learned)
    assert "nan" not in text and text.count("\n## ") == 5


def test_the_committed_page_is_the_tables():
    assert stamped(checkout() / "docs" / "noise.md", "noise"), "`make page` writes it anew"


def test_the_rate_is_chosen_by_validation_and_the_error_is_the_tests():
    """Two rates of which the better on the test part is the worse on the other: it is not taken."""
    rows = pd.DataFrame([{"label": "a", "rate": rate, "loss": 1.0, "validation_mean": first, "test_mean": second, "test_mean_error": 0.01,
                          "test_mean_seeds": 3} for rate, first, second in ((0.1, 0.2, 0.1), (0.2, 0.1, 0.3))])
    found = best(rows, "mean", ("label",)).iloc[0]
    assert found.rate == 0.2 and found.error == 0.3 and found.high - found.error == pytest.approx(4.302653 * 0.01)
    value, half = mean(pd.DataFrame([{"error": 0.2, "deviation": 0.03, "seeds": 3}, {"error": 0.4, "deviation": 0.04, "seeds": 3}]))
    assert value == pytest.approx(0.3) and half == pytest.approx(2.776445 * 0.025), "t of four degrees of freedom"


def test_every_course_is_in_the_table(learned):
    cells = classification.cells(classification.SMOKE)
    assert len(reached(learned)) == len(cells) == learned.key.nunique()


def test_latent_weights(weights):
    assert latent.ends(weights).key.nunique() == len(latent_weights.cells(latent_weights.SMOKE))
    assert {name: len(part) for name, (part, *_) in latent_weights.networks(weights).items()} == {
        "4 weights": 4, "digits": 2, "digits, binary units": 2}
    line = latent.along(weights, weights[weights.problem_units == 1].key.iloc[0], "objective")
    assert line.index.min() == 0 and line.index.max() == 8 and np.isfinite(line).all()
    assert len(latent_weights.tables(weights)) == 6
    for picture in latent_weights.STUDY.figures.values():
        close(picture.figure(weights))


def test_the_exponent_is_that_of_the_halfway_rates():
    """Losses that fall from 1 to 0 along a line in log rate, later with the square of the scale; a bump behind counts for nothing."""
    rates = 2.0 ** np.arange(-4, 12)
    lines = {scale: pd.Series(np.clip(1 - np.log2(rates / scale**2) / 4, 0, 1), rates) for scale in (1.0, 2.0, 4.0)}
    assert latent.halfway(lines[1.0], 1.0) == pytest.approx(4) and latent_rate.grown(lines) == pytest.approx(2)
    bumped = lines[1.0].copy()
    bumped.iloc[-1] = 0.9
    assert latent.halfway(bumped, 1.0) == pytest.approx(4)
    assert np.isnan(latent.halfway(pd.Series([0.1, 1.0], [1.0, 2.0]), 1.0))


@pytest.mark.parametrize(("options", "words"), ((["--noises", "cauchy"], "unknown noise"), (["--images", "nowhere"], "no such folder")))
def test_what_cannot_be_trained_on_is_one_sentence(options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words) as found:
        run(["classification", "--smoke", "--jobs", "1", *options])
    assert "\n" not in str(found.value) and not list(tmp_path.rglob("summary.csv"))
