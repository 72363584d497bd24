"""Which of two rankings a person's own acts speak for: lists by team draft, and a test that may be looked at any day.

Team draft is that of Radlinski, Kurup and Joachims (2008, "How does clickthrough data reflect retrieval quality?"): the
two pick in turn, a coin says who is first in each round, so each has as many lines at every depth and nobody can tell
whose a line is. Were both as good, each act would be for either with probability one half.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.store.comparisons import Side

T = TypeVar("T")

# How often the true share may lie outside the interval, on any of the days it is looked at.
ERROR = 0.05


def team_draft(
    usual: Sequence[T], other: Sequence[T], key: Callable[[T], str], seed: str
) -> list[tuple[T, Side | None]]:
    """As many lines as the longer list has, best first, each with who picked it.

    The side is null from where one of the two has nothing left to pick. The same for the same `seed`.
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
        # A line that none stands against says nothing of who is better.
        contested = contested and len(round_of) == len(teams)
        drafted += [(line, side if contested else None) for line, side in round_of]
    return drafted[:wanted]


@dataclass(frozen=True, slots=True)
class Tally:
    """What was shown of each side, and how much of it was opened, liked or played later."""

    shown_usual: int
    shown_other: int
    usual: int
    other: int

    @property
    def acts(self) -> int:
        """Lines of either side that were taken up."""
        return self.usual + self.other

    @property
    def share(self) -> float:
        """The other's part of what was taken up; one half where nothing was."""
        return self.other / self.acts if self.acts else 0.5

    @property
    def interval(self) -> tuple[float, float]:
        """Where the other's true part lies, on all days looked at together but for one person in twenty (`ERROR`).

        The mixture of Robbins (1970, "Statistical methods related to the law of the iterated logarithm") under a flat
        prior: the parts under which what was seen is less than 20 times as likely on average over all parts.
        """
        return _bound(self.other, self.usual, 0.0), _bound(self.other, self.usual, 1.0)

    @property
    def better(self) -> Side | None:
        """The side that is better, beyond doubt (`ERROR`): that of an interval without one half. Null while it is too
        early to tell."""
        if not _outside(self.other, self.usual, 0.5):
            return None
        return "other" if self.other > self.usual else "usual"


def _outside(hits: int, misses: int, part: float) -> bool:
    """Whether what was seen is too unlikely under this part."""
    if not 0.0 < part < 1.0:
        return bool(hits if part <= 0.0 else misses)
    mixture = math.lgamma(hits + 1) + math.lgamma(misses + 1) - math.lgamma(hits + misses + 2)
    return mixture - hits * math.log(part) - misses * math.log1p(-part) >= -math.log(ERROR)


def _bound(hits: int, misses: int, end: float) -> float:
    """The end of the interval that is nearer to `end`, 0 or 1."""
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
