"""Discover's filters beside its dials: level, date, time of the week, taste, and what-ifs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError
from engine.wording import percents
from tuiapp.dates import period
from tuiapp.safe import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.canonical_keys import Level
    from engine.recommend.modes import Mode
    from engine.recommend.settings import DiscoverSettings
    from engine.taste.window import TimeOfWeek
    from tuiapp.screens.pick import Choice


@dataclass(frozen=True, slots=True)
class Filters:
    """Immutable: each change is a new value, and undo restores the previous one.

    `taste` is one of the person's by number and name, null for all. `as_of` is the date the list is as of, as
    `tuiapp.dates` writes it, empty for now, and `times` a time of the week, null for any. `without` names artists and
    tracks as if never played. At other times and dates a person's tastes are others: choosing one moves a chosen taste
    to `replaced`, from where `wider` restores it.
    """

    level: Level = "artists"
    taste: tuple[int, str] | None = None
    as_of: str = ""
    times: TimeOfWeek | None = None
    without: tuple[str, ...] = ()
    replaced: Filters | None = field(default=None, compare=False)

    @property
    def of_tracks(self) -> bool:
        """Whether tracks are listed."""
        return self.level == "tracks"

    def of(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The settings with these filters."""
        mode = self.taste[0] if self.taste else None
        settings = replace(settings, level=self.level, mode=mode, without=self.without)
        if self.times:
            settings = replace(settings, window=replace(settings.window, time_of_week=self.times))
        return settings.as_of(period(self.as_of)[1]) if self.as_of else settings

    def at(self, date: str) -> Filters:
        """As of another date, empty for now, and for all tastes."""
        return replace(self._of_all_tastes(), as_of=date)

    def other_level(self) -> Filters:
        """Switch between tracks and artists; for artists what-ifs of single tracks are dropped."""
        from engine.canonical_keys import SEPARATOR

        artists = tuple(name for name in self.without if SEPARATOR not in name)
        level: Level = "artists" if self.of_tracks else "tracks"
        return replace(self, level=level, taste=None, without=artists, replaced=None)

    def at_times(self, times: TimeOfWeek | None) -> Filters:
        """At other times of the week, null for all, and for all tastes."""
        return replace(self._of_all_tastes(), times=times)

    def _of_all_tastes(self) -> Filters:
        return replace(self, taste=None, replaced=self) if self.taste else self

    def of_taste(self, number: str, modes: Sequence[Mode]) -> Filters:
        """For one of the tastes by its number from 1, empty for all."""
        taste = (int(number), modes[int(number) - 1].name) if number else None
        return replace(self, taste=taste, replaced=None)

    def wider(self) -> Filters | None:
        """With one filter less: the last what-if, the taste, the time of the week, the date; null without any.

        If a time or date replaced a taste, that taste is restored.
        """
        if self.without:
            return replace(self, without=self.without[:-1])
        if self.taste:
            return replace(self, taste=None)
        if self.replaced and (self.times or self.as_of):
            return self.replaced
        if self.times:
            return replace(self, times=None)
        return self.at("") if self.as_of else None

    def less(self, artist: str, track: str | None) -> Filters:
        """With one more what-if: as if this had never been played either."""
        from engine.canonical_keys import track_name

        name = track_name(artist, track) if track else artist
        return self if name in self.without else replace(self, without=(*self.without, name))

    @property
    def when(self) -> str:
        """The times of the week in words, empty for all."""
        return self.times.words if self.times else ""

    def in_words(self) -> str:
        """All active filters in words, escaped for display."""
        parts = [
            self.when,
            f"as of {self.as_of}" if self.as_of else "",
            f"taste {self.taste[1]}" if self.taste else "",
        ]
        if self.without:
            from engine.canonical_keys import SEPARATOR

            parts.append(f"without {', '.join(name.rpartition(SEPARATOR)[2] for name in self.without)}")
        return "  ".join(shown(part) for part in parts if part)


def times_to_choose(times: Iterable[TimeOfWeek]) -> list[Choice]:
    """Any time, and these times of the week with their hours, by name."""
    from tuiapp.screens.pick import Choice

    return [Choice("", "any time"), *(Choice(time.name, time.words, time.spans_in_words) for time in times)]


def tastes_to_choose(modes: Sequence[Mode], asked: Filters) -> list[Choice]:
    """All tastes, and each with its share of the plays, by number from 1. Raises NothingYetError if there is only
    one."""
    from tuiapp.screens.pick import Choice

    if len(modes) < 2:
        then = " then" if asked.times or asked.as_of else ""
        raise NothingYetError(f"Your {asked.level} form one taste{then}: there is nothing to filter by.")
    shares = percents([mode.share for mode in modes])
    tastes = (
        Choice(str(number), mode.name, share)
        for number, (mode, share) in enumerate(zip(modes, shares, strict=True), 1)
    )
    return [Choice("", "all tastes"), *tastes]
