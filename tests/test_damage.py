"""Damaged results are made anew or refused, never believed: flipped bits, cut files, other cells' files, edited and lost lines."""

import csv
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.record import Damaged, Record, digest, frames, opened, sealed
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.error import Failed
from straightedge.estimators.reinforce import Reinforce
from straightedge.experiments import bias_variance
from straightedge.experiments.runner import manifest, run, soundness
from straightedge.experiments.runner.perform import perform

pytestmark = pytest.mark.study
PROBLEM = Points((2,), points=5)
CONFIG = bias_variance.Config((PROBLEM, Points((2,), points=5, steps=3)), (Reinforce(), MeanField()), 100, 2)
CELLS = bias_variance.cells(CONFIG)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of results as it should be."""
    return perform(bias_variance.STUDY, CONFIG, jobs=1, results=tmp_path_factory.mktemp("whole")).folder


@pytest.fixture
def folder(whole, tmp_path, monkeypatch):
    """A copy of it, to be damaged."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, tmp_path / "results" / "custom" / whole.name)
    return tmp_path / "results" / "custom" / whole.name


def again(folder):
    return perform(bias_variance.STUDY, CONFIG, jobs=1, results=folder.parent.parent)


def name(cell):
    return f"{cell.key()}.cell"


def flipped(share, bit):
    def damage(path):
        data = bytearray(path.read_bytes())
        data[int(share * (len(data) - 1))] ^= 1 << bit
        path.write_bytes(data)
    return damage


def line(place, change):
    """A line of the file changed, under the digest of what was measured."""
    def damage(path):
        lines = path.read_bytes().split(b"\n")
        lines[place] = change(lines[place])
        path.write_bytes(b"\n".join(lines))
    return damage


def rewritten(change):
    """The records changed."""
    def of(text):
        found = change(pd.DataFrame(json.loads(text)))
        return json.dumps({name: found[name].tolist() for name in found}).encode()
    return line(3, of)


def told(change):
    """The key and the values changed."""
    return line(1, lambda text: json.dumps(change(*json.loads(text)), sort_keys=True).encode())


def forged(body):
    """Under a digest of its own, what is no result of a cell."""
    return lambda path: path.write_bytes(digest(body) + b"\n" + body)


def put(column, value, row=3):
    def change(records):
        records = records.astype({column: object})
        records.loc[row, column] = value
        return records.astype({column: str}) if isinstance(value, str) else records.infer_objects()
    return rewritten(change)


def other(path):
    shutil.copyfile(path.parent / name(CELLS[1]), path)


def resealed(path):
    """Another cell's records, sealed by themselves as whole."""
    record = opened(path.parent / name(CELLS[1]))
    path.write_bytes(sealed(record))


def folded(path):
    path.unlink()
    path.mkdir()


SHARES = np.linspace(0, 1, 24)
CELL_DAMAGES = {
    **{f"bit {bit} at {share:.2f}": flipped(share, bit) for share, bit in zip(SHARES, (0, 3, 6, 7) * 6, strict=True)},
    **{f"cut at {share}": lambda path, share=share: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
       for share in (0.01, 0.3, 0.6, 0.9, 0.99)},
    "empty": lambda path: path.write_bytes(b""), "another form": lambda path: path.write_text("group,metric\n"),
    "doubled": lambda path: path.write_bytes(2 * path.read_bytes()), "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "another cell's": other, "another cell's, sealed": resealed, "a pickle": lambda path: path.write_bytes(b"\x80\x04N."),
    "NaN": put("value", float("nan")), "infinity": put("value", float("inf")), "edited": put("value", 0.25),
    "a word": put("value", "much"), "another method": put("method", "exact", -1), "another metric": put("metric", "bias3"),
    "a seed lost": rewritten(lambda records: records[records.seed != 1]),
    "a group lost": rewritten(lambda records: records[records.group != "all"]),
    "a line lost": rewritten(lambda records: records.drop(index=5)),
    "a line doubled": rewritten(lambda records: pd.concat([records, records[4:5]])),
    "half lost": rewritten(lambda records: records[::2]), "lines turned": rewritten(lambda records: records[::-1]),
    "no lines": rewritten(lambda records: records[:0]), "a column lost": rewritten(lambda records: records.drop(columns="seed")),
    "a column more": rewritten(lambda records: records.assign(more=1)),
    "float seeds": rewritten(lambda records: records.astype({"seed": float})),
    "words for numbers": rewritten(lambda records: records.astype({"value": str})),
    "no digest": line(0, lambda text: b""), "digest of another": line(0, lambda text: text[::-1]),
    "digest too short": line(0, lambda text: text[:8]),
    "no metadata": line(2, lambda text: b"{}"), "another run": line(2, lambda text: text.replace(b"date", b"data")),
    "another key": told(lambda key, values: ["0" * 16, values]), "other values": told(lambda key, values: [key, {}]),
    "a line of no use": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    **{f"forged {body[:20]!r}": forged(body) for body in (
        b"", b"\n\n", b'["k", {}]\n{}\n{}', b'["k", {}]\n{}\n[1]', b'["k", {}]\n{}\n{"a": [1], "b": [1, 2]}', b'["k"]\n{}\n{"a": [1]}',
        b'["k", {}]\n3\n{"a": [1]}', b'["k", {}]\n{}\n' + 100_000 * b"[", b'["k", {}]\n{}\n{"a": [1]}')},
}


