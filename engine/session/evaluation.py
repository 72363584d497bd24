"""Backtest results on the person's own history, and the half-life that did best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical_keys import Level
from engine.errors import NothingYetError
from engine.paths import bytes_of
from engine.progress import Share, silent
from engine.session.library import Change, Library, Service, synchronized
from engine.store.forgetting import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.recommend.hindsight import Backtest
    from engine.recommend.settings import DiscoverSettings
    from engine.session.comparisons import Comparisons
    from engine.session.models import Models


class Evaluation(Service):
    """The last backtest, stored in a file beside the library."""

    def __init__(self, library: Library, models: Models, comparisons: Comparisons) -> None:
        super().__init__(library)
        self._models = models
        self._comparisons = comparisons
        self._last: Backtest | None = None

    def drop_cache(self, change: Change, /) -> None:
        """Another process may have run one since."""
        if change is Change.EVERYTHING:
            self._last = None

    @synchronized
    def last(self) -> Backtest | None:
        """The last backtest of artists; null without one."""
        import msgspec

        from engine.recommend.hindsight import Backtest

        file = self.library.folders.hindsight
        if self._last is None and file.exists():
            try:
                self._last = msgspec.json.decode(bytes_of(file), type=Backtest)
            except (ValueError, RecursionError):
                # Damaged, or of another version: measured again with the next training.
                return None
        return self._last

    def looked_back(self) -> bool:
        """Whether a backtest of artists is stored."""
        return self.library.folders.hindsight.exists()

    def half_life(self) -> float | None:
        """Days after which a play counts half, as the last backtest found best; null for no decay."""
        last = self.last()
        return last.half_life if last else None

    @synchronized
    def measure(
        self,
        level: Level = "artists",
        progress: Share = silent,
        also: Mapping[str, DiscoverSettings] | None = None,
    ) -> Backtest:
        """Measure Discover, with the ranking in use, on the person's own history, and for artists store the result and
        the half-life.

        `also` are further settings to measure, by name. If the model's training data is missing, item neighbours are
        not measured. Raises NothingYetError without a community model, or without enough history.
        """
        import msgspec

        from engine.community.packs import community_packs
        from engine.recommend.backtest import backtest
        from engine.training.interactions import community_interactions
        from engine.training.mending import train_command

        ranking = self._comparisons.in_force()
        model = (self._models.open_before if ranking.before else self._models.open)(level)
        if model.manifest.solo:
            raise NothingYetError(
                f"No model of community data to measure. Add some, then train: {train_command(level)}."
            )
        packs = community_packs(self.library.folders, level)
        data = community_interactions(packs) if packs else None
        there = data is not None and data.digest == model.manifest.built_from
        community = data.plays if data and there else None
        since = mark(self.library.connection)
        found = backtest(model, self.library.connection, community, progress, also, ranking)
        if level == "tracks":
            # Tracks use the artists' half-life.
            return msgspec.structs.replace(found, half_life=self.half_life())
        if not self.library.private:
            self.library.keep_derived(self.library.folders.hindsight, msgspec.json.encode(found), since)
        self._last = found
        self.library.changed(Change.TASTE)
        return found

    def renew(self, progress: Share = silent) -> None:
        """Measure Discover with a new model, or delete the last result if that is not possible."""
        progress(0.0)
        try:
            self.measure(progress=progress)
        except NothingYetError:
            self.drop()

    @synchronized
    def drop(self) -> None:
        """Delete the last result: it was of another model."""
        self.library.door.remove(self.library.folders.hindsight)
        self._last = None
