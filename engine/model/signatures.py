"""Signatures of the compiled kernels, shared by their implementation and their callers."""

from __future__ import annotations

from collections.abc import Mapping

# Numbers per vector instruction in the kernels; ranks are multiples of it.
LANES = 8
# Neighbours: the maximum per item, and the listeners in common of those that come first. A neighbour whose pivot falls
# below this share of its diagonal gets the weight 0. The number of candidates collected before they are compared with
# the nearest kept; items are scanned in blocks.
MIN_TOGETHER, NEAREST, PIVOT_FLOOR, WAITING, BLOCK = 2, 100, 0.05, 1024, 64
# Argument kinds: an array of reals of the model's dtype, of doubles, of int64, of int32, of such that are never
# negative, of bytes; a real, an integer.
SIGNATURES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "als": {
        "solve": (
            "int64s", "int32s", "reals", "integer", "reals", "integer", "reals", "integer", "reals", "reals", "reals",
            "reals", "real", "integer", "int64s", "doubles", "integer", "int64s", "reals",
        ),
        "gram": ("reals", "integer", "doubles", "integer", "int64s", "reals"),
        "transform": ("reals", "integer", "reals", "integer", "int64s", "reals"),
        "factorize": ("doubles", "doubles", "doubles"),
        "observed": (
            "int64s", "int32s", "reals", "integer", "reals", "integer", "reals", "integer", "real", "int64s", "doubles",
            "integer", "int64s", "reals",
        ),
    },
    "neighbours": {
        "nearest": (
            "int64s", "indices", "reals", "int64s", "indices", "reals", "integer", "integer", "integer", "reals",
            "integer", "indices", "integer", "int64s", "integer", "indices", "reals", "int32s", "int64s", "doubles",
            "indices", "reals",
        ),
        "added": (
            "int64s", "indices", "reals", "int64s", "indices", "reals", "integer", "integer", "integer", "integer",
            "real", "int64s", "integer", "indices", "reals", "int32s", "int64s", "doubles",
        ),
        "weights": (
            "indices", "reals", "int32s", "integer", "integer", "reals", "indices", "integer", "int64s", "integer",
            "reals", "int64s", "reals", "bytes",
        ),
        "joining": (
            "int64s", "indices", "int64s", "indices", "reals", "integer", "integer", "indices", "reals", "int32s",
            "integer", "integer", "reals", "indices", "integer", "int64s", "integer", "reals", "int64s", "reals",
            "bytes",
        ),
    },
}  # fmt: skip
