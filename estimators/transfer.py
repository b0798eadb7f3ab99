"""The transfer of a table of values through one Bernoulli layer, E[V(x) | states below], without forming its matrix.

Row s of the transfer matrix is a Kronecker product of Bernoulli pairs.  With the units split in two halves A and B,

    (T V)[s, k] = sum over A, B of P_A[s, A] V[k, A, B] P_B[s, B]

is one matrix product per block of rows and feature.  Blocks stay in cache; the backward pass recomputes them.

Shapes: s states below, k features, n units of the layer; a state's index has its first unit as the most significant bit.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from estimators.network import Network

BLOCK_BYTES = 4 << 20


def enumerate_states(index: Int[Tensor, " s"], width: int, like: Tensor) -> Float[Tensor, "s n"]:
    """Bits {0, 1} of these state numbers, in the dtype of `like`."""
    shifts = torch.arange(width - 1, -1, -1, device=index.device)
    return ((index[:, None] >> shifts) & 1).to(like.dtype)


def state_table(network: Network, layer: int, start: int = 0, stop: int | None = None) -> Float[Tensor, "s n"]:
    """The states of a Bernoulli layer in the network's encoding, those numbered from `start` to `stop`."""
    width = network.widths[layer]
    index = torch.arange(start, 2**width if stop is None else stop, device=network.theta.device)
    return network.states[0] + network.span * enumerate_states(index, width, network.theta)


def kronecker(q: Float[Tensor, "s n"], p: Float[Tensor, "s n"]) -> list[Float[Tensor, "s _"]]:
    """Products of the pairs (q_i, p_i) over the last j units, for j = 0 .. n: the last is the table [s, 2^n]."""
    tables = [p.new_ones(len(p), 1)]
    for unit in reversed(range(p.shape[1])):
        table = tables[-1]
        tables.append(torch.cat((table * q[:, unit:unit + 1], table * p[:, unit:unit + 1]), 1))
    return tables


def kronecker_backward(tables: list[Tensor], q: Tensor, p: Tensor, gradient: Tensor) -> Float[Tensor, "s n"]:
    """The derivative by p, where q = 1 - p, from the derivative by the table.  Overwrites nothing."""
    d_p = torch.empty_like(p)
    for unit, table in enumerate(reversed(tables[:-1])):
        low, high = gradient.split(table.shape[1], 1)
        d_p[:, unit] = ((high - low) * table).sum(1)
        gradient = low * q[:, unit:unit + 1] + high * p[:, unit:unit + 1]
    return d_p


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
        first, second = split(len(bias), len(values))
        matrix = halves(values, first, second)
        out = values.new_empty(below.count, len(values))
        for start, stop in blocks(below.count, len(values), first, second, values.element_size()):
            a = torch.nn.functional.linear(below(start, stop), weight, bias)
            q, p = noise.cdf(-a), noise.cdf(a)
            table_a = kronecker(q[:, :first], p[:, :first])[-1]
            table_b = kronecker(q[:, first:], p[:, first:])[-1]
            product = (table_a @ matrix).view(stop - start, len(values), 2**second)
            out[start:stop] = torch.bmm(product, table_b.unsqueeze(-1)).squeeze(-1)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        weight, bias, values = ctx.saved_tensors
        below, noise, k = ctx.below, ctx.noise, len(values)
        first, second = split(len(bias), k)
        matrix = halves(values, first, second)
        d_matrix, d_weight, d_bias = torch.zeros_like(matrix), torch.zeros_like(weight), torch.zeros_like(bias)
        for start, stop in blocks(below.count, k, first, second, values.element_size()):
            x, g = below(start, stop), gradient[start:stop]
            a = torch.nn.functional.linear(x, weight, bias)
            q, p = noise.cdf(-a), noise.cdf(a)
            tables_a, tables_b = kronecker(q[:, :first], p[:, :first]), kronecker(q[:, first:], p[:, first:])
            product = (tables_a[-1] @ matrix).view(stop - start, k, 2**second)
            d_b = torch.bmm(g.unsqueeze(1), product).squeeze(1)
            spread = (g.contiguous().unsqueeze(-1) * tables_b[-1].unsqueeze(1)).reshape(stop - start, -1)
            d_matrix.addmm_(tables_a[-1].T, spread)
            d_a = spread @ matrix.T
            d_p = torch.cat((kronecker_backward(tables_a, q[:, :first], p[:, :first], d_a),
                             kronecker_backward(tables_b, q[:, first:], p[:, first:], d_b)), 1)
            d_activation = d_p * noise.density(a)
            d_weight.addmm_(d_activation.T, x)
            d_bias += d_activation.sum(0)
        d_values = d_matrix.view(2**first, k, 2**second).transpose(0, 1).reshape(k, -1)
        return d_weight, d_bias, d_values, None, None


def halves(values: Float[Tensor, "k s"], first: int, second: int) -> Float[Tensor, "A kB"]:
    """V [k, 2^n] as the matrix [2^A, k 2^B] that one product takes."""
    return values.view(len(values), 2**first, 2**second).transpose(0, 1).reshape(2**first, -1)


def blocks(rows: int, features: int, first: int, second: int, size: int):
    """(start, stop) of blocks of rows whose tables take BLOCK_BYTES together."""
    step = max(1, BLOCK_BYTES // (size * (2**first + features * 2**second)))
    for start in range(0, rows, step):
        yield start, min(rows, start + step)
