"""The moments of a chain estimator, as messages from the loss downwards.

With delta_l = c_l * g_l and g_{l-1} = W_l' delta_l, and c_i depending on (a_i, x_i, u_i) alone, g is a Markov chain backwards:

    m_l(x) = E[g_l | x_l = x]        m_{l-1} = W' E[c * m_l | x_{l-1}]
    M_l(x) = E[g_l g_l' | x_l = x]   M_{l-1} = W' E[(c c') * M_l | x_{l-1}] W

each expectation a contraction of many columns; the c of different units are independent given the state below.  Both are
symmetric tensors of one power, stored by their index tuples i <= j.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.moment.basis import Basis, basis
from straightedge.estimators.moment.factor import PROBES, Factor
from straightedge.estimators.moment.marginal import CHUNK_BYTES, Delta
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.contraction import contraction
from straightedge.estimators.sum.reference import References, grouping, references
from straightedge.estimators.sum.state import state_table

Tuples = list[tuple[int, ...]]


def activations(network: Network) -> list[Tensor]:
    """The pre-activations of every Bernoulli layer, for the data or for every state below."""
    below = [network.inputs, *(state_table(network, layer) for layer in range(network.depth - 1))]
    return [F.linear(x, *layer) for x, layer in zip(below, network.layers, strict=False)]


def centres(network: Network) -> list[tuple[References, Tensor | None]]:
    """(reference states, number of the one that each state below or data point has) of every Bernoulli layer."""
    above = [a.T for a in activations(network)]
    return [(among, grouping(among, network.noise, a)) for among, a in zip(references(above, network.noise), above, strict=True)]


def slopes(network: Network) -> tuple[Basis, Float[Tensor, "k s m"]]:
    """The derivatives by z of the loss features that have any, and the basis of the data's coefficients of these."""
    with torch.enable_grad():
        loss, z = network.measured(state_table(network, network.depth - 1))
        z = z.detach().requires_grad_()
        features = loss.features(z)
        if features.requires_grad:
            slope = torch.stack([torch.autograd.grad(feature.sum(), z, retain_graph=True)[0] for feature in features.unbind(-1)])
        else:
            slope = z.new_zeros(features.shape[-1], *z.shape)
    kept = (slope != 0).flatten(1).any(1)
    kept[0] |= not bool(kept.any())
    return basis(network.coefficients[:, kept]), slope[kept]


def output_deltas(network: Network) -> list[Delta]:
    """The delta of the output layer, where there is one: it is known from the last state."""
    if not network.outputs:
        return []
    data, slope = slopes(network)
    return [Delta(data, data.first(slope).transpose(0, 1), data.second(slope).transpose(0, 1))]


def tuples(width: int, power: int, own: bool) -> Tuples:
    """Index tuples of a symmetric tensor; only its diagonal, what a parameter's own moment needs, where `own`."""
    return [(unit,) * power for unit in range(width)] if own else list(combinations_with_replacement(range(width), power))


def lift(weight: Float[Tensor, "o i"], above: Tuples, below: Tuples) -> Float[Tensor, "p q"]:
    """The matrix that takes the entries of C (one column per tuple above) to those of W' C, or of W' C W."""
    rows, columns = (torch.tensor(part, device=weight.device).T for part in (above, below))
    if len(rows) == 1:
        return weight[rows[0]][:, columns[0]]
    (i, j), (p, q) = rows, columns
    twice = torch.ne(i, j).to(weight).unsqueeze(1)
    return weight[i][:, p] * weight[j][:, q] + twice * weight[j][:, p] * weight[i][:, q]


def messages(network: Network, tables: list[Tensor], top: Float[Tensor, "v p s"], power: int) -> list[Tensor]:
    """E[delta^power | state below] of every Bernoulli layer, from the top message of v vectors (or pairs)."""
    found: list[Tensor] = []
    message = top
    for layer in reversed(range(network.depth)):
        entries = tuples(network.widths[layer], power, own=layer == 0)
        orders = [tuple(entry.count(unit) for unit in range(network.widths[layer])) for entry in entries]
        moment = contraction(tables[layer], message.flatten(0, 1), orders * len(top)).view(-1, *message.shape[:2])
        found.insert(0, moment[..., [place for place, entry in enumerate(entries) if entry[0] == entry[-1]]])
        if layer:
            below = tuples(network.widths[layer - 1], power, own=layer == 1)
            message = (moment @ lift(network.layers[layer][0], entries, below)).permute(1, 2, 0).contiguous()
    return found


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
        first = messages(network, tables, g.transpose(1, 2).contiguous(), 1)
        entries = torch.tensor(tuples(g.shape[2], 2, own=network.depth == 1), device=g.device)
        step = max(1, CHUNK_BYTES // (8 * len(entries) * g.shape[1]))
        parts = []
        for pairs in data.pairs.split(step):
            left, right = g[pairs[:, 0]].transpose(1, 2), g[pairs[:, 1]].transpose(1, 2)
            i, j = entries.T
            parts.append(messages(network, tables, (left[:, i] * right[:, j] + left[:, j] * right[:, i]) / 2, 2))
        second = [torch.cat(part, 1) for part in zip(*parts, strict=True)]
        deltas = [Delta(data, *both) for both in zip(first, second, strict=True)]
        return tables, [*deltas, *output_deltas(network)]
