"""Priors for tracks with few listeners or none: their factors are shrunk towards their artist's.

With the listeners X fixed an item's factors are y = (X'X + X_i'(C_i - I) X_i + r I)^-1 (X_i' C_i 1 + r p): the system
of Hu, Koren and Volinsky with the penalty centred at p instead of 0, p the mean of the artist's other items, weighted
by their listeners n, with the global mean counting as one listener: (sum n_j y_j + g) / (sum n_j + 1). r is `WEIGHT`
times the item's own penalty. An item without listeners takes the direction of p, all such with one length: they are
then ranked by closeness, since the lengths of priors are noise. Items with more than `SCARCE` listeners need no prior;
beyond that nothing was measured (`tests.benchmarks.cold`; figures in MODEL.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.model.fold_in_rows import fold_in_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from engine.model.als import AlternatingLeastSquares
    from engine.model.confidence import Confidence

Floats = NDArray[np.float32]

SCARCE, WEIGHT = 5, 10.0
_AT_A_TIME = 5_000
# With lambda 0 and fewer listeners than factors the system is singular; this much of its mean keeps it solvable.
_MIN_PENALTY = 1e-7
_MIN_LENGTH = 1e-12


def lean_on_artists(
    model: AlternatingLeastSquares,
    confidence: Confidence,
    plays: csr_matrix,
    artists: NDArray[np.int32] | None,
) -> None:
    """Apply the priors to the scarce items of a `model` fitted to (listeners, items) `plays`, transformed by
    `confidence`; `artists` (items,) by number, null if items are artists."""
    if artists is None:
        return
    listeners = np.asarray(plays.getnnz(axis=0))
    # Items without listeners stay 0: in a validation split such an item is always a held-out one, and the weights would
    # learn to prefer items without listeners.
    scarce = np.flatnonzero((listeners > 0) & (listeners <= SCARCE))
    if not len(scarce):
        return
    settings = {
        "alpha": model.alpha,
        "regularization": model.regularization,
        "frequency_exponent": model.frequency_exponent,
    }
    users = model.user_factors
    if users is None:  # MLlib's model has no listeners' factors.
        users = fold_in_rows(confidence.counted(plays), model.item_factors, **settings)
    priors = artist_means(model.item_factors, listeners, artists)[scarce]
    found = np.array(model.item_factors, copy=True)
    found[scarce] = leaning(confidence.counted(plays)[:, scarce], users, priors, **settings)
    model.item_factors = found


def artist_means(factors: NDArray[Any], listeners: NDArray[Any], artists: NDArray[np.int32]) -> Floats:
    """(items, f): the priors, of each item the mean of its artist's other `factors` (items, f), weighted by `listeners`
    (items,), with the global mean counting as one listener; `artists` (items,) by number."""
    from scipy.sparse import csr_matrix

    weights = listeners.astype(np.float32)
    cells = (weights, (artists, np.arange(len(artists))))
    of_artist = csr_matrix(cells, shape=(int(artists.max(initial=-1)) + 1, len(artists)))
    sums = of_artist @ factors
    sums += sums.sum(axis=0) / max(1.0, float(weights.sum()))
    others = np.asarray(of_artist.sum(axis=1)).ravel()[artists] - weights
    means = sums[artists]
    means -= weights[:, None] * factors
    means /= (others + 1.0)[:, None]
    return np.asarray(means, dtype=np.float32)


def leaning(
    counts: csr_matrix,
    users: NDArray[Any],
    priors: Floats,
    *,
    alpha: float,
    regularization: float,
    frequency_exponent: float,
) -> Floats:
    """Factors (items, f) of items with at most `SCARCE` listeners each: (listeners, items) transformed `counts`, the
    factors of the `users` (listeners, f) fixed, and the items' `priors` (items, f)."""
    columns = counts.tocsc()
    listeners = np.diff(columns.indptr)
    found = np.empty_like(priors)
    nobodys = np.flatnonzero(listeners == 0)
    lengths = np.linalg.norm(priors, axis=1)
    length = lengths.mean() if len(lengths) else 0.0
    found[nobodys] = priors[nobodys] * (length / np.maximum(lengths[nobodys], _MIN_LENGTH))[:, None]
    wide = users.astype(np.float64)
    gram = wide.T @ wide
    for count in range(1, SCARCE + 1):
        same = np.flatnonzero(listeners == count)
        penalty = WEIGHT * regularization * count**frequency_exponent
        penalty = max(penalty, _MIN_PENALTY * float(np.trace(gram)) / len(gram))
        inverse = np.linalg.inv(gram + penalty * np.eye(len(gram))).astype(np.float32)
        turned, leant = users @ inverse, np.float32(penalty) * (priors[same] @ inverse)
        for begin in range(0, len(same), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            cells = columns.indptr[same[some]][:, None] + np.arange(count)
            which, extra = columns.indices[cells], np.float32(alpha) * columns.data[cells]
            found[same[some]] = _solved(users[which], turned[which], extra, leant[some])
    return found


def _solved(own: Floats, turned: Floats, extra: Floats, leant: Floats) -> Floats:
    """(m, f): items of n listeners each, whose factors are `own` (m, n, f) and confidences one and `extra` (m, n).

    `turned` (m, n, f) are these factors, and `leant` (m, f) the priors, both multiplied by the inverse of X'X and the
    penalty: few listeners are a low-rank update of that (Sherman, Morrison, Woodbury).
    """
    solved = leant + np.einsum("mn,mnf->mf", 1.0 + extra, turned)
    inner = np.einsum("mnf,mkf->mnk", turned, own)
    inner += np.eye(own.shape[1], dtype=np.float32) / np.maximum(extra, 1e-9)[:, :, None]
    steps = np.linalg.solve(inner, np.einsum("mnf,mf->mn", own, solved)[:, :, None])[:, :, 0]
    return np.asarray(solved - np.einsum("mn,mnf->mf", steps, turned))
