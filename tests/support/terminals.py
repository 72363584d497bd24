"""Processes at a terminal of the test's."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time


def at_a_terminal(terminal: int, *arguments: str, **elsewhere: int) -> subprocess.Popen[bytes]:
    """A Python process in a session of its own, as a terminal's, with streams of these names led elsewhere."""
    # A shell gives each command a terminal to control; the app has this one.
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=elsewhere.get("stdin", terminal),
        stdout=elsewhere.get("stdout", terminal),
        stderr=elsewhere.get("stderr", terminal),
        start_new_session=True,
        env=os.environ | {"TERM": "xterm-256color"},
    )


def drawn_until(outer: int, text: bytes) -> bytes:
    """What it draws until it has drawn a text, or nothing any more for long."""
    drawn = b""
    while text not in drawn and select.select([outer], [], [], 20)[0]:
        drawn += os.read(outer, 65536)
    return drawn


def drawn_to_the_end(outer: int, started: subprocess.Popen[bytes]) -> bytes:
    """What it draws until it ends."""
    drawn, until = b"", time.monotonic() + 20
    while started.poll() is None and time.monotonic() < until:
        if select.select([outer], [], [], 0.1)[0]:
            drawn += os.read(outer, 65536)
    while select.select([outer], [], [], 0)[0]:
        drawn += os.read(outer, 65536)
    return drawn
