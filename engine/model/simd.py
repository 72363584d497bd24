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

from engine.model.signatures import BLOCK, LANES

# How many of a row's non-zeros ahead the fixed side is fetched; 8 to 16 measured alike, 0 takes twice as long.
AHEAD = 12

_I64, _I32 = ir.IntType(64), ir.IntType(32)
_FLAGS = ("contract",)
_CACHE_LINE = 64
# Vectors of a result summed at a time, so that wide rows stay within the machine's registers.
_TILE = 8


class _Lanes:
    """Emits arithmetic on a row of `rank` reals held as a list of eight-lane vectors."""

    def __init__(self, builder: Any, real: Any, rank: int) -> None:
        self.builder, self.real, self.rank = builder, real, rank
        self.count = rank // LANES
        self.vector = ir.VectorType(real, LANES)
        self.bytes = 4 if isinstance(real, ir.FloatType) else 8

    def load(self, pointer: Any, vectors: range | None = None) -> list[Any]:
        """The row at `pointer`, or some of its vectors."""
        base = self.builder.bitcast(pointer, self.vector.as_pointer())
        loads = [self.builder.load(self.builder.gep(base, [_I64(i)])) for i in vectors or range(self.count)]
        for load in loads:
            load.align = self.bytes
        return loads

    def store(self, pointer: Any, row: list[Any]) -> None:
        base = self.builder.bitcast(pointer, self.vector.as_pointer())
        for i, vector in enumerate(row):
            self.builder.store(vector, self.builder.gep(base, [_I64(i)])).align = self.bytes

    def zeros(self) -> list[Any]:
        return [ir.Constant(self.vector, [0.0] * LANES)] * self.count

    def add(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, b, flags=_FLAGS)

    def subtract(self, a: Any, b: Any) -> Any:
        return self.builder.fsub(a, b, flags=_FLAGS)

    def multiply(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(a, b, flags=_FLAGS)

    def higher(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def plus_scaled(self, row: list[Any], scale: Any, other: list[Any]) -> list[Any]:
        """row + scale * other, `scale` in all lanes."""
        return [self.add(a, self.multiply(scale, b)) for a, b in zip(row, other, strict=True)]

    def products(self, row: list[Any], other: list[Any]) -> Any:
        """One vector whose lanes sum to the dot product."""
        total = self.multiply(row[0], other[0])
        for a, b in zip(row[1:], other[1:], strict=True):
            total = self.add(total, self.multiply(a, b))
        return total

    def shuffled(self, a: Any, b: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, len(lanes)), lanes))

    def four_sums(self, vectors: list[Any]) -> Any:
        """The lane sums of four vectors as one of four lanes."""
        halves = [
            self.add(self.shuffled(v, v, [0, 1, 2, 3]), self.shuffled(v, v, [4, 5, 6, 7])) for v in vectors
        ]
        pairs = [
            self.add(self.shuffled(a, b, [0, 4, 1, 5]), self.shuffled(a, b, [2, 6, 3, 7]))
            for a, b in (halves[:2], halves[2:])
        ]
        a, b = pairs
        return self.add(self.shuffled(a, b, [0, 1, 4, 5]), self.shuffled(a, b, [2, 3, 6, 7]))

    def dot(self, row: list[Any], other: list[Any]) -> Any:
        return self.builder.extract_element(self.four_sums([self.products(row, other)] * 4), _I32(0))

    def lane(self, vector: Any, lane: int) -> Any:
        """One lane of a vector in all eight."""
        return self.shuffled(vector, vector, [lane] * LANES)

    def spread(self, scalar: Any, lanes: int = LANES) -> Any:
        """A scalar in all lanes."""
        empty = ir.Constant(ir.VectorType(self.real, lanes), ir.Undefined)
        return self.shuffled(self.builder.insert_element(empty, scalar, _I32(0)), empty, [0] * lanes)

    def kept(self, row: list[Any]) -> _Kept:
        return _Kept(self.builder, row)


