"""The moments of a chain estimator, as messages from the loss downwards.

With delta_l = c_l * g_l and g_{l-1} = W_l' delta_l, and c_i depending on (a_i, x_i, u_i) alone, g is a Markov chain backwards:

    m_l(x) = E[g_l | x_l = x]     m_{l-1} = W' E[c * m_l | x_{l-1}]
    V_l(x) = Cov(g_l | x_l = x)   V_{l-1} = W' (E[(c c') * V_l | x_{l-1}] + Cov(c * m_l | x_{l-1})) W

each expectation a contraction of many columns; the c of different units are independent given the state below.  Where units are nearly
certain, c * m is nearly always what it is at the likeliest state r, and its covariance as small as the chance of another one.  So c * m
is taken from its mean there, b * m(r), b = E[c | r],

    c * m(x) - b * m(r) = c * (m(x) - m(r)) + (c - b) * m(r)

and so are the differences of m, layer by layer.

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
from straightedge.estimators.moment.message import Tuples, lift, output_deltas, slopes, tuples
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.contraction import contraction
from straightedge.estimators.sum.reference import members
from straightedge.estimators.sum.state import enumerate_states

FIRST, SECOND, OFF, OFF2, CROSS = 1, 2, 3, 4, 5
"""Orders of weights: E[c 1{x}], E[c^2 1{x}], E[(c - b) 1{x}], E[(c - b)^2 1{x}], E[c (c - b) 1{x}]."""
ROUNDING = 8 * torch.finfo(torch.float64).eps


@dataclass(frozen=True, eq=False)
class Part:
    """The states below a layer, or data points, that have one reference state r above."""

    rows: Int[Tensor, " u"] | slice
    weights: Float[Tensor, "u n 6 2"]
    likely: Float[Tensor, "u n"]
    """b = E[c | r]."""
    varied: bool
    """Whether c depends on anything but the state below."""
    reached: Float[Tensor, "v n"]
    """m(r)."""
    since: Float[Tensor, "v n s"]
    """m(x) - m(r)."""

    @classmethod
    def of(cls, table: Float[Tensor, "t n 3 2"], rows: Int[Tensor, " u"] | slice, reference: int, m: Float[Tensor, "v n s"],
           since: Float[Tensor, "v n s"]) -> "Part":
        chance, first, second = table[rows].unbind(2)
        upper = enumerate_states(torch.tensor([reference], device=table.device), chance.shape[1], chance).long()
        mean = torch.where(chance > 0, first / torch.where(chance > 0, chance, 1.0), 0.0)
        noise = second - first * mean
        noise = torch.where(noise > ROUNDING * second, noise, 0.0)
        likely = mean.gather(2, upper.unsqueeze(2).expand(len(mean), -1, 1))
        gap = torch.where((mean - likely).abs() > ROUNDING * mean.abs(), mean - likely, 0.0)
        weights = torch.stack((chance, first, second, chance * gap, noise + chance * gap.square(), noise + first * gap), 2)
        varied = bool((gap * chance).any() or noise.any())
        return cls(rows, weights, likely.squeeze(2), varied, m[:, :, reference], since)

    def expected(self, columns: Float[Tensor, "k s"], orders: Tuples) -> Float[Tensor, "u k"]:
        """The columns' expectations, each with its orders, one for every unit."""
        return contraction(self.weights, columns, orders)

    def off(self) -> Float[Tensor, "u v n"]:
        """E[c * m(x) - b * m(r) | state below]."""
        vectors, width, _ = self.since.shape
        found = self.expected(self.since.flatten(0, 1), exchanged(width, [((i, FIRST),) for i in range(width)]) * vectors)
        return found.view(-1, vectors, width) + self.weights[:, None, :, OFF].sum(-1) * self.reached

    def squares(self, pairs: Int[Tensor, "q 2"], entries: Tuples, within: Float[Tensor, "q e s"] | float) -> Float[Tensor, "u q e"]:
        """E[(c c') * `within` + the symmetrised product of c * m(x) - b * m(r) with itself | state below]."""
        vectors, width, states = self.since.shape
        i, j = torch.tensor(entries, device=self.since.device).T
        columns = symmetric(self.since, pairs, i, j) + within
        orders = exchanged(width, [((one, SECOND),) if one == other else ((one, FIRST), (other, FIRST)) for one, other in entries])
        found = self.expected(columns.flatten(0, 1), orders * len(pairs)).view(-1, len(pairs), len(entries))
        if not self.varied:
            return found
        off, off2 = self.weights[:, :, OFF].sum(-1), self.weights[:, :, OFF2].sum(-1)
        both = torch.where(i == j, off2[:, i], off[:, i] * off[:, j]).unsqueeze(1)
        for side, (one, other) in enumerate(((i, j), (j, i))):
            own = exchanged(width, [((a, CROSS),) if a == b else ((a, FIRST), (b, OFF)) for a, b in zip(one.tolist(), other.tolist(),
                                                                                                    strict=True)])
            cross = self.expected(self.since[:, one].reshape(-1, states), own * vectors).view(-1, vectors, len(entries))
            for p, t in ((0, 1), (1, 0)):
                found += cross[:, pairs[:, p]] * self.reached[pairs[:, t]][:, other] / 2
                if not side:
                    found += both * (self.reached[pairs[:, p]][:, i] * self.reached[pairs[:, t]][:, j]) / 2
        return found


def exchanged(width: int, places: list[tuple[tuple[int, int], ...]]) -> Tuples:
    """Orders of all units, 0 but for the (unit, order) given."""
    return [tuple(dict(chosen).get(unit, 0) for unit in range(width)) for chosen in places]


def symmetric(values: Float[Tensor, "v n *s"], pairs: Int[Tensor, "q 2"], i: Tensor, j: Tensor) -> Float[Tensor, "q e *s"]:
    """The symmetrised products of units i and j, for pairs of vectors."""
    left, right = values[pairs[:, 0]], values[pairs[:, 1]]
    return (left[:, i] * right[:, j] + left[:, j] * right[:, i]) / 2


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
        size = sum(8.0 * below * n * (6 + 2 * pairs) for below, n in zip(rows, network.widths, strict=False))
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
