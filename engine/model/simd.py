"""Inner loops of the ALS kernels, written as vector instructions for Numba.

LLVM's loop vectoriser gives up on these loops (too many pointers that might overlap), so they are emitted as
vectors of eight lanes with the rank known: a listener's running sums then stay in registers, and the rows of the
fixed side are fetched ahead of their use. Eight lanes map onto AVX, AVX-512, NEON or SSE alike.

Every function here is a Numba intrinsic: callable from compiled code only, arrays C-contiguous, `rank` a constant
and a multiple of 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from engine.model.lanes import CACHE_LINE, I32, I64, Lanes, pointer_of, prefetch

# How many non-zeros ahead the fixed side is prefetched; 8 to 16 measured the same, 0 takes twice as long.
AHEAD = 12

# Vectors of a result summed at a time, so that wide rows fit into registers.
_TILE = 8


class _NonZeros:
    """A row's non-zeros, visited four at a time. `arguments` are y, indices, values, first, count, alpha."""

    def __init__(self, context: Any, lanes: Lanes, kinds: Any, arguments: Any) -> None:
        self._lanes, self._builder = lanes, lanes.builder
        self._y, self._indices, self._values = (
            pointer_of(context, lanes.builder, kinds[i], arguments[i]) for i in range(3)
        )
        self._first, self._count, self._alpha = arguments[3:6]
        self._all = context.make_array(kinds[1])(context, lanes.builder, arguments[1]).nitems

    def _row(self, at: Any) -> Any:
        index = self._builder.load(self._builder.gep(self._indices, [at]))
        if index.type.width < 64:
            index = self._builder.sext(index, I64)
        return self._builder.gep(self._y, [self._builder.mul(index, I64(self._lanes.rank))])

    def _fetch_ahead(self, base: Any) -> None:
        for i in range(4):
            at = self._builder.add(self._builder.add(self._first, base), I64(AHEAD + i))
            within = self._builder.icmp_signed("<", at, self._all)
            row = self._row(self._builder.select(within, at, I64(0)))
            for offset in range(0, self._lanes.rank * self._lanes.bytes, CACHE_LINE):
                prefetch(self._builder, self._builder.gep(row, [I64(offset // self._lanes.bytes)]))

    def each_four(self, body: Callable[[list[Any], Any, Any], None], *, fetch: bool) -> None:
        """Emit `body(rows, weights, live)`: four rows of y, their alpha * v, and 1 or, past the end, 0."""
        lanes, builder = self._lanes, self._builder
        none = ir.Constant(ir.VectorType(lanes.real, 4), [0.0] * 4)
        fours = builder.sdiv(builder.add(self._count, I64(3)), I64(4))
        with cgutils.for_range(builder, fours) as loop:
            base = builder.mul(loop.index, I64(4))
            rows, weights, live = [], none, none
            for i in range(4):
                place = builder.add(base, I64(i))
                inside = builder.icmp_signed("<", place, self._count)
                at = builder.add(self._first, builder.select(inside, place, I64(0)))
                one = builder.select(inside, ir.Constant(lanes.real, 1.0), ir.Constant(lanes.real, 0.0))
                value = builder.load(builder.gep(self._values, [at]))
                rows.append(self._row(at))
                weights = builder.insert_element(weights, lanes.multiply(value, one), I32(i))
                live = builder.insert_element(live, one, I32(i))
            if fetch:
                self._fetch_ahead(base)
            weights = lanes.multiply(weights, lanes.spread(self._alpha, 4))
            body([lanes.load(row) for row in rows], weights, live)


@intrinsic(prefer_literal=True)
def right_side_and_residual(_typing, y, indices, values, first, count, alpha, x, right, residual, rank):
    """right = sum (1 + w) y and residual = right - x - sum w (y.x) y over a row's non-zeros, w = alpha v."""
    signature = types.void(y, indices, values, first, count, alpha, x, right, residual, rank)

    def emit(context, builder, signature, arguments):
        kinds = signature.args
        lanes = Lanes(builder, context.get_data_type(y.dtype), rank.literal_value)
        own = lanes.load(pointer_of(context, builder, kinds[6], arguments[6]))
        wanted, explained = lanes.kept(lanes.zeros()), lanes.kept(lanes.zeros())

        def add_four(rows, weights, live):
            dots = lanes.four_sums([lanes.products(row, own) for row in rows])
            confidence, part = lanes.add(live, weights), lanes.multiply(weights, dots)
            sums, parts = wanted.read(), explained.read()
            for i, row in enumerate(rows):
                sums = lanes.plus_scaled(sums, lanes.lane(confidence, i), row)
                parts = lanes.plus_scaled(parts, lanes.lane(part, i), row)
            wanted.write(sums)
            explained.write(parts)

        _NonZeros(context, lanes, kinds, arguments).each_four(add_four, fetch=True)
        sums = wanted.read()
        lanes.store(pointer_of(context, builder, kinds[7], arguments[7]), sums)
        rest = [
            lanes.subtract(lanes.subtract(a, b), c)
            for a, b, c in zip(sums, own, explained.read(), strict=True)
        ]
        lanes.store(pointer_of(context, builder, kinds[8], arguments[8]), rest)
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def system_times(_typing, y, indices, values, first, count, alpha, direction, product, rank):
    """product = direction + sum w (y.direction) y over a row's non-zeros."""
    signature = types.void(y, indices, values, first, count, alpha, direction, product, rank)

    def emit(context, builder, signature, arguments):
        kinds = signature.args
        lanes = Lanes(builder, context.get_data_type(y.dtype), rank.literal_value)
        own = lanes.load(pointer_of(context, builder, kinds[6], arguments[6]))
        result = lanes.kept(own)

        def add_four(rows, weights, _live):
            part = lanes.multiply(weights, lanes.four_sums([lanes.products(row, own) for row in rows]))
            sums = result.read()
            for i, row in enumerate(rows):
                sums = lanes.plus_scaled(sums, lanes.lane(part, i), row)
            result.write(sums)

        _NonZeros(context, lanes, kinds, arguments).each_four(add_four, fetch=False)
        lanes.store(pointer_of(context, builder, kinds[7], arguments[7]), result.read())
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def transformed(_typing, row, matrix, out, rank):
    """out = row @ matrix, `matrix` (rank, rank); `out` may be `row`."""
    signature = types.void(row, matrix, out, rank)

    def emit(context, builder, signature, arguments):
        size = rank.literal_value
        lanes = Lanes(builder, context.get_data_type(row.dtype), size)
        source, lines, target = (
            pointer_of(context, builder, signature.args[i], arguments[i]) for i in range(3)
        )
        done = []
        for first in range(0, lanes.count, _TILE):
            columns = range(first, min(first + _TILE, lanes.count))
            sums = lanes.kept([lanes.zeros()[0]] * len(columns))
            with cgutils.for_range(builder, I64(size // 4)) as loop:
                total = sums.read()
                for i in range(4):
                    at = builder.add(builder.mul(loop.index, I64(4)), I64(i))
                    value = lanes.spread(builder.load(builder.gep(source, [at])))
                    line = lanes.load(builder.gep(lines, [builder.mul(at, I64(size))]), columns)
                    total = lanes.plus_scaled(total, value, line)
                sums.write(total)
            done += sums.read()
        lanes.store(target, done)
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def dot(_typing, a, b, rank):
    """The dot product of two rows."""
    signature = a.dtype(a, b, rank)

    def emit(context, builder, signature, arguments):
        lanes = Lanes(builder, context.get_data_type(a.dtype), rank.literal_value)
        rows = [lanes.load(pointer_of(context, builder, signature.args[i], arguments[i])) for i in range(2)]
        return lanes.dot(*rows)

    return signature, emit


@intrinsic(prefer_literal=True)
def combined(_typing, out, row, scale, other, rank):
    """out = row + scale * other; `out` may be either."""
    signature = types.void(out, row, scale, other, rank)

    def emit(context, builder, signature, arguments):
        lanes = Lanes(builder, context.get_data_type(row.dtype), rank.literal_value)
        target, a, b = (pointer_of(context, builder, signature.args[i], arguments[i]) for i in (0, 1, 3))
        lanes.store(target, lanes.plus_scaled(lanes.load(a), lanes.spread(arguments[2]), lanes.load(b)))
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def add_outer_products(_typing, y, first, block, rank):
    """block += the sum of row' row over the four rows of y from `first` on."""
    signature = types.void(y, first, block, rank)

    def emit(context, builder, signature, arguments):
        size = rank.literal_value
        lanes = Lanes(builder, context.get_data_type(y.dtype), size)
        base = pointer_of(context, builder, signature.args[0], arguments[0])
        lines = pointer_of(context, builder, signature.args[2], arguments[2])
        start = builder.mul(arguments[1], I64(size))
        rows = [builder.gep(base, [builder.add(start, I64(i * size))]) for i in range(4)]
        loaded = [lanes.load(row) for row in rows]
        with cgutils.for_range(builder, I64(size)) as loop:
            line = builder.gep(lines, [builder.mul(loop.index, I64(size))])
            total = lanes.load(line)
            for row, values in zip(rows, loaded, strict=True):
                total = lanes.plus_scaled(
                    total, lanes.spread(builder.load(builder.gep(row, [loop.index]))), values
                )
            lanes.store(line, total)
        return context.get_dummy_value()

    return signature, emit


@intrinsic
def next_in_line(_typing, cursor):
    """Take the number in `cursor` (1,) int64 and leave the next one there, atomically: the threads' work list."""
    signature = types.int64(cursor)

    def emit(context, builder, signature, arguments):
        place = pointer_of(context, builder, signature.args[0], arguments[0])
        return builder.atomic_rmw("add", place, I64(1), "monotonic")

    return signature, emit


@intrinsic(prefer_literal=True)
def rows_at(_typing, pointer, count, rank):
    """The array (count, rank) that begins at an address. Numba's own `carray` brings its runtime with it."""
    kind = types.Array(pointer.dtype, 2, "C")

    def emit(context, builder, _signature, arguments):
        return _view(context, builder, kind, arguments[0], list(arguments[1:]))

    return kind(pointer, count, rank), emit


@intrinsic
def numbers_at(_typing, pointer, count):
    """The array (count,) that begins at an address."""
    kind = types.Array(pointer.dtype, 1, "C")

    def emit(context, builder, _signature, arguments):
        return _view(context, builder, kind, arguments[0], list(arguments[1:]))

    return kind(pointer, count), emit


def _view(context: Any, builder: Any, kind: Any, pointer: Any, shape: list[Any]) -> Any:
    size = I64(context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size] if len(shape) == 1 else [builder.mul(shape[1], size), size]
    array = arrayobj.make_array(kind)(context, builder)
    arrayobj.populate_array(array, data=pointer, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()
