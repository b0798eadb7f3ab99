"""The transfer of a table of values through one Bernoulli layer, E[V(x) | states below], without forming its matrix.

Row s of the transfer matrix is a Kronecker product of Bernoulli pairs.  With the units split in two halves A and B,

    (T V)[s, k] = sum over A, B of P_A[s, A] V[k, A, B] P_B[s, B]

is one matrix product per block of rows and feature.  Blocks stay in cache; the backward pass recomputes them.

Shapes: s states below, k features, n units of the layer; a state's index has its first unit as the most significant bit.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from estimators.network import Network

BLOCK_BYTES = 8 << 20


def enumerate_states(index: Int[Tensor, " s"], width: int, like: Tensor) -> Float[Tensor, "s n"]:
    """Bits {0, 1} of these state numbers, in the dtype of `like`."""
    shifts = torch.arange(width - 1, -1, -1, device=index.device)
    return ((index[:, None] >> shifts) & 1).to(like.dtype)


def state_table(network: Network, layer: int, start: int = 0, stop: int | None = None) -> Float[Tensor, "s n"]:
    """The states of a Bernoulli layer in the network's encoding, those numbered from `start` to `stop`."""
    width = network.widths[layer]
    index = torch.arange(start, 2**width if stop is None else stop, device=network.theta.device)
    return network.states[0] + network.span * enumerate_states(index, width, network.theta)


class Tree(NamedTuple):
    """A Kronecker table [s, 2^n] and the trees of the first half of its units and of the rest, of which it is the product."""

    table: Tensor
    left: "Tree | None" = None
    right: "Tree | None" = None


def kronecker(q: Float[Tensor, "s n"], p: Float[Tensor, "s n"], out: Tensor | None = None) -> Tree:
    """Products of the pairs (q_i, p_i) over the units, by halves: all but the last product are of small tables.

    The last one is written to `out` [>= s, 2^n] where there are two units or more."""
    if p.shape[1] < 2:
        return Tree(torch.cat((q, p), 1) if p.shape[1] else p.new_ones(len(p), 1))
    half = p.shape[1] // 2
    left, right = kronecker(q[:, :half], p[:, :half]), kronecker(q[:, half:], p[:, half:])
    into = None if out is None else out[: len(p)].view(len(p), left.table.shape[1], -1)
    return Tree(torch.mul(left.table.unsqueeze(2), right.table.unsqueeze(1), out=into).flatten(1), left, right)


def kronecker_backward(tree: Tree, gradient: Float[Tensor, "s _"]) -> Float[Tensor, "s n"]:
    """The derivative by p, where q = 1 - p, from the derivative by the table, which is overwritten."""
    table, left, right = tree
    if left is None:
        return gradient[:, 1:] - gradient[:, :1]  # no column for no unit
    gradient = gradient.view(len(table), left.table.shape[1], -1)
    d_left = torch.bmm(gradient, right.table.unsqueeze(-1)).squeeze(-1)
    d_right = gradient.mul_(left.table.unsqueeze(-1)).sum(1)
    return torch.cat((kronecker_backward(left, d_left), kronecker_backward(right, d_right)), 1)


def split(width: int, features: int) -> tuple[int, int]:
    """Units in the halves A and B: the products with B are repeated for every feature, so B is the smaller."""
    second = max(0, (width - max(0, features - 1).bit_length()) // 2)
    return width - second, second


class Transfer(torch.autograd.Function):
    """E[V(x) | x_below] [s, k] for x ~ Bernoulli(F(W x_below + b)), differentiable in W, b and V [k, 2^n]."""

    @staticmethod
    def forward(ctx, weight, bias, values, below, noise):
        """`below(start, stop)` gives rows of the states below; `below.count` says how many there are."""
        ctx.save_for_backward(weight, bias, values)
        ctx.below, ctx.noise = below, noise
        k, first, second = len(values), *split(len(bias), len(values))
        matrix, step = halves(values, first, second), block(k, first, second, values.element_size())
        out = values.new_empty(below.count, k)
        space = Space(values, min(step, below.count))
        for start in range(0, below.count, step):
            x = below(start, min(start + step, below.count))
            a = torch.nn.functional.linear(x, weight, bias)
            q, p = noise.cdf(-a), noise.cdf(a)
            table_a = kronecker(q[:, :first], p[:, :first], space("a", len(x), 2**first)).table
            table_b = kronecker(q[:, first:], p[:, first:], space("b", len(x), 2**second)).table
            product = torch.mm(table_a, matrix, out=space("product", len(x), k * 2**second)).view(len(x), k, -1)
            out[start:start + len(x)] = torch.bmm(product, table_b.unsqueeze(-1)).squeeze(-1)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        weight, bias, values = ctx.saved_tensors
        below, noise, k = ctx.below, ctx.noise, len(values)
        first, second = split(len(bias), k)
        matrix, step = halves(values, first, second), block(k, first, second, values.element_size())
        d_matrix, d_weight, d_bias = matrix.new_zeros(matrix.shape[::-1]), torch.zeros_like(weight), torch.zeros_like(bias)
        space = Space(values, min(step, below.count))
        for start in range(0, below.count, step):
            x = below(start, min(start + step, below.count))
            g, a = gradient[start:start + len(x)].contiguous(), torch.nn.functional.linear(x, weight, bias)
            q, p = noise.cdf(-a), noise.cdf(a)
            tree_a = kronecker(q[:, :first], p[:, :first], space("a", len(x), 2**first))
            tree_b = kronecker(q[:, first:], p[:, first:], space("b", len(x), 2**second))
            product = torch.mm(tree_a.table, matrix, out=space("product", len(x), k * 2**second)).view(len(x), k, -1)
            d_b = torch.bmm(g.unsqueeze(1), product).squeeze(1)
            spread = torch.mul(g.unsqueeze(-1), tree_b.table.unsqueeze(1), out=product).flatten(1)
            d_matrix.addmm_(spread.T, tree_a.table)
            d_a = torch.mm(spread, matrix.T, out=space("d_a", len(x), 2**first))
            d_p = torch.cat((kronecker_backward(tree_a, d_a), kronecker_backward(tree_b, d_b)), 1)
            d_activation = d_p * noise.density(a)
            d_weight.addmm_(d_activation.T, x)
            d_bias += d_activation.sum(0)
        d_values = d_matrix.view(k, 2**second, 2**first).transpose(1, 2).reshape(k, -1)
        return d_weight, d_bias, d_values, None, None


def halves(values: Float[Tensor, "k s"], first: int, second: int) -> Float[Tensor, "A kB"]:
    """V [k, 2^n] as the matrix [2^A, k 2^B] that one product takes."""
    return values.view(len(values), 2**first, 2**second).transpose(0, 1).reshape(2**first, -1)


def block(features: int, first: int, second: int, size: int) -> int:
    """Rows whose tables take BLOCK_BYTES together."""
    return max(1, BLOCK_BYTES // (size * (2**first + features * 2**second)))


class Space:
    """Memory for the tables of one block, used again by the next: fresh memory costs more than what is written to it."""

    def __init__(self, like: Tensor, rows: int):
        self.like, self.rows, self.tables = like, rows, {}

    def __call__(self, name: str, rows: int, columns: int) -> Tensor:
        """The table of this name, [rows, columns], with what the last block left in it."""
        if name not in self.tables:
            self.tables[name] = self.like.new_empty(self.rows, columns)
        return self.tables[name][:rows]
