"""Lists of a profile parts of which nothing fits: those parts are left out, and the rest is filled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.playlists.contexts import SHORT_BY
from engine.playlists.objective import Objective, Question
from engine.playlists.sequence import SLACK, Sequence

# The best list there is for a question.
Found = tuple[Question, Objective, Sequence]


def seconds_in(objective: Objective, found: Sequence) -> float:
    """How long a list is."""
    return float(objective.pool.seconds[list(found.order)].sum())


def missing(objective: Objective, found: Sequence) -> float:
    """How many seconds too short a list is."""
    return objective.length - seconds_in(objective, found)


def in_parts(question: Question, best: Callable[[Question], Found]) -> Found:
    """The `best` list, where that is longer without the parts of the profile that no track that is left fits."""
    found = best(question)
    while (hole := _hole(*found[1:])) is not None:
        without = found[0].without(*hole)
        if not len(without.targets.row[hole[0] :]):
            return without, *found[1:]
        other = best(without)
        if seconds_in(*other[1:]) <= seconds_in(*found[1:]):
            break
        found = other
    return found


def _hole(objective: Objective, found: Sequence) -> tuple[int, int] | None:
    """The steps after a list that is short, up to the next at which a track fits that is not in it, or up to the end if
    none does, in it or not; null where it is not for the profile that the list ends."""
    if missing(objective, found) < SHORT_BY:
        return None
    targets, seconds, end = objective.targets, objective.pool.seconds, seconds_in(objective, found)
    first = int(targets.steps_at(np.array(end)))
    starts = end + np.arange(len(targets.row) - first)[:, None] * targets.step
    fits = objective.allowed[targets.rows_at(starts + seconds / 2), np.arange(len(seconds))]
    if not fits.any():
        return (first, len(targets.row)) if found.order else None
    fits[:, list(found.order)] = False
    some = np.flatnonzero((fits & (starts + seconds <= objective.length + SLACK)).any(axis=1))
    return (first, first + int(some[0])) if len(some) and some[0] else None
