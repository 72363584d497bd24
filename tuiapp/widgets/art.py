"""Album art by the graphics protocol of kitty, which Ghostty has too (sw.kovidgoyal.net/kitty/graphics-protocol), or by
sixels.

With kitty's the picture is sent once and drawn by the terminal at its placeholders. Those are cells like any other:
widgets above them cover it, and it goes when they do. A terminal that does not know placeholders (kitty before 0.28)
would show them as signs, so it is asked. Sixels are drawn again after each of their cells that is painted, and not
while a widget is above one.
"""

from __future__ import annotations

import asyncio
from base64 import standard_b64encode
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Literal

from textual import getters
from textual.content import Content
from textual.widgets import Static

from engine.errors import DiscoverError
from tuiapp.textual_internals.guarded import Guarded, OverCells
from tuiapp.textual_internals.terminal import write_to_terminal

if TYPE_CHECKING:
    from textual.worker import Worker

    from tuiapp.widgets.sixel import Sixels

Way = Literal["kitty", "sixel"]

# Cells are about twice as high as wide.
COLUMNS, ROWS = 22, 11
_CHUNK = 4096  # bytes of base64
# A pixel that is not kept, with the key of placeholders: kitty without them refuses the whole command, silently.
_QUESTION = "\x1b_Gi=1,a=q,U=1,f=24,s=1,v=1;AAAA\x1b\\"
_YES = "\x1b_Gi=1;OK\x1b\\"
_PLACEHOLDER = "\U0010eeee"
# Number n of a row or column is the nth of these (kitty's rowcolumn-diacritics.txt has more).
_NUMBERS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a"
    "\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364\u0365\u0366\u0367"
)
# Each picture has its own id, or the terminal would not redraw cells for a new one. It is the placeholders' colour, so
# it has 24 bits.
_ids = count(0x0D1500)


def way_of(setting: str, environ: Mapping[str, str]) -> Way | None:
    """The way pictures are shown by the setting `open.art` and, for `auto`, by what the terminal says it is; it is to
    be asked whether it can.

    A multiplexer passes on where it runs, but no pictures.
    """
    if setting != "auto":
        return "kitty" if setting == "kitty" else "sixel" if setting == "sixel" else None
    if any(environ.get(name) for name in ("TMUX", "STY", "ZELLIJ", "NO_COLOR")):
        return None
    kitty = environ.get("COLORTERM") in ("truecolor", "24bit") and (
        environ.get("TERM") in ("xterm-kitty", "xterm-ghostty")
        or bool(environ.get("KITTY_WINDOW_ID"))
        or environ.get("TERM_PROGRAM") == "ghostty"
    )
    return "kitty" if kitty else "sixel"


def sent(number: int, png: bytes) -> str:
    """The escape sequence that stores a PNG in the terminal under this id, drawn at its placeholders, without a
    reply."""
    return "".join(_commands(number, standard_b64encode(png).decode()))


def _commands(number: int, encoded: str) -> Iterator[str]:
    about = f"a=T,U=1,f=100,i={number},c={COLUMNS},r={ROWS},q=2,"
    for at in range(0, len(encoded), _CHUNK):
        more = int(at + _CHUNK < len(encoded))
        yield f"\x1b_G{about if at == 0 else ''}m={more};{encoded[at : at + _CHUNK]}\x1b\\"


def forgotten(number: int) -> str:
    """The escape sequence that deletes a picture."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def placeholders(number: int) -> Content:
    """The cells of a picture, each with its row and column."""
    rows = ("".join(_PLACEHOLDER + row + column for column in _NUMBERS[:COLUMNS]) for row in _NUMBERS[:ROWS])
    return Content.styled("\n".join(rows), f"#{number:06x}")


class Art(Static, OverCells):
    """The album art of a music file, if it has any."""

    app = getters.app(Guarded)
    DEFAULT_CSS = f"""
    Art {{ width: {COLUMNS}; height: {ROWS}; margin: 0 0 0 2; color: $foreground-muted; }}
    """

    def __init__(self, way: Way, *, named: bool) -> None:
        """Drawn in this way; if the person chose it (`named`), they are notified when the terminal does not support
        it."""
        super().__init__(markup=False)
        self._way, self._named = way, named
        # What is to be shown, where there is room; what is.
        self._wanted, self._room, self._path = "", False, ""
        self._number: int | None = None
        self._sixels: Sixels | None = None
        # Whether the terminal was asked if it can show it, and what it said.
        self._asked = self._able = False

    def on_mount(self) -> None:
        # No room is taken before it is known that there is something to show.
        self.display = False
        self.app.app_resume_signal.subscribe(self, self._show_again)
        if self._way == "sixel":
            self.app.over_cells = self

    def _show_again(self, _app: object) -> None:
        """The terminal deletes pictures while another program uses the screen."""
        self._path = ""
        self._arrange()

    def resized(self) -> None:
        """The terminal is of another size, and for sixels so may its cells be: ask it what it can show."""
        if self._way == "sixel" or not self._asked:
            _: Worker[None] = self.run_worker(self._ask, group="asking", exclusive=True)

    async def _ask(self) -> None:
        from tuiapp.widgets.sixel import sixels_of

        sixels = await sixels_of(self.app) if self._way == "sixel" else None
        able = sixels is not None or (self._way == "kitty" and _YES in await self.app.ask_terminal(_QUESTION))
        if (sixels, able) != (self._sixels, self._able) or not self._asked:
            self._sixels, self._able, self._asked, self._path = sixels, able, True, ""
            self._forget()
            if not able:
                what = "sixels" if self._way == "sixel" else "pictures by kitty's placeholders"
                self.update(f"This terminal does not report that it shows {what}.")
            self._arrange()

    def show(self, path: str, *, room: bool) -> None:
        """Show the picture of a file, once it is read, where there is room; with an empty path none."""
        self._wanted, self._room = path, room
        self._arrange()

    def _arrange(self) -> None:
        self.display = self._room and (self._able or (self._asked and self._named))
        path = self._wanted if self._room and self._able else ""
        if path != self._path:
            self._path = path
            _: Worker[None] = self.run_worker(partial(self._show, path), exclusive=True)

    async def _show(self, path: str) -> None:
        from engine.audio.art import art_of

        try:
            png = await asyncio.to_thread(art_of, path) if path else None
            sixels = await asyncio.to_thread(_in_sixels, png, self._sixels) if png and self._sixels else ""
        except DiscoverError as error:
            self._forget()
            self.update(str(error))
            return
        self._forget()
        if self._way == "sixel":
            self.drawn = sixels
            self.refresh()
        elif png is not None:
            self._number = next(_ids)
            write_to_terminal(self.app, sent(self._number, png))
            self.update(placeholders(self._number))

    def _forget(self) -> None:
        # Painted, its cells wipe out what was drawn over them.
        self.drawn = ""
        self.update("")
        if self._number is not None:
            write_to_terminal(self.app, forgotten(self._number))
            self._number = None

    def on_unmount(self) -> None:
        if self.app.over_cells is self:
            self.app.over_cells = None
        if self._number is not None:
            write_to_terminal(self.app, forgotten(self._number))


def _in_sixels(png: bytes, terminal: Sixels) -> str:
    """What draws a picture into the cells there are for it, nothing where it is damaged."""
    from engine.audio.art import pixels_of
    from tuiapp.widgets.sixel import drawn

    pixels = pixels_of(png, COLUMNS * terminal.width, ROWS * terminal.height, terminal.colours)
    return "" if pixels is None else drawn(pixels)
