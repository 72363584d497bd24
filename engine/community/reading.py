"""How far the data at a path is read, and which of its lines could not be used: counted by reason, the first shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.community.files import size_of
from engine.errors import CancelledError, UnreadableFileError

SHOWN = 5
_SHORT = 80
_POLL = 4096  # lines between two looks at `cancelled`


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (or what `unit` says) that could not be used: its file, its number there from 1, why, how it begins."""

    file: str
    line: int
    reason: str
    text: str
    unit: str = "line"

    def __str__(self) -> str:
        begins = f" ({self.text})" if self.text else ""
        return f"{self.file}, {self.unit} {self.line:,}: {self.reason}{begins}"


class BadLines:
    """Counts by reason, and the first of them. They are said when data is added, never kept: they may name people."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.first: list[BadLine] = []

    def add(self, reason: str, file: str, line: int, text: str = "", unit: str = "line") -> None:
        """Take down one."""
        self.reasons[reason] += 1
        if len(self.first) < SHOWN:
            short = " ".join(text[: 4 * _SHORT].split())
            short = short if len(short) <= _SHORT else f"{short[: _SHORT - 1]}…"
            self.first.append(BadLine(file, line, reason, short, unit))

    @property
    def count(self) -> int:
        """How many there are."""
        return self.reasons.total()

    def in_words(self) -> str:
        """How many for which reason, the most first."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())

    def refuse_most(self, source: str, lines: int) -> None:
        """Raise UnreadableFileError when these are most of `lines`: then it is something else than it was taken for."""
        if 2 * self.count > lines:
            first = f" The first: {self.first[0]}." if self.first else ""
            raise UnreadableFileError(
                f"{source}: {self.count:,} of {lines:,} lines cannot be used ({self.in_words()}).{first} "
                "Nothing was taken of it; is it what it was taken for?"
            )


class Reading:
    """Where in the data at a path reading is (characters, of the bytes there are), and whether to go on."""

    def __init__(
        self,
        path: Path,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._done, self._total = 0, size_of(path) if progress is not None else 0
        self._file, self._line, self._unit = path.name, 0, "line"
        self._text: str | bytes = ""
        self.bad = BadLines()
        # All of them, over all files; what a line holds many of adds to it.
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
        """Tell how far it is. Raises CancelledError when asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("Stopped; no pack was added.")
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)
