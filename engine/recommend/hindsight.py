"""Results of a backtest: each method's hits by quarter, which is better and how certainly, and the half-life.

A half-life is chosen on the earlier half of the quarters, and used only if it wins again on the later half, which had
no part in the choice: of four tried on the same few quarters one always looks best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Literal

import msgspec

from engine.recommend.rankings import USUAL

DISCOVER, POPULARITY = "Discover", "popularity"
NEIGHBOURS, COSINE = "item neighbours", "item cosine (log plays)"
BASELINES = (POPULARITY, NEIGHBOURS, COSINE)
# Lengths of the lists measured.
LENGTHS = (20, 50)
NDCG, HITS = f"ndcg@{LENGTHS[-1]}", f"hits@{LENGTHS[-1]}"
# A half-life wins if it raises the mean nDCG by this share, and more quarters than it lowers. Each half needs this many
# quarters and new artists.
GAIN, MIN_CUTS, MIN_NEW = 0.05, 2, 10
# A difference is significant beyond this many standard errors.
SURE = 2.0

Measures = dict[str, float]
Verdict = Literal["better", "worse", "too few to tell"]


class Cut(msgspec.Struct, frozen=True):
    """One cut: plays before `at` are seen, `until` is the end of the predicted quarter, both in seconds UTC.

    Of the items in the model this many were `known` before, came `new` in the quarter, and came at any `later` time,
    the quarter included.
    """

    at: int
    until: int
    known: int
    new: int
    later: int


class Comparison(msgspec.Struct, frozen=True):
    """Hits of two methods in the same lists: `found` by the first alone, `missed` by the first alone."""

    found: int
    missed: int

    @property
    def difference(self) -> int:
        """How many more hits the first has."""
        return self.found - self.missed

    @property
    def standard_error(self) -> float:
        """The difference's standard error if both were equally good (McNemar 1947)."""
        return math.sqrt(self.found + self.missed)

    @property
    def verdict(self) -> Verdict:
        """Whether the first is significantly better or worse."""
        if abs(self.difference) <= SURE * self.standard_error:
            return "too few to tell"
        return "better" if self.difference > 0 else "worse"


class Backtest(msgspec.Struct, frozen=True):
    """Each method's metrics by cut, for the quarter after it (`next`) and any `later` time.

    `compared` has each form of Discover against each baseline, in the quarter; `half_life` is the chosen one in days,
    null for none. With `counts` some plays are counts of players that date only the last play: items known only by them
    count as first played then. `ranking` is the name of the ranking measured.
    """

    cuts: tuple[Cut, ...]
    next: dict[str, tuple[Measures, ...]]
    later: dict[str, tuple[Measures, ...]]
    compared: dict[str, dict[str, Comparison]]
    half_life: float | None
    counts: bool = False
    ranking: str = USUAL.name

    @property
    def used(self) -> str:
        """The name of the form of Discover in use, with the chosen half-life."""
        name = DISCOVER if self.half_life is None else with_half_life(self.half_life)
        return name if name in self.next else DISCOVER

    @property
    def methods(self) -> dict[str, Measures]:
        """The measures of each method over the quarters: hits are sums, all others means."""
        return {name: overall(runs) for name, runs in self.next.items()}

    @property
    def against(self) -> dict[str, Comparison]:
        """The form of Discover in use beside each baseline that was measured."""
        return self.compared[self.used]


def with_half_life(days: float) -> str:
    """The name of Discover with plays that decay by this half-life."""
    return f"{DISCOVER}, half-life {days:g} days"


def overall(runs: Sequence[Measures]) -> Measures:
    """One method's measures over several cuts: hits are sums, all others means."""
    each = {name: [run[name] for run in runs] for name in runs[0]}
    return {name: sum(values) if name.startswith("hits") else mean(values) for name, values in each.items()}


def half_life_taken(
    cuts: Sequence[Cut], runs: Mapping[str, Sequence[Measures]], half_lives: Sequence[float]
) -> float | None:
    """The half-life with the best mean on the earlier half of the `cuts` in time, if it clearly beats no decay there
    and again on the later half; null if none does, or if there is too little data."""
    if not enough(cuts):
        return None
    measured = {days: [run[NDCG] for run in runs[with_half_life(days)]] for days in half_lives}
    plain = [run[NDCG] for run in runs[DISCOVER]]
    halves = _halves(cuts)
    best = max(half_lives, key=lambda days: mean(measured[days][halves[0]]))
    return best if all(_wins(measured[best][half], plain[half]) for half in halves) else None


def enough(cuts: Sequence[Cut]) -> bool:
    """Whether both halves have enough data to choose a half-life."""
    halves = _halves(cuts)
    return all(
        len(cuts[half]) >= MIN_CUTS and sum(cut.new for cut in cuts[half]) >= MIN_NEW for half in halves
    )


def _halves(cuts: Sequence[Cut]) -> tuple[slice, slice]:
    middle = len(cuts) // 2
    return slice(0, middle), slice(middle, len(cuts))


def _wins(decayed: Sequence[float], plain: Sequence[float]) -> bool:
    gains = [after - before for before, after in zip(plain, decayed, strict=True)]
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    return mean(decayed) >= (1 + GAIN) * mean(plain) and better > worse