@pytest.mark.parametrize("damage", CELL_DAMAGES.values(), ids=CELL_DAMAGES)
def test_a_damaged_cell_is_measured_anew(folder, whole, damage, capsys):
    """The records that come back are those measured: from a file that is as it was stored, or anew, said in a line."""
    path = folder / "cells" / name(CELLS[0])
    good = opened(path)
    damage(path)
    found = run.read(CELLS, folder / "cells")
    said = capsys.readouterr().err
    if CELLS[0] in found:  # the damage changed nothing
        assert found[CELLS[0]].text == good.text
        assert said == ""
    else:
        assert said.count("\n") == 1 and path.name in said and "is not believed" in said
    assert set(CELLS[1:]) <= set(found)


@pytest.mark.parametrize("damage", ("another cell's", "a seed lost", "NaN", "cut at 0.6", "empty"))
def test_a_damaged_cell_gives_the_same_table(folder, whole, damage):
    CELL_DAMAGES[damage](folder / "cells" / name(CELLS[0]))
    (folder / "summary.csv").unlink()
    assert again(folder).measured == 4
    for part in ("summary.csv", "table.md"):
        assert (folder / part).read_bytes() == (whole / part).read_bytes()
    assert opened(folder / "cells" / name(CELLS[0]), CELLS[0].key(), CELLS[0].values())


@pytest.mark.parametrize("text", (b"", b"3", b"{}", b'{"a": 3}', b'{"a": [1], "b": [1, 2]}', 100_000 * b"["))
def test_what_somebody_sealed_is_named(folder, text):
    """Under the right key, with a digest of its own: no chance damages a file so."""
    path = folder / "cells" / name(CELLS[0])
    path.write_bytes(sealed(Record(text, opened(path).metadata)))
    with pytest.raises(Failed, match=f"{path.name} was sealed, and holds no records"):
        run.run_cells(CELLS, 1, folder / "cells")


def test_a_folder_in_the_place_of_a_cell_is_refused(folder, capsys):
    folded(folder / "cells" / name(CELLS[0]))
    (folder / "summary.csv").unlink()
    with pytest.raises(OSError, match="directory"):
        again(folder)
    assert "is not believed" in capsys.readouterr().err


def edited(change):
    """The lines of the table, as lists of values, changed."""
    def damage(folder):
        path = folder / "summary.csv"
        head, *rows = csv.reader(io.StringIO(path.read_text()))
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(change(head, rows))
        path.write_text(stream.getvalue())
    return damage


def value(column, new, line=3):
    def change(head, rows):
        rows[line][head.index(column)] = new
        return [head, *rows]
    return edited(change)


def without(column):
    return edited(lambda head, rows: [[part for place, part in enumerate(row) if place != head.index(column)] for row in [head, *rows]])


def text(change):
    def damage(folder):
        data = (folder / "summary.csv").read_bytes()
        (folder / "summary.csv").write_bytes(change(data))
    return damage


def only(test):
    return edited(lambda head, rows: [head, *(row for row in rows if test(dict(zip(head, row, strict=True))))])


