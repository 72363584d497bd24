"""The compiled parts of a sweep, for one rank and dtype: rows solved by conjugate gradients, Gram matrix, transform.

Only this module and those it imports need Numba. It is run in a child process to write machine code that a fit loads
without Numba (`engine.model.compiled`, which also has the arguments' kinds), so the functions here take addresses,
allocate nothing and raise nothing: such code runs without Numba.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from numba import cfunc, types

from engine.model.neighbour_kernels import added_body, joining_body, nearest_body, weights_body
from engine.model.signatures import SIGNATURES
from engine.model.simd import (
    add_outer_products,
    combined,
    dot,
    next_in_line,
    numbers_at,
    right_side_and_residual,
    rows_at,
    system_times,
    transformed,
)

# Rows summed in the factors' own precision before they are added in double.
_SHORT_SUM = 256


def compiled_here(kind: str, rank: int, dtype: str) -> dict[str, int]:
    """The kernels' addresses, compiled in this process."""
    return {name: function.address for name, function in _cfuncs(kind, rank, dtype).items()}


def write_machine_code(kind: str, rank: int, dtype: str, path: Path) -> None:
    """Write an object file for this processor that holds the kernels under their names."""
    module = llvm.parse_assembly("")
    for name, function in _cfuncs(kind, rank, dtype).items():
        part = llvm.parse_assembly(function.inspect_llvm())
        for inner in part.functions:
            if not inner.is_declaration:
                inner.linkage = "internal"
        entry = part.get_function(function.native_name)
        entry.name, entry.linkage = name, "external"
        module.link_in(part)
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="default",
    )
    # If only the entry points are visible, LLVM sees that none fails, and removes the interpreter's error handling.
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    path.write_bytes(target.emit_object(module))


def _cfuncs(kind: str, rank: int, dtype: str) -> dict[str, Any]:
    real = types.float32 if dtype == "float32" else types.float64
    kinds = {
        "reals": types.CPointer(real),
        "real": real,
        "doubles": types.CPointer(types.float64),
        "int64s": types.CPointer(types.int64),
        "int32s": types.CPointer(types.int32),
        "indices": types.CPointer(types.uint32),
        "bytes": types.CPointer(types.uint8),
        "integer": types.int64,
    }
    return {
        name: cfunc(
            types.void(*(kinds[argument] for argument in arguments)),
            nopython=True,
            error_model="numpy",
            _nrt=False,
        )(BODIES[name](rank))
        for name, arguments in SIGNATURES[kind].items()
    }


def _solve(rank: int) -> Any:
    def solve(
        indptr_at, indices_at, values_at, nonzeros, x_at, rows, y_at, columns, into_at, back_at, extra_at, inverse_at,
        alpha, steps, bounds_at, sums_at, parts, cursor_at, room_at,
    ):  # fmt: skip
        indptr, bounds = numbers_at(indptr_at, rows + 1), numbers_at(bounds_at, parts + 1)
        indices, values = numbers_at(indices_at, nonzeros), numbers_at(values_at, nonzeros)
        x, y, room = rows_at(x_at, rows, rank), rows_at(y_at, columns, rank), rows_at(room_at, 6, rank)
        into, back = rows_at(into_at, rank, rank), rows_at(back_at, rank, rank)
        extra, inverse = numbers_at(extra_at, rows), rows_at(inverse_at, rank, rank)
        sums, cursor = numbers_at(sums_at, parts), numbers_at(cursor_at, 1)
        own, right, residual, direction, product, shift = room[0], room[1], room[2], room[3], room[4], room[5]
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            total = 0.0
            for u in range(bounds[part], bounds[part + 1]):
                row, first = x[u], indptr[u]
                count = indptr[u + 1] - first
                if count == 0:
                    for k in range(rank):
                        row[k] = 0
                    continue
                transformed(row, into, own, rank)
                right_side_and_residual(y, indices, values, first, count, alpha, own, right, residual, rank)
                if extra[u] != 0:
                    transformed(own, inverse, shift, rank)
                    combined(residual, residual, -extra[u], shift, rank)
                for k in range(rank):
                    direction[k] = residual[k]
                norm = dot(residual, residual, rank)
                for _ in range(steps):
                    if norm < 1e-20:
                        break
                    system_times(y, indices, values, first, count, alpha, direction, product, rank)
                    if extra[u] != 0:
                        transformed(direction, inverse, shift, rank)
                        combined(product, product, extra[u], shift, rank)
                    length = norm / dot(direction, product, rank)
                    combined(own, own, length, direction, rank)
                    combined(residual, residual, -length, product, rank)
                    after = dot(residual, residual, rank)
                    combined(direction, residual, after / norm, direction, rank)
                    norm = after
                total += types.float64(dot(own, right, rank)) + types.float64(dot(own, residual, rank))
                transformed(own, back, row, rank)
            sums[part] = total

    return solve


