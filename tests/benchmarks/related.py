"""How good lists of related artists are, by how many listeners the artist has, with and without support.

    python -m tests.benchmarks.related --data PATH --seeds 1 --json

`--data` is community data as `discover community add` reads it. Of each seed a random half of the listeners makes the
lists, as the app does (`engine.recommend.related`), from ALS with 40 factors under the settings of an untuned training;
the other half judges them. At most `--queries` artists of each number of listeners in the first half are asked about,
none that nobody in the other half plays. Of the ten listed, means over the queries of all seeds:
`cosine` of co-listening with the artist asked about in the other half (0 for who is not played there); `together`, the
share that somebody there plays beside that artist; `singletons`, how many have one listener in the first half;
`lift`, listeners in common there over what chance would have; `listeners`, the median of theirs.
`before` orders by likeness alone among four candidates for each place, `after` is the app's own order.

HetRec (`--seeds 2`, 240 queries each): cosine / together / singletons in ten, before and after.

    listeners   before              after
    1           .031 / .05 / 7.8    .062 / .19 / 0.1
    2           .033 / .07 / 7.1    .063 / .23 / 0
    3-5         .071 / .20 / 4.7    .104 / .39 / 0
    6-10        .107 / .39 / 2.2    .135 / .60 / 0
    11-30       .156 / .68 / 0.9    .180 / .86 / 0
    31+         .298 / .97 / 0.1    .306 / 1.0 / 0

`lift` falls, from 19 to 12 at one listener and from 7.9 to 6.5 at 11 to 30: what more people play is together with more
by chance too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from engine.model.als import AlternatingLeastSquares
from engine.model.similarity import ItemSimilarity, listens_of, mean_similarity_to_nearest
from engine.model.tuning import regularization_for
from engine.recommend.related import CANDIDATES_EACH, candidates_for, most_alike
from engine.training.choose import DEFAULT_CONFIDENCE, DEFAULT_EXPONENT, DEFAULT_REGULARIZATION
from tests.benchmarks.quality import plays_in

LISTED = 10
BUCKETS = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 30), (31, 1_000_000))

Ids = NDArray[np.int64]


class Half:
    """Lists made from (listeners, items) `plays`."""

    def __init__(self, plays: csr_matrix, seed: int) -> None:
        exponent = DEFAULT_EXPONENT
        model = AlternatingLeastSquares(
            factors=40,
            regularization=regularization_for(plays, DEFAULT_REGULARIZATION, exponent),
            frequency_exponent=exponent,
            alpha=DEFAULT_CONFIDENCE.alpha,
            random_state=seed,
        )
        model.fit(DEFAULT_CONFIDENCE.counted(plays))
        factors, listens = model.item_factors, listens_of(plays)
        self.listeners = np.asarray(plays.getnnz(axis=0), dtype=np.int32)
        self._similarity = ItemSimilarity(factors, listens, mean_similarity_to_nearest(factors, listens))
        self._unit = factors / np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-12)
        self._nobody = np.flatnonzero(self.listeners == 0)

    def _near(self, item: int, count: int) -> Ids:
        cosines = self._unit @ self._unit[item]
        cosines[item] = cosines[self._nobody] = -np.inf
        return np.argpartition(-cosines, count)[:count]

    def before(self, item: int) -> Ids:
        count = CANDIDATES_EACH * LISTED
        candidates = np.union1d(self._near(item, count), self._similarity.most_together(item, count))
        alike = self._similarity.of(item, candidates)
        return candidates[np.lexsort((candidates, -alike))[:LISTED]]

    def after(self, item: int) -> Ids:
        near = self._near(item, candidates_for(LISTED))
        return most_alike(self._similarity, self.listeners, item, near, LISTED, self._nobody)[0]


def judged(item: int, listed: Ids, half: Half, other: csc_matrix) -> dict[str, float]:
    """What the (listeners, items) other half, in ones, says of one list."""
    common = np.asarray((other[:, item].T @ other[:, listed]).todense()).ravel()
    own, theirs = other[:, item].nnz, np.diff(other.indptr)[listed]
    cosine = common / np.sqrt(np.maximum(own * theirs, 1))
    by_chance = own * theirs.sum() / other.shape[0]
    return {
        "cosine": float(cosine.mean()),
        "together": float((common > 0).mean()),
        "singletons": float((half.listeners[listed] == 1).sum()),
        "in common": float(common.sum()),
        "by chance": float(by_chance),
        "listeners": float(np.median(half.listeners[listed])),
    }


def one_seed(plays: csr_matrix, seed: int, queries: int) -> list[tuple[int, str, dict[str, float]]]:
    """(bucket, order, measures) of every query."""
    rng = np.random.default_rng(seed)
    first, second = np.array_split(rng.permutation(plays.shape[0]), 2)
    half = Half(plays[np.sort(first)], seed)
    other = plays[np.sort(second)].tocsc()
    other.data = np.ones_like(other.data)
    judging = np.diff(other.indptr) > 0
    found = []
    for bucket, (low, high) in enumerate(BUCKETS):
        able = np.flatnonzero((half.listeners >= low) & (half.listeners <= high) & judging)
        for item in rng.permutation(able)[:queries].tolist():
            for name, order in (("before", half.before), ("after", half.after)):
                found.append((bucket, name, judged(item, order(item), half, other)))
    return found


def report(plays: csr_matrix, seeds: int, queries: int) -> dict[str, Any]:
    """The document on standard output."""
    found = [row for seed in range(seeds) for row in one_seed(plays, seed, queries)]
    buckets = []
    for number, (low, high) in enumerate(BUCKETS):
        row: dict[str, Any] = {
            "listeners": f"{low}" if low == high else f"{low}-{high}" if high < 1e6 else f"{low}+"
        }
        for name in ("before", "after"):
            these = [measures for bucket, order, measures in found if (bucket, order) == (number, name)]
            row["queries"] = len(these)
            if these:
                means = {key: float(np.mean([one[key] for one in these])) for key in these[0]}
                chance, common = means.pop("by chance"), means.pop("in common")
                row[name] = means | {"lift": common / chance if chance else None}
        buckets.append(row)
    return {"listeners": plays.shape[0], "items": plays.shape[1], "seeds": seeds, "buckets": buckets}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder, zip or table of community data")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument(
        "--queries", type=int, default=120, help="artists asked about, of each bucket and seed"
    )
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or arguments.queries < 1:
        parser.error("--seeds and --queries must be at least 1")
    document = report(plays_in(arguments.data)[0], arguments.seeds, arguments.queries)
    print(json.dumps(document, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
