"""Files, options and plug-ins changed at random: every command ends with a status, 2 in one line, and nothing is raised through it."""

import io
import json
import os
import shutil
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import fields
from inspect import signature
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from safetensors.torch import save

from straightedge.analysis.figure.look import save as pictures
from straightedge.analysis.store.parquet import load, parquet
from straightedge.analysis.store.record import Record, sealed
from straightedge.experiments.command import task
from straightedge.experiments.command.main import main
from straightedge.experiments.command.measure import Options
from straightedge.experiments.command.study import Run
from straightedge.experiments.runner.listing import questions
from straightedge.experiments.runner.outline import outline

pytestmark = pytest.mark.study
X, Y = np.linspace(-1, 1, 20).reshape(10, 2), np.array([1.0, -1] * 5)
ARRAYS = {"w0": np.ones((2, 2)), "b0": np.zeros(2), "w1": np.ones((1, 2)), "b1": np.zeros(1), "X": X, "Y": Y}
MANY = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
ODD = ("", " ", "-", "--", "=", "0", "-1", "1.5", "1e3", "1e999", "-inf", "nan", "None", "True", "9" * 400, "٣", "½", "\x1b[2J", "a\nb",
       "\0", "[/x]", "{}", "()",
       "__import__('os')", "../x", "/", "~", ".", "x" * 5000, "\u202e", "\ud800", "%s", "$(x)", ":", "a:b=c", ",", "arm,arm", "1,2", "+-1",
       "cuda", "cpu")
WORDS = st.sampled_from(ODD) | st.text(max_size=8)


def ended(*words):
    """(status, standard output, standard error) of a command, in this process, in a folder of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["straightedge", *words]), pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code, out.getvalue(), err.getvalue()


def held(*words, least=0):
    """The status is one of those that mean something; 2 is a line on standard error that a terminal shows, and leaves no file."""
    before = {path for path in Path().rglob("*") if path.is_file()}
    status, out, err = ended(*words)
    assert status in (0, 1, 2) and status >= least, (words, status, out, err)
    if status == 2:
        assert out == "" and err.startswith("straightedge: ") and err.endswith("\n") and err[:-1].isprintable(), (words, out, err)
        assert {path for path in Path().rglob("*") if path.is_file()} == before, words
    assert "Traceback" not in out + err
    return status


def packed():
    stream = io.BytesIO()
    np.savez(stream, **ARRAYS)
    return stream.getvalue()


def written(saver):
    stream = io.BytesIO()
    saver({"0.weight": torch.ones(2, 2), "0.bias": torch.zeros(2), "1.weight": torch.ones(1, 2), "1.bias": torch.zeros(1)}, stream)
    return stream.getvalue()


FILES = {"npz": packed(), "pt": written(torch.save), "safetensors": written(lambda state, stream: stream.write(save(state)))}
WAYS = ("flip", "cut", "double", "zero", "insert")
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(WAYS), st.integers(1, 255)), min_size=1, max_size=4)


def changed(data, changes):
    """The bytes with a few of them changed, a part cut out, doubled, made zero, or something put in."""
    for share, way, number in changes:
        place = int(share * max(len(data) - 1, 0))
        end = place + number
        part = data[place:end]
        new = {"flip": bytes([data[place] ^ number]) if data else b"", "cut": b"", "double": 2 * part, "zero": bytes(len(part)),
               "insert": bytes([number]) * number + part}[way]
        data = data[:place] + new + data[place + 1 if way == "flip" else end:]
    return data


@pytest.mark.parametrize("kind", FILES)
def test_changed_networks(kind, tmp_path):
    """With a little luck what is changed is a weight, and the network is another one."""
    with chdir(tmp_path):
        Path("data.npz").write_bytes(FILES["npz"])

        @MANY
        @given(CHANGES)
        @example([(0.0, "cut", 255)] * 20)
        @example([(0.5, "flip", 255)])
        def check(changes):
            Path(f"network.{kind}").write_bytes(changed(FILES[kind], changes))
            held("measure", "--network", f"network.{kind}", "--data", "data.npz", *BASE["measure"][2:])

        check()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files that say where they are from."""
    folder = tmp_path_factory.mktemp("made")
    frame = pd.DataFrame({"group": ["all"], "value": [0.5], "key": ["k"]})
    (folder / "one.cell").write_bytes(sealed(Record(b'{"value": [0.5]}', {"key": "k", "cell": {}})))
    (folder / "other.parquet").write_bytes(parquet(frame, {"rows": 3}))
    (folder / "summary.csv").write_text(frame.to_csv())
    figure = Figure(figsize=(1, 1))
    pictures(figure, folder, "figure", "made", {"configuration": "c", "runs": [{"host": "h", "seconds": 1.0, "date": "d"}]})
    (folder / "manifest.json").write_text(json.dumps({"files": {"summary.csv": "0" * 64, "figure.png": "1" * 64}, "lines": {}}))
    (folder / "run.json").write_text(json.dumps({"configuration": "c", "runs": [{"host": "h"}], "cells": {"k": [0, 1.0, "d"]}}))
    return folder


