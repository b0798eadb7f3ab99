"""The moments of a chain estimator, as messages from the loss downwards.

With delta_l = c_l * g_l and g_{l-1} = W_l' delta_l, and c_i depending on (a_i, x_i, u_i) alone, g is a Markov chain backwards:

    m_l(x) = E[g_l | x_l = x]     m_{l-1} = W' E[c * m_l | x_{l-1}]
    V_l(x) = Cov(g_l | x_l = x)   V_{l-1} = W' (E[(c c') * V_l | x_{l-1}] + Cov(c * m_l | x_{l-1})) W

each expectation a contraction of many columns; the c of different units are independent given the state below.  Where units are nearly
certain, c * m is nearly always what it is at the likeliest state r, and its covariance as small as the chance of another one.  So c * m
is taken from its mean there (`part`), and so are the differences of m, layer by layer.

Shapes: v vectors and q pairs of the basis, n units, e index tuples, s states of a layer, t states below it or data points, g references.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.moment.centre import activations, centres
from straightedge.estimators.moment.factor import PROBES, Factor
from straightedge.estimators.moment.marginal import CHUNK_BYTES, Delta
from straightedge.estimators.moment.message import lift, output_deltas, slopes, tuples
from straightedge.estimators.moment.part import Part, symmetric
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.reference import MOST, members


@dataclass(frozen=True, eq=False)
class Course:
    """The first moments through one layer."""

    parts: list[Part]
    first: Float[Tensor, "t v n"]
    """E[c * m | state below]."""
    off: Float[Tensor, "t v n"]
    """The same less b * m(r)."""
    since: Float[Tensor, "g t v n"] | None
    """The same less its value at each reference of the layer below; below the first layer are the data."""


def courses(network: Network, tables: list[Tensor], m: Float[Tensor, "v n s"]) -> list[Course]:
    """Those of all layers, from m of the last."""
    found: list[Course] = []
    middles = centres(network)
    since = m - m[:, :, middles[-1][0].states].movedim(-1, 0).unsqueeze(-1)
    for layer in reversed(range(network.depth)):
        (among, group), table = middles[layer], tables[layer]
        states = among.states.tolist()
        parts = [Part.of(table, rows, states[number], m, since[number]) for number, rows in members(among, group)]
        off, level = (table.new_empty(len(table), *m.shape[:2]) for _ in range(2))
        likely = table.new_empty(len(table), m.shape[1])
        for part in parts:
            off[part.rows], level[part.rows], likely[part.rows] = part.off(), part.reached, part.likely
        likely = likely.unsqueeze(1)
        first, differences = likely * level + off, None
        if layer:
            below = middles[layer - 1][0].states.tolist()
            group = torch.zeros_like(table[:, 0, 0, 0], dtype=torch.long) if group is None else group.long()
            turned = [since[group[one]][:, :, among.states][:, :, group].permute(2, 0, 1) for one in below]  # m(r of each) - m(its r)
            differences = torch.stack([(likely - likely[one]) * level + likely[one] * turn + off - off[one]
                                       for one, turn in zip(below, turned, strict=True)])
            weight = network.layers[layer][0]
            m, since = (first @ weight).permute(1, 2, 0), (differences @ weight).permute(0, 2, 3, 1)
        found.insert(0, Course(parts, first, off, differences))
    return found


def covariances(network: Network, path: list[Course], pairs: Int[Tensor, "q 2"]) -> Iterator[Float[Tensor, "t q n"]]:
    """Var(delta | state below) of every Bernoulli layer, the last first."""
    within: Tensor | float = 0.0
    for layer in reversed(range(network.depth)):
        entries = tuples(network.widths[layer], 2, own=layer == 0)
        course = path[layer]
        moment = course.off.new_empty(len(course.off), len(pairs), len(entries))
        for part in course.parts:
            moment[part.rows] = part.squares(pairs, entries, within)
        i, j = torch.tensor(entries, device=pairs.device).T
        moment -= symmetric(course.off.permute(1, 2, 0), pairs, i, j).permute(2, 0, 1)
        yield moment[..., i == j]
        if layer:
            below = tuples(network.widths[layer - 1], 2, own=layer == 1)
            within = (moment @ lift(network.layers[layer][0], entries, below)).permute(1, 2, 0).contiguous()


@dataclass(frozen=True, eq=False)
class ChainPlan(Plan):
    """The moments of the chain estimator with this rule."""

    rule: Rule

    @property
    def factor(self) -> Factor:
        """The rule's local derivative on this network."""
        return Factor(self.rule, self.network)

    def require(self):
        super().require()
        self.factor(activations(self.network)[0][: max(1, PROBES // self.network.widths[0])])

    def cost(self):
        network, points = self.network, len(self.network.inputs)
        features = network.coefficients.shape[1]
        pairs = min(features * (features + 1) // 2, points)
        rows = [points, *(2**width for width in network.widths)]
        entries = [n if layer == 0 else n * (n + 1) // 2 for layer, n in enumerate(network.widths)]
        products = [2.0 * below * 2**n * (pairs * entry + min(points, features) * n)
                    for below, n, entry in zip(rows, network.widths, entries, strict=False)]
        pushes = [2.0 * points * above * below for below, above in zip(rows[1:], rows[2:], strict=False)]
        largest = max(entry * 2**n for n, entry in zip(network.widths, entries, strict=True))
        size = sum(8.0 * below * n * (9 + 2 * pairs) for below, n in zip(rows, network.widths, strict=False))
        size += sum(8.0 * (1 + min(MOST, points)) * min(points, features) * n * 2**n for n in network.widths)
        return sum(products) + sum(pushes), size + 4 * max(8.0 * largest, min(CHUNK_BYTES, 8.0 * largest * pairs))

    def tables(self):
        network = self.network
        tables = [self.factor(a) for a in activations(network)]
        data, slope = slopes(network)
        g = data.first(slope @ network.layers[-1][0] if network.outputs else slope)
        path = courses(network, tables, g.transpose(1, 2).contiguous())
        step = max(1, CHUNK_BYTES // (8 * g.shape[1] * len(tuples(g.shape[2], 2, own=network.depth == 1))))
        spreads = [list(covariances(network, path, pairs)) for pairs in data.pairs.split(step)]
        spread = [torch.cat(part, 1) for part in zip(*spreads, strict=True)][::-1]
        return tables, [*(Delta(data, course.first, own, apart=course.since) for course, own in zip(path, spread, strict=True)),
                        *output_deltas(network)]
