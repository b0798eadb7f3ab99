"""The transfer of a table of values through one Bernoulli layer, E[V(x) | states below], without forming its matrix.

Row s of the transfer matrix is a Kronecker product of Bernoulli pairs.  With the units split in two halves A and B,

    (T V)[s, k] = sum over A, B of P_A[s, A] V[k, A, B] P_B[s, B]

is one matrix product per block of rows and feature.  Blocks stay in cache; the backward pass recomputes them.

Shapes: s states below, k features, n units of the layer; a state's index has its first unit as the most significant bit.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.sum.kronecker import Half, Space

BLOCK_BYTES, BATCH = 8 << 20, 8


def enumerate_states(index: Int[Tensor, " s"], width: int, like: Tensor) -> Float[Tensor, "s n"]:
    """Bits {0, 1} of these state numbers, in the dtype of `like`."""
    shifts = torch.arange(width - 1, -1, -1, device=index.device)
    return ((index[:, None] >> shifts) & 1).to(like.dtype)


def state_table(network: Network, layer: int, start: int = 0, stop: int | None = None) -> Float[Tensor, "s n"]:
    """The states of a Bernoulli layer in the network's encoding, those numbered from `start` to `stop`."""
    width = network.widths[layer]
    index = torch.arange(start, 2**width if stop is None else stop, device=network.theta.device)
    return network.states[0] + network.span * enumerate_states(index, width, network.theta)


def split(width: int, features: int) -> tuple[int, int]:
    """Units in the halves A and B: the products with B are repeated for every feature, so B is the smaller."""
    second = max(0, (width - max(0, features - 1).bit_length()) // 2)
    return width - second, second


class Transfer(torch.autograd.Function):
    """E[V(x) | x_below] [s, k] for x ~ Bernoulli(F(W x_below + b)), differentiable in W, b and V [k, 2^n]."""

    @staticmethod
    def forward(ctx, weight, bias, values, below, noise, space):
        """`below(start, stop)` gives rows of the states below; `below.count` says how many there are."""
        ctx.save_for_backward(weight, bias, values)
        ctx.below, ctx.noise, ctx.space = below, noise, space
        k, first, second = len(values), *split(len(bias), len(values))
        matrix, out = halves(values, first, second), values.new_empty(below.count, k)
        for start, stop, blocks in batches(below.count, k, first, second, values.element_size()):
            last = x, a, half_a, half_b = factors(weight, bias, below(start, stop), noise, first, space)
            for rows in blocks:
                table_b = half_b.table(rows)
                product = torch.mm(half_a.table(rows), matrix, out=space("product", len(table_b), k * 2**second))
                out[start:stop][rows] = torch.bmm(product.view(len(table_b), k, -1), table_b.unsqueeze(-1)).squeeze(-1)
        ctx.kept = last if start == 0 else None  # the only batch: its small tables need not be made again
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        weight, bias, values = ctx.saved_tensors
        below, noise, space, k = ctx.below, ctx.noise, ctx.space, len(values)
        first, second = split(len(bias), k)
        matrix = halves(values, first, second)
        d_matrix, d_weight, d_bias = matrix.new_zeros(matrix.shape[::-1]), torch.zeros_like(weight), torch.zeros_like(bias)
        for start, stop, blocks in batches(below.count, k, first, second, values.element_size()):
            x, a, half_a, half_b = ctx.kept or factors(weight, bias, below(start, stop), noise, first, space)
            d_a, d_b = [], []
            for rows in blocks:
                table_a, table_b, g = half_a.table(rows), half_b.table(rows), gradient[start:stop][rows].unsqueeze(-1)
                product = torch.mm(table_a, matrix, out=space("product", len(g), k * 2**second)).view(len(g), k, -1)
                d_b.append(half_b.contract(rows, product.mul_(g).sum(1)))
                spread = torch.mul(g, table_b.unsqueeze(1), out=product).flatten(1)
                d_matrix.addmm_(spread.T, table_a)
                d_a.append(half_a.contract(rows, torch.mm(spread, matrix.T, out=table_a)))
            d_pairs = torch.stack(half_a.backward(d_a) + half_b.backward(d_b), 1)
            d_activation = (d_pairs[..., 1] - d_pairs[..., 0]) * noise.density(a)
            d_weight.addmm_(d_activation.T, x)
            d_bias += d_activation.sum(0)
        d_values = d_matrix.view(k, 2**second, 2**first).transpose(1, 2).reshape(k, -1)
        return d_weight, d_bias, d_values, None, None, None


def factors(weight: Tensor, bias: Tensor, x: Tensor, noise: Noise, first: int, space: Space) -> tuple[Tensor, Tensor, Half, Half]:
    """The states below, the pre-activations above them, and both halves of the units."""
    a = torch.nn.functional.linear(x, weight, bias)
    pairs = noise.cdf(torch.stack((-a, a), 2))
    return x, a, Half(pairs[:, :first], space, "a"), Half(pairs[:, first:], space, "b")


def halves(values: Float[Tensor, "k s"], first: int, second: int) -> Float[Tensor, "A kB"]:
    """V [k, 2^n] as the matrix [2^A, k 2^B] that one product takes."""
    return values.view(len(values), 2**first, 2**second).transpose(0, 1).reshape(2**first, -1)


def batches(count: int, features: int, first: int, second: int, size: int) -> Iterator[tuple[int, int, list[slice]]]:
    """(start, stop, blocks) of batches of up to BATCH equal blocks of rows whose tables take BLOCK_BYTES together."""
    most = max(1, BLOCK_BYTES // (size * (2**first + features * 2**second)))
    step = -(-count // -(-count // most))
    for start in range(0, count, BATCH * step):
        stop = min(start + BATCH * step, count)
        yield start, stop, [slice(low, min(low + step, stop - start)) for low in range(0, stop - start, step)]