def _gram(rank: int) -> Any:
    def gram(y_at, rows, sums_at, parts, cursor_at, room_at):
        y, cursor = rows_at(y_at, rows, rank), numbers_at(cursor_at, 1)
        sums, room = rows_at(sums_at, parts * rank, rank), rows_at(room_at, rank + 4, rank)
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            i, last = part * rows // parts, (part + 1) * rows // parts
            while i < last:
                stop = min(i + _SHORT_SUM, last)
                while i + 4 <= stop:
                    add_outer_products(y, i, room, rank)
                    i += 4
                if i < stop:
                    # The last rows, padded with rows of zeros.
                    for j in range(4):
                        for k in range(rank):
                            room[rank + j, k] = y[i + j, k] if i + j < stop else 0
                    add_outer_products(room, rank, room, rank)
                    i = stop
                for a in range(rank):
                    for k in range(rank):
                        sums[part * rank + a, k] += room[a, k]
                        room[a, k] = 0

    return gram


def _transform(rank: int) -> Any:
    def transform(y_at, rows, matrix_at, parts, cursor_at, _room_at):
        y, matrix = rows_at(y_at, rows, rank), rows_at(matrix_at, rank, rank)
        cursor = numbers_at(cursor_at, 1)
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            for i in range(part * rows // parts, (part + 1) * rows // parts):
                transformed(y[i], matrix, y[i], rank)

    return transform


def _factorize(rank: int) -> Any:
    def factorize(system_at, lower_at, upper_inverse_at):
        system, lower = rows_at(system_at, rank, rank), rows_at(lower_at, rank, rank)
        upper_inverse = rows_at(upper_inverse_at, rank, rank)
        for i in range(rank):
            for j in range(i + 1):
                rest = system[i, j]
                for k in range(j):
                    rest -= lower[i, k] * lower[j, k]
                lower[i, j] = rest**0.5 if i == j else rest / lower[j, j]
        for j in range(rank):
            upper_inverse[j, j] = 1.0 / lower[j, j]
            for i in range(j + 1, rank):
                rest = 0.0
                for k in range(j, i):
                    rest -= lower[i, k] * upper_inverse[j, k]
                upper_inverse[j, i] = rest / lower[i, i]

    return factorize


def _observed(rank: int) -> Any:
    def observed(
        indptr_at,
        indices_at,
        values_at,
        nonzeros,
        x_at,
        rows,
        y_at,
        columns,
        alpha,
        bounds_at,
        sums_at,
        parts,
        cursor_at,
        _room_at,
    ):
        indptr, bounds = numbers_at(indptr_at, rows + 1), numbers_at(bounds_at, parts + 1)
        indices, values = numbers_at(indices_at, nonzeros), numbers_at(values_at, nonzeros)
        x, y = rows_at(x_at, rows, rank), rows_at(y_at, columns, rank)
        sums, cursor = numbers_at(sums_at, parts), numbers_at(cursor_at, 1)
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            total = 0.0
            for u in range(bounds[part], bounds[part + 1]):
                for j in range(indptr[u], indptr[u + 1]):
                    score = types.float64(dot(x[u], y[indices[j]], rank))
                    total += (1.0 + alpha * values[j]) * (1.0 - score) ** 2 - score**2
            sums[part] = total

    return observed


# What makes each kernel of `SIGNATURES` for a rank.
BODIES: Mapping[str, Callable[[int], Any]] = {
    "solve": _solve,
    "gram": _gram,
    "transform": _transform,
    "factorize": _factorize,
    "observed": _observed,
    "nearest": nearest_body,
    "added": added_body,
    "weights": weights_body,
    "joining": joining_body,
}

if __name__ == "__main__":
    write_machine_code(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
