"""Progress and bad lines of reading the data at a path."""

from __future__ import annotations

from pathlib import Path

from engine.community.bad_lines import BadLines
from engine.community.files import size_of
from engine.errors import CancelledError
from engine.progress import Cancelled, CountReport

_POLL = 4096  # lines between two looks at `cancelled`


class Reading:
    """Where in the data at a path reading is (characters, of the bytes there are), and whether to go on."""

    def __init__(
        self,
        path: Path,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._done, self._total = 0, size_of(path) if progress is not None else 0
        self._file, self._line, self._unit = path.name, 0, "line"
        self._text: str | bytes = ""
        self.bad = BadLines()
        # Over all files. Readers add the entries of lines that hold several.
        self.lines = 0
        self._next_look = _POLL

    def enter(self, file: str, unit: str = "line") -> None:
        """A file is begun, of which `unit`s are read."""
        self._file, self._line, self._text, self._unit = file, 0, "", unit

    def took(self, text: str | bytes) -> None:
        """A line was read. Raises CancelledError when asked to stop."""
        self._done += len(text)
        self._line += 1
        self._text = text
        self.lines += 1
        if self.lines >= self._next_look:
            self._next_look = self.lines + _POLL
            self.look()

    def refuse(self, reason: str) -> None:
        """The line read last cannot be used."""
        text = self._text if isinstance(self._text, str) else self._text[:400].decode("utf-8", "replace")
        self.bad.add(reason, self._file, self._line, text, self._unit)

    def look(self) -> None:
        """Report how far it is. Raises CancelledError when asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("Stopped; no pack was added.")
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)
