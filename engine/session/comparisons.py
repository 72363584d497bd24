"""Compares two rankings for this person: both interleaved in Discover, by which rows the person acts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import NothingYetError, UsageError
from engine.session.library import Library, Service, synchronized
from engine.store import comparisons

if TYPE_CHECKING:
    from engine.evaluation.interleaving import Tally
    from engine.recommend.rankings import Ranking
    from engine.session.models import Models
    from engine.store.comparisons import Comparison, Side


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a comparison. `started` and `ended` are seconds since 1970 UTC, `ended` null while it runs."""

    usual: Ranking
    other: Ranking
    started: int
    ended: int | None
    kept: Ranking
    tally: Tally


class Comparisons(Service):
    """One comparison at a time. A private session neither interleaves nor records anything."""

    def __init__(self, library: Library, models: Models) -> None:
        super().__init__(library)
        self._models = models

    @synchronized
    def in_force(self) -> Ranking:
        """The ranking in use: the one kept last, by default the usual one."""
        from engine.recommend.rankings import RANKINGS, USUAL

        latest = self._latest()
        # A ranking that this version does not know is ignored.
        return RANKINGS.get(latest.kept, USUAL) if latest is not None else USUAL

    @synchronized
    def running(self) -> Ranking | None:
        """The ranking that is interleaved; null without one, and in a private session."""
        from engine.recommend.rankings import RANKINGS

        latest = self._latest()
        if self.library.private or latest is None or latest.ended is not None:
            return None
        return RANKINGS.get(latest.other)

    @synchronized
    def standing(self) -> Standing | None:
        """The state of the running comparison, or the last one; null if there was none."""
        from engine.evaluation.interleaving import Tally
        from engine.recommend.rankings import RANKINGS, USUAL

        latest = self._latest()
        if latest is None:
            return None
        counted = comparisons.taken_up(self.library.connection, latest)
        shown, taken = zip(*(counted[side] for side in comparisons.SIDES), strict=True)
        usual, other, kept = (RANKINGS.get(name, USUAL) for name in (latest.usual, latest.other, latest.kept))
        return Standing(usual, other, latest.started, latest.ended, kept, Tally(*shown, *taken))

    @synchronized
    def choices(self) -> tuple[Ranking, ...]:
        """The rankings that can be compared with the one in use."""
        from engine.recommend.rankings import RANKINGS

        usual = self.in_force()
        return tuple(one for one in RANKINGS.values() if one != usual and self._can_rank(one))

    def _can_rank(self, ranking: Ranking) -> bool:
        return not ranking.before or self._models.has_before()

    @synchronized
    def begin(self, name: str) -> None:
        """Start interleaving the ranking of this name.

        Raises UsageError for an unknown name, or while a comparison runs; NothingYetError without a community model, or
        if it needs the previous model and none is kept; PrivateSessionError.
        """
        from engine.recommend.rankings import ranking_named

        self.library.door.require_writable("compare rankings")
        other, latest = ranking_named(name), self._latest()
        if latest is not None and latest.ended is None:
            raise UsageError(
                f"{latest.other} is being compared already. End that first: discover compare stop."
            )
        if other == self.in_force():
            raise UsageError(f"Discover is made by {other.name} already. Name another ranking.")
        if self._models.open().manifest.solo:
            raise NothingYetError(
                "In solo mode there is one ranking only. Add community data to compare: discover community fetch."
            )
        if other.before:
            self._models.open_before()
        comparisons.begin(self.library.connection, self.in_force().name, other.name)

    @synchronized
    def end(self, keep: str | None = None) -> Ranking:
        """End the running comparison; the ranking `keep` is used from now on, by default the previous one.

        Raises NothingYetError if none runs, UsageError if `keep` is neither of the two, PrivateSessionError.
        """
        from engine.recommend.rankings import ranking_named

        self.library.door.require_writable("end a comparison")
        latest = self._running()
        kept = keep if keep is not None else latest.usual
        if kept not in (latest.usual, latest.other):
            raise UsageError(f"Compared are {latest.usual} and {latest.other}: keep one of them.")
        comparisons.end(self.library.connection, latest.number, kept)
        return ranking_named(kept)

    @synchronized
    def undo(self) -> str:
        """Undo the last `begin` or `end`, and say which in words.

        Raises NothingYetError if there is nothing to undo, PrivateSessionError.
        """
        self.library.door.require_writable("undo a comparison")
        latest = self._latest()
        if latest is None:
            raise NothingYetError("No comparison to undo.")
        if latest.ended is None:
            comparisons.discard(self.library.connection, latest.number)
            return f"the comparison with {latest.other} is gone"
        comparisons.resume(self.library.connection, latest)
        return f"the comparison with {latest.other} goes on"

    @synchronized
    def note_shown(self, sides: dict[str, Side], day: int) -> None:
        """Record items, by key, as shown, each picked by one side; not in a private session."""
        latest = self._latest()
        if sides and not self.library.private and latest is not None and latest.ended is None:
            comparisons.note_shown(self.library.connection, latest.number, sides, day)

    def seed(self, day: int, level: str) -> str:
        """The seed of a day's interleaving: different for each comparison, the same all day."""
        latest = self._latest()
        return f"{latest.number if latest else 0} {day} {level}"

    def _running(self) -> Comparison:
        latest = self._latest()
        if latest is None or latest.ended is not None:
            raise NothingYetError("No comparison is running. Begin one: discover compare start NAME.")
        return latest

    def _latest(self) -> Comparison | None:
        return comparisons.latest(self.library.connection)
