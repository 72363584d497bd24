"""Compares two rankings by a person's own actions: team-draft interleaving, and a sequential test.

Team draft is that of Radlinski, Kurup and Joachims (2008, "How does clickthrough data reflect retrieval quality?"): the
two pick in turn, a coin decides who is first in each round, so both have equally many rows at every depth and nobody
can see whose a row is. If both were equally good, each action would favour either with probability one half.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.store.comparisons import Side

T = TypeVar("T")

# Probability that the true share is outside the interval on any day it is looked at.
ERROR = 0.05


def team_draft(
    usual: Sequence[T], other: Sequence[T], key: Callable[[T], str], seed: str
) -> list[tuple[T, Side | None]]:
    """An interleaved list as long as the longer one, best first, with the side that picked each row.

    The side is null once one of the two has nothing left to pick. Deterministic by `seed`.
    """
    coin = random.Random(seed)  # noqa: S311 - no secret hangs on it
    wanted = max(len(usual), len(other))
    drafted: list[tuple[T, Side | None]] = []
    taken: set[str] = set()

    def left(lines: Sequence[T]) -> Iterator[T]:
        for line in lines:
            if key(line) not in taken:
                taken.add(key(line))
                yield line

    teams: tuple[tuple[Side, Iterator[T]], ...] = (("usual", left(usual)), ("other", left(other)))
    contested = True
    while len(drafted) < wanted:
        first = coin.randrange(2)
        round_of: list[tuple[T, Side]] = []
        for side, lines in (teams[first], teams[1 - first]):
            line = next(lines, None)
            if line is not None:
                round_of.append((line, side))
        if not round_of:
            break
        # A row without a counterpart shows nothing.
        contested = contested and len(round_of) == len(teams)
        drafted += [(line, side if contested else None) for line, side in round_of]
    return drafted[:wanted]


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows shown of each side, and how many were opened, liked or played later."""

    shown_usual: int
    shown_other: int
    usual: int
    other: int

    @property
    def acts(self) -> int:
        """Rows of either side that were acted on."""
        return self.usual + self.other

    @property
    def share(self) -> float:
        """The other side's share of the actions; one half without any."""
        return self.other / self.acts if self.acts else 0.5

    @property
    def interval(self) -> tuple[float, float]:
        """Confidence sequence for the other side's true share: it holds on all days together except for one person in
        twenty (`ERROR`).

        The mixture of Robbins (1970, "Statistical methods related to the law of the iterated logarithm") under a flat
        prior: the shares for which the observation is less than 20 times as likely on average over all shares.
        """
        return _bound(self.other, self.usual, 0.0), _bound(self.other, self.usual, 1.0)

    @property
    def better(self) -> Side | None:
        """The better side at the level `ERROR`: if the interval excludes one half. Null while it is too early to
        tell."""
        if not _outside(self.other, self.usual, 0.5):
            return None
        return "other" if self.other > self.usual else "usual"


def _outside(hits: int, misses: int, part: float) -> bool:
    """Whether the observation is too unlikely under this share."""
    if not 0.0 < part < 1.0:
        return bool(hits if part <= 0.0 else misses)
    mixture = math.lgamma(hits + 1) + math.lgamma(misses + 1) - math.lgamma(hits + misses + 2)
    return mixture - hits * math.log(part) - misses * math.log1p(-part) >= -math.log(ERROR)


def _bound(hits: int, misses: int, end: float) -> float:
    """The bound of the interval nearer to `end`, 0 or 1."""
    if not _outside(hits, misses, end):
        return end
    within, without = hits / (hits + misses), end
    for _ in range(50):
        middle = (within + without) / 2
        if _outside(hits, misses, middle):
            without = middle
        else:
            within = middle
    return within
