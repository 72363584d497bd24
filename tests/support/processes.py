"""Another real process, which takes commands line by line, so that no test has to guess its progress."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import IO, Self, cast

_LOOP = """
import sys, traceback
for line in sys.stdin:
    try:
        exec(line, globals())
    except BaseException:
        print(repr(traceback.format_exc()), flush=True)
    else:
        print("done", flush=True)
"""


class Process:
    """A Python that runs one line at a time; `kill` gives it no time to tidy up."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", _LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, line: str) -> None:
        """Have it begin a line."""
        self._stream(self._child.stdin).write(f"{line}\n")
        self._stream(self._child.stdin).flush()

    def ended(self) -> str:
        """Wait for the line's end: `done`, else what it printed or how it failed."""
        return self._stream(self._child.stdout).readline().rstrip("\n")

    def run(self, line: str) -> None:
        """Run a line to its end, which must be a good one."""
        self.start(line)
        assert (said := self.ended()) == "done", said

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        self._child.kill()
        self._child.wait()

    @staticmethod
    def _stream(stream: IO[str] | None) -> IO[str]:
        return cast(IO[str], stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.kill()
        self._stream(self._child.stdin).close()
        self._stream(self._child.stdout).close()
