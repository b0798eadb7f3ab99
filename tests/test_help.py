"""The first minute: every help has an example that is accepted when copied, a slip gets its hint, one table ends in advice."""

import re
import shlex
import shutil
import subprocess
from dataclasses import make_dataclass
from inspect import signature

import pandas as pd
import pytest
import tyro

import straightedge as se
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.command import meaning
from straightedge.experiments.command.completion import script
from straightedge.experiments.command.main import run
from straightedge.experiments.command.measure import Options, said
from straightedge.experiments.command.option import each_alone, options, parsed
from straightedge.experiments.command.outcome import first
from straightedge.experiments.command.study import command
from straightedge.experiments.command.task import COMMANDS
from straightedge.experiments.command.terminal import readable
from straightedge.experiments.runner.listing import studies
from straightedge.measurement import named
from straightedge.ranking import efficiencies

pytestmark = pytest.mark.endtoend


def kinds() -> dict[str, type]:
    """Command or study -> its options."""
    known = {name: command(name, study.question, study.config, study.config()) for name, study in studies().items()}
    return known | {name: options(call) for name, call in COMMANDS.items()} | {"measure": Options}


@pytest.mark.parametrize("name", [*studies(), *COMMANDS, "measure"])
def test_an_example_is_accepted_when_copied(name, capsys):
    kind = kinds()[name]
    with pytest.raises(SystemExit):
        parsed(kind, ["--help"], name)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    lines = re.findall(r"^ *(straightedge [a-z_]+(?: .*)?)$", shown, re.M)
    assert lines, "no example"
    words = shlex.split(lines[0])
    assert words[1] == name and parsed(kind, words[2:], name)


@pytest.mark.filterwarnings("ignore:get_parser:DeprecationWarning")
@pytest.mark.parametrize("name", [*studies(), *COMMANDS, "measure"])
def test_every_option_says_what_it_means(name):
    """More than its kind and its default."""
    helps = {action.dest: action.help or "" for action in tyro.extras.get_parser(kinds()[name])._actions}
    assert helps and [dest for dest, words in helps.items() if re.match(r"\(|\s*$", words)] == []


def test_no_meaning_is_left_over():
    used = {(call.__name__, name) for call in COMMANDS.values() for name in signature(call).parameters}
    assert set(meaning.OWN) <= used and set(meaning.MEANINGS) == {name for _, name in used - set(meaning.OWN)}


@pytest.mark.parametrize(("words", "meant"), ((("--estimators", "arm"), "--estimator?"), (("--row", "5"), "--rows?"),
                                              (("--dry-rum",), "--dry-run?")))
def test_a_slip_is_named(words, meant):
    with pytest.raises(se.InputError, match=f"did you mean {re.escape(meant)}"):
        parsed(Options, ["--network", "a.npz", *words], "measure")


def test_names_joined_by_commas_are_told_apart():
    with pytest.raises(se.InputError, match="--estimator reinmax --estimator darn"):
        each_alone(["reinmax,darn"])
    each_alone(["st_gumbel:tau=0.1,0.2", "arm"])


def test_until_is_shown_as_it_is_typed(capsys):
    with pytest.raises(SystemExit):
        parsed(Options, ["--help"], "measure")
    shown = capsys.readouterr().out
    assert "'bias 1%'" in shown and "%%" not in shown


@pytest.mark.parametrize("shell", ("bash", "zsh"))
def test_completion(shell, tmp_path):
    written = script(shell, COMMANDS)
    assert all(f" {name} " in written.replace('"', " ") for name in ("bias_variance", "measure", "--estimator", "straight_through"))
    if shell == "zsh" or shutil.which("bash") is None:
        return
    ask = ('COMP_WORDS=(straightedge measure --max-r); COMP_CWORD=2; _straightedge; echo "${COMPREPLY[@]}"; '
           'COMP_WORDS=(straightedge measure --estimator reinm); COMP_CWORD=3; _straightedge; echo "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", written + ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["--max-rows", "reinmax"]


@pytest.fixture(scope="module")
def result():
    return se.measure(Points((2, 2), points=10), ["mean_field", "reinforce", "straight_through", "gumbel_softmax"], rows=60, seeds=3,
                      draws=(1, 10), jobs=1)


def test_one_table_headed_sorted_and_ending_in_advice(result):
    shown = said(result, readable(result.table)).splitlines()
    assert "widths 2-2" in shown[0] and "|g| = " in shown[0] and "layer0" in shown[1] and "the exact gradient takes" in shown[1]
    whole = result.table[(result.table.group == "all") & (result.table.metric == "rmse_relative") & (result.table.draws == 10)]
    order = list(whole.set_index("label").value.sort_values().index)
    assert [line.split()[0] for line in shown[3:] if line.split() and line.split()[0] in order] == order
    assert shown[-1].startswith("Best on this network: with 1 ") and sum("estimator" in line for line in shown) == 1


def test_efficiency_of_the_advice_is_that_of_the_table(result):
    """For one estimate, of those whose moments are exact: the same by another formula; intervals hold what they are of."""
    values, costs = efficiencies(result.table, (1, 10, 1000))
    rows = result.table[(result.table.group == "all") & (result.table.metric == "efficiency")].set_index(["label", "draws"]).value
    for (label, draws), row in values.iterrows():
        assert row.low <= row.value + 1e-12 and row.value <= row.high + 1e-12
        if (label, draws) in rows.index and label in ("mean_field", "straight_through", "reinforce"):
            assert row.value == pytest.approx(rows[label, draws], rel=1e-6)
    assert set(costs) == set(result.table.label) and isinstance(values, pd.DataFrame)


def test_the_first_figure_is_told_from_its_caption(tmp_path):
    assert first(tmp_path) == ""
    (tmp_path / "figure.txt").write_text("The answer.\n\nWhat is drawn.\n\nTo remember: 5 %.\n")
    (tmp_path / "figure.png").write_bytes(b"")
    assert first(tmp_path) == f"The answer.\nSee it in {tmp_path / 'figure.png'}; how to read it: {tmp_path / 'figure.txt'}"


def test_help_is_a_command(capsys):
    assert run(["help"]) == 0 and capsys.readouterr().out.startswith("straightedge COMMAND")
    with pytest.raises(SystemExit) as stop:
        run(["help", "check"])
    assert stop.value.code == 0 and "usage: straightedge check" in capsys.readouterr().out


def test_a_class_typed_at_a_prompt_has_its_name(monkeypatch):
    """Beside another of the same module, and with its hyper-parameters."""
    kinds = [make_dataclass(name, [("k", int, 1)], bases=(StraightThrough,), frozen=True, namespace={"__module__": "__main__"})
             for name in ("HalfWidth", "Other")]
    frame = pd.DataFrame({"estimator": ["__main__"] * 3 + ["arm"], "label": ["__main__", "__main__ (k=2)", "__main__", "arm"]})
    shown = named(frame, [kinds[0](), kinds[0](2), kinds[1](), Arm()])
    assert [*shown.label] == ["half_width", "half_width (k=2)", "other", "arm"] and [*shown.estimator][2:] == ["other", "arm"]


def test_a_result_shows_itself_in_a_notebook():
    shown = se.measure(Points((2, 2), points=8), ["straight_through", "identity"], rows=50, seeds=2, jobs=1)
    words = shown._repr_html_()
    assert words.count("<tr") == 3 and "verdict on the bias" in words and "Best on this network" in words
    assert shown.plot(3.3)._repr_png_()[:4] == b"\x89PNG"
