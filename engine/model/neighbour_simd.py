"""Inner loops of the neighbours' kernels as vector instructions, like those of `engine.model.simd`."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.model.lanes import CACHE_LINE, I32, I64, Lanes, pointer_of, prefetch
from engine.model.signatures import BLOCK, LANES


@intrinsic
def best_of(_typing, sums, scales, first, least, rounded, own):
    """The highest of the `BLOCK` doubles from `first` on, each less its nearest multiple (`neighbour_kernels.ROUNDED`),
    times its scale and `own`, and one more where it is `least` or more before that."""
    signature = types.float32(sums, scales, first, least, rounded, own)

    def emit(context, builder, signature, arguments):
        sums, scales = (
            builder.gep(pointer_of(context, builder, signature.args[i], arguments[i]), [arguments[2]])
            for i in range(2)
        )
        wide, narrow = (Lanes(builder, real, BLOCK) for real in (ir.DoubleType(), ir.FloatType()))
        least, rounded = wide.spread(arguments[3]), wide.spread(arguments[4])
        none = best = narrow.zeros()[0]
        one, own = narrow.spread(ir.Constant(narrow.real, 1.0)), narrow.spread(arguments[5])
        for total, scale in zip(wide.load(sums), narrow.load(scales), strict=True):
            rest = builder.fsub(total, builder.fsub(builder.fadd(total, rounded), rounded))
            product = narrow.multiply(builder.fptrunc(rest, narrow.vector), scale)
            enough = builder.fcmp_ordered(">=", total, least)
            product = narrow.add(narrow.multiply(product, own), builder.select(enough, one, none))
            best = narrow.higher(best, product)
        for half in (4, 2, 1):
            best = narrow.higher(best, narrow.shuffled(best, best, [lane ^ half for lane in range(LANES)]))
        return builder.extract_element(best, I32(0))

    return signature, emit


@intrinsic(prefer_literal=True)
def add_scaled_from(_typing, out, scale, other, first, rank):
    """out += scale * other, from the vector that holds column `first` on."""
    signature = types.void(out, scale, other, first, rank)

    def emit(context, builder, signature, arguments):
        lanes = Lanes(builder, context.get_data_type(out.dtype), rank.literal_value)
        target, source = (
            builder.bitcast(
                pointer_of(context, builder, signature.args[i], arguments[i]), lanes.vector.as_pointer()
            )
            for i in (0, 2)
        )
        spread = lanes.spread(arguments[1])
        begin = builder.sdiv(arguments[3], I64(LANES))
        with cgutils.for_range(builder, I64(lanes.count), start=begin) as loop:
            places = [builder.gep(base, [loop.index]) for base in (target, source)]
            own, added = (builder.load(place) for place in places)
            own.align = added.align = lanes.bytes
            total = lanes.add(own, lanes.multiply(spread, added))
            builder.store(total, places[0]).align = lanes.bytes
        return context.get_dummy_value()

    return signature, emit


@intrinsic
def fetch(_typing, array, count):
    """Fetch the first `count` numbers of an array ahead of their use."""
    signature = types.void(array, count)

    def emit(context, builder, signature, arguments):
        base = pointer_of(context, builder, signature.args[0], arguments[0])
        line = CACHE_LINE // context.get_abi_sizeof(context.get_data_type(array.dtype))
        count = builder.sext(arguments[1], I64) if arguments[1].type.width < 64 else arguments[1]
        lines = builder.sdiv(builder.add(count, I64(line - 1)), I64(line))
        with cgutils.for_range(builder, lines) as loop:
            prefetch(builder, builder.gep(base, [builder.mul(loop.index, I64(line))]))
        return context.get_dummy_value()

    return signature, emit
