"""A child on a terminal of its own: what it is sent, what it draws, and when."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[2]
# Long enough for anything asked here, on a busy machine.
PATIENCE = 60.0


class Terminal:
    """Runs a command on a pty of `size` (columns, rows); times are seconds since it was started."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (120, 40)) -> None:
        self._ours, theirs = pty.openpty()
        self._resize(theirs, size)
        # Without a cache of compiled modules ours alone would be compiled at each start: pip has compiled the others.
        gone = {"NO_COLOR", "DISCOVER_DATA_DIR", "PYTHONDONTWRITEBYTECODE"}
        environment = {key: value for key, value in os.environ.items() if key not in gone}
        self.began = perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            start_new_session=True,
            env=environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(theirs)

    @staticmethod
    def _resize(terminal: int, size: tuple[int, int]) -> None:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size, and say so to the child."""
        self._resize(self._ours, size)
        self.process.send_signal(signal.SIGWINCH)

    def send(self, text: str) -> None:
        """Keys, as a terminal sends them."""
        os.write(self._ours, text.encode())

    def _read(self, seconds: float) -> bytes | None:
        """What has been drawn by then, or None where nothing was. Empty when the child is gone."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return None
        try:
            return os.read(self._ours, 1 << 16)
        except OSError:
            return b""

    def until(self, *texts: str) -> float:
        """Wait until all of these have been drawn since the call; the moment when the last of them had been read."""
        drawn, ends = b"", perf_counter() + PATIENCE
        while not all(text.encode() in drawn for text in texts):
            more = self._read(max(0.0, ends - perf_counter()))
            if not more:
                raise TimeoutError(f"{texts} never drawn; the end of what was: {drawn[-300:]!r}")
            drawn += more
        return perf_counter() - self.began

    def rest(self, seconds: float = 0.12) -> str:
        """Read until nothing has been drawn for so long, at most ten times that; what was drawn."""
        drawn, ends = b"", perf_counter() + 10 * seconds
        while perf_counter() < ends and (more := self._read(seconds)):
            drawn += more
        return drawn.decode(errors="replace")

    def paint_ms(self, key: str, *texts: str) -> float:
        """Milliseconds from a key to the read of what it draws."""
        self.rest()
        before = perf_counter() - self.began
        self.send(key)
        return (self.until(*texts) - before) * 1e3

    def memory_mb(self) -> float:
        """What the child has in memory now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def children(self) -> list[int]:
        """The processes the child has started and that run still."""
        pid = self.process.pid
        return [
            int(number)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for number in (task / "children").read_text().split()
        ]

    def close(self) -> None:
        """Read on until the child has ended; kill it where it does not."""
        ends = perf_counter() + PATIENCE
        while self._read(1.0) != b"" and perf_counter() < ends and self.process.poll() is None:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
