"""The training loss by sweep, as a growing curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from tuiapp.widgets.drawn import Drawn

# Minimum cells of the labels, so that common curves align.
_MIN_LABEL = 8


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses so far, and the number of sweeps (0: finished)."""

    values: tuple[float, ...]
    total: int = 0


class LossCurve(Drawn[Losses]):
    """A curve."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(curve, id=id)


def curve(losses: Losses, width: int, height: int) -> Content:
    """Columns of blocks on a logarithmic scale of the remaining decrease: otherwise the first sweep hides the rest."""
    sweeps = max(losses.total, len(losses.values))
    if not losses.values or height < 3:
        return Content("")
    rows = height - 2
    labels = {0: f"{losses.values[0]:,.0f}", rows - 1: f"{losses.values[-1]:,.0f}"}
    before = max(_MIN_LABEL, *map(len, labels.values())) + 1
    room = max(1, width - before)
    # A whole number of cells per sweep if they fit; otherwise several sweeps share one.
    wide = max(1, min(4, room // sweeps))
    left = _left_to_fall(losses.values)
    levels = [
        round(
            (left[_sweep(cell, wide, sweeps, room)] if _reached(cell, wide, sweeps, room, len(left)) else 0)
            * rows
            * 8
        )
        for cell in range(min(room, wide * sweeps))
    ]
    lines = [Content.styled("training loss, log scale"[:width], "$foreground-muted")]
    for row in range(rows):
        floor = (rows - 1 - row) * 8
        cells = "".join(" ▁▂▃▄▅▆▇█"[max(0, min(8, level - floor))] for level in levels)
        lines.append(
            Content.assemble(
                Content.styled(f"{labels.get(row, ''):>{before - 1}} ", "$foreground-muted"),
                Content.styled(cells, "$text-accent"),
            )
        )
    axis = f"{1:<{max(1, len(levels) - len(str(sweeps)))}}{sweeps}"
    lines.append(Content.styled(" " * before + axis, "$foreground-muted"))
    return Content("\n").join(lines)


def _sweep(cell: int, wide: int, sweeps: int, room: int) -> int:
    return cell // wide if wide * sweeps <= room else cell * sweeps // room


def _reached(cell: int, wide: int, sweeps: int, room: int, done: int) -> bool:
    return _sweep(cell, wide, sweeps, room) < done


def _left_to_fall(values: Sequence[float]) -> list[float]:
    """1 for the first sweep, a little above 0 for the lowest."""
    least = min(values)
    floor = least * 0.9995 if least > 0 else least - 1e-9
    logs = [math.log(max(value - floor, 1e-12)) for value in values]
    low, high = min(logs), max(logs)
    return [0.04 + 0.96 * ((value - low) / (high - low) if high > low else 1.0) for value in logs]
