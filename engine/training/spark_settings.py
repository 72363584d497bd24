"""Training on Spark as it is asked for, and the sample its settings are chosen on; nothing of Spark is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# A side of more bytes goes to MLlib: every Python worker holds both sides once more.
BROADCAST_BYTES = 2_000_000_000
# What settings are chosen on, here, before Spark is started.
SAMPLE_PAIRS = 5_000_000


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """Where Spark runs, and the folder it reads the plays from as Parquet.

    `parquet` is a path, or an address of any kind Spark reads, at which an export is already; where there is none at a
    path, it is written there. Null is a folder that is gone afterwards, which a master on this machine alone sees.
    """

    master: str = "local[*]"
    parquet: str | None = None
    broadcast_bytes: int = BROADCAST_BYTES


def sample(plays: csr_matrix, seed: int, pairs: int = SAMPLE_PAIRS) -> csr_matrix:
    """As many listeners, drawn at random, as have about `pairs` of the plays; all where there are no more."""
    if plays.nnz <= pairs:
        return plays
    size = max(2, int(plays.shape[0] * pairs / plays.nnz))
    return plays[np.sort(np.random.default_rng(seed).permutation(plays.shape[0])[:size])]
