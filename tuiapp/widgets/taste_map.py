"""The map of one's artists in braille: a dot an artist, each taste's name in its middle, one artist pointed out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tuiapp.safe import shown
from tuiapp.text import fitted, percent
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.recommend.taste_map import MapArtist, TasteMap

# The bits of a braille cell's dots, by row and column.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# Artists of at least this part of the heaviest one's weight are drawn as four dots.
_HEAVY = 0.2
_LONGEST_NAME = 24
_LEAST_ROWS = 4
# A name may move so many cells for each dot it would cover.
_COVERED = 0.5


@dataclass(frozen=True)
class Pointed:
    """A map, and the artist (by key) and the taste (by number) that are pointed out on it."""

    map: TasteMap
    artist: str | None = None
    taste: int | None = None


@dataclass(frozen=True)
class _Label:
    """Text that stands on the map from a cell on."""

    row: int
    start: int
    text: str
    style: str

    @property
    def end(self) -> int:
        return self.start + cell_len(self.text)


class TasteMapPanel(Drawn[Pointed]):
    """The map, drawn to its room."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(drawn_map, id=id)


def drawn_map(told: Pointed, width: int, height: int) -> Content:
    """The map in so many cells, and below it where there is room what it can show."""
    rows = height - 2 if height >= _LEAST_ROWS + 2 else height
    if rows < 1 or width < 8:
        return Content("")
    dots, nearest = _cells(told, width, rows)
    labels = _labels(told, dots, width, rows)
    lines = [
        _line(dots[row], nearest[row], [label for label in labels if label.row == row], width)
        for row in range(rows)
    ]
    if rows < height:
        held = f"{percent(told.map.shown)} of what sets your artists apart fits in a plane"
        lines += [Content(""), Content.styled(fitted(held, width), "$foreground-muted")]
    return Content("\n").join(lines)


def _place(x: float, y: float, width: int, rows: int) -> tuple[int, int]:
    """(column, row) of the dot, within a margin of half a cell so that the four dots of a heavy artist fit."""
    return 1 + round(x * (2 * width - 3)), 1 + round(y * (4 * rows - 3))


def _cells(told: Pointed, width: int, rows: int) -> tuple[list[list[int]], list[list[bool]]]:
    """The dots of each cell as braille's bits, and whether they are of the taste pointed out."""
    dots = [[0] * width for _ in range(rows)]
    own = [[False] * width for _ in range(rows)]
    heaviest = max((artist.weight for artist in told.map.artists), default=1.0)
    for artist in told.map.artists:
        column, row = _place(artist.x, artist.y, width, rows)
        size = 2 if artist.weight >= _HEAVY * heaviest else 1
        for y in range(row, row - size, -1):
            for x in range(column, column - size, -1):
                dots[y // 4][x // 2] |= _BITS[y % 4][x % 2]
                own[y // 4][x // 2] |= artist.mode == told.taste
    return dots, own


def _labels(told: Pointed, dots: list[list[int]], width: int, rows: int) -> list[_Label]:
    """The artist pointed out and the names of the tastes, none over another; those that find no room stay away."""
    labels: list[_Label] = []
    pointed = next((artist for artist in told.map.artists if artist.key == told.artist), None)
    if pointed is not None:
        labels.append(_pointer(pointed, width, rows))
    covered = [[0, *accumulate(bits.bit_count() for bits in line)] for line in dots]
    first = sorted(told.map.tastes, key=lambda taste: (taste.number != told.taste, taste.number))
    for taste in first:
        own = taste.number == told.taste
        column, row = _place(taste.x, taste.y, width, rows)
        number = f"▸{taste.number}" if own else f"{taste.number}"
        for text in (f" {number} {fitted(shown(taste.name), _LONGEST_NAME).rstrip()} ", f" {number} "):
            place = _free(text, column // 2, row // 4, covered, labels)
            if place is not None:
                labels.append(_Label(*place, text, "bold $text-accent" if own else "$foreground"))
                break
    return labels


def _pointer(artist: MapArtist, width: int, rows: int) -> _Label:
    """A mark where the artist is, and its name on the side with more room."""
    column, row = _place(artist.x, artist.y, width, rows)
    at = column // 2
    if at < width / 2:
        name = fitted(shown(artist.artist), min(_LONGEST_NAME, width - at - 3)).rstrip()
        return _Label(row // 4, at, f"● {name} ", "bold $foreground")
    name = fitted(shown(artist.artist), min(_LONGEST_NAME, at - 2)).rstrip()
    return _Label(row // 4, at - cell_len(name) - 2, f" {name} ●", "bold $foreground")


def _free(
    text: str, column: int, row: int, covered: list[list[int]], labels: list[_Label]
) -> tuple[int, int] | None:
    """(row, first cell) for a text near a cell: no label is there, and few dots are; null where there is no room.

    `covered` holds for each row the dots before each cell.
    """
    cells, width = cell_len(text), len(covered[0]) - 1
    middle = column - cells // 2
    best: tuple[float, int, int] | None = None
    for at in sorted(range(len(covered)), key=lambda at: abs(at - row)):
        far = 3.0 * abs(at - row)
        if best is not None and far >= best[0]:
            break
        taken = [(label.start - cells, label.end) for label in labels if label.row == at]
        for start in range(width - cells + 1):
            if any(first <= start <= last for first, last in taken):
                continue
            cost = far + abs(start - middle) + _COVERED * (covered[at][start + cells] - covered[at][start])
            if best is None or cost < best[0]:
                best = (cost, at, start)
    return best[1:] if best is not None else None


def _line(dots: list[int], own: list[bool], labels: list[_Label], width: int) -> Content:
    """One row of the map: runs of dots of one style, and the labels between them."""
    parts: list[Content] = []
    at = 0
    for label in [*sorted(labels, key=lambda label: label.start), None]:
        end = label.start if label is not None else width
        while at < end:
            run = at
            while run < end and own[run] == own[at]:
                run += 1
            text = "".join(chr(0x2800 + bits) if bits else " " for bits in dots[at:run])
            parts.append(Content.styled(text, "bold $text-accent" if own[at] else "$foreground-muted"))
            at = run
        if label is not None:
            parts.append(Content.styled(label.text, label.style))
            at = label.end
    return Content.assemble(*parts)