class _Kept:
    """A row that a loop changes: stack slots that LLVM turns into registers."""

    def __init__(self, builder: Any, row: list[Any]) -> None:
        self._builder = builder
        self._slots = [cgutils.alloca_once(builder, vector.type) for vector in row]
        self.write(row)

    def read(self) -> list[Any]:
        return [self._builder.load(slot) for slot in self._slots]

    def write(self, row: list[Any]) -> None:
        for slot, vector in zip(self._slots, row, strict=True):
            self._builder.store(vector, slot)


def _pointer(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def _prefetch(builder: Any, pointer: Any) -> None:
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [builder.bitcast(pointer, byte), _I32(0), _I32(3), _I32(1)])


class _NonZeros:
    """A row's non-zeros, visited four at a time. `arguments` are y, indices, values, first, count, alpha."""

    def __init__(self, context: Any, lanes: _Lanes, kinds: Any, arguments: Any) -> None:
        self._lanes, self._builder = lanes, lanes.builder
        self._y, self._indices, self._values = (
            _pointer(context, lanes.builder, kinds[i], arguments[i]) for i in range(3)
        )
        self._first, self._count, self._alpha = arguments[3:6]
        self._all = context.make_array(kinds[1])(context, lanes.builder, arguments[1]).nitems

    def _row(self, at: Any) -> Any:
        index = self._builder.load(self._builder.gep(self._indices, [at]))
        if index.type.width < 64:
            index = self._builder.sext(index, _I64)
        return self._builder.gep(self._y, [self._builder.mul(index, _I64(self._lanes.rank))])

    def _fetch_ahead(self, base: Any) -> None:
        for i in range(4):
            at = self._builder.add(self._builder.add(self._first, base), _I64(AHEAD + i))
            within = self._builder.icmp_signed("<", at, self._all)
            row = self._row(self._builder.select(within, at, _I64(0)))
            for offset in range(0, self._lanes.rank * self._lanes.bytes, _CACHE_LINE):
                _prefetch(self._builder, self._builder.gep(row, [_I64(offset // self._lanes.bytes)]))

    def each_four(self, body: Callable[[list[Any], Any, Any], None], *, fetch: bool) -> None:
        """Emit `body(rows, weights, live)`: four rows of y, their alpha * v, and 1 or, past the end, 0."""
        lanes, builder = self._lanes, self._builder
        none = ir.Constant(ir.VectorType(lanes.real, 4), [0.0] * 4)
        fours = builder.sdiv(builder.add(self._count, _I64(3)), _I64(4))
        with cgutils.for_range(builder, fours) as loop:
            base = builder.mul(loop.index, _I64(4))
            rows, weights, live = [], none, none
            for i in range(4):
                place = builder.add(base, _I64(i))
                inside = builder.icmp_signed("<", place, self._count)
                at = builder.add(self._first, builder.select(inside, place, _I64(0)))
                one = builder.select(inside, ir.Constant(lanes.real, 1.0), ir.Constant(lanes.real, 0.0))
                value = builder.load(builder.gep(self._values, [at]))
                rows.append(self._row(at))
                weights = builder.insert_element(weights, lanes.multiply(value, one), _I32(i))
                live = builder.insert_element(live, one, _I32(i))
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
        lanes = _Lanes(builder, context.get_data_type(y.dtype), rank.literal_value)
        own = lanes.load(_pointer(context, builder, kinds[6], arguments[6]))
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
        lanes.store(_pointer(context, builder, kinds[7], arguments[7]), sums)
        rest = [
            lanes.subtract(lanes.subtract(a, b), c)
            for a, b, c in zip(sums, own, explained.read(), strict=True)
        ]
        lanes.store(_pointer(context, builder, kinds[8], arguments[8]), rest)
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def system_times(_typing, y, indices, values, first, count, alpha, direction, product, rank):
    """product = direction + sum w (y.direction) y over a row's non-zeros."""
    signature = types.void(y, indices, values, first, count, alpha, direction, product, rank)

    def emit(context, builder, signature, arguments):
        kinds = signature.args
        lanes = _Lanes(builder, context.get_data_type(y.dtype), rank.literal_value)
        own = lanes.load(_pointer(context, builder, kinds[6], arguments[6]))
        result = lanes.kept(own)

        def add_four(rows, weights, _live):
            part = lanes.multiply(weights, lanes.four_sums([lanes.products(row, own) for row in rows]))
            sums = result.read()
            for i, row in enumerate(rows):
                sums = lanes.plus_scaled(sums, lanes.lane(part, i), row)
            result.write(sums)

        _NonZeros(context, lanes, kinds, arguments).each_four(add_four, fetch=False)
        lanes.store(_pointer(context, builder, kinds[7], arguments[7]), result.read())
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def transformed(_typing, row, matrix, out, rank):
    """out = row @ matrix, `matrix` (rank, rank); `out` may be `row`."""
    signature = types.void(row, matrix, out, rank)

    def emit(context, builder, signature, arguments):
        size = rank.literal_value
        lanes = _Lanes(builder, context.get_data_type(row.dtype), size)
        source, lines, target = (
            _pointer(context, builder, signature.args[i], arguments[i]) for i in range(3)
        )
        done = []
        for first in range(0, lanes.count, _TILE):
            columns = range(first, min(first + _TILE, lanes.count))
            sums = lanes.kept([lanes.zeros()[0]] * len(columns))
            with cgutils.for_range(builder, _I64(size // 4)) as loop:
                total = sums.read()
                for i in range(4):
                    at = builder.add(builder.mul(loop.index, _I64(4)), _I64(i))
                    value = lanes.spread(builder.load(builder.gep(source, [at])))
                    line = lanes.load(builder.gep(lines, [builder.mul(at, _I64(size))]), columns)
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
        lanes = _Lanes(builder, context.get_data_type(a.dtype), rank.literal_value)
        rows = [lanes.load(_pointer(context, builder, signature.args[i], arguments[i])) for i in range(2)]
        return lanes.dot(*rows)

    return signature, emit


@intrinsic(prefer_literal=True)
def combined(_typing, out, row, scale, other, rank):
    """out = row + scale * other; `out` may be either."""
    signature = types.void(out, row, scale, other, rank)

    def emit(context, builder, signature, arguments):
        lanes = _Lanes(builder, context.get_data_type(row.dtype), rank.literal_value)
        target, a, b = (_pointer(context, builder, signature.args[i], arguments[i]) for i in (0, 1, 3))
        lanes.store(target, lanes.plus_scaled(lanes.load(a), lanes.spread(arguments[2]), lanes.load(b)))
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def add_scaled_from(_typing, out, scale, other, first, rank):
    """out += scale * other, from the vector that holds column `first` on."""
    signature = types.void(out, scale, other, first, rank)

    def emit(context, builder, signature, arguments):
        lanes = _Lanes(builder, context.get_data_type(out.dtype), rank.literal_value)
        target, source = (
            builder.bitcast(
                _pointer(context, builder, signature.args[i], arguments[i]), lanes.vector.as_pointer()
            )
            for i in (0, 2)
        )
        spread = lanes.spread(arguments[1])
        begin = builder.sdiv(arguments[3], _I64(LANES))
        with cgutils.for_range(builder, _I64(lanes.count), start=begin) as loop:
            places = [builder.gep(base, [loop.index]) for base in (target, source)]
            own, added = (builder.load(place) for place in places)
            own.align = added.align = lanes.bytes
            total = lanes.add(own, lanes.multiply(spread, added))
            builder.store(total, places[0]).align = lanes.bytes
        return context.get_dummy_value()

    return signature, emit


@intrinsic(prefer_literal=True)
def add_outer_products(_typing, y, first, block, rank):
    """block += the sum of row' row over the four rows of y from `first` on."""
    signature = types.void(y, first, block, rank)

    def emit(context, builder, signature, arguments):
        size = rank.literal_value
        lanes = _Lanes(builder, context.get_data_type(y.dtype), size)
        base = _pointer(context, builder, signature.args[0], arguments[0])
        lines = _pointer(context, builder, signature.args[2], arguments[2])
        start = builder.mul(arguments[1], _I64(size))
        rows = [builder.gep(base, [builder.add(start, _I64(i * size))]) for i in range(4)]
        loaded = [lanes.load(row) for row in rows]
        with cgutils.for_range(builder, _I64(size)) as loop:
            line = builder.gep(lines, [builder.mul(loop.index, _I64(size))])
            total = lanes.load(line)
            for row, values in zip(rows, loaded, strict=True):
                total = lanes.plus_scaled(
                    total, lanes.spread(builder.load(builder.gep(row, [loop.index]))), values
                )
            lanes.store(line, total)
        return context.get_dummy_value()

    return signature, emit


@intrinsic
def best_of(_typing, sums, scales, first, least, rounded):
    """The highest of the `BLOCK` doubles from `first` on that are `least` or more, each less its nearest multiple (see
    `neighbour_kernels.ROUNDED`) and times its scale; nought where none is."""
    signature = types.float32(sums, scales, first, types.float64, types.float64)

    def emit(context, builder, signature, arguments):
        sums, scales = (
            builder.gep(_pointer(context, builder, signature.args[i], arguments[i]), [arguments[2]])
            for i in range(2)
        )
        wide, narrow = (_Lanes(builder, real, BLOCK) for real in (ir.DoubleType(), ir.FloatType()))
        least, rounded = wide.spread(arguments[3]), wide.spread(arguments[4])
        none = best = narrow.zeros()[0]
        for total, scale in zip(wide.load(sums), narrow.load(scales), strict=True):
            rest = builder.fsub(total, builder.fsub(builder.fadd(total, rounded), rounded))
            product = narrow.multiply(builder.fptrunc(rest, narrow.vector), scale)
            enough = builder.fcmp_ordered(">=", total, least)
            best = narrow.higher(best, builder.select(enough, product, none))
        for half in (4, 2, 1):
            best = narrow.higher(best, narrow.shuffled(best, best, [lane ^ half for lane in range(LANES)]))
        return builder.extract_element(best, _I32(0))

    return signature, emit


@intrinsic
def fetch(_typing, array, count):
    """Fetch the first `count` numbers of an array ahead of their use."""
    signature = types.void(array, count)

    def emit(context, builder, signature, arguments):
        base = _pointer(context, builder, signature.args[0], arguments[0])
        line = _CACHE_LINE // context.get_abi_sizeof(context.get_data_type(array.dtype))
        count = builder.sext(arguments[1], _I64) if arguments[1].type.width < 64 else arguments[1]
        lines = builder.sdiv(builder.add(count, _I64(line - 1)), _I64(line))
        with cgutils.for_range(builder, lines) as loop:
            _prefetch(builder, builder.gep(base, [builder.mul(loop.index, _I64(line))]))
        return context.get_dummy_value()

    return signature, emit


@intrinsic
def next_in_line(_typing, cursor):
    """Take the number in `cursor` (1,) int64 and leave the next one there, atomically: the threads' work list."""
    signature = types.int64(cursor)

    def emit(context, builder, signature, arguments):
        place = _pointer(context, builder, signature.args[0], arguments[0])
        return builder.atomic_rmw("add", place, _I64(1), "monotonic")

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
    size = _I64(context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size] if len(shape) == 1 else [builder.mul(shape[1], size), size]
    array = arrayobj.make_array(kind)(context, builder)
    arrayobj.populate_array(array, data=pointer, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()
