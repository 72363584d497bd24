"""What a look back may have found, made up."""

from __future__ import annotations

from collections.abc import Sequence

from engine.recommend.hindsight import (
    BASELINES,
    DISCOVER,
    HITS,
    LENGTHS,
    NDCG,
    Backtest,
    Comparison,
    Cut,
    Measures,
    with_half_life,
)

DAY = 86_400
MONDAY = 1_704_067_200  # 2024-01-01 UTC


def cuts_of(*new: int) -> tuple[Cut, ...]:
    """Quarters on end that each brought so much."""
    starts = [MONDAY + number * 90 * DAY for number in range(len(new))]
    return tuple(
        Cut(at, at + 90 * DAY, 10, count, sum(new[place:]))
        for place, (at, count) in enumerate(zip(starts, new, strict=True))
    )


def runs_of(ndcg: Sequence[float], hits: int = 0) -> tuple[Measures, ...]:
    """A method's measures quarter by quarter."""
    same = {f"hits@{LENGTHS[0]}": 0, HITS: hits, "recall@20": 0.1, "ndcg@20": 0.1}
    return tuple({**same, NDCG: value} for value in ndcg)


def a_backtest(half_life: float | None = None, **against: tuple[int, int]) -> Backtest:
    """Four quarters with ten new artists each; `against` by baseline is what either alone found, else 2 and 1."""
    forms = [DISCOVER] if half_life is None else [DISCOVER, with_half_life(half_life)]
    compared = {name: Comparison(*against.get(name.split()[0], (2, 1))) for name in BASELINES}
    runs = {name: runs_of([0.1] * 4, hits=3) for name in (*forms, *BASELINES)}
    return Backtest(cuts_of(10, 10, 10, 10), runs, runs, dict.fromkeys(forms, compared), half_life)
