"""What the compiled kernels take: the one thing that who writes them and who calls them must agree on."""

from __future__ import annotations

from collections.abc import Mapping

# Numbers in a vector instruction as the kernels write them; ranks are multiples of it.
LANES = 8
# Argument kinds: an array of reals of the model's dtype, of doubles, of int64, of int32; a real, an integer.
SIGNATURES: Mapping[str, tuple[str, ...]] = {
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
}  # fmt: skip
