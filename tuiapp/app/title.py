"""Sets the terminal window's title while the app is open: its name, never the music played."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from tuiapp.textual_internals.terminal import drawn_on

# Consoles that would print the escape sequences, or keep the title.
_WITHOUT = ("", "dumb", "linux")
_SAVE, _SET, _RESTORE = "\x1b[22;2t", "\x1b]2;{}\x07", "\x1b[23;2t"


@contextlib.contextmanager
def window_title(title: str) -> Iterator[None]:
    """Set the window's title; restored after the block."""
    terminal = drawn_on()
    if terminal is None or os.environ.get("TERM", "") in _WITHOUT:
        yield
        return
    terminal.write(_SAVE + _SET.format(title))
    terminal.flush()
    try:
        yield
    finally:
        # The terminal is gone.
        with contextlib.suppress(OSError, ValueError):
            terminal.write(_RESTORE)
            terminal.flush()
