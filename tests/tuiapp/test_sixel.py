"""Pictures in sixels: what is drawn is the picture, it is drawn again where cells were painted over it, and a terminal
that does not say it shows them is asked that and nothing more."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from textual.events import Key

from engine.audio.art import Pixels, pixels_of
from tests.support.audio import wav
from tests.support.pictures import png
from tuiapp.textual_internals.guarded import Guarded
from tuiapp.textual_internals.terminal import Answer, AnsweringParser
from tuiapp.widgets.art import COLUMNS, ROWS
from tuiapp.widgets.sixel import Sixels, drawn, says_sixel, sixels_of

_LINES, _WIDTH = 30, 100
# Of a cell, in pixels: eleven are no whole number of bands.
_HIGH, _WIDE = 19, 9
_AREA = {
    (y, x) for y in range(_LINES - 2 - ROWS, _LINES - 2) for x in range(_WIDTH - 4 - COLUMNS, _WIDTH - 4)
}
_PIECES = (
    "\x1b[", "?", "6;", "1;", "c", "S", "t", "u", "~", "\x1b", ":", "99999", ";", "a", "\x1b[A", "\x1b[200~",
    "\x1b[201~", "\x1b_G", "i=", "\x1b[<0;20;10M", "\x1b[48;", "\x1b]", "\x1bP", "\x1b\\", "M", "m", "$y", "57344", "²",
)  # fmt: skip
_TOKEN = re.compile(
    r"\x1bP([^\x1b]*)\x1b\\|\x1b\[([0-?]*[ -/]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[P\]]|[^\x1b]",
    re.S,
)


def decoded(image: str) -> NDArray[np.int64]:
    """What a terminal draws of the inside of a device control string, (height, width, 3), -1 where it draws nothing:
    sign by sign, as the manual has it."""
    head, _, data = image.partition("q")
    assert head == "7;1"
    raster = re.match(r'"1;1;(\d+);(\d+)', data)
    assert raster is not None
    width, height = int(raster[1]), int(raster[2])
    canvas = np.full((height + 6, width, 3), -1)
    colours, colour, x, y, times = dict[int, list[int]](), 0, 0, 0, 1
    for sign, numbers in re.findall(r"([#!$\-?-~])([\d;]*)", data[raster.end() :]):
        said = [int(number) for number in numbers.split(";") if number]
        if sign == "#" and len(said) == 5:
            colours[said[0]] = said[2:]
        elif sign == "#":
            colour = said[0]
        elif sign == "!":
            times = said[0]
        elif sign == "$":
            x = 0
        elif sign == "-":
            x, y = 0, y + 6
        else:
            for bit in range(6):
                if ord(sign) - 63 >> bit & 1:
                    assert x + times <= width
                    canvas[y + bit, x : x + times] = colours[colour]
            x, times = x + times, 1
    assert (canvas[height:] == -1).all()
    return canvas[:height]


@pytest.mark.parametrize(("height", "width", "colours"), [(1, 1, 2), (6, 4, 3), (13, 40, 16), (50, 31, 256)])
def test_what_is_drawn_is_the_picture(height: int, width: int, colours: int) -> None:
    random = np.random.default_rng(height)
    # Runs as pictures have them, and lone pixels.
    numbers = np.repeat(random.integers(colours, size=(height, width)), 5, axis=1)[:, :width].astype(np.uint8)
    opaque = random.random((height, width)) < 0.8
    shares = random.integers(101, size=(colours, 3))
    pixels = Pixels(numbers, np.rint(shares * 2.55).astype(np.uint8), opaque)
    text = drawn(pixels)
    assert text.startswith("\x1bP")
    assert text.endswith("\x1b\\")
    assert (decoded(text[2:-2]) == np.where(opaque[..., None], shares[numbers], -1)).all()


@pytest.mark.parametrize("colours", [2, 16, 256])
def test_a_picture_fills_its_box_in_the_colours_there_are(colours: int) -> None:
    pixels = pixels_of(png(90, 60), 198, 209, colours)
    assert pixels is not None
    assert pixels.numbers.shape == (132, 198)
    assert 2 <= len(np.unique(pixels.numbers)) <= colours
    grey = pixels.colours[pixels.numbers][..., 0].astype(int)
    x, y = np.meshgrid(np.arange(198) * 90 / 198, np.arange(132) * 60 / 132)
    # Mixed, few colours are right in the mean.
    assert abs(grey.mean() - (x + y).mean()) < 6
    for none in (png(90, 60)[:150], png(5000, 1), png(1, 5000)):
        assert pixels_of(none, 198, 209, colours) is None


@pytest.mark.parametrize(
    ("shows", "answer"),
    [
        (True, "\x1b[?63;1;2;4;6;9;15;22c"),  # xterm -ti vt340
        (True, "\x1b[?62;4;22;28c"),
        (False, "\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c"),
        (False, "\x1b[?64;14;24;40c"),
        (False, "\x1b[?1;2c"),
        (False, "\x1b[?1;4c"),  # of a VT100, whose second number is no attribute
        (False, "\x1b[?4;6c"),
        (False, "\x1b[?c"),
        (False, "\x1b[?1;0;4S"),
        (False, ""),
    ],
)
def test_a_terminal_says_that_it_shows_sixels(shows: bool, answer: str) -> None:
    assert says_sixel(answer) is shows


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("\x1b[?1;0;16S\x1b[6;20;10t", Sixels(10, 20, 16)),
        ("\x1b[6;999;999t", Sixels(40, 80, 256)),
        ("\x1b[?1;0;999999999S\x1b[6;1;999t", Sixels(40, 1, 256)),
    ],
)
def test_whatever_a_terminal_says_of_its_cells_no_picture_is_larger_than_has_detail(
    said: str, found: Sixels
) -> None:
    class Terminal:
        async def ask_terminal(self, question: str = "") -> tuple[str, ...]:
            return (said,) if question else ("\x1b[?62;4c",)

    assert asyncio.run(sixels_of(cast(Guarded, Terminal()))) == found


def test_no_answer_is_a_key_and_no_key_is_lost() -> None:
    """One may be longer than what Textual reads of a sequence before it takes it for keys, and come in two reads; cut
    within its first two bytes it could be the key escape, and is left to Textual."""
    answers = [
        "\x1b[?64;1;2;4;6;9;15;16;17;18;21;22;28;29;42;52c",
        "\x1b[?1;0;256S",
        "\x1b[6;19;9t",
        "\x1b_Gi=1;OK\x1b\\",
        "\x1b_Gi=1;EINVAL:no such thing\x1b\\",
    ]
    text = f"a{answers[0]}{answers[1]}\x1b[A{answers[2]}\x1b[6~{answers[3]}{answers[4]}b"
    begins = [match.start() for match in re.finditer(r"\x1b(?=\[[?6]|_G)", text)]
    for at in sorted({*range(1, len(text))} - {begin + by for begin in begins for by in (1, 2)}):
        parser = AnsweringParser()
        messages = [*parser.feed(text[:at]), *parser.feed(text[at:])]
        assert [one.text for one in messages if isinstance(one, Answer)] == answers
        assert [one.key for one in messages if isinstance(one, Key)] == ["a", "up", "pagedown", "b"]


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=2), max_size=30).map("".join), st.integers(1, 20))
@example("\x1b[9999999u\x1b[57344;1;99999999u", 9)
@settings(deadline=None, max_examples=150, derandomize=True)
def test_whatever_a_terminal_sends_is_read_to_its_end(text: str, at_once: int) -> None:
    parser = AnsweringParser()
    for at in range(0, len(text), at_once):
        list(parser.feed(text[at : at + at_once]))
    list(parser.feed(""))


class Terminal:
    """As much of a terminal as is looked at: what is written over a picture takes its place, and the other way."""

    def __init__(self, attributes: str) -> None:
        self.attributes = attributes
        self.raw, self.left, self.pictures = "", "", list[str]()
        self.decode = codecs.getincrementaldecoder("utf-8")().decode
        self.cells, self.y, self.x = dict[tuple[int, int], str](), 0, 0

    def take(self, data: bytes) -> bytes:
        """What it answers."""
        text, answers, at = self.decode(data), "", 0
        self.raw, text = self.raw + text, self.left + text
        # What begins a sequence alone waits for its end.
        while (match := _TOKEN.match(text, at)) is not None:
            at = match.end()
            answers += self._one(match)
        self.left = text[at:]
        return answers.encode()

    def _one(self, match: re.Match[str]) -> str:
        if match[1] is not None:
            self.pictures.append(match[1])
            height, width, _ = decoded(match[1]).shape
            rows, columns = -(-height // _HIGH), -(-width // _WIDE)
            assert self.y + rows < _LINES, "the screen would scroll"
            self.cells |= {(self.y + y, self.x + x): "picture" for y in range(rows) for x in range(columns)}
        elif match[3] == "H":
            self.y, self.x = (int(number) - 1 for number in match[2].split(";"))
        elif match[3] == "c":
            return f"\x1b[?{self.attributes}c"
        elif match[0] == "\x1b[?1;1;0S":
            return "\x1b[?1;0;64S"
        elif match[0] == "\x1b[16t":
            return f"\x1b[6;{_HIGH};{_WIDE}t"
        elif match[0] == "\n":
            self.y, self.x = self.y + 1, 0
        elif match[0].isprintable():
            self.cells[self.y, self.x] = match[0]
            self.x += 1
        return ""

    @property
    def drawn(self) -> set[tuple[int, int]]:
        return {cell for cell, what in self.cells.items() if what == "picture"}

    def shows(self, text: str) -> bool:
        lines = ("".join(self.cells.get((y, x), " ") for x in range(_WIDTH)) for y in range(_LINES))
        return any(text in line for line in lines)


@contextmanager
def run_in(terminal: Terminal, file: Path) -> Iterator[tuple[Callable[..., None], subprocess.Popen[bytes]]]:
    """The app in a terminal; takes keys, and waits until the terminal shows what is asked."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", _LINES, _WIDTH, 0, 0))
    started = [sys.executable, "-m", "tests.support.picture_app", str(file)]
    # Some runner's own size is not the terminal's.
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": f"{_WIDTH}", "LINES": f"{_LINES}"}
    with subprocess.Popen(started, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as app:
        os.close(theirs)

        def until(seen: Callable[[], bool], keys: bytes = b"") -> None:
            os.write(ours, keys)
            end = time.monotonic() + 30
            while not seen():
                ready, _, _ = select.select([ours], [], [], max(0.0, end - time.monotonic()))
                assert ready, (sorted(terminal.drawn ^ _AREA), terminal.raw[-2000:])
                if answers := terminal.take(os.read(ours, 65536)):
                    os.write(ours, answers)

        try:
            yield until, app
        finally:
            app.kill()
            os.close(ours)


def test_a_picture_is_whole_whatever_is_painted_and_gives_way_to_what_is_over_it(tmp_path: Path) -> None:
    cover = png(80, 80)
    terminal = Terminal("63;1;2;4;6;9;15;22")
    with run_in(terminal, wav(tmp_path / "one.wav", tags={"TIT2": "One"}, picture=cover)) as (until, app):
        until(lambda: terminal.drawn == _AREA)
        expected = pixels_of(cover, COLUMNS * _WIDE, ROWS * _HIGH, 64)
        assert expected is not None
        shares = np.rint(expected.colours[expected.numbers] / 2.55)
        assert (decoded(terminal.pictures[-1]) == shares).all()

        # A change beside it does not draw it again; repainting everything does.
        times = len(terminal.pictures)
        until(lambda: terminal.shows("row 1"), b"r")
        assert (terminal.drawn == _AREA, len(terminal.pictures)) == (True, times)
        until(lambda: terminal.shows("row 2") and len(terminal.pictures) > times, b"o")
        assert terminal.drawn == _AREA

        until(lambda: terminal.shows("dialog over it") and not terminal.drawn, b"d")
        until(lambda: not terminal.shows("dialog over it") and terminal.drawn == _AREA, b"\x1b")

        until(lambda: terminal.shows("a message long enough to reach over it"), b"n")
        until(lambda: terminal.shows("row 3"), b"o")
        assert terminal.shows("a message long enough to reach over it")
        until(lambda: "\x1b[?1049l" in terminal.raw, b"q")
        assert app.wait(30) == 0


def test_who_does_not_say_so_is_asked_that_and_nothing_more(tmp_path: Path) -> None:
    terminal = Terminal("64;1;2;6;9;15;16;17;18;21;22;28")
    with run_in(terminal, wav(tmp_path / "one.wav", tags={"TIT2": "One"}, picture=png(80, 80))) as (until, _):
        until(lambda: terminal.shows("does not"))
        until(lambda: terminal.shows("row 1"), b"o")
    assert "\x1b[c" in terminal.raw
    for beyond in ("\x1bP", "S\x1b", "\x1b[16t"):
        assert beyond not in terminal.raw
