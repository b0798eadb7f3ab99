"""The runner of studies: every combination once, resumed, redrawn only when needed, byte for byte the same."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.markdown import markdown
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import bias_variance, draws
from straightedge.experiments.command.study import perform_study
from straightedge.experiments.runner import manifest, perform
from straightedge.experiments.runner.listing import studies
from straightedge.experiments.runner.moved import moved

pytestmark = pytest.mark.study

CONFIG = bias_variance.Config((Points((2, 3), points=20), Points((2, 3), points=20, steps=20)), (StraightThrough(), MeanField()), 60, 3)


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


def snapshot(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()
            if path.is_file() and path.name != manifest.RUN}


def test_first_measures_then_does_nothing(results):
    first = perform.perform(bias_variance.STUDY, CONFIG, jobs=1)
    before = snapshot(first.folder)
    assert (first.measured, first.drawn) == (4, True)
    pictures = {f"figure{added}.{kind}" for added in figures.WIDTHS for kind in figures.FORMATS}
    assert {"summary.csv", "figure.txt", "table.md", "table.tex", "manifest.json"} | pictures == set(before)
    assert "To remember" in before["figure.txt"][0].decode() and b"\\toprule" in before["table.tex"][0]
    second = perform.perform(bias_variance.STUDY, CONFIG, jobs=1)
    assert (second.measured, second.drawn) == (0, False) and snapshot(second.folder) == before


def test_a_clone_without_cells_does_nothing_and_redraws_the_same_bytes(results):
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    before = snapshot(folder)
    for path in (folder / "cells").iterdir():
        path.unlink()
    again = perform.perform(bias_variance.STUDY, CONFIG, jobs=1)
    assert (again.measured, again.drawn) == (0, False) and snapshot(folder) == before
    (folder / "manifest.json").unlink()
    again = perform.perform(bias_variance.STUDY, CONFIG, jobs=1)
    assert (again.measured, again.drawn) == (0, True)
    assert {name: data for name, (data, _) in snapshot(folder).items()} == {name: data for name, (data, _) in before.items()}


@pytest.mark.parametrize("name", ("figure.png", "table.md", "figure-column.svg", "figure.txt"))
def test_a_damaged_file_is_drawn_anew(results, name):
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1])
    assert not manifest.is_current("bias_variance", folder)
    assert perform.perform(bias_variance.STUDY, CONFIG, jobs=1).drawn and (folder / name).read_bytes() == whole
    assert manifest.is_current("bias_variance", folder)


def test_pictures_carry_the_key_of_code_and_table(results):
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    made = f"straightedge {manifest.known(folder)['drawn']}".encode()
    assert all(made in (folder / f"figure.{kind}").read_bytes() for kind in figures.FORMATS)


def test_only_what_is_missing_is_measured(results):
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    table = read(folder / "summary.csv")
    gone = table.key.iloc[0]
    table[table.key != gone].to_csv(folder / "summary.csv", index=False)
    (folder / "cells" / f"{gone}.cell").unlink()
    again = perform.perform(bias_variance.STUDY, CONFIG, jobs=1)
    assert again.measured == 1
    pd.testing.assert_frame_equal(read(folder / "summary.csv"), table, check_dtype=False)


def test_anew_gives_the_same_numbers_and_moved_sees_a_change(results):
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    before = read(folder / "summary.csv")
    perform.perform(bias_variance.STUDY, CONFIG, jobs=1, anew=True)
    after = read(folder / "summary.csv")
    assert moved(before, after) == []
    changed = after.copy()
    row = changed.index[(changed.metric == "cosine") & (changed.error > 0)][0]
    changed.loc[row, "value"] += 10 * changed.loc[row, "error"]
    assert len(moved(before, changed)) == 1
    assert len(moved(before, after.drop(index=0))) == 1


def test_markdown_keeps_bars_inside_cells():
    assert markdown(pd.DataFrame({"|g|": ["a | b"]})) == "| \\|g\\| |\n| --- |\n| a \\| b |\n"


def test_columns_do_not_depend_on_history():
    """A table that grew, cell by cell, has its columns where one measured at once has them."""
    columns = ["problem", "label", "estimator", "tau", "problem_seed", "backward", "group", "metric", "value", "key"]
    frame = pd.DataFrame([range(len(columns))], columns=columns)
    shuffled = frame[[*columns[:3], "problem_seed", "backward", "tau", *columns[6:]]]
    assert list(perform.arranged(frame)) == list(perform.arranged(shuffled)) != columns
    assert list(perform.arranged(frame))[3:6] == ["problem_seed", "backward", "tau"]


def test_moved_compares_exact_with_exact_and_sampled_with_sampled(results):
    """The study of draws has both of each estimator; with every sampled error too small, one would be held to have moved to the other."""
    config = replace(draws.SMOKE, estimators=(StraightThrough(),), rows=60, draws=(1, 10))
    table = read(perform.perform(draws.STUDY, config, jobs=1).folder / "summary.csv")
    assert moved(table.assign(error=0.0), table.assign(error=0.0)) == []
    changed = table.copy()
    changed.loc[changed.index[(table.method == "exact") & (table.metric == "variance")][0], "value"] *= 1.01
    assert len(moved(table, changed)) == 1


def test_other_configurations_have_folders_of_their_own(results):
    assert perform.place(bias_variance.STUDY, bias_variance.Config(), results) == results / "bias_variance"
    assert perform.place(bias_variance.STUDY, bias_variance.SMOKE, results) == results / "smoke" / "bias_variance"
    assert perform.place(bias_variance.STUDY, replace(bias_variance.Config(), seeds=3), results).parent == results / "custom"


def test_a_failed_cell_leaves_the_others(results, monkeypatch):
    from straightedge.estimators.network.error import Failed
    from straightedge.experiments.runner import attempt

    whole = attempt.measure_cell

    def broken(cell, *rest):
        if isinstance(cell.estimator, MeanField):
            raise RuntimeError("broken")
        return whole(cell)

    monkeypatch.setattr(attempt, "measure_cell", broken)
    with pytest.raises(Failed, match="mean_field: RuntimeError: broken"):
        perform.perform(bias_variance.STUDY, CONFIG, jobs=1)
    monkeypatch.setattr(attempt, "measure_cell", whole)
    folder = perform.place(bias_variance.STUDY, CONFIG, results)
    assert len(list((folder / "cells").glob("*.cell"))) == 2 and not (folder / "summary.csv").exists()
    assert perform.perform(bias_variance.STUDY, CONFIG, jobs=1).measured == 4  # two of them read, two measured


def test_two_equal_cells_are_refused(results):
    with pytest.raises(ValueError, match="the same"):
        perform.perform(bias_variance.STUDY, replace(CONFIG, estimators=(MeanField(), MeanField())), jobs=1)


def test_bias_variance_draws_every_estimator_in_every_panel(results):
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    drawing = bias_variance.figure(read(folder / "summary.csv"))
    panel, = drawing.axes
    assert panel.get_title() == "points 2-3: initial → 20 steps"
    assert len(panel.containers) == 4  # two estimators on two networks
    assert len([text for text in panel.texts if getattr(text, "arrow_patch", None)]) == 2
    assert {text.get_text() for text in drawing.legends[0].get_texts()} == {"straight-through", "mean field"}


def test_bias_variance_shows_the_exact_bias(results):
    """Straight-through's, from moments found here, in the figure's numbers and in its table; mean field's is another."""
    folder = perform.perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    wide = bias_variance.relative(read(folder / "summary.csv")).set_index(["problem", "label", "group"])
    for problem in CONFIG.problems:
        network = problem.build()
        truth = exact_gradient(network)
        exact = float((exact_moments(StraightThrough(), network).mean - truth).norm() / truth.norm())
        assert wide.loc[(problem.name, "straight_through", "all"), "bias"] == pytest.approx(exact, rel=1e-4)
        assert wide.loc[(problem.name, "mean_field", "all"), "bias"] != pytest.approx(exact, rel=1e-2)
        shown = bias_variance.tables(read(folder / "summary.csv")).loc[problem.name].set_index("estimator")["bias, % of |g|"]
        assert float(shown["straight-through"]) == pytest.approx(100 * exact, rel=0.02)


