"""Backtest results in words: for the command line and Model."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from engine.wording import quantity

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.recommend.hindsight import Backtest, Comparison

_DAY = 86_400
_COUNTS = (
    "Some of your plays are counts with only the last play dated: what is known only from them counts as first "
    "played then."
)


def in_a_line(found: Backtest) -> str:
    """Hits beside popularity's, and whether the difference is significant."""
    from engine.recommend.hindsight import HITS, POPULARITY

    new, methods = sum(cut.new for cut in found.cuts), found.methods
    mine, plain = (f"{methods[name][HITS]:.0f}" for name in (found.used, POPULARITY))
    unsure = ", too few to tell" if found.against[POPULARITY].verdict == "too few to tell" else ""
    return f"found {mine} of {quantity(new, 'artists')} you came to play, popularity alone {plain}{unsure}"


def in_words(found: Backtest, level: Level, in_force: str | None = None) -> list[str]:
    """The figures and their certainty, also where they are unfavourable: a sentence each. `in_force` is the name of the
    ranking in use, null for the one that was measured."""
    from engine.recommend.hindsight import BASELINES

    missing = [name for name in BASELINES if name not in found.against]
    without = (
        [
            "The data the model was trained on is not here, so "
            f"{' and '.join(missing)} could not be measured beside it."
        ]
        if missing
        else []
    )
    return [
        *_overall(found, level),
        *(_beside(name, one, level) for name, one in found.against.items()),
        *without,
        *([_COUNTS] if found.counts else []),
        *_ranking(found, in_force or found.ranking),
        _half_life(found, level),
    ]


def _ranking(found: Backtest, in_force: str) -> list[str]:
    """Which ranking was measured, if it is not the one in use."""
    from engine.recommend.rankings import USUAL

    if in_force != found.ranking:
        return [
            f"This measures the ranking {found.ranking}; Discover now ranks by {in_force}. To measure that, evaluate "
            "or train again."
        ]
    return [f"This measures the ranking you kept, {in_force}."] if in_force != USUAL.name else []


def _overall(found: Backtest, level: Level) -> list[str]:
    from engine.recommend.hindsight import HITS, LENGTHS

    cuts = found.cuts
    first, last = (
        datetime.datetime.fromtimestamp(at, datetime.UTC).date().isoformat()
        for at in (cuts[0].at, cuts[-1].until)
    )
    days, new = round((cuts[0].until - cuts[0].at) / _DAY), sum(cut.new for cut in cuts)
    spans = f"{quantity(len(cuts), 'spans')} of {quantity(days, 'days')}"
    used = found.methods[found.used]
    hits = " and ".join(f"{used[f'hits@{k}']:.0f} among its first {k}" for k in LENGTHS)
    later = {
        name: sum(run[HITS] for run in found.later[name]) / len(cuts) for name in (found.used, *found.against)
    }
    mine = later.pop(found.used)
    return [
        f"Measured on {spans}, the last that brought anything new, from {first} to {last}.",
        f"Of the {quantity(new, level)} you first played in them, Discover, knowing only what you had played before, "
        f"had {hits}.",
        f"Of what you first played at any later time, it had {mine:.1f} among its first {LENGTHS[-1]} on average"
        + "".join(f", {name} {value:.1f}" for name, value in later.items())
        + ".",
    ]


def _beside(name: str, one: Comparison, level: Level) -> str:
    from engine.recommend.hindsight import LENGTHS, NEIGHBOURS

    figures = (
        f"{quantity(one.found, level)} only Discover had among its first {LENGTHS[-1]}, {one.missed} only {name} "
        f"(difference {one.difference:+d}, standard error {one.standard_error:.1f})"
    )
    are = "are" if name == NEIGHBOURS else "is"
    verdict = {
        "better": f"Discover is better than {name} for you",
        "worse": f"{name[0].upper()}{name[1:]} {are} better than Discover for you",
        "too few to tell": f"Discover or {name}: too few to tell",
    }[one.verdict]
    return f"{verdict}: {figures}."


def _half_life(found: Backtest, level: Level) -> str:
    from engine.recommend.hindsight import enough

    if level == "tracks":
        fade = "count the same" if found.half_life is None else f"halve every {found.half_life:g} days"
        return f"Plays {fade}, as for artists."
    if found.half_life is not None:
        return (
            f"Favouring recent plays, with a half-life of {found.half_life:g} days, was best on the earlier spans and "
            "helped again on the later ones, so Discover does it. Chosen on some of these spans, it looks a "
            "little better on them than it is."
        )
    if not enough(found.cuts):
        return "Too few to tell whether favouring recent plays helps; Discover counts all plays the same."
    return (
        "Favouring recent plays did not clearly help on the earlier spans and again on the later ones; Discover counts "
        "all plays the same."
    )
