"""What the tuner tried, in short: the best of each kind of setting, a choice beside what it beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TRANSFORMS = {
    "log": "log(1 + plays)",
    "binary": "played or not",
    "linear": "capped plays",
    "rank": "rank of plays",
}


@dataclass(frozen=True, slots=True)
class Best:
    """The best nDCG@20 of one kind of setting and the sweeps of the fit it was measured after."""

    name: str
    ndcg: float
    sweeps: int


def best_of_each(tuned: Mapping[str, Any]) -> dict[str, tuple[Best, ...]]:
    """By transform and by lambda, best first; `tuned` is the manifest's table. Empty without trials."""
    trials = [trial for trial in tuned.get("trials", ()) if trial["sweeps"]]
    kinds: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "counts": lambda trial: _TRANSFORMS[trial["confidence"]["transform"]],
        "lambda": lambda trial: "grows with plays" if trial.get("frequency_exponent") else "constant",
    }
    return {kind: _best(trials, name_of) for kind, name_of in kinds.items()} if trials else {}


def collapsed(tuned: Mapping[str, Any]) -> int:
    """How many settings drowned the data: their factors were all but zero."""
    return sum(bool(trial["collapsed"]) for trial in tuned.get("trials", ()))


def _best(trials: list[Mapping[str, Any]], name_of: Callable[[Mapping[str, Any]], str]) -> tuple[Best, ...]:
    """Trials of longer fits say more: of each name the best of those that came furthest."""
    found: dict[str, Best] = {}
    for trial in trials:
        name = name_of(trial)
        this = Best(name, trial["ndcg"], trial["sweeps"])
        if name not in found or (this.sweeps, this.ndcg) > (found[name].sweeps, found[name].ndcg):
            found[name] = this
    return tuple(sorted(found.values(), key=lambda best: (-best.sweeps, -best.ndcg)))


def in_words(tuned: Mapping[str, Any]) -> list[str]:
    """A line for each kind of setting, nDCG@20 on plays held out from the search."""
    groups = best_of_each(tuned)
    furthest = max((best.sweeps for group in groups.values() for best in group), default=0)
    lines = []
    for kind, group in groups.items():
        parts = [
            f"{best.name} {best.ndcg:.3f}"
            + ("" if best.sweeps == furthest else f" after {best.sweeps} sweeps")
            for best in group
        ]
        lines.append(f"{kind}: {', '.join(parts)}")
    return lines


def factors_in_words(tuned: Mapping[str, Any]) -> str:
    """nDCG@20 of the ensemble with each number of factors tried, on listeners left out; empty where only one was."""
    by_factors: Mapping[str, float] = tuned.get("by_factors", {})
    tried = ", ".join(f"{number} factors {ndcg:.3f}" for number, ndcg in by_factors.items())
    return f"all together: {tried}" if tried else ""