def test_draws_draws_exact_lines_and_sampled_points(results):
    config = replace(draws.SMOKE, estimators=(StraightThrough(),), rows=60, draws=(1, 10))
    folder = perform.perform(draws.STUDY, config, jobs=1).folder
    table = read(folder / "summary.csv")
    drawing = draws.figure(table)
    shown = [axes for axes in drawing.axes if axes.axison]
    assert len(shown) == 2 and len(shown[0].containers) == 1
    line = shown[0].lines[0].get_ydata()
    part = table[(table.method == "exact") & (table.metric == "rmse_relative") & (table.group == "layer0")]
    assert list(line) == list(part.value)
    squares = part.value.to_numpy() ** 2  # bias^2 + variance / M
    bias2, variance, exact2 = (table[(table.method == "exact") & (table.metric == metric) & (table.group == "layer0")].value.iloc[0]
                               for metric in ("bias2", "variance", "exact2"))
    assert squares[1] == pytest.approx((bias2 + variance / 10) / exact2, rel=1e-4)


def test_marks():
    assert figures.mark("arm")["color"] == figures.COLOURS["antithetic"]
    assert figures.mark("reinforce")["marker"] != figures.mark("arm")["marker"]
    assert figures.mark("reinforce (samples=4)")["markerfacecolor"] == "white"
    assert figures.mark("not_an_estimator")["color"] == figures.COLOURS["other"]
    assert figures.words("reinforce (baseline=leave_one_out, samples=4)") == "REINFORCE, leave one out, samples 4"


