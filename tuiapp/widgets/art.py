"""Album art by the graphics protocol of kitty, which Ghostty has too (sw.kovidgoyal.net/kitty/graphics-protocol).

The picture is sent once and drawn by the terminal wherever placeholders for it stand. Those are cells like any other:
what lies over them covers it, and it goes when they do.
"""

from __future__ import annotations

import asyncio
from base64 import standard_b64encode
from collections.abc import Iterator, Mapping
from itertools import count

from textual.content import Content
from textual.widgets import Static

from engine.errors import DiscoverError
from tuiapp.textual_internals import write_to_terminal

# Cells are about twice as high as wide.
COLUMNS, ROWS = 22, 11
_CHUNK = 4096  # bytes of base64
_PLACEHOLDER = "\U0010eeee"
# Number n of a row or column is the nth of these (kitty's rowcolumn-diacritics.txt has more).
_NUMBERS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a"
    "\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364\u0365\u0366\u0367"
)
# Each picture has a number of its own, or the terminal would not draw the cells of another anew. As the placeholders'
# colour it has 24 bits.
_ids = count(0x0D1500)


def shows_art(setting: str, environ: Mapping[str, str]) -> bool:
    """Whether pictures are shown, by the setting `open.art` and, for `auto`, by what the terminal says it is.

    It is never asked, since the answer may come as keys. A multiplexer passes on where it runs, but no pictures.
    """
    if setting != "auto":
        return setting == "kitty"
    if any(environ.get(name) for name in ("TMUX", "STY", "ZELLIJ", "NO_COLOR")):
        return False
    return environ.get("COLORTERM") in ("truecolor", "24bit") and (
        environ.get("TERM") in ("xterm-kitty", "xterm-ghostty")
        or bool(environ.get("KITTY_WINDOW_ID"))
        or environ.get("TERM_PROGRAM") == "ghostty"
    )


def sent(number: int, png: bytes) -> str:
    """What has the terminal keep a PNG under this number, drawn where its placeholders are; it answers nothing."""
    return "".join(_commands(number, standard_b64encode(png).decode()))


def _commands(number: int, encoded: str) -> Iterator[str]:
    about = f"a=T,U=1,f=100,i={number},c={COLUMNS},r={ROWS},q=2,"
    for at in range(0, len(encoded), _CHUNK):
        more = int(at + _CHUNK < len(encoded))
        yield f"\x1b_G{about if at == 0 else ''}m={more};{encoded[at : at + _CHUNK]}\x1b\\"


def forgotten(number: int) -> str:
    """What has the terminal let go of a picture."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def placeholders(number: int) -> Content:
    """The cells of a picture, each with its row and column."""
    rows = ("".join(_PLACEHOLDER + row + column for column in _NUMBERS[:COLUMNS]) for row in _NUMBERS[:ROWS])
    return Content.styled("\n".join(rows), f"#{number:06x}")


class Art(Static):
    """The picture of a file of music, or nothing where it has none."""

    DEFAULT_CSS = f"""
    Art {{ width: {COLUMNS}; height: {ROWS}; margin: 0 0 0 2; color: $foreground-muted; }}
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._path = ""
        self._number: int | None = None

    def on_mount(self) -> None:
        self.app.app_resume_signal.subscribe(self, self._show_again)

    def _show_again(self, _app: object) -> None:
        """The terminal lets go of pictures when the app leaves the screen to another program."""
        path, self._path = self._path, ""
        self.show(path)

    def show(self, path: str) -> None:
        """Show the picture of a file, once it is read; with an empty path none."""
        if path != self._path:
            self._path = path
            self.run_worker(self._show(path), exclusive=True)

    async def _show(self, path: str) -> None:
        from engine.audio.art import art_of

        try:
            png = await asyncio.to_thread(art_of, path) if path else None
        except DiscoverError as error:
            self._forget()
            self.update(str(error))
            return
        self._forget()
        if png is not None:
            self._number = next(_ids)
            write_to_terminal(self.app, sent(self._number, png))
            self.update(placeholders(self._number))

    def _forget(self) -> None:
        self.update("")
        if self._number is not None:
            write_to_terminal(self.app, forgotten(self._number))
            self._number = None

    def on_unmount(self) -> None:
        if self._number is not None:
            write_to_terminal(self.app, forgotten(self._number))
