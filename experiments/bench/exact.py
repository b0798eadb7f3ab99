"""Part a: the exact gradient's time against width and depth, beside joint enumeration, the peers and the floor."""

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.bench.joint import LIMIT, floor_operations, joint_gradient, product_rate
from straightedge.experiments.bench.peers import installed
from straightedge.experiments.bench.timing import seconds, summary, times

CASES = [((width,) * 3, 100) for width in range(3, 17)] + [((5,) * 14, 100), ((5, 5, 5), 200), ((8, 8, 8), 200)]
PEERS = {"storchastic": (("Expect",), 15), "pyro": ((), 24)}
"""Arguments, and the joint states (as a power of two) up to which a peer is tried."""


def rows(device: str) -> Iterator[dict]:
    """One row for every way to the gradient: the floor first, whose rate is measured anew for each network, as a machine's speed drifts;
    for the same reason the engine before and after every other way."""
    found = installed()
    slow = dict.fromkeys(found, False)
    for widths, points in CASES:
        network = Points(widths, points=points).build()
        network = network.to(device, network.theta.dtype)
        common = {"part": "exact", "case": "-".join(map(str, widths)), "points": points}
        rate = product_rate(device)
        floor = floor_operations(network) / rate
        yield common | {"method": "floor", "seconds": floor, "low": floor, "high": floor, "repeats": 1, "note": f"{rate:.3g} FLOP/s"}
        truth = exact_gradient(network)
        own = times(partial(exact_gradient, network), device)
        ways: dict[str, tuple[Callable[..., Tensor] | None, tuple, int]] = {"joint enumeration": (joint_gradient, (), LIMIT)}
        ways |= {name: (call, *PEERS[name]) for name, call in found.items()}
        for name, (call, arguments, limit) in ways.items():
            row = common | {"method": name}
            if call is None:
                yield row | {"note": "not installed"}
            elif sum(widths) <= limit and (points == 200 or not slow.get(name)):
                try:
                    wrong = float((call(network, *arguments) - truth).norm() / truth.norm())
                    if wrong > 1e-9:
                        yield row | {"note": f"wrong: off by {100 * wrong:.3g} %"}
                        continue
                    timed = seconds(partial(call, network, *arguments), device)
                    own += times(partial(exact_gradient, network), device)
                    slow[name] = timed["seconds"] > 3
                    yield row | timed
                except (RuntimeError, ValueError, IndexError) as error:
                    yield row | {"note": f"failed: {str(error).splitlines()[0][:90]}"}
        yield common | {"method": "straightedge"} | summary(own)
