"""Stopping by ctrl+z and going on, which are signals: they may come at any instant, also amid one another."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.terminals import at_a_terminal, drawn_to_the_end, drawn_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")

# The signals in the second argument come while the threads of the terminal begin, the first time it goes on.
_APP = """
import os, signal, sys
from pathlib import Path
from textual.drivers._writer_thread import WriterThread
from engine.paths import Folders
from tuiapp.app.app import run_app
begun, start = [], WriterThread.start
def starts(self):
    begun.append(self)
    for name in sys.argv[2].split() if len(begun) == 2 else ():
        os.kill(os.getpid(), getattr(signal, name))
    start(self)
WriterThread.start = starts
sys.exit(run_app(Folders(Path(sys.argv[1]))))
"""


class _Shell:
    """What starts the app, and sees it stop."""

    def __init__(self, terminal: int, app: subprocess.Popen[bytes]) -> None:
        self._terminal, self._app = terminal, app

    def press(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def until(self, seen: Callable[[], bool]) -> bytes:
        """What is drawn until then."""
        drawn, end = b"", time.monotonic() + 30
        while not seen():
            assert self._app.poll() is None, drawn[-2000:]
            assert time.monotonic() < end, drawn[-2000:]
            if select.select([self._terminal], [], [], 0.01)[0]:
                drawn += os.read(self._terminal, 65536)
        return drawn

    def stopped(self) -> bool:
        return Path(f"/proc/{self._app.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self._app.pid}/task"))

    def stop(self) -> None:
        """Stop it as nothing can be prepared for."""
        self._app.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """As by `fg`."""
        self._app.send_signal(signal.SIGCONT)

    def painted(self) -> bytes:
        """What is drawn until the view is painted."""
        return drawn_until(self._terminal, b"Welcome to")

    def quit(self) -> bytes:
        self.press(b"q")
        drawn = drawn_to_the_end(self._terminal, self._app)
        assert self._app.returncode == 0, drawn[-2000:]
        return drawn


@contextmanager
def _shell(tmp_path: Path, signals: str = "") -> Iterator[_Shell]:
    outer, inner = os.openpty()
    before = termios.tcgetattr(inner)
    app = at_a_terminal(inner, "-c", _APP, str(tmp_path / "data"), signals)
    try:
        drawn_until(outer, b"Welcome to")
        yield _Shell(outer, app)
        assert termios.tcgetattr(inner) == before
    finally:
        app.kill()
        app.wait()
        os.close(inner)
        os.close(outer)


def test_it_stops_with_the_terminal_as_it_was_and_paints_anew(tmp_path: Path) -> None:
    with _shell(tmp_path) as shell:
        for _ in range(2):
            shell.press(b"\x1a")
            assert b"\x1b[?1049l" in shell.until(shell.stopped)
            shell.go_on()
            assert b"\x1b[?1049h" in shell.painted()
        shell.quit()


@pytest.mark.parametrize("signals", ["SIGTSTP", "SIGTSTP SIGTSTP", "SIGCONT", "SIGCONT SIGTSTP"])
def test_signals_amid_going_on_wait_for_its_end(tmp_path: Path, signals: str) -> None:
    """A second ctrl+z is the terminal's own, until the app reads keys again."""
    with _shell(tmp_path, signals) as shell:
        shell.press(b"\x1a")
        shell.until(shell.stopped)
        if "SIGTSTP" in signals:
            shell.go_on()
            shell.until(shell.stopped)
        shell.go_on()
        shell.painted()
        shell.quit()


def test_one_that_another_stopped_reads_the_terminal_once(tmp_path: Path) -> None:
    with _shell(tmp_path) as shell:
        threads = shell.threads()
        for _ in range(3):
            shell.stop()
            shell.until(shell.stopped)
            shell.go_on()
            assert b"\x1b[?1049h" in shell.painted()
        shell.until(lambda: shell.threads() <= threads)
        shell.quit()