def test_draws_counts_estimates(results):
    """From exact moments found here: one more estimate than the count is enough, one fewer is not; the bias is never averaged away."""
    problem = Points((2, 3), points=20, steps=20)
    config = replace(draws.SMOKE, problems=(problem,), estimators=(StraightThrough(), Arm()), rows=60, draws=(1, 10))
    table = draws.tables(read(perform.perform(draws.STUDY, config, jobs=1).folder / "summary.csv"))
    table = table.droplevel("network").reset_index().set_index(["estimator", "layer"])
    network = problem.build()
    truth = exact_gradient(network)
    for rule, name in ((StraightThrough(), "straight-through"), (Arm(), "ARM")):
        found = exact_moments(rule, network)
        bias2, variance = ((found.mean - truth).square().sum() / truth.square().sum(), found.variance.sum() / truth.square().sum())
        for target in draws.TARGETS:
            said = table.loc[(name, "all"), f"estimates until RMSE {target:g}"]
            if said == "never":
                assert bias2 >= target**2
            else:
                assert bias2 + variance / int(said) <= target**2 * (1 + 1e-5)
                assert said == "1" or bias2 + variance / (int(said) - 1) > target**2
    assert "never" not in set(table.loc["ARM"].to_numpy().ravel())


@pytest.mark.endtoend
@pytest.mark.parametrize("name", [name for name, one in studies().items() if "estimators" in vars(one.config())])
def test_an_estimator_joins_those_of_the_study(name, capsys, tmp_path, monkeypatch):
    """Once for each network or so; what is there already is not added again."""
    monkeypatch.chdir(tmp_path)
    counts = []
    for words in ((), ("--estimator", "tempered:g=0.3"), ("--estimator", "tempered:g=0.3") * 2):
        assert perform_study(name, ["--smoke", "--dry-run", *words]) == 0
        said = capsys.readouterr().out
        counts.append(int(re.search(r"(\d+) cells to measure", said)[1]))
        assert ("g=0.3" in said) == bool(words)
    assert counts[0] < counts[1] == counts[2]
