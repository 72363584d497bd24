"""What can be said of a library: Discover, related artists, and how well that guesses the person."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError, UnknownNameError
from engine.names import AnySpelling, Level, key_at
from engine.paths import Folders
from engine.session.library import alone
from engine.session.naming import Naming
from engine.store import encounters as store_encounters
from engine.store import history

if TYPE_CHECKING:
    from engine.recommend.backtest import Backtest
    from engine.recommend.discover import Recommender
    from engine.recommend.lists import DiscoverList, Explanation, RelatedList, Share
    from engine.recommend.settings import DiscoverSettings
    from engine.session.artist_card import ArtistCard
    from engine.store.encounters import What
    from engine.store.stats import Stats
    from engine.taste.gate import DatedTaste, Taste, TasteItem, Window
    from engine.taste.query import TasteQuery


class Discovery(Naming):
    """A library with a model over it. What is costly to open or compute is kept until the library changes."""

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        super().__init__(folders, private=private)
        self._recommenders: dict[tuple[TasteQuery, int | None], Recommender] = {}
        self._tastes: dict[tuple[Level, Window], DatedTaste] = {}
        self._stats: dict[int | None, Stats] = {}
        self._hindsight: Backtest | None = None

    @alone
    def reload(self) -> None:
        """Forget what was computed: the library or the model changed, here or in a child process."""
        super().reload()
        self._hindsight = None

    @alone
    def discover(self, settings: DiscoverSettings | None = None, *, reasons: bool = True) -> DiscoverList:
        """Discover; without `reasons` while a dial is turning.

        Raises NothingYetError saying what is missing: listens, or a model.
        """
        from engine.recommend.settings import DiscoverSettings

        settings = self._today(settings or DiscoverSettings())
        found = self._recommender(settings).discover(settings, reasons=reasons)
        return found if settings.window.until is None else self._with_later(found, settings)

    def _with_later(self, found: DiscoverList, settings: DiscoverSettings) -> DiscoverList:
        """The list with how often each of its items was played after it."""
        from engine.taste.gate import Window, read_taste

        after = Window(since=settings.window.until)
        later = read_taste(self._connection, after, level=settings.level).by_key
        items = (
            replace(item, later=int(later[item.key].plays) if item.key in later else 0)
            for item in found.items
        )
        return replace(found, items=tuple(items))

    def _today(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The settings with the day they are asked on, where they name none."""
        return settings if settings.day is not None else replace(settings, day=self.today())

    @staticmethod
    def today() -> int:
        """Days since 1970 in local time."""
        return datetime.date.today().toordinal() - datetime.date(1970, 1, 1).toordinal()

    @alone
    def note_shown(self, keys: Sequence[str]) -> None:
        """Discover showed these today: one that is shown again and again and ignored rests. Not in private."""
        self._note("shown", keys)

    @alone
    def note_opened(self, key: str) -> None:
        """The person looked this artist or track up. Not noted in a private session."""
        self._note("opened", [key])

    def _note(self, what: What, keys: Sequence[str]) -> None:
        if not self.private:
            store_encounters.note(self._connection, what, keys, self.today())
            # Written at every start: left in the log beside the file, it would keep a private session in another
            # window from reading the library.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @alone
    def explain(
        self, artist: str, settings: DiscoverSettings | None = None, track: str | None = None
    ) -> Explanation:
        """Why one artist, or where the settings ask for tracks one `track` of theirs, is where it is."""
        from engine.recommend.explain import explain
        from engine.recommend.settings import DiscoverSettings

        _, key = self.resolve_artist(artist)
        settings = self._today(settings or DiscoverSettings())
        key = key_at(settings.level, key, track or "")
        return explain(self._recommender(settings), key, settings)

    @alone
    def related(self, name: str, n: int = 50) -> RelatedList:
        """The artists nearest to one."""
        from engine.recommend.related import related_artists

        display, key = self.resolve_artist(name)
        model = self._open_model()
        item = model.catalog.ids_of([key]).get(key)
        if item is None:
            raise UnknownNameError(
                f"{display} is in your history but not in the community's catalog, so nothing is known to be near it."
            )
        return related_artists(model, self._taste(), item, n)

    @alone
    def stats(self, year: int | None = None) -> Stats:
        """The history in numbers. Raises NothingYetError where nothing was played, that year or at all."""
        from engine.store.stats import stats

        if year not in self._stats:
            self._stats[year] = stats(self._connection, year)
        found = self._stats[year]
        if not found.plays:
            raise NothingYetError(
                f"Nothing was played in {year}."
                if year is not None and history.counts(self._connection).listens
                else "There are no listens yet. Import your history: discover import PATH."
            )
        return found

    @alone
    def standings(self) -> dict[str, list[TasteItem]]:
        """The person's `fading` (once much played) and `overdue` artists, most played first."""
        from engine.recommend.rediscovery import standings
        from engine.taste.gate import EVERYTHING

        dated = self._dated_taste(EVERYTHING)
        found: dict[str, list[TasteItem]] = {"fading": [], "overdue": []}
        for key, standing in standings(dated.days).items() if dated.days is not None else ():
            if key in dated.taste.by_key and standing != "deep cut":
                found["overdue" if standing == "overdue" else "fading"].append(dated.taste.by_key[key])
        return {
            name: sorted(items, key=lambda item: (-item.plays, item.key)) for name, items in found.items()
        }

    @alone
    def artist(self, name: str, settings: DiscoverSettings | None = None) -> ArtistCard:
        """All there is to know of one artist, blocked or not. Raises UnknownNameError with the nearest names."""
        from engine.recommend.settings import DiscoverSettings
        from engine.session.artist_card import ArtistCard, described
        from engine.store.artists import played_artist

        display, key = self._judged(name)
        card = ArtistCard(display, key, self._verdict(key), played_artist(self._connection, key))
        return described(self, card, settings or DiscoverSettings())

    @alone
    def spoken_for(self, artist: str, settings: DiscoverSettings) -> tuple[Share, ...]:
        """The share an artist of one's own has in each line of Discover, greatest first; empty where it has none."""
        from engine.recommend.explain import contributions_of

        _, key = self.resolve_artist(artist)
        settings = self._today(settings)
        return contributions_of(self._recommender(settings), key, settings)

    def _recommender(self, settings: DiscoverSettings) -> Recommender:
        """The recommender for the settings' taste, kept until the library changes: dials only re-rank."""
        query = settings.query(self._measured_half_life())
        which = (query.taste, settings.day)
        if which not in self._recommenders:
            if history.counts(self._connection).listens == 0 and not self.feedback():
                raise NothingYetError(
                    "There are no listens yet. Import your history with `discover import PATH`.",
                    lacks="listens",
                )
            if len(self._recommenders) > 8:
                self._recommenders.clear()
            undecayed = (query.taste.undecayed, settings.day)
            if undecayed not in self._recommenders:
                self._recommenders[undecayed] = self._undecayed(query, settings.day)
            recommender = self._recommenders[undecayed]
            if query.half_life is not None:
                recommender = recommender.with_decay(query.half_life)
            self._recommenders[which] = recommender
        return self._recommenders[which]

    def _undecayed(self, query: TasteQuery, day: int | None) -> Recommender:
        from engine.recommend.discover import Recommender

        window = query.undecayed.window
        own = self._dated_taste(window, query.level)
        gone = AnySpelling(self._key_of(name, query.level) for name in query.without)
        wider = None
        if query.wider != window:
            wider = _without(self._dated_taste(query.wider, query.level), gone)
        return Recommender.of(
            self._open_model(query.level), _without(own, gone), wider,
            answers=self._answers(own.taste), resting=self._resting(day),
        )  # fmt: skip

    def _answers(self, taste: Taste) -> dict[str, float]:
        """What the person said and did, by the keys of a taste, as `engine.recommend.adapt` weighs it."""
        from engine.recommend.adapt import LIKED, OPENED, REFUSED
        from engine.store.encounters import opened

        answers = dict.fromkeys(opened(self._connection), OPENED)
        answers |= dict.fromkeys(taste.turned_down | taste.hidden | taste.blocked, REFUSED)
        # One that is liked and much played was no recommendation.
        answers |= dict.fromkeys((item.key for item in taste.items if item.liked), LIKED)
        played = {item.key for item in taste.items if item.plays > 0}
        return {key: answer for key, answer in answers.items() if key not in played}

    def _resting(self, day: int | None) -> frozenset[str]:
        from engine.store.encounters import resting

        return resting(self._connection, day) if day is not None else frozenset()

    def _dated_taste(self, window: Window, level: Level = "artists") -> DatedTaste:
        """A window's taste with its plays by day, kept until the library changes: decaying it is then quick."""
        from engine.taste.gate import read_dated_taste

        which = (level, window)
        if which not in self._tastes:
            if len(self._tastes) > 4:
                self._tastes.clear()
            self._tastes[which] = read_dated_taste(self._connection, window, level=level)
        return self._tastes[which]

    def _forget(self) -> None:
        """The library changed: what was worked out of it is no longer so."""
        self._recommenders.clear()
        self._tastes.clear()
        self._stats.clear()

    def _measured_half_life(self) -> float | None:
        """What the last look back found best; null where there was none, or for another model."""
        import msgspec

        from engine.recommend.backtest import Backtest

        if self._hindsight is None and self.folders.hindsight.exists():
            try:
                self._hindsight = msgspec.json.decode(self.folders.hindsight.read_bytes(), type=Backtest)
            except msgspec.DecodeError:
                # Worked out anew with the next training; till then all plays count alike.
                return None
        return self._hindsight.half_life if self._hindsight else None

    @alone
    def evaluate(self, level: Level = "artists") -> Backtest:
        """Measure Discover on the person's own past, and of artists keep the half-life that guessed it best.

        Raises NothingYetError without a community model, or without a past to look back on.
        """
        import msgspec

        from engine.community.packs import community_packs
        from engine.recommend.backtest import backtest
        from engine.training.artifact import train_command
        from engine.training.interactions import community_interactions

        model = self._open_model(level)
        packs = community_packs(self.folders, level)
        data = community_interactions(packs) if packs and not model.manifest.solo else None
        if data is None or data.digest != model.manifest.built_from:
            raise NothingYetError(
                "There is no model of the community data that is here now, so there is nothing to measure. "
                f"Train one: {train_command(level)}."
            )
        found = backtest(model, self._connection, data.plays)
        if level == "tracks":
            # Tracks fade as artists do.
            return msgspec.structs.replace(found, half_life=self._measured_half_life())
        if not self.private:
            self.door.write_file(self.folders.hindsight, msgspec.json.encode(found))
        self._hindsight = found
        self._forget()
        return found


def _without(dated: DatedTaste, gone: AnySpelling) -> DatedTaste:
    """The taste had these never been played."""
    return dated.without(frozenset(filter(gone.holds, dated.taste.by_key))) if gone else dated
