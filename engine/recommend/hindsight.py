"""What a backtest found: each method's hits quarter by quarter, who is better and how surely, and which half-life.

A half-life is chosen on the earlier half of the quarters, and taken only where it wins again on the later half, which
had no part in choosing it: of four tried on the same few quarters one always looks best.
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
# Lists of these lengths are looked at.
LENGTHS = (20, 50)
NDCG, HITS = f"ndcg@{LENGTHS[-1]}", f"hits@{LENGTHS[-1]}"
# A half-life wins where it raises the mean nDCG by this share and more quarters than it lowers. Either half must hold
# so many quarters, and so many new artists.
GAIN, MIN_CUTS, MIN_NEW = 0.05, 2, 10
# A difference is significant beyond so many standard errors.
SURE = 2.0

Measures = dict[str, float]
Verdict = Literal["better", "worse", "too few to tell"]


class Cut(msgspec.Struct, frozen=True):
    """One look back: plays before `at` were seen, `until` is the end of the quarter guessed, both in seconds UTC.

    Of what the model knows so much was `known` before, so much came `new` in the quarter, and so much at any `later`
    time, the quarter included.
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
        """Hits the first has more."""
        return self.found - self.missed

    @property
    def standard_error(self) -> float:
        """Of the difference, were it as likely for either to find what one of them found (McNemar 1947)."""
        return math.sqrt(self.found + self.missed)

    @property
    def verdict(self) -> Verdict:
        """Whether the first is better or worse, where that is surely no chance."""
        if abs(self.difference) <= SURE * self.standard_error:
            return "too few to tell"
        return "better" if self.difference > 0 else "worse"


class Backtest(msgspec.Struct, frozen=True):
    """Each method's measures cut by cut, for what came in the quarter after it (`next`) and at any `later` time.

    `compared` has each form of Discover beside each baseline, by what came in the quarter; `half_life` is the one in
    days that is taken, null for none. With `counts` some plays are counts of a player that dates the last alone:
    what is known by them only stands as first played then. `ranking` is the name of the one that Discover was made by.
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
        """The name of the form of Discover that the half-life makes the one in use."""
        name = DISCOVER if self.half_life is None else with_half_life(self.half_life)
        return name if name in self.next else DISCOVER

    @property
    def methods(self) -> dict[str, Measures]:
        """The measures of each method over the quarters: hits are sums, all else is a mean."""
        return {name: overall(runs) for name, runs in self.next.items()}

    @property
    def against(self) -> dict[str, Comparison]:
        """The form of Discover in use beside each baseline that was measured."""
        return self.compared[self.used]


def with_half_life(days: float) -> str:
    """The name of Discover with plays that decay so."""
    return f"{DISCOVER}, half-life {days:g} days"


def overall(runs: Sequence[Measures]) -> Measures:
    """One method's measures over several cuts: hits are sums, all else is a mean."""
    each = {name: [run[name] for run in runs] for name in runs[0]}
    return {name: sum(values) if name.startswith("hits") else mean(values) for name, values in each.items()}


def half_life_taken(
    cuts: Sequence[Cut], runs: Mapping[str, Sequence[Measures]], half_lives: Sequence[float]
) -> float | None:
    """The half-life with the best mean on the earlier half of the `cuts` in time, where it clearly beats counting all
    plays alike there and again on the later half; null where none does, or where there is too little to go by."""
    if not enough(cuts):
        return None
    measured = {days: [run[NDCG] for run in runs[with_half_life(days)]] for days in half_lives}
    plain = [run[NDCG] for run in runs[DISCOVER]]
    halves = _halves(cuts)
    best = max(half_lives, key=lambda days: mean(measured[days][halves[0]]))
    return best if all(_wins(measured[best][half], plain[half]) for half in halves) else None


def enough(cuts: Sequence[Cut]) -> bool:
    """Whether there is enough in either half to choose a half-life by."""
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
