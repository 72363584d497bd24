"""The part of a history to look at. Needs no NumPy: what is asked of Discover is named before anything is loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the history to look at: seconds since 1970 UTC, start included, end excluded, null for open.

    Undated plays are in every window that is open on both sides, and in no other. With `half_life` (days) a play
    counts half as much for every such span it lies before the last play in the window; an undated one as if it
    were the first.
    """

    since: int | None = None
    until: int | None = None
    half_life: float | None = None

    def __post_init__(self) -> None:
        """Raise UsageError for a half-life that is none."""
        if self.half_life is not None and not (math.isfinite(self.half_life) and self.half_life > 0):
            raise UsageError(f"The half-life is {self.half_life} days; it must be finite and above 0.")

    def condition(self, column: str = "l.started_at") -> tuple[str, tuple[int, ...]]:
        """An SQL condition and its values."""
        parts, values = ["1"], []
        if self.since is not None:
            parts.append(f"{column} >= ?")
            values.append(self.since)
        if self.until is not None:
            parts.append(f"{column} < ?")
            values.append(self.until)
        return " AND ".join(parts), tuple(values)


EVERYTHING = Window()
