"""The tidy records of a cell: of its seeds one by one, and of the whole, with seed -1, error, interval and verdict."""

from collections.abc import Iterator, Sequence

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.accuracy.metric import AVERAGED, SINGLE, hidden, measured, values
from straightedge.analysis.accuracy.tally import Tally, tally
from straightedge.analysis.accuracy.truth import Truth
from straightedge.analysis.accuracy.verdict import Verdict, sampled_verdict

WHOLE = -1
"""The seed of a record of all seeds, or of exact moments."""


def wanted(draws: Sequence[int]) -> Iterator[tuple[str, int]]:
    """(metric, draws) of every metric; draws is 1 where it is of a single row."""
    yield from ((metric, 1) for metric in SINGLE)
    yield from ((metric, m) for metric in AVERAGED for m in draws)


def record(group: str, metric: str, draws: int, estimate: Estimate, method: str, rows: int) -> dict:
    """Of the whole cell."""
    return {"group": group, "metric": metric, "draws": draws, "seed": WHOLE, "method": method, "rows": rows, "value": estimate.value,
            "error": estimate.error, "low": estimate.low, "high": estimate.high}


def said(verdict: Verdict) -> dict:
    """A verdict as columns."""
    return {"verdict": verdict.sentence, "outcome": verdict.outcome.value, "detected": verdict.outcome.detected, "bound": verdict.bound}


def hidden_records(truth: Truth, tallies: dict[str, Tally], draws: Sequence[int], method: str, rows: int) -> list[dict]:
    """The efficiency averaged over hidden layers, the group `hidden`."""
    if not truth.hidden:
        return []
    return [record("hidden", "efficiency", m, hidden([measured(tallies[layer], "efficiency", m) for layer in truth.hidden]), method, rows)
            for m in draws]


def sampled_records(replicates: Sequence[Accuracy], seeds: Sequence[int]) -> list[dict]:
    """Of rows: of each seed, and of all."""
    first, records = replicates[0], []
    pairs, rows = list(wanted(first.draws)), first.n
    tallies = {group: tally(replicates, group) for group in first.truth.groups}
    for group, whole in tallies.items():
        verdict = sampled_verdict(replicates, group)
        for metric, draws in pairs:
            if metric != "mse":
                records.append(record(group, metric, draws, measured(whole, metric, draws), "sampled", rows)
                               | (said(verdict) if metric == "bias2" else {}))
        records.append(record(group, "bias_z", 1, Estimate(verdict.score, 1.0), "sampled", rows))
    records += hidden_records(first.truth, tallies, first.draws, "sampled", rows)
    for seed, one in zip(seeds, replicates, strict=True):
        for group in first.truth.groups:
            alone = tally([one], group)
            records += [{"group": group, "metric": metric, "draws": draws, "seed": seed, "method": "sampled", "rows": rows, "value": value}
                        for (metric, draws), value in values(alone, first.draws).items()]
    return records