TABLE_DAMAGES = {
    "half the lines gone": edited(lambda head, rows: [head, *rows[: len(rows) // 2]]),
    "every second gone": edited(lambda head, rows: [head, *rows[::2]]),
    "a line gone": edited(lambda head, rows: [head, *rows[:7], *rows[8:]]),
    "the last line gone": edited(lambda head, rows: [head, *rows[:-1]]),
    "a line doubled": edited(lambda head, rows: [head, *rows, rows[4]]),
    "all lines doubled": edited(lambda head, rows: [head, *rows, *rows]),
    "a cell's lines gone": only(lambda row: row["estimator"] != "mean_field"), "a group gone": only(lambda row: row["group"] != "layer0"),
    "a metric gone": only(lambda row: row["metric"] != "cosine"), "draws gone": only(lambda row: row["draws"] == "1"),
    "one group of one cell gone": only(lambda row: (row["group"], row["estimator"]) != ("all", "mean_field")),
    "no lines": edited(lambda head, rows: [head]), "lines turned": edited(lambda head, rows: [head, *rows[::-1]]),
    "a value edited": value("value", "0.123"), "a value gone": value("value", ""), "a value a word": value("value", "much"),
    "a value infinite": value("value", "inf"), "a bound edited": value("high", "9"), "a verdict edited": value("verdict", "no bias"),
    "a key edited": value("key", "0" * 16), "a key taken": value("key", CELLS[1].key()), "a key gone": value("key", ""),
    "a group renamed": value("group", "layer7"), "draws edited": value("draws", "2"), "seeds edited": value("seeds", "30"),
    "a method edited": value("method", "sampled"), "an estimator renamed": value("estimator", "arm"),
    "a column gone": without("low"), "the keys gone": without("key"), "the groups gone": without("group"),
    "no head": edited(lambda head, rows: rows), "head renamed": edited(lambda head, rows: [["x", *head[1:]], *rows]),
    "head doubled": edited(lambda head, rows: [[head[1], *head[1:]], *rows]),
    "a value too many": edited(lambda head, rows: [head, [*rows[0], "1"], *rows[1:]]),
    "a value too few": edited(lambda head, rows: [head, rows[0][:-1], *rows[1:]]), "empty": text(lambda data: b""),
    "cut": text(lambda data: data[: len(data) * 2 // 3]), "cut in a line": text(lambda data: data[:-30]),
    "zeros": text(lambda data: bytes(len(data))),
    "no text": text(lambda data: b"\xff\xfe" + data), "a quote": text(lambda data: data.replace(b",exact", b',"exact', 1)),
    "a zero byte": text(lambda data: data.replace(b"exact", b"exa\0t", 1)),
    "a bit": text(lambda data: data[:300] + bytes([data[300] ^ 4]) + data[301:]),
    "semicolons": text(lambda data: data.replace(b",", b";")), "another table": text(lambda data: b"a,b,key\n1,2,3\n"),
}


@pytest.mark.parametrize("damage", TABLE_DAMAGES.values(), ids=TABLE_DAMAGES)
def test_damaged_lines_are_made_anew(folder, whole, damage, capsys):
    damage(folder)
    assert not manifest.is_current("bias_variance", folder)
    outcome = again(folder)
    assert (folder / "summary.csv").read_bytes() == (whole / "summary.csv").read_bytes()
    assert (folder / "table.md").read_bytes() == (whole / "table.md").read_bytes()
    said = capsys.readouterr().err
    assert outcome.measured > 0 or said == "" and soundness.digests((folder / "summary.csv").read_text())


UNKNOWN = ("half the lines gone", "every second gone", "a line gone", "a line doubled", "all lines doubled", "a group gone", "draws gone",
           "one group of one cell gone", "a value gone", "a value a word", "a key taken", "a group renamed", "draws edited", "head renamed",
           "a value too few", "empty", "cut", "no text", "another table")


@pytest.mark.parametrize("damage", UNKNOWN)
def test_without_a_manifest_lines_that_are_not_whole_are_made_anew(folder, whole, damage, monkeypatch):
    """What is then believed is complete; that a value was edited, only a digest can tell."""
    monkeypatch.setattr("straightedge.experiments.runner.perform.draw", lambda study, place, told: False)
    TABLE_DAMAGES[damage](folder)
    (folder / "manifest.json").unlink()
    assert again(folder).measured > 0
    assert (folder / "summary.csv").read_bytes() == (whole / "summary.csv").read_bytes()


@pytest.mark.parametrize("said", ("", "no json", "[]", "{}", '{"lines": 3}', '{"files": 3, "lines": {}}', "\0"))
def test_a_damaged_manifest_is_written_anew(folder, whole, said):
    (folder / "manifest.json").write_text(said)
    again(folder)
    assert json.loads((folder / "manifest.json").read_text()) == json.loads((whole / "manifest.json").read_text())


def test_a_folder_in_the_place_of_a_table_is_refused(folder):
    (folder / "summary.csv").unlink()
    (folder / "summary.csv").mkdir()
    with pytest.raises(OSError, match="directory"):
        again(folder)


def test_a_single_flipped_bit_anywhere_is_seen_or_changes_nothing(tmp_path):
    """Every 40th byte of a stored cell, a bit each: what can be opened is what was stored."""
    records = pd.DataFrame({"group": ["a", "b"] * 8, "value": np.linspace(0, 1, 16), "seed": range(16)})
    data = sealed(Record(json.dumps({name: records[name].tolist() for name in records}).encode(), {"key": "k", "cell": {"rows": 3}}))
    path, seen = tmp_path / "x.cell", 0
    for place in range(0, len(data), 40):
        replace(path, data[:place] + bytes([data[place] ^ 1 << place // 40 % 8]) + data[place + 1:])
        try:
            pd.testing.assert_frame_equal(*frames([opened(path, "k", {"rows": 3})]), records)
        except Damaged:
            seen += 1
    assert seen > 10
