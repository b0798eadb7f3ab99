"""The transfer of values through one Bernoulli layer, E[V(x) | states below], without forming its matrix.

Row s of the transfer matrix is a Kronecker product of Bernoulli pairs.  With the units split in two halves A and B,

    (T V)[s, k] = sum over A, B of P_A[s, A] V[k, A, B] P_B[s, B]

is one matrix product per block of rows and feature.  Blocks stay in cache; on the way back they are made again.

Shapes: s states below, k features, n units of the layer; a state's index has its first unit as the most significant bit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.network.noise import Noise
from straightedge.estimators.sum.kronecker import Half, Space
from straightedge.estimators.sum.reference import References, Values, members

BLOCK_BYTES, BATCH = 8 << 20, 8

Pullback = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From the coefficients [m, k, s] of expected values in the loss to its derivatives by the pre-activations, [m, n, s], and by the values of
the layer's states, [m, k, 2^n]; to be called once."""


def split(width: int, features: int) -> tuple[int, int]:
    """Units in the halves A and B: the products with B are repeated for every feature, so B is the smaller."""
    second = max(0, (width - max(0, features - 1).bit_length()) // 2)
    return width - second, second


@dataclass(frozen=True, eq=False)
class Blocked:
    """One layer of one network, its tables made a block of states below at a time."""

    a: Float[Tensor, "1 n s"]
    """Pre-activations."""
    noise: Noise
    space: Space

    def __call__(self, values: Values, among: References, group: Int[Tensor, "1 s"] | None) -> tuple[Float[Tensor, "1 k s"], Pullback]:
        """(E[V(x) - V(r) | state below], r the reference of each; what brings derivatives back)."""
        parts = members(among, None if group is None else group[0])
        out = values.tail.new_empty(values.tail.shape[1], self.a.shape[2])
        for number, rows in parts:
            out[:, rows] = self.expected(self.a[0, :, rows].T.contiguous(), columns(values, among, number)).T

        def pullback(coefficients: Tensor) -> tuple[Tensor, Tensor]:
            d_a, d_values = torch.empty_like(self.a[0]), torch.zeros_like(values.tail[0])
            for number, rows in parts:
                part, d_columns = self.pulled(self.a[0, :, rows].T.contiguous(), columns(values, among, number), coefficients[0, :, rows].T)
                d_a[:, rows] = part.T
                d_values += d_columns
            return d_a.unsqueeze(0), d_values.unsqueeze(0)

        return out.unsqueeze(0), pullback

    def factors(self, a: Float[Tensor, "t n"], first: int) -> tuple[Half, Half]:
        """Both halves of the units."""
        pairs = self.noise.cdf(torch.stack((-a, a), 2))
        return Half(pairs[:, :first], self.space, "a"), Half(pairs[:, first:], self.space, "b")

    def expected(self, a: Float[Tensor, "t n"], columns: Float[Tensor, "k S"]) -> Float[Tensor, "t k"]:
        """E[columns | state below]."""
        k, first, second = len(columns), *split(a.shape[1], len(columns))
        matrix, out = halved(columns, first, second), columns.new_empty(len(a), k)
        for start, stop, blocks in batches(len(a), k, first, second, columns.element_size()):
            half_a, half_b = self.factors(a[start:stop], first)
            for rows in blocks:
                table_b = half_b.table(rows)
                product = torch.mm(half_a.table(rows), matrix, out=self.space("product", len(table_b), k * 2**second))
                out[start:stop][rows] = torch.bmm(product.view(len(table_b), k, -1), table_b.unsqueeze(-1)).squeeze(-1)
        return out

    def pulled(self, a: Float[Tensor, "t n"], columns: Float[Tensor, "k S"],
               gradient: Float[Tensor, "t k"]) -> tuple[Float[Tensor, "t n"], Float[Tensor, "k S"]]:
        """The derivatives by the pre-activations and by the columns, from that by their expectations."""
        k, first, second = len(columns), *split(a.shape[1], len(columns))
        matrix = halved(columns, first, second)
        d_matrix, d_activation = matrix.new_zeros(matrix.shape[::-1]), torch.empty_like(a)
        for start, stop, blocks in batches(len(a), k, first, second, columns.element_size()):
            half_a, half_b = self.factors(a[start:stop], first)
            d_a, d_b = [], []
            for rows in blocks:
                table_a, table_b, g = half_a.table(rows), half_b.table(rows), gradient[start:stop][rows].unsqueeze(-1)
                product = torch.mm(table_a, matrix, out=self.space("product", len(g), k * 2**second)).view(len(g), k, -1)
                d_b.append(half_b.contract(rows, product.mul_(g).sum(1)))
                spread = torch.mul(g, table_b.unsqueeze(1), out=product).flatten(1)
                d_matrix.addmm_(spread.T, table_a)
                d_a.append(half_a.contract(rows, torch.mm(spread, matrix.T, out=table_a)))
            d_pairs = torch.stack(half_a.backward(d_a) + half_b.backward(d_b), 1)
            d_activation[start:stop] = (d_pairs[..., 1] - d_pairs[..., 0]) * self.noise.density(a[start:stop])
        return d_activation, d_matrix.view(k, 2**second, 2**first).transpose(1, 2).reshape(k, -1)


def columns(values: Values, among: References, number: int) -> Float[Tensor, "k S"]:
    """The differences from this reference, of the one network."""
    return values.since(among.states[:, number:number + 1])[0, 0]


def halved(values: Float[Tensor, "k s"], first: int, second: int) -> Float[Tensor, "A kB"]:
    """V [k, 2^n] as the matrix [2^A, k 2^B] that one product takes."""
    return values.view(len(values), 2**first, 2**second).transpose(0, 1).reshape(2**first, -1)


def batches(count: int, features: int, first: int, second: int, size: int) -> Iterator[tuple[int, int, list[slice]]]:
    """(start, stop, blocks) of batches of up to BATCH equal blocks of rows whose tables take BLOCK_BYTES together."""
    most = max(1, BLOCK_BYTES // (size * (2**first + features * 2**second)))
    step = -(-count // -(-count // most))
    for start in range(0, count, BATCH * step):
        stop = min(start + BATCH * step, count)
        yield start, stop, [slice(low, min(low + step, stop - start)) for low in range(0, stop - start, step)]
