"""Arithmetic on rows of reals as vectors of eight lanes, emitted for Numba's intrinsics (`simd`, `neighbour_simd`)."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from engine.model.signatures import LANES

I64, I32 = ir.IntType(64), ir.IntType(32)
CACHE_LINE = 64
_FLAGS = ("contract",)


class Lanes:
    """Emits arithmetic on a row of `rank` reals held as a list of eight-lane vectors."""

    def __init__(self, builder: Any, real: Any, rank: int) -> None:
        self.builder, self.real, self.rank = builder, real, rank
        self.count = rank // LANES
        self.vector = ir.VectorType(real, LANES)
        self.bytes = 4 if isinstance(real, ir.FloatType) else 8

    def load(self, pointer: Any, vectors: range | None = None) -> list[Any]:
        """The row at `pointer`, or some of its vectors."""
        base = self.builder.bitcast(pointer, self.vector.as_pointer())
        loads = [self.builder.load(self.builder.gep(base, [I64(i)])) for i in vectors or range(self.count)]
        for load in loads:
            load.align = self.bytes
        return loads

    def store(self, pointer: Any, row: list[Any]) -> None:
        base = self.builder.bitcast(pointer, self.vector.as_pointer())
        for i, vector in enumerate(row):
            self.builder.store(vector, self.builder.gep(base, [I64(i)])).align = self.bytes

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
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(I32, len(lanes)), lanes))

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
        return self.builder.extract_element(self.four_sums([self.products(row, other)] * 4), I32(0))

    def lane(self, vector: Any, lane: int) -> Any:
        """One lane of a vector in all eight."""
        return self.shuffled(vector, vector, [lane] * LANES)

    def spread(self, scalar: Any, lanes: int = LANES) -> Any:
        """A scalar in all lanes."""
        empty = ir.Constant(ir.VectorType(self.real, lanes), ir.Undefined)
        return self.shuffled(self.builder.insert_element(empty, scalar, I32(0)), empty, [0] * lanes)

    def kept(self, row: list[Any]) -> Kept:
        return Kept(self.builder, row)


class Kept:
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


def pointer_of(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def prefetch(builder: Any, pointer: Any) -> None:
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, I32, I32, I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [builder.bitcast(pointer, byte), I32(0), I32(3), I32(1)])
