"""The search for settings: what it chooses, when it stops, what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import CancelledError, InvalidDataError
from engine.model import tuning
from engine.model.confidence import Confidence
from engine.model.tuning import Tuned, tune
from tests.support.factorizing import plays

SMALL = plays(60, 45)


@pytest.fixture(autouse=True)
def few_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid of four, so that each test takes a fraction of a second."""
    monkeypatch.setattr(
        tuning,
        "CONFIDENCES",
        (Confidence(transform="log", alpha=2.0), Confidence(transform="binary", alpha=5.0)),
    )
    monkeypatch.setattr(tuning, "REGULARIZATIONS", (2.0, 1e6))
    monkeypatch.setattr(tuning, "EXPONENTS", (0.0,))
    monkeypatch.setattr(tuning, "RUNGS", ((2, 3), (3, 2), (4, 1)))


class Clock:
    """Stands for the module `time`: each look at it takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


def without_seconds(tuned: Tuned) -> Tuned:
    return dataclasses.replace(tuned, seconds=0.0)


def test_the_choice_is_the_best_trial_of_the_longest_fit() -> None:
    found = tune(SMALL, factors=4)
    last = [trial for trial in found.trials if trial.sweeps == 4]
    best = max(last, key=lambda trial: trial.ndcg)
    assert (found.confidence, found.regularization) == (best.confidence, best.regularization)
    assert found.finished
    assert found.seconds > 0
    assert best.ndcg > 0.2


def test_every_setting_is_tried_and_the_better_ones_go_on() -> None:
    found = tune(SMALL, factors=4)
    first, second = ([trial for trial in found.trials if trial.sweeps == sweeps] for sweeps in (2, 3))
    assert len({(trial.confidence, trial.regularization) for trial in first}) == len(first) == 4
    assert len(second) == 3
    kept = {(trial.confidence, trial.regularization) for trial in second}
    worst = min(first, key=lambda trial: trial.ndcg)
    assert sum((trial.confidence, trial.regularization) not in kept for trial in first) == 1
    assert worst.collapsed


def test_a_collapse_is_seen_and_never_chosen() -> None:
    found = tune(SMALL, factors=4)
    drowned = [trial for trial in found.trials if trial.regularization >= 1e6]
    assert drowned
    assert all(trial.collapsed and trial.ndcg == 0 for trial in drowned)
    assert found.regularization < 100


def test_where_every_setting_collapses_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "REGULARIZATIONS", (1e7, 1e8))
    with pytest.raises(InvalidDataError, match="collapses"):
        tune(SMALL, factors=4)


def test_the_same_seed_finds_the_same() -> None:
    first, again = (tune(SMALL, factors=4, seed=3) for _ in range(2))
    assert without_seconds(first) == without_seconds(again)
    other = tune(SMALL, factors=4, seed=4)
    assert [trial.ndcg for trial in other.trials] != [trial.ndcg for trial in first.trials]


def test_no_trial_starts_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(tuning, "time", clock)
    whole = tune(SMALL, factors=4, seconds=1e9)
    short = tune(SMALL, factors=4, seconds=8)
    assert whole.finished
    assert not short.finished
    assert 1 <= len(short.trials) < len(whole.trials)
    assert short.confidence in {trial.confidence for trial in short.trials}
    at_once = tune(SMALL, factors=4, seconds=0)
    assert len(at_once.trials) == 1


def test_progress_grows_to_its_end_at_most() -> None:
    reports: list[tuple[int, int]] = []
    found = tune(SMALL, factors=4, progress=lambda done, total: reports.append((done, total)))
    done = [now for now, _ in reports]
    assert done == sorted(done)
    assert len(reports) == len(found.trials)
    assert all(0 < now <= total for now, total in reports)
    assert len({total for _, total in reports}) == 1


def test_it_stops_when_cancelled() -> None:
    seen: list[int] = []
    with pytest.raises(CancelledError):
        tune(
            SMALL,
            factors=4,
            progress=lambda done, _total: seen.append(done),
            cancelled=lambda: len(seen) >= 2,
        )
    assert len(seen) == 2


@pytest.mark.parametrize(
    "matrix",
    [csr_matrix((0, 0), dtype=np.float32), csr_matrix((3, 4), dtype=np.float32), csr_matrix(np.eye(3))],
    ids=["empty", "no plays", "one item each"],
)
def test_where_nothing_can_be_held_out_it_says_so(matrix: csr_matrix) -> None:
    with pytest.raises(InvalidDataError, match="nothing to tune"):
        tune(matrix, factors=4)


def test_the_exponent_of_lambda_is_tried_both_ways_and_stepped_within_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tuning, "EXPONENTS", (0.75, 0.0))
    found = tune(SMALL, factors=4)
    tried = {trial.frequency_exponent for trial in found.trials}
    assert {0.75, 0.0} < tried <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert {trial.frequency_exponent for trial in found.trials if trial.sweeps == 2} == {0.75, 0.0}


def test_lambda_for_an_exponent_is_the_same_at_the_mean_listener() -> None:
    lengths = np.diff(SMALL.indptr)
    mean = float(lengths[lengths > 0].mean())
    assert tuning.regularization_for(SMALL, 20.0, 0.75) * mean**0.75 == pytest.approx(20.0)
    assert tuning.regularization_for(SMALL, 20.0, 0.0) == 20.0


def test_of_a_large_community_each_rung_sees_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, tuple[int, int]] = {}
    measure = tuning._Split.ndcg

    def noted(split: tuning._Split, setting: tuning.Trial, sweeps: int, *rest: object) -> float:
        seen[sweeps] = split._train.shape
        return measure(split, setting, sweeps, *rest)

    monkeypatch.setattr(tuning._Split, "ndcg", noted)
    monkeypatch.setattr(tuning, "RUNG_PLAYS", (400, 900, 1_500))
    community = plays(300, 45)
    assert community.nnz > 1_500
    found = tune(community, factors=4)
    assert found.finished
    listeners = [seen[sweeps][0] for sweeps in (2, 3, 4)]
    assert 20 < listeners[0] < listeners[1] < listeners[2] < 300
    # What hardly anybody drawn plays is not looked for.
    drawn = tuning.drawn(community, 150, np.random.default_rng(0))
    assert drawn.shape[1] < 45
    assert drawn.getnnz(axis=0).min() >= tuning.MIN_LISTENERS
    assert without_seconds(tune(community, factors=4)) == without_seconds(found)