def test_changed_results(made, tmp_path):
    """Of every kind of file that results consist of, and of what lies beside them."""
    names = sorted(path.name for path in made.iterdir())

    @MANY
    @given(st.sampled_from(names), CHANGES)
    @example("one.cell", [(0.0, "flip", 1)])
    @example("figure.svg", [(0.1, "double", 255)])
    def check(name, changes):
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
        (tmp_path / name).write_bytes(changed((made / name).read_bytes(), changes))
        for path in (names if name.endswith(".json") else [name]):
            held("provenance", path)

    with chdir(tmp_path):
        check()


BESIDE = ("", "null", "3", "[]", '"x"', "{", '{"files": []}', '{"files": {"summary.csv": 3}}', '{"runs": 3}', "[" * 100_000, "\ud83d",
          '{"runs": [[]], "files": {"summary.csv": 0}}', '{"files": {"summary.csv": "x"}, "cells": {"k": [9, 1, 1]}, "runs": [{}]}',
          '{"files": NaN}')


@pytest.mark.parametrize("said", BESIDE, ids=range(len(BESIDE)))
def test_what_lies_beside_a_file(made, tmp_path, said):
    for name in ("manifest.json", "run.json"):
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
        (tmp_path / name).write_bytes(said.encode("utf-8", "surrogatepass"))
        with chdir(tmp_path):
            held("provenance", "summary.csv")
            held("provenance", "figure.png")
            held("clean")


def choices():
    """(command, option), of `measure` and of every study; none of them measures, since all are asked with --dry-run."""
    found = [("measure", field.name) for field in fields(Options)]
    return found + [(name, field.name) for name in questions() for field in (*fields(outlined(name)), *fields(Run))]


def outlined(name):
    try:
        return outline(name).config
    except ValueError:
        return Run


BASE = {"measure": ("--network", "network.npz", "--estimator", "straight_through", "--states", "01", "--loss", "logistic", "--rows", "20",
                    "--seeds", "2", "--dry-run")}


def test_odd_words_for_every_option(tmp_path):
    """A value that is none, or too many, or the option of another command."""
    with chdir(tmp_path):
        Path("network.npz").write_bytes(FILES["npz"])

        @settings(MANY, max_examples=110)
        @given(st.sampled_from(choices()), st.lists(WORDS, max_size=2))
        def check(choice, words):
            name, option = choice
            with patch("straightedge.experiments.runner.dry.studied", lambda *given: ([], {}, None)):
                held(name, *BASE.get(name, ("--smoke", "--dry-run")), f"--{option.replace('_', '-')}", *words)

        check()


def test_odd_words_for_every_command(tmp_path):
    """Their calls are not made: what is held is the way from words to them."""
    calls = [call for call in task.CALLS if call.__name__ not in ("new", "check", "provenance", "clean")]
    with chdir(tmp_path):

        @settings(MANY, max_examples=80)
        @given(st.sampled_from(calls), st.data())
        def check(call, data):
            names = [*signature(call).parameters, "nonsense"]
            chosen = data.draw(st.lists(st.sampled_from(names), max_size=2))
            words = [part for name in chosen for part in (f"--{name.replace('_', '-')}", data.draw(WORDS))]
            stub = dict.fromkeys(task.COMMANDS, None) | {call.__name__: quiet(call)}
            with patch.object(task, "COMMANDS", stub):
                held(call.__name__, *words)

        check()


