"""The terminal: what it says and is told."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NoReturn, TextIO

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.events import Key
from textual.message import Message

# What terminals answer: what they are, an attribute of their graphics, the size of a cell in pixels, what came of a
# picture by kitty's protocol. No key is like it.
_ANSWER = re.compile(r"\x1b\[(?:\?[\d;]*[cS]|6;\d+;\d+t)|\x1b_Gi=\d+;[^\x1b]*\x1b\\")
# The end of what was read, where one may have begun. Shorter it would be a key's: escape, or with alt.
_BEGUN = re.compile(
    r"\x1b(?:\[(?:\?[\d;]{0,99}|6(?:;\d{0,9}){0,2})|_G(?:i(?:=(?:\d{1,9}(?:;[^\x1b]{0,99}\x1b?)?)?)?)?)\Z"
)


class Answer(Message):
    """An answer of the terminal, one escape sequence."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class AnsweringParser(XTermParser):
    """Textual's parser of what the terminal sends, which knows no answers: it would take them for keys."""

    _held = ""

    def feed(self, data: str) -> Iterable[Message]:
        # No data: the end.
        text, self._held, at = self._held + data, "", 0
        if data and (begun := _BEGUN.search(text)):
            text, self._held = text[: begun.start()], begun[0]
        for answer in _ANSWER.finditer(text):
            if before := text[at : answer.start()]:
                yield from super().feed(before)
            yield Answer(answer[0])
            at = answer.end()
        if (rest := text[at:]) or not data:
            yield from super().feed(rest)

    def _parse_extended_key(  # type: ignore[override]  # a cache in the library, a method here
        self, sequence: str
    ) -> list[Key] | None:
        """Also for an invalid code point: Textual raises, which ends the thread that reads the terminal."""
        try:
            return super()._parse_extended_key(sequence)
        except (ValueError, OverflowError):
            return None


def drawn_on() -> TextIO | None:
    """Where the app is drawn: standard error, as Textual has it, unless standard output alone is a terminal. Null for
    neither."""
    for stream in (sys.__stderr__, sys.__stdout__):
        if stream is not None and stream.isatty():
            if isinstance(stream, io.TextIOWrapper):
                # As standard error is: a character its encoding lacks would end the thread that draws.
                stream.reconfigure(errors="backslashreplace")
            return stream
    return None


def end_at_once(app: App[Any], said: str) -> NoReturn:
    """End the process of a failed, hanging app with exit code 1, restoring the terminal and printing `said` first if
    that has not happened. Not to be called on the event loop."""
    # Its writer thread ends last.
    writer = getattr(app._driver, "_writer_thread", None)
    if app._driver is not None and writer is not None and writer.is_alive():
        wait_for_no_writer(app)
        app._driver.stop_application_mode()
        app._driver.close()
        if sys.__stderr__ is not None:
            print(said, file=sys.__stderr__, flush=True)
    os._exit(1)


def terminal_of(app: App[Any]) -> int | None:
    """The file descriptor of the app's terminal, null if its driver has none: not available publicly."""
    fileno = getattr(app._driver, "fileno", None)
    return fileno if isinstance(fileno, int) else None


def pixels_of_cell(app: App[Any]) -> tuple[int, int]:
    """(height, width) of a cell in pixels as the system knows it, 0 where the terminal did not tell it."""
    import fcntl
    import struct
    import termios

    terminal = terminal_of(app)
    with contextlib.suppress(OSError):
        if terminal is not None:
            size = fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))
            lines, columns, width, height = struct.unpack("4H", size)
            return height // max(lines, 1), width // max(columns, 1)
    return 0, 0


def write_to_terminal(app: App[Any], text: str) -> None:
    """Write an escape sequence that Textual does not support, between its own output."""
    if app._driver is not None:
        app._driver.write(text)


def terminal_reader(app: App[Any]) -> tuple[threading.Thread, threading.Event] | None:
    """The thread that reads the terminal and its exit event, null if the driver has none.

    Quitting waits for it off the event loop, where the driver would block.
    """
    reader, ends = getattr(app._driver, "_key_thread", None), getattr(app._driver, "exit_event", None)
    return (reader, ends) if reader is not None and ends is not None else None


def wait_for_no_writer(app: App[Any]) -> None:
    """Make the driver's last writes non-blocking: its writer thread died with the terminal, and its queue is never
    emptied."""
    if (writer := getattr(app._driver, "_writer_thread", None)) is not None:
        writer._queue.maxsize = 0


def hear_answers() -> None:
    """Have the driver read what the terminal answers as that: its parser is its own too."""
    from textual.drivers import linux_driver

    linux_driver.XTermParser = AnsweringParser  # type: ignore[attr-defined]  # imported there, not exported


def mark_what_is_not_utf8() -> None:
    """Make the driver replace bytes that are not UTF-8: its own decoder would raise, and end the thread that reads the
    terminal."""
    from textual.drivers import linux_driver

    def decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), errors="replace")

    # Not annotated there: any function that makes a decoder works.
    linux_driver.getincrementaldecoder = decoder  # type: ignore[attr-defined,assignment]
