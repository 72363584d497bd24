"""Chooses the training settings, and measures them on held-out plays.

The plays are split twice: the tuner holds out a part of the training part to choose by; the outer part only measures
the choice, beside the baselines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError
from engine.evaluation.baselines import ScoresOf, item_cosine, popularity
from engine.evaluation.metrics import counted, evaluate
from engine.evaluation.splits import leave_out
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.ensemble import SOLO_WEIGHTS
from engine.model.item_priors import lean_on_artists
from engine.model.neighbour_fit import Products
from engine.model.tuning import regularization_for, tune
from engine.progress import Cancelled, CountReport, Share, StageReport, in_steps, part_of
from engine.training.solo import measure_sessions
from engine.training.weigh import Left, Weighed, weigh

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# The defaults of an untuned training, which are good on HetRec and on the sample (see the benchmark).
DEFAULT_CONFIDENCE = Confidence(transform="log", alpha=1.0)
# At a listener of mean length, growing with a row's plays to this power (`regularization_for`).
DEFAULT_REGULARIZATION, DEFAULT_EXPONENT = 20.0, 0.75
# A solo model's rows are short sessions: far fewer plays bear on each factor.
SOLO_REGULARIZATION = 1.0
# Scores computed for measuring, which determines the number of listeners with held-out plays.
MEASURED_SCORES, MIN_MEASURED = 1e8, 500
# Fits that are only measured stop here, half the sweeps of the model's own.
MEASURED_SWEEPS, WARM_SWEEPS = 10, 4
# Steps of stages without a unit.
SHARES = 1_000
# The number of factors, and the one tried beside it: of tracks, and where the catalog has this many items.
FACTORS, MORE_FACTORS, LARGE = 40, 128, 20_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings of the final fit, the tuner's table, and the measures on data it did not see."""

    confidence: Confidence
    regularization: float
    frequency_exponent: float
    ensemble: dict[str, float]
    ridge: float
    factors: int
    tuned: dict[str, Any]
    validation: dict[str, Any]

    def model(self, iterations: int, seed: int) -> AlternatingLeastSquares:
        """The unfitted model with these settings."""
        return _als(self, iterations, seed)


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a fit takes."""

    confidence: Confidence
    regularization: float
    frequency_exponent: float
    factors: int

    def fit(
        self,
        rows: csr_matrix,
        progress: Share,
        *,
        iterations: int,
        seed: int,
        cancelled: Cancelled | None,
        artists: NDArray[np.int32] | None,
        start: NDArray[np.float32] | None = None,
    ) -> AlternatingLeastSquares:
        """The factors of these (rows, items) play counts, scarce tracks leaning on their `artists`; from the items'
        `start` on where there is one."""
        swept = in_steps(progress, iterations)
        model = _als(self, iterations, seed)
        model.item_factors = start
        model.fit(self.confidence.counted(rows), callback=lambda *_: swept(), cancelled=cancelled)
        lean_on_artists(model, self.confidence, rows, artists)
        return model

    def described(self, *, searched: bool) -> dict[str, Any]:
        return {
            "transform": self.confidence.transform,
            "alpha": self.confidence.alpha,
            "regularization": self.regularization,
            "frequency_exponent": self.frequency_exponent,
            "factors": self.factors,
            "searched": searched,
        }


def _als(settings: Choice | _Settings, iterations: int, seed: int) -> AlternatingLeastSquares:
    """A fit with these settings, not yet made."""
    return AlternatingLeastSquares(
        factors=settings.factors,
        regularization=settings.regularization,
        frequency_exponent=settings.frequency_exponent,
        alpha=settings.confidence.alpha,
        iterations=iterations,
        random_state=seed,
    )


def factors_to_try(items: int, *, tracks: bool, everywhere: bool = False) -> tuple[int, ...]:
    """The numbers of factors to choose from, the usual one first; `everywhere`, in a small catalog of artists too."""
    return (FACTORS, MORE_FACTORS) if everywhere or tracks or items > LARGE else (FACTORS,)


def choose(
    plays: csr_matrix,
    *,
    factors: Sequence[int],
    iterations: int,
    seed: int,
    search: bool,
    search_seconds: float,
    times: NDArray[np.int64] | None,
    artists: NDArray[np.int32] | None = None,
    progress: StageReport,
    cancelled: Cancelled | None,
) -> tuple[Choice, Products | None]:
    """Settings for these (rows, items) play counts, with the first of `factors` or another that ranks clearly better
    (`weigh`); `search` False takes the defaults for the rest, `search_seconds` bounds the search, `times` are those of
    the rows in solo mode, `artists` (items,) those of tracks by number. Also returns the neighbours' products of all
    plays, if choosing computed nearly those."""
    most = max(MIN_MEASURED, int(MEASURED_SCORES / max(1, plays.shape[1])))
    train, test = leave_out(plays, seed=seed, listeners=most)
    settings, table = _defaults(plays, factors[0], solo=times is not None), None
    if search:
        settings, table = _searched(
            train,
            settings,
            seed=seed,
            seconds=search_seconds,
            progress=lambda done, total: progress("tuning", done, total),
            cancelled=cancelled,
        )

    def share_of(stage: str) -> Share:
        return lambda share: progress(stage, round(share * SHARES), SHARES)

    by_factors: dict[str, float] = {}
    if times is None:
        tried = [replace(settings, factors=number) for number in factors]
        weighed, measured = _weighed(
            train,
            test,
            tried,
            artists,
            iterations=iterations,
            seed=seed,
            weighing=share_of("weighing"),
            measuring=share_of("measuring"),
            cancelled=cancelled,
        )
        settings = tried[weighed.fit]
        if len(weighed.by_fit) > 1:
            by_factors = {
                str(number): round(found, 4) for number, found in zip(factors, weighed.by_fit, strict=True)
            }
        products = _of_all(weighed.left, plays, train, test, cancelled)
    else:
        weighed, products = Weighed(dict(SOLO_WEIGHTS), {}), None
        measuring = share_of("measuring")
        measured = {"resurfacing": measure_sessions(plays, times, progress=measuring, cancelled=cancelled)}
    searched = table is not None and "not_searched" not in table
    choice = Choice(
        settings.confidence,
        settings.regularization,
        settings.frequency_exponent,
        weighed.weights,
        weighed.ridge,
        settings.factors,
        (table or {})
        | settings.described(searched=searched)
        | ({"by_factors": by_factors} if by_factors else {}),
        measured,
    )
    return choice, products


def _of_all(
    left: Left | None, plays: csr_matrix, train: csr_matrix, test: csr_matrix, cancelled: Cancelled | None
) -> Products | None:
    """The products of all plays, from those of the training part without some listeners."""
    if left is None:
        return None
    tested = np.flatnonzero(np.diff(test.indptr))
    more = plays[np.union1d(tested, left.without)]
    return left.products.changed(train[np.setdiff1d(tested, left.without)], more, cancelled=cancelled)


def _weighed(
    train: csr_matrix,
    test: csr_matrix,
    tried: Sequence[_Settings],
    artists: NDArray[np.int32] | None,
    *,
    iterations: int,
    seed: int,
    weighing: Share,
    measuring: Share,
    cancelled: Cancelled | None,
) -> tuple[Weighed, dict[str, Any]]:
    """The ensemble's weights for a community, with one of the settings `tried`, and the measures on what was held out
    of its `train` plays."""
    latest: dict[_Settings, NDArray[np.float32]] = {}

    def fitted(
        settings: _Settings, rows: csr_matrix, fitting: Share
    ) -> tuple[NDArray[np.float32], float, float]:
        sweeps = min(iterations, MEASURED_SWEEPS)
        model = settings.fit(
            rows, fitting, iterations=sweeps, seed=seed, cancelled=cancelled, artists=artists
        )
        latest[settings] = model.item_factors
        return model.item_factors, settings.regularization, settings.frequency_exponent

    weighing(0.0)
    weighed = weigh(
        train,
        [partial(fitted, settings) for settings in tried],
        tried[0].confidence,
        seed=seed,
        artists=artists,
        progress=weighing,
        cancelled=cancelled,
    )
    settings = tried[weighed.fit]
    measuring(0.0)
    # The fit without some listeners is a good start.
    sweeps, start = min(iterations, WARM_SWEEPS if latest else MEASURED_SWEEPS), latest.get(settings)
    latest.clear()
    model = settings.fit(
        train,
        part_of(measuring, 0.0, 0.4),
        iterations=sweeps,
        seed=seed,
        cancelled=cancelled,
        artists=artists,
        start=start,
    )
    measured = _measured(model, train, test, part_of(measuring, 0.4, 1.0))
    if measured and weighed.effect:
        measured["ensemble"] = weighed.effect
    return weighed, measured


def _searched(
    train: csr_matrix,
    defaults: _Settings,
    *,
    seed: int,
    seconds: float,
    progress: CountReport,
    cancelled: Cancelled | None,
) -> tuple[_Settings, dict[str, Any]]:
    """The best settings found and those tried; if none could be tried, the defaults and the reason."""
    try:
        found = tune(
            train,
            factors=defaults.factors,
            seed=seed,
            seconds=seconds,
            progress=progress,
            cancelled=cancelled,
        )
    except InvalidDataError as error:
        # Too little data to hold anything out, or every setting collapsed.
        return defaults, {"trials": [], "finished": False, "not_searched": str(error)}
    table = {
        "trials": [msgspec.to_builtins(trial) for trial in found.trials],
        "seconds": found.seconds,
        "finished": found.finished,
    }
    return _Settings(found.confidence, found.regularization, found.frequency_exponent, found.factors), table


def _defaults(plays: csr_matrix, factors: int, *, solo: bool) -> _Settings:
    """The settings if nothing is searched or found."""
    exponent = 0.0 if solo else DEFAULT_EXPONENT
    penalty = SOLO_REGULARIZATION if solo else DEFAULT_REGULARIZATION
    return _Settings(DEFAULT_CONFIDENCE, regularization_for(plays, penalty, exponent), exponent, factors)


def _measured(
    model: AlternatingLeastSquares, train: csr_matrix, test: csr_matrix, progress: Share
) -> dict[str, Any]:
    """The model's and the baselines' measures on the outer split; empty where nothing could be held out."""
    listeners = np.flatnonzero(np.diff(test.indptr))
    if not len(listeners):
        return {}
    users, items = model.user_factors, model.item_factors
    methods: dict[str, Callable[[], ScoresOf]] = {
        "": lambda: lambda ids: users[ids] @ items.T,
        "popularity": lambda: popularity(train),
        "item cosine": lambda: item_cosine(train),
    }
    scored = in_steps(progress, len(methods) * len(listeners))
    found = {
        name: evaluate(counted(method(), scored), train, test, listeners=listeners)
        for name, method in methods.items()
    }
    return {**found.pop(""), "listeners": len(listeners), "baselines": found}