def quiet(call):
    def stand(**given):
        return 0

    stand.__name__, stand.__doc__, stand.__signature__ = call.__name__, call.__doc__, signature(call)
    return stand


@pytest.mark.parametrize("name", ("new", "check", "provenance", "nothing"))
def test_odd_names(name, tmp_path):
    with chdir(tmp_path):
        Path("plugins").mkdir()

        @settings(MANY, max_examples=40)
        @given(WORDS)
        def check(word):
            held(name, word, *(("--folder", "absent") if name == "new" else ()), least=1 if word.strip("-") else 0)

        check()


HEAD = """from dataclasses import dataclass
from straightedge.estimators.base import Rule

@dataclass(frozen=True)
class Odd(Rule):
    '''x'''
"""
BODY = """    def unit(self, a, u, noise):
        return 2.0 * (u < noise.cdf(a)) - 1 + (a - a.detach())
"""
WITHIN = {
    "a field of no type": "    k: 'nothing' = 1\n", "a field of a list": "    k: list = None\n", "a mutable default": "    k: list = []\n",
    "a property that raises": "    samples = property(lambda self: 1 / 0)\n", "samples of words": "    samples = 'many'\n",
    "a hash that raises": "    def __hash__(self):\n        raise ValueError('no hash')\n",
    "a repr that raises": "    def __repr__(self):\n        raise ValueError('no repr')\n",
    "a check that raises": "    def check(self, network):\n        raise MemoryError\n",
    "a check that ends": "    def check(self, network):\n        import os\n        os._exit(0)\n",
}
AFTER = {"it ends": "import os\nos._exit(0)\n", "it aborts": "import os\nos.abort()\n", "a recursion": "def f():\n    return f()\nf()\n",
         "a zero division": "1 / 0\n", "interrupts": "raise SystemExit(3)\n"}
PLUGINS = {
    **{name: HEAD + text + BODY for name, text in WITHIN.items()}, **{name: HEAD + BODY + text for name, text in AFTER.items()},
    "slots": HEAD.replace("frozen=True", "frozen=True, slots=True") + BODY,
    "no unit of tensors": HEAD + BODY.replace("return 2.0", "return None and 2.0"), "a generator": HEAD + BODY.replace("return", "yield"),
    "no docstring": HEAD.replace("    '''x'''\n", "") + BODY, "a metaclass": HEAD.replace("(Rule)", "(Rule, metaclass=type(Rule))") + BODY,
    "a function": "def Odd():\n    pass\n", "a lambda": "Odd = lambda: 1\n",
}


@pytest.mark.parametrize("text", PLUGINS.values(), ids=PLUGINS)
def test_plugins_that_are_odd(text, tmp_path):
    """Measured, named as failed, or refused: in words, and beside a sound one."""
    import straightedge.estimators as estimators
    from straightedge.estimators.catalogue import catalogue, registry

    try:
        with (chdir(tmp_path), patch.object(estimators, "__path__", list(estimators.__path__)), patch.dict(os.environ),
              patch.dict(sys.modules), patch.object(sys, "dont_write_bytecode", True)):
            Path("network.npz").write_bytes(FILES["npz"])
            Path("plugins").mkdir()
            Path("plugins/odd.py").write_text(text)
            sys.modules.pop("straightedge.estimators.odd", None)
            held("measure", "--plugins", "plugins", *BASE["measure"], "--estimator", "odd")
    finally:
        catalogue.scanned.cache_clear()
        for known in (registry.FAULTS, registry.LOADED):
            for path in [path for path in known if path.endswith("odd.py")]:
                del known[path]


def test_a_check_that_can_fail():
    """What is held above is not held by a command that raises, or that prints two lines."""
    with patch("straightedge.experiments.command.main.run", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
        ended("x")
    with patch("straightedge.experiments.command.main.run", lambda words: print("out") or 2), pytest.raises(AssertionError):
        held("x")


def test_a_stored_table_keeps_its_values(tmp_path):
    frame = pd.DataFrame({"a": [1.0, float("nan")], "b": [True, None]})
    (tmp_path / "x.parquet").write_bytes(parquet(frame, {}))
    pd.testing.assert_frame_equal(load(tmp_path / "x.parquet")[0], frame)
