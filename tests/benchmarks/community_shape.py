"""What a community is like, in figures: so that the made-up one can be held against a real one.

    python -m tests.benchmarks.community_shape --data PATH --artists 1500 --json

`--data` is a folder or zip in the HetRec 2011 Last.fm layout; only its `--artists` with most listeners are looked at,
and listeners of any of them. Who plays whom is all that counts here, not how often.
- `artists_a_listener`, `listeners_an_artist`: quantiles, the latter in shares of all listeners; `gini` of the
  latter, and `top_tenth`, the part of all pairs that the tenth of artists with most listeners has.
- `singular_values`: the 2nd, 5th, 10th, 20th, 40th, 80th and 160th of the matrix divided by the roots of its row and
  column sums, whose first is 1. Broad tastes are the first ones, local things the slow fall of the rest.
- `beyond_40`: of how alike artists' listeners are (the products of that matrix' columns), the part of the variance
  that its best 40 dimensions do not have; `nearest_over_40`: an artist's similarity to its nearest over what those 40
  say it is, the median artist.
- `cosine`, `lift`: of the median artist's 1st, 5th, 20th and 100th nearest, the cosine; of its 1st, 5th and 20th
  most over chance with three listeners in common, by how many times.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

from tests.benchmarks.quality import plays_in

FACTORS, VALUES = 40, 160
MIN_LISTENERS = 10


def figures(plays: csr_matrix, artists: int) -> dict[str, Any]:
    """The document on standard output, of (listeners, items) plays."""
    most = np.argsort(-plays.getnnz(axis=0), kind="stable")[:artists]
    played = plays[:, np.sort(most)].astype(np.float64)
    played.data = np.ones_like(played.data)
    played = csr_matrix(played[np.flatnonzero(played.getnnz(axis=1))])
    own, of = played.getnnz(axis=1), played.getnnz(axis=0)
    scaled = diags(own**-0.5) @ played @ diags(np.maximum(of, 1) ** -0.5)
    _, values, right = svds(scaled, k=VALUES, random_state=0)
    order = np.argsort(-values)
    values, right = values[order], right[order]
    listeners, count = played.shape
    steps = np.sort(of)[::-1]
    return {
        "listeners": listeners,
        "artists": count,
        "pairs": int(played.nnz),
        "artists_a_listener": np.quantile(own, [0.05, 0.25, 0.5, 0.75, 0.95, 1]).tolist(),
        "listeners_an_artist": _rounded(np.quantile(of, [0.1, 0.5, 0.9, 0.99, 1]) / listeners, 4),
        "gini": round(float((2 * np.arange(count, 0, -1) - count - 1) @ steps / (count * steps.sum())), 3),
        "top_tenth": round(float(steps[: count // 10].sum() / steps.sum()), 3),
        "singular_values": _rounded(values[[1, 4, 9, 19, 39, 79, 159]], 3),
        **_nearness(played, csr_matrix(scaled), values[:FACTORS], right[:FACTORS]),
    }


def _nearness(
    played: csr_matrix, scaled: csr_matrix, values: np.ndarray, right: np.ndarray
) -> dict[str, Any]:
    """How alike artists are, those with enough listeners to say."""
    of = played.getnnz(axis=0)
    ids = np.flatnonzero(of >= MIN_LISTENERS)
    together = (played[:, ids].T @ played[:, ids]).toarray()
    alike = (scaled[:, ids].T @ scaled[:, ids]).toarray()
    factors = right[:, ids].T * values
    found = factors @ factors.T
    pairs = np.triu_indices(len(ids), 1)
    np.fill_diagonal(together, 0.0)
    product = np.outer(of[ids], of[ids]).astype(np.float64)
    cosine = together / np.sqrt(product)
    lift = np.where(together >= 3, together * played.shape[0] / product, 0.0)
    nearest, rows = cosine.argmax(axis=1), np.arange(len(ids))
    spread = alike[pairs] - alike[pairs].mean()
    return {
        "beyond_40": round(float(((alike - found)[pairs] ** 2).sum() / (spread**2).sum()), 3),
        "nearest_over_40": round(
            float(np.median(alike[rows, nearest] / np.maximum(found[rows, nearest], 1e-9))), 2
        ),
        "cosine": _rounded(np.median(-np.sort(-cosine, axis=1)[:, [0, 4, 19, 99]], axis=0), 3),
        "lift": _rounded(np.median(-np.sort(-lift, axis=1)[:, [0, 4, 19]], axis=0), 1),
    }


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder or zip in the HetRec layout")
    parser.add_argument("--artists", type=int, default=1500)
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    arguments = parser.parse_args()
    print(
        json.dumps(
            figures(csr_matrix(plays_in(arguments.data)), arguments.artists),
            indent=None if arguments.json else 2,
        )
    )


if __name__ == "__main__":
    main()
