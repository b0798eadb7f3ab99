"""What made a table and its figures: a function of the cells in it, so that what is drawn again from the same cells has the same bytes.

Every cell knows where, when and by what it was measured.  Cells that agree in where and by what are one run.  `run.json` beside a table
says it of each cell; the figures carry the runs themselves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HOST = ("revision", "dirty", "python", "torch", "numpy", "scipy", "pandas", "matplotlib", "system", "machine", "host", "cores")
"""What `host` says, in the order in which it is told."""


@dataclass(frozen=True)
class Origin:
    """Of one cell."""

    run: str
    """What it shares with other cells of its run, as JSON."""
    seconds: float
    date: str

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> "Origin":
        """From what is stored with a cell."""
        run, cell = metadata.get("run") or {}, metadata.get("cell") or {}
        told = {name: metadata[name] for name in HOST if name in metadata} | {"device": cell.get("device"), "threads": run.get("threads")}
        told |= {} if run.get("node") in (None, metadata.get("host")) else {"measured on": run["node"]}
        return cls(json.dumps(told), float(run.get("elapsed", 0.0)), str(metadata.get("date", "")))


def record(configuration: str, cells: Mapping[str, Origin]) -> dict:
    """The record of a table, key -> origin, as run.json holds it."""
    kinds = {run: place for place, run in enumerate(dict.fromkeys(cells[key].run for key in sorted(cells)))}
    return {"configuration": configuration, "runs": [json.loads(run) for run in kinds],
            "cells": {key: [kinds[one.run], one.seconds, one.date] for key, one in sorted(cells.items())}}


def origins(said: Mapping[str, Any]) -> dict[str, Origin]:
    """Key -> origin, of such a record; nothing where it is none."""
    try:
        return {key: Origin(json.dumps(said["runs"][place]), float(seconds), str(date))
                for key, (place, seconds, date) in said["cells"].items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return {}


def summary(configuration: str, cells: Mapping[str, Origin]) -> dict:
    """The same for a reader, run by run: the number of its cells, their seconds one after the other, and when the last was finished."""
    runs = []
    for run in dict.fromkeys(cells[key].run for key in sorted(cells)):
        mine = [one for one in cells.values() if one.run == run]
        runs.append(json.loads(run) | {"cells": len(mine), "seconds": round(sum(one.seconds for one in mine), 1),
                                       "date": max(one.date for one in mine)})
    return {"configuration": configuration, "runs": sorted(runs, key=lambda run: str(run["date"]))}
