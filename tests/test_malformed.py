"""Malformed files, arguments and plug-ins: each ends in one line, exit status 2, no file and no traceback."""

import io
import os
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest
import torch
from numpy.lib import format as npy

from straightedge.experiments.command.main import main

pytestmark = pytest.mark.unit
X, Y = np.linspace(-1, 1, 20).reshape(10, 2), np.array([1.0, -1] * 5)
GOOD = {"w0": np.ones((2, 2)), "b0": np.zeros(2), "w1": np.ones((1, 2)), "b1": np.zeros(1), "X": X, "Y": Y}


def packed(arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def changed(**arrays):
    return packed({key: value for key, value in (GOOD | arrays).items() if value is not None})


def zipped(members, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def head(shape, dtype="<f8", data=b"", extra=b""):
    """An array whose head says anything."""
    stream = io.BytesIO()
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode() + extra
    stream.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n" + data)
    return stream.getvalue()


def member(data, name="w0"):
    """A good file, one of whose arrays is these bytes."""
    whole = {f"{key}.npy": saved(value) for key, value in GOOD.items()}
    return zipped(whole | {f"{name}.npy": data}, zipfile.ZIP_DEFLATED)


def saved(array):
    stream = io.BytesIO()
    npy.write_array(stream, np.asarray(array), allow_pickle=True)
    return stream.getvalue()


def lying():
    """A file whose directory says that 8 EB are in it."""
    data = bytearray(changed())
    place = data.index(b"PK\x01\x02")
    data[place + 24:place + 28] = b"\xfe\xff\xff\xff"
    return bytes(data)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


CUTS = {f"cut at {part:.2f}": changed()[: int(part * len(changed()))] for part in (0.01, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99)}
FLIPS = {f"bit at {place}": changed()[:place] + bytes([changed()[place] ^ 0x55]) + changed()[place + 1:] for place in (0, 26, 60, 130)}
NETWORKS = {
    **CUTS, **FLIPS, "empty": b"", "text": b"w0,b0\n1,2\n", "zeros": bytes(1000), "a pickle": pickle.dumps(Evil()), "one array": saved(X),
    "a zip of nothing": zipped({}),
    "no arrays": zipped({"readme.txt": b"w0"}), "no w0": changed(w0=None), "no w1": changed(w1=None), "no X": changed(X=None),
    "no Y": changed(Y=None),
    "a gap": changed(w3=np.ones((1, 1))), "a far gap": changed(w99999999=np.ones((1, 1))), "a bias too many": changed(b7=np.ones(1)),
    "shapes that do not chain": changed(w1=np.ones((1, 3))), "inputs that do not fit": changed(X=np.ones((10, 3))),
    "a bias too long": changed(b0=np.ones(3)),
    "labels too few": changed(Y=Y[:9]), "labels of classes": changed(Y=np.arange(10.0)),
    "labels in two columns": changed(Y=np.stack([Y, Y], 1)),
    "no points": changed(X=X[:0], Y=Y[:0]), "no units": changed(w0=np.ones((0, 2)), b0=np.zeros(0), w1=np.ones((1, 0))),
    "NaN weights": changed(w0=np.full((2, 2), np.nan)), "infinite weights": changed(w0=np.full((2, 2), np.inf)),
    "NaN data": changed(X=X * np.nan),
    "NaN labels": changed(Y=Y * np.nan), "words for weights": changed(w0=np.array([["a", "b"], ["c", "d"]])),
    "words for data": changed(X=X.astype(str)),
    "complex weights": changed(w0=np.ones((2, 2), complex)), "dates": changed(Y=np.arange(10).astype("datetime64[D]")),
    "bytes": changed(w0=np.full((2, 2), b"x")),
    "records": changed(w0=np.zeros((2, 2), dtype=[("a", "f8")])), "scalar weights": changed(w0=np.float64(1)),
    "flat weights": changed(w0=np.ones(4)),
    "cubic weights": changed(w0=np.ones((2, 2, 1))), "flat data": changed(X=X.ravel()), "scalar labels": changed(Y=np.float64(1)),
    "objects": changed(w0=np.array([[Evil()]], dtype=object)), "objects for labels": changed(Y=np.array([Evil()] * 10, dtype=object)),
    "8 EB": member(head((2**40, 2**20))), "8 GB said": member(head((2**15, 2**15))),
    "more numbers than there are": member(head((10**30, 1))), "minus one": member(head((-1, 2))),
    "fewer numbers than there are": member(head((2, 2), data=bytes(8 << 20))),
    "zeros that expand": member(head((1, 1), data=bytes(20 << 20)), "more"),
    "a shape of words": member(head("('a', 2)")), "a shape that is code": member(head("__import__('os').mkdir('evil')")),
    "a type that is none": member(head((2, 2), "<q99")),
    "objects said": member(head((2, 2), "|O")), "a void": member(head((10**12,), "|V0")),
    "a long head": member(head((2, 2), extra=b" " * 60_000)),
    "a head without end": member(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b" " * (1 << 20)),
    "version 9": member(b"\x93NUMPY\x09\x00" + bytes(100)),
    "no head": member(b"12345"), "an empty array": member(b""), "a lying directory": lying(),
    "wide": changed(w0=np.ones((60, 2)), b0=np.ones(60), w1=np.ones((1, 60))),
    "many arrays": zipped({f"x{index}.npy": b"" for index in range(10_001)}),
    "digits without end": zipped({f"w{'9' * 5000}.npy": saved(X)}),
}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs a command in a folder of its own, and holds it to one line, status 2 and no file."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        before = sorted(tmp_path.rglob("*"))
        monkeypatch.setattr(sys, "argv", ["straightedge", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        assert stop.value.code == 2, (out, err)
        assert out == "" and err.startswith("straightedge: ") and err.endswith("\n") and err.count("\n"
            "") == 1 and err[:-1].isprintable(), err
        assert sorted(tmp_path.rglob("*")) == before
        return err

    return call


OPTIONS = ("--states", "01", "--loss", "logistic", "--rows", "20", "--seeds", "2", "--jobs", "1")


@pytest.mark.parametrize("data", NETWORKS.values(), ids=NETWORKS)
def test_networks(run, tmp_path, data):
    (tmp_path / "network.npz").write_bytes(data)
    said = run("measure", "--network", "network.npz", "--estimator", "straight_through", *OPTIONS)
    assert "network.npz" in said or "memory" in said or "wide" in said


STATES = {"an object": Evil(), "a list": [torch.ones(2, 2)], "a tensor": torch.ones(2, 2), "one layer": {"0.weight": torch.ones(2, 2)},
          "words": {"0.weight": "a", "1.weight": "b"}, "odd names": {"²": torch.ones(2, 2), "1a.weight": torch.ones(2, 2)},
           "numbers for names": {0: torch.ones(2, 2), 1: torch.ones(2, 2)},
          "a convolution": {"0.weight": torch.ones(2, 2, 3, 3), "1.weight": torch.ones(2, 2)}, "nothing": {},
          "views without end": {"0.weight": torch.ones(1, 1).expand(10**6, 10**6), "1.weight": torch.ones(1, 10**6)}}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_torch_files(run, tmp_path, state):
    torch.save(state, tmp_path / "network.pt")
    (tmp_path / "data.npz").write_bytes(packed({"X": X, "Y": Y}))
    run("measure", "--network", "network.pt", "--data", "data.npz", "--estimator", "straight_through", *OPTIONS)


def test_a_torch_file_that_expands(run, tmp_path):
    (tmp_path / "network.pt").write_bytes(lying())
    (tmp_path / "data.npz").write_bytes(packed({"X": X, "Y": Y}))
    assert "expands to" in run("measure", "--network", "network.pt", "--data", "data.npz", "--estimator", "straight_through", *OPTIONS)


@pytest.mark.parametrize("data", (b"", b"text", bytes(100), struct.pack("<Q", 2**60) + b"{}", struct.pack("<Q", 2) + b"[]"))
def test_safetensors(run, tmp_path, data):
    (tmp_path / "network.safetensors").write_bytes(data)
    (tmp_path / "data.npz").write_bytes(packed({"X": X, "Y": Y}))
    run("measure", "--network", "network.safetensors", "--data", "data.npz", "--estimator", "straight_through", *OPTIONS)


ESTIMATORS = ("", ":", "no_such", "ARM", "arm:x=1", "reinforce:samples", "reinforce:samples=", "reinforce:samples=two",
    "reinforce:samples=1.5",
              "reinforce:samples=0", "reinforce:samples=-1", "reinforce:samples=1e9", "reinforce:baseline=none_such",
              "reinforce:samples=2,samples=3",
              "st_gumbel:tau=nan", "st_gumbel:tau=inf", "st_gumbel:tau=0", "st_gumbel:tau=-1", "st_gumbel:tau=1e999",
              "straight_through:a", "../arm", "arm\x1b[31m",
              "arm\n", "[/x]", "proxy:function=no_such", "proxy:function=os:no_such", "proxy:function=no_module:f",
              "proxy:function=os:getcwd", "proxy:function=:",
              "proxy:function=math:sin", "proxy:function=..:x", "proxy:function=a b:c", "proxy:function=argmax", "proxy:function=__doc__",
              "__init__", "base",
              "reinforce:samples=" + "9" * 5000, "arm,arm", "reinforce:=1", "reinforce:samples==1")


@pytest.mark.parametrize("name", ESTIMATORS, ids=lambda name: repr(name)[:40])
def test_estimators(run, tmp_path, name):
    (tmp_path / "network.npz").write_bytes(changed())
    run("measure", "--network", "network.npz", "--estimator", name, *OPTIONS)


ARGUMENTS = (
    ("--rows", "0"), ("--rows", "1"), ("--rows", "1e3"), ("--rows", "9" * 5000), ("--rows", ""), ("--seeds", "0"), ("--seeds", "-1"),
    ("--draws", "0"),
    ("--draws", "1", "-1"), ("--draws", "99"), ("--draws", "x"), ("--draws",), ("--jobs", "0"), ("--jobs", "-2"), ("--memory", "0"),
    ("--memory", "-1"),
    ("--cell-timeout", "0"), ("--cell-timeout", "-1"), ("--cell-timeout", "nan"), ("--cell-timeout", "inf"), ("--max-seconds", "nan"),
    ("--max-seconds", "0"),
    ("--until", "bias"), ("--until", "cosine -1"), ("--until", "cosine nan"), ("--until", "cosine 1..2"), ("--until", "cosine 1e999"),
    ("--until", "love 1%"), ("--until", ""),
    ("--method", "guess"), ("--device", "tpu"), ("--device", ""), ("--device", "cuda:99"), ("--device", "meta"), ("--precision",
    "float16"), ("--states", "2"),
    ("--noise", "pink"), ("--loss", "hinge"), ("--against", "arm"), ("--against", ""), ("--reference", "identity"), ("--reference",
    "no_such"), ("--out", "x"),
    ("--out", "x.xls"), ("--out", "no/x.csv"), ("--out", "."), ("--out", ""), ("--out", "\x1b[2J.csv/x.csv"), ("--network", "absent.npz"),
    ("--network", "."),
    ("--network", ""), ("--network", "\x1b]0;title\x07"), ("--network", "a\nb"), ("--network", "network.onnx"), ("--data", "absent.npz"),
    ("--data", "."),
    ("--plugins", "absent"), ("--plugins", ""), ("--plugins", "network.npz"), ("--plugins",), ("--nonsense",), ("--nonsense", "1"),
    ("\x1b[31m",), ("stray",), ("--rows",))


@pytest.mark.parametrize("words", ARGUMENTS, ids=lambda words: repr(" ".join(words))[:40])
def test_arguments(run, tmp_path, words):
    (tmp_path / "network.npz").write_bytes(changed())
    given = dict(zip(OPTIONS[::2], OPTIONS[1::2], strict=True)) | {"--network": "network.npz", "--estimator": "straight_through"}
    rest = [part for name, value in given.items() if name not in words for part in (name, value)]
    run("measure", *rest, *words)


@pytest.mark.parametrize("words", (
    ("no_such",), ("\x1b[31m",), ("check",), ("check", "no_such"), ("check", "a", "b"), ("new", "Bad"), ("new", "../x"), ("new", ""),
    ("new", "class"), ("new", "x", "--folder", "absent"),
    ("new", "arm"), ("rerun", "--study", "no_such"), ("draws", "--rows", "0"), ("draws", "--rows", "1"), ("draws", "--smoke", "--paper"),
    ("draws", "--draws", "0"),
    ("draws", "--cell-timeout", "0"), ("draws", "--jobs", "0"), ("draws", "--only", "no_such"), ("draws", "--network", "absent.npz"),
    ("fourier", "--network", "absent.npz"),
    ("clean", "--x"), ("provenance",), ("provenance", "absent"), ("provenance", "."), ("smoke", "--jobs", "x"),
    ("smoke", "--cell-timeout", "-1"), ("figures", "--nonsense"), ("bench", "--device", "tpu"), ("claims", "x"), ("page",
    "x")), ids=lambda words: repr(" ".join(words)))
def test_commands(run, words):
    run(*words)


PLUGINS = {
    "no Python": "def (:\n", "a zero byte": "x = 1\0\n", "no text": b"\xff\xfe\x00", "no class": "x = 1\n",
    "another class": "class Other:\n    pass\n", "no estimator": "class Mine:\n    '''x'''\n",
    "it raises": "class Mine:\n    '''x'''\n\nraise RuntimeError('a\\nb\\x1b[31m')\n",
    "it exits": "class Mine:\n    '''x'''\n\nimport sys\nsys.exit(0)\n",
    "it imports nothing": "import no_such_module\n\nclass Mine:\n    '''x'''\n",
    "an abstract one": "from straightedge.estimators.base import Rule\n\nclass Mine(Rule):\n    '''x'''\n",
    "deep": "class Mine:\n    x = " + "(" * 3000 + ")" * 3000 + "\n",
    "an odd raise": "class Mine:\n    '''x'''\n\nclass Odd(BaseException):\n    pass\n\nraise Odd\n",
    "no default": "from dataclasses import dataclass\nfrom straightedge.estimators.straight_through import StraightThrough\n\n"
        "@dataclass(frozen=True)\n"
                  "class Mine(StraightThrough):\n    '''x'''\n    def __init__(self, x):\n        pass\n",
    "no value": "from dataclasses import dataclass\nfrom straightedge.estimators.straight_through import StraightThrough\n\n"
        "@dataclass(frozen=True)\n"
                "class Mine(StraightThrough):\n    '''x'''\n    def __post_init__(self):\n        raise ValueError('odd')\n",
}


@pytest.mark.parametrize("text", PLUGINS.values(), ids=PLUGINS)
def test_plugins(run, tmp_path, monkeypatch, text):
    import straightedge.estimators as estimators
    from straightedge.estimators.catalogue import catalogue, registry

    monkeypatch.setattr(estimators, "__path__", list(estimators.__path__))
    monkeypatch.setenv(estimators.PLUGINS, "")
    monkeypatch.delitem(sys.modules, "straightedge.estimators.mine", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "network.npz").write_bytes(changed())
    try:
        said = run("measure", "--plugins", "plugins", "--network", "network.npz", "--estimator", "mine", *OPTIONS)
        assert "mine" in said
    finally:
        catalogue.scanned.cache_clear()
        registry.FAULTS.clear()
        monkeypatch.delitem(sys.modules, "straightedge.estimators.mine", raising=False)
