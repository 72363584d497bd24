"""Pictures as sixels, DEC's graphics of terminals (VT3xx manual, chapter 14), which xterm, foot, mlterm, WezTerm,
Windows Terminal and others have.

They are drawn over cells once, and wiped out by what is painted there next. Unlike kitty's they are asked for: a
terminal that has them says so (attribute 4 of DA1), and whatever goes beyond that question is written to no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.audio.art import Pixels
from tuiapp.textual_internals.guarded import Guarded
from tuiapp.textual_internals.terminal import pixels_of_cell

_RUN = re.compile(rb"(.)\1{3,}")
_SIZE = re.compile(r"\x1b\[6;(\d{1,3});(\d{1,3})t")
_REGISTERS = re.compile(r"\x1b\[\?1;0;(\d{1,9})S")
# Who does not say how many colours there are has these: all that are known of.
_COLOURS = 256
# A picture for larger cells would have no more detail, and cost seconds: it stays smaller than its place.
_WIDEST, _HIGHEST = 40, 80
# The number of graphics colour registers (XTSMGRAPHICS), and the size of a cell in pixels.
_QUESTION = "\x1b[?1;1;0S\x1b[16t"


@dataclass(frozen=True, slots=True)
class Sixels:
    """What a terminal has for pictures: a cell's size in pixels, and how many colours at a time."""

    width: int
    height: int
    colours: int


async def sixels_of(app: Guarded) -> Sixels | None:
    """What the terminal of an app has for sixels; nothing where it does not say that it shows them."""
    if not any(says_sixel(answer) for answer in await app.ask_terminal()):
        return None
    said = "".join(await app.ask_terminal(_QUESTION))
    registers, size = _REGISTERS.search(said), _SIZE.search(said)
    height, width = (int(size[1]), int(size[2])) if size else pixels_of_cell(app)
    if not width or not height:
        return None
    width, height = min(width, _WIDEST), min(height, _HIGHEST)
    return Sixels(width, height, max(2, min(_COLOURS, int(registers[1]))) if registers else _COLOURS)


def says_sixel(answer: str) -> bool:
    """Whether an answer to DA1 has attribute 4. The first number is the kind of terminal: below 60 are those whose
    answers have no attributes."""
    if not (answer.startswith("\x1b[?") and answer.endswith("c")):
        return False
    kind, *attributes = answer[3:-1].split(";")
    return len(kind) == 2 and kind >= "60" and "4" in attributes


def drawn(pixels: Pixels) -> str:
    """What draws a picture with its top left corner at the cursor; what of it is not opaque stays as it is."""
    import numpy as np

    height, width = pixels.numbers.shape
    used = np.unique(pixels.numbers[pixels.opaque])
    # Registers hold hundredths. A picture has nothing from a register it does not set.
    shares = np.rint(pixels.colours[used] / 2.55).astype(int).tolist()
    parts = [f'\x1bP7;1q"1;1;{width};{height}'.encode()]
    parts += [b"#%d;2;%d;%d;%d" % (number, *share) for number, share in enumerate(shares)]
    # Of each pixel its place among the colours that are used, -1 where it is not drawn.
    places = np.where(pixels.opaque, np.searchsorted(used, pixels.numbers), -1)
    for top in range(0, height, 6):
        # A band is six lines; a sixel is a column of it, its top line the lowest bit.
        band = places[top : top + 6]
        bits = 1 << np.arange(len(band))[:, None]
        for number in np.unique(band[band >= 0]).tolist():
            sixels = (63 + ((band == number) * bits).sum(0)).astype(np.uint8).tobytes().rstrip(b"?")
            runs = _RUN.sub(lambda run: b"!%d%c" % (len(run[0]), run[0][0]), sixels)
            parts.append(b"#%d%s$" % (number, runs))
        parts.append(b"-")
    return b"".join([*parts, b"\x1b\\"]).decode("ascii")
