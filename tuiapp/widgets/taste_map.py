"""The map of one's artists in braille: a dot an artist, each taste's name in its middle, one artist pointed out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from engine.wording import percent
from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.recommend.taste_map import MapArtist, TasteMap

# The bits of a braille cell's dots, by row and column.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# Artists of at least this part of the heaviest one's weight are drawn as four dots.
_HEAVY = 0.2
_MAX_NAME = 24
_MIN_ROWS = 4
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
    """A text on the map, from a cell on."""

    row: int
    start: int
    text: str
    style: str

    @property
    def end(self) -> int:
        return self.start + cell_len(self.text)


@dataclass(frozen=True)
class Grid:
    """A map's dots by row and cell as braille's bits, how many of its row are before each, and each taste's cells."""

    map: TasteMap
    size: tuple[int, int]
    dots: list[list[int]]
    covered: list[list[int]]
    cells_of: dict[int, set[tuple[int, int]]]


class TasteMapPanel(Drawn[Pointed]):
    """The map, drawn to its room. Its dots are kept: while the cursor moves only what is pointed out changes."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(self._draw_kept, id=id)
        self._kept: Grid | None = None

    def _draw_kept(self, state: Pointed, width: int, height: int) -> Content:
        size = (width, _rows(height))
        if self._kept is None or self._kept.map is not state.map or self._kept.size != size:
            self._kept = grid_of(state.map, *size)
        return drawn_map(state, height, self._kept)


def _rows(height: int) -> int:
    """The rows of the map itself: below it a line says what it can show, where there is room."""
    return height - 2 if height >= _MIN_ROWS + 2 else height


def drawn_map(state: Pointed, height: int, grid: Grid) -> Content:
    """The map in `height` rows, of which `grid` has those of its dots."""
    width, rows = grid.size
    if rows < 1 or width < 8:
        return Content("")
    labels = _labels(state, grid)
    own = grid.cells_of.get(state.taste or 0, set())
    lines = [
        _line(
            grid.dots[row],
            [(row, cell) in own for cell in range(width)],
            [label for label in labels if label.row == row],
        )
        for row in range(rows)
    ]
    if rows < height:
        held = f"the map shows {percent(state.map.shown)} of the differences"
        lines += [Content(""), Content.styled(fitted(held, width), "$foreground-muted")]
    return Content("\n").join(lines)


def grid_of(state: TasteMap, width: int, rows: int) -> Grid:
    """The dots of a map in (width, rows) cells."""
    dots = [[0] * max(0, width) for _ in range(rows)]
    cells_of: dict[int, set[tuple[int, int]]] = {taste.number: set() for taste in state.tastes}
    heaviest = max((artist.weight for artist in state.artists), default=1.0)
    for artist in state.artists if width > 1 and rows else ():
        column, row = _place(artist.x, artist.y, width, rows)
        size = 2 if artist.weight >= _HEAVY * heaviest else 1
        for y in range(row, row - size, -1):
            for x in range(column, column - size, -1):
                dots[y // 4][x // 2] |= _BITS[y % 4][x % 2]
                cells_of[artist.mode].add((y // 4, x // 2))
    covered = [[0, *accumulate(bits.bit_count() for bits in line)] for line in dots]
    return Grid(state, (width, rows), dots, covered, cells_of)


def _place(x: float, y: float, width: int, rows: int) -> tuple[int, int]:
    """(column, row) of the dot, within a margin of half a cell so that the four dots of a heavy artist fit."""
    return 1 + round(x * (2 * width - 3)), 1 + round(y * (4 * rows - 3))


def _labels(state: Pointed, grid: Grid) -> list[_Label]:
    """The artist pointed out and the names of the tastes, none over another; those that find no room stay away."""
    width, rows = grid.size
    labels: list[_Label] = []
    pointed = next((artist for artist in state.map.artists if artist.key == state.artist), None)
    if pointed is not None:
        labels.append(_pointer(pointed, width, rows))
    first = sorted(state.map.tastes, key=lambda taste: (taste.number != state.taste, taste.number))
    for taste in first:
        own = taste.number == state.taste
        column, row = _place(taste.x, taste.y, width, rows)
        number = f"▸{taste.number}" if own else f"{taste.number}"
        for text in (f" {number} {fitted(shown(taste.name), _MAX_NAME).rstrip()} ", f" {number} "):
            place = _free(text, column // 2, row // 4, grid.covered, labels)
            if place is not None:
                labels.append(_Label(*place, text, "bold $text-accent" if own else "$foreground"))
                break
    return labels


def _pointer(artist: MapArtist, width: int, rows: int) -> _Label:
    """A mark where the artist is, and its name on the side with more room."""
    column, row = _place(artist.x, artist.y, width, rows)
    at = column // 2
    if at < width / 2:
        name = fitted(shown(artist.artist), min(_MAX_NAME, width - at - 3)).rstrip()
        return _Label(row // 4, at, f"● {name} ", "bold $foreground")
    name = fitted(shown(artist.artist), min(_MAX_NAME, at - 2)).rstrip()
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
        # Further away than the best costs would cost more.
        reach = width if best is None else int(best[0] - far)
        for start in range(max(0, middle - reach), min(width - cells, middle + reach) + 1):
            if any(first <= start <= last for first, last in taken):
                continue
            cost = far + abs(start - middle) + _COVERED * (covered[at][start + cells] - covered[at][start])
            if best is None or cost < best[0]:
                best = (cost, at, start)
    return best[1:] if best is not None else None


def _line(dots: list[int], own: list[bool], labels: list[_Label]) -> Content:
    """One row of the map: runs of dots of one style, and the labels between them."""
    width = len(dots)
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
