"""A comparison of two rankings in words, for both front ends."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from engine.wording import percent

if TYPE_CHECKING:
    from engine.session.comparisons import Standing


def in_words(standing: Standing) -> list[str]:
    """Sentences: what is compared, the rows of each acted on, and the verdict."""
    tally, usual, other = standing.tally, standing.usual.name, standing.other.name
    since = datetime.datetime.fromtimestamp(standing.started).date().isoformat()
    what = f"“{usual}” and “{other}” compared since {since}."
    if standing.ended is not None:
        until = datetime.datetime.fromtimestamp(standing.ended).date().isoformat()
        what = (
            f"“{usual}” and “{other}” compared from {since} to {until}; Discover now ranks by "
            f"“{standing.kept.name}”."
        )
    return [
        what,
        f"You opened, liked or played {tally.usual} of {tally.shown_usual} that “{usual}” showed, "
        f"{tally.other} of {tally.shown_other} of “{other}”."
        if tally.shown_usual or tally.shown_other
        else "Neither has been shown yet: open Discover.",
        _verdict(standing),
    ]


def _verdict(standing: Standing) -> str:
    tally, other = standing.tally, standing.other.name
    if not tally.acts:
        return "Too early to tell: you have not opened, liked or played anything of either yet."
    low, high = map(percent, tally.interval)
    part = (
        f"“{other}” picked {tally.other} of the {tally.acts} you opened, liked or played (likely range {low} to"
        f" {high})"
    )
    if tally.better is None:
        return f"Too early to tell: {part}."
    better = other if tally.better == "other" else standing.usual.name
    return f"“{better}” is better for you: {part}."
