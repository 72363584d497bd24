"""How well solo mode resurfaces, in words: what its figures say, and where they say nothing."""

from __future__ import annotations

from typing import Any

from engine.wording import percent, quantity

HIT = "hit@10"
TOO_FEW = "too few to tell"


def in_short(measured: dict[str, Any] | None) -> str:
    """What the figures of `engine.training.solo.measure_sessions` say, beside the best of the plain orders; null for a
    model of an earlier version, which has none."""
    if measured is None:
        return "not measured on going back to what had rested"
    if not measured:
        return "no session yet went back to what had rested"
    sessions = quantity(measured["sessions"], "sessions")
    if measured["too_few"]:
        return f"{sessions} went back to what had rested, {TOO_FEW} how good it is"
    (_, ours), *others = measured["orders"].items()
    name, best = max(others, key=lambda order: order[1][HIT])
    return (
        f"{percent(ours[HIT])} of {sessions} found what they went back to in the top ten, "
        f"by {name} alone {percent(best[HIT])}"
    )


def verdict(measured: dict[str, Any]) -> list[str]:
    """What the figures say of each of the plain orders, with what chance may do; nothing of too few sessions."""
    if measured["too_few"]:
        return [f"Only {quantity(measured['sessions'], 'sessions')}: {TOO_FEW} one order from another."]
    (_, ours), *others = measured["orders"].items()
    lines = []
    for name, other in others:
        figures = f"{ours[HIT]:.3f} against {other[HIT]:.3f}"
        above = ours[HIT] - other[HIT]
        # Two standard errors: one in twenty such differences comes of chance.
        if abs(above) <= 2 * other["error"]:
            lines.append(
                f"Discover and {name} alone differ by no more than chance could explain ({figures})."
            )
        else:
            more = "more" if above > 0 else "less"
            lines.append(f"Discover finds {more} than {name} alone ({figures}).")
    return lines
