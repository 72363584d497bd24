"""Unusable lines of community data: counted by reason, the first ones kept for display."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec

from engine.errors import UnreadableFileError
from engine.wording import quantity

SHOWN = 5
# What decoding a line raises where it is not JSON, is not text, or is nested deeper than anything meant to be read.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SHORT = 80


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
    """Counts by reason, of whole lines and of entries in others, and the first of them.

    They are shown when data is added, never stored, since they may name people.
    """

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.entries: Counter[str] = Counter()
        self.first: list[BadLine] = []

    def add(self, reason: str, file: str, line: int, text: str = "", unit: str = "line") -> None:
        """Take down one."""
        self.reasons[reason] += 1
        self._show(reason, file, line, text, unit)

    def add_entry(self, reason: str, file: str, line: int, text: str = "") -> None:
        """Take down one entry of a line whose others are used."""
        self.entries[reason] += 1
        self._show(reason, file, line, text, "line")

    def _show(self, reason: str, file: str, line: int, text: str, unit: str) -> None:
        if len(self.first) < SHOWN:
            short = " ".join(text[: 4 * _SHORT].split())
            short = short if len(short) <= _SHORT else f"{short[: _SHORT - 1]}…"
            self.first.append(BadLine(file, line, reason, short, unit))

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.reasons.total()

    def in_words(self) -> str:
        """Counts by reason, descending."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())

    def refuse_most(self, source: str, lines: int) -> None:
        """Raise UnreadableFileError if these are most of `lines`: the layout was then misjudged."""
        if 2 * self.count > lines:
            first = f" The first: {self.first[0]}." if self.first else ""
            raise UnreadableFileError(
                f"{source}: {self.count:,} of {quantity(lines, 'lines')} cannot be used ({self.in_words()}).{first} "
                "Nothing was taken of it; is it what it was taken for?"
            )
