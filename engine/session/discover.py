"""Discover over a library: the list, its explanations, and the person's actions on it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine import defaults
from engine.canonical_keys import AnySpelling, Level, key_at
from engine.errors import NothingYetError
from engine.session.library import Change, Library, Service, synchronized
from engine.store import encounters as store_encounters
from engine.store import history
from engine.taste.kept_tracks import kept_tracks

if TYPE_CHECKING:
    from engine.recommend.discover import Recommender
    from engine.recommend.lists import DiscoverList, Explanation, Recommendation, Share
    from engine.recommend.rankings import Ranking
    from engine.recommend.settings import DiscoverSettings
    from engine.session.artists import Artists
    from engine.session.comparisons import Comparisons
    from engine.session.evaluation import Evaluation
    from engine.session.models import Models
    from engine.session.verdicts import Verdicts
    from engine.store.comparisons import Side
    from engine.store.encounters import What
    from engine.taste.gate import DatedTaste, Taste, Window
    from engine.taste.query import TasteQuery
    from engine.taste.rules import Rule
    from engine.training.artifact import Model

MAX_RECOMMENDERS, MAX_TASTES = 8, 4


class Discover(Service):
    """Caches what is costly until the library changes: dials only re-rank."""

    def __init__(
        self,
        library: Library,
        models: Models,
        artists: Artists,
        verdicts: Verdicts,
        evaluation: Evaluation,
        comparisons: Comparisons,
    ) -> None:
        super().__init__(library)
        self._models = models
        self._artists = artists
        self._verdicts = verdicts
        self._evaluation = evaluation
        self._comparisons = comparisons
        self._recommenders: dict[tuple[TasteQuery, int | None, str], Recommender] = {}
        self._own: dict[tuple[TasteQuery, int | None, str], Recommender] = {}
        # The side that picked each item listed today, by key, while two rankings are compared.
        self._picked: dict[str, Side] = {}
        self._tastes: dict[tuple[Level, Window], DatedTaste] = {}

    def drop_cache(self, _change: Change, /) -> None:
        """Everything here depends on the taste."""
        self._recommenders.clear()
        self._own.clear()
        self._tastes.clear()

    @synchronized
    def list(self, settings: DiscoverSettings | None = None, *, reasons: int | None = None) -> DiscoverList:
        """The list; while a dial is turning, with the reasons of the first `reasons` rows at least.

        Raises NothingYetError with what is missing: listens, or a model.
        """
        from engine.recommend.settings import DiscoverSettings

        settings = self._of_today(settings or DiscoverSettings())
        if settings.window.until is not None:
            return self._with_later(self._ranked(self._comparisons.in_force(), settings, reasons), settings)
        return self._drafted(settings, reasons)

    def _ranked(self, ranking: Ranking, settings: DiscoverSettings, reasons: int | None) -> DiscoverList:
        asked = ranking.of(settings)
        return self.recommender(asked, ranking).discover(asked, reasons=reasons)

    def _drafted(self, settings: DiscoverSettings, reasons: int | None) -> DiscoverList:
        """The list; while two rankings are compared, their interleaving."""
        usual = self._ranked(self._comparisons.in_force(), settings, reasons)
        compared = self._comparisons.running()
        if compared is None:
            self._picked.clear()
            return usual
        from engine.evaluation.interleaving import team_draft

        try:
            other = self._ranked(compared, settings, reasons)
        except NothingYetError:
            # The previous model is gone, or knows none of the person's items: the comparison pauses.
            return usual
        seed = self._comparisons.seed(settings.day or 0, settings.level)
        drafted = team_draft(usual.items, other.items, lambda item: item.key, seed)[: settings.n]
        self._picked |= {item.key: side for item, side in drafted if side is not None}
        items = tuple(replace(item, rank=rank) for rank, (item, _) in enumerate(drafted, 1))
        return replace(usual, items=items, compared=compared.name)

    @synchronized
    def less_known(self, settings: DiscoverSettings) -> DiscoverList:
        """The list as these dials have it, but of the less known, and never mixed: whose rows the list itself has stays
        as it is. Without reasons. Raises NothingYetError."""
        asked = replace(self._of_today(settings), popularity=defaults.LESS_KNOWN)
        return self._ranked(self._comparisons.in_force(), asked, reasons=0)

    def _with_later(self, found: DiscoverList, settings: DiscoverSettings) -> DiscoverList:
        """The list with each item's later plays."""
        from engine.taste.gate import Window, read_taste

        after = Window(since=settings.window.until)
        later = read_taste(self.library.connection, after, level=settings.level).by_key
        items = (
            replace(item, later=int(later[item.key].plays) if item.key in later else 0)
            for item in found.items
        )
        return replace(found, items=tuple(items))

    @synchronized
    def explain(
        self, artist: str, settings: DiscoverSettings | None = None, track: str | None = None
    ) -> Explanation:
        """Explain the rank of one artist, or for tracks of one `track`."""
        from engine.recommend.explain import explain
        from engine.recommend.settings import DiscoverSettings

        _, key = self._artists.resolve(artist)
        settings = self._of_today(settings or DiscoverSettings())
        key = key_at(settings.level, key, track or "")
        ranking = self._comparisons.in_force()
        compared = self._comparisons.running()
        if compared is not None and self._picked.get(key) == "other" and settings.window.until is None:
            # A row is explained by the ranking that picked it.
            ranking = compared
        settings = ranking.of(settings)
        return explain(self.recommender(settings, ranking), key, settings)

    @synchronized
    def contributions_of(self, artist: str, settings: DiscoverSettings) -> tuple[Share, ...]:
        """The share of one's own artist in each row of Discover, descending; empty if it has none."""
        from engine.recommend.explain import contributions_of

        _, key = self._artists.resolve(artist)
        settings = self._of_today(settings)
        return contributions_of(self.recommender(settings), key, settings)

    # -- what the person did with the list ----------------------------------------------------------------

    @staticmethod
    def today() -> int:
        """Days since 1970 in local time."""
        return datetime.date.today().toordinal() - datetime.date(1970, 1, 1).toordinal()

    def _of_today(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The settings with today's day, unless they have one."""
        return settings if settings.day is not None else replace(settings, day=self.today())

    @synchronized
    def note_shown(self, keys: Sequence[str]) -> None:
        """Record these as shown today, since repeatedly ignored items rest. Not in a private session."""
        self._note("shown", keys)
        self.note_picked(keys)

    @synchronized
    def note_opened(self, key: str) -> None:
        """Record that the person opened this artist or track. Not in a private session."""
        self._note("opened", [key])
        self.note_picked([key])

    @synchronized
    def note_picked(self, keys: Sequence[str]) -> None:
        """While rankings are compared, record which of them picked each of these rows. Not in a private session."""
        picked = {key: self._picked[key] for key in keys if key in self._picked}
        self._comparisons.note_shown(picked, self.today())

    def _note(self, what: What, keys: Sequence[str]) -> None:
        if not self.library.private:
            connection = self.library.connection
            store_encounters.note(connection, what, keys, self.today())
            # Written at every start: in an open log it would block a private session in another window from reading the
            # library.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # -- what lists are made from -------------------------------------------------------------------------

    @synchronized
    def recommender_of_today(self, settings: DiscoverSettings | None = None) -> Recommender:
        """The list's own recommender: modes do not depend on the day, but so its cache is shared."""
        from engine.recommend.settings import DEFAULTS

        return self.recommender(self._of_today(settings or DEFAULTS))

    @synchronized
    def in_force(self, settings: DiscoverSettings) -> tuple[Recommender, DiscoverSettings]:
        """The list's own recommender and settings: of today, with the popularity of the ranking in use.

        Raises NothingYetError without listens or a model.
        """
        ranking = self._comparisons.in_force()
        asked = ranking.of(self._of_today(settings))
        return self.recommender(asked, ranking), asked

    @synchronized
    def recommender(self, settings: DiscoverSettings, ranking: Ranking | None = None) -> Recommender:
        """The recommender for the settings' taste, by a `ranking`, by default the one in use.

        Raises NothingYetError without listens or a model.
        """
        ranking = ranking or self._comparisons.in_force()
        query = settings.query(self._evaluation.half_life())
        which = (query.taste, settings.day, ranking.name)
        if settings.from_library:
            return self._limited(settings, ranking, which)
        if which not in self._recommenders:
            connection = self.library.connection
            nothing = history.counts(connection).listens == 0 and not self._verdicts.all()
            if nothing and not kept_tracks(connection):
                raise self.library.no_plays()
            if len(self._recommenders) > MAX_RECOMMENDERS:
                self._recommenders.clear()
            undecayed = (query.taste.undecayed, settings.day, ranking.name)
            if undecayed not in self._recommenders:
                self._recommenders[undecayed] = self._undecayed(query, settings.day, ranking)
            recommender = self._recommenders[undecayed]
            if query.half_life is not None:
                recommender = recommender.with_decay(query.half_life)
            self._recommenders[which] = recommender
        return self._recommenders[which]

    @synchronized
    def lacking(self, settings: DiscoverSettings) -> tuple[Recommendation, ...]:
        """Items left out of the list because the person does not have them; empty unless it is restricted to what they
        have."""
        from engine.taste.own_music import own_music

        if not settings.from_library:
            return ()
        of_any = replace(self._of_today(settings), from_library=False)
        has = own_music(self.library.connection).keys(settings.level)
        whole = self._ranked(self._comparisons.in_force(), of_any, reasons=0)
        return tuple(item for item in whole.items if item.key not in has)

    def _limited(
        self, settings: DiscoverSettings, ranking: Ranking, which: tuple[TasteQuery, int | None, str]
    ) -> Recommender:
        """The recommender that lists only what the person has."""
        if which not in self._own:
            from engine.taste.own_music import own_music

            if len(self._own) > MAX_RECOMMENDERS:
                self._own.clear()
            keys = own_music(self.library.connection).keys(settings.level)
            whole = self.recommender(replace(settings, from_library=False), ranking)
            self._own[which] = whole.limited_to(keys)
        return self._own[which]

    def _undecayed(self, query: TasteQuery, day: int | None, ranking: Ranking) -> Recommender:
        from engine.recommend.discover import Recommender

        window = query.undecayed.window
        own = self.dated_taste(window, query.level)
        gone = AnySpelling(self._artists.key_of(name, query.level) for name in query.without)
        wider = None
        if query.wider != window:
            wider = _without(self.dated_taste(query.wider, query.level), gone)
        model = (self._models.open_before if ranking.before else self._models.open)(query.level)
        return Recommender.of(
            model,
            _without(own, gone),
            wider,
            answers=self._answers(own.taste) if ranking.adapted else {},
            resting=self._resting(day),
            weights=ranking.weights,
            sessions=self._sessions(model, query.wider.until),
        )

    def _sessions(
        self, model: Model, until: int | None = None, also: Sequence[Rule] = ()
    ) -> dict[str, int] | None:
        """Sessions of each item, which only solo mode needs."""
        from engine.taste.sessions import count_sessions

        manifest = model.manifest
        return count_sessions(self.library.connection, manifest.level, until, also) if manifest.solo else None

    @synchronized
    def recommender_with_rules(self, also: Sequence[Rule]) -> Recommender:
        """A recommender as if these rules were in force too, without a day."""
        from engine.recommend.discover import Recommender
        from engine.taste.gate import DatedTaste, read_dated_taste, read_taste
        from engine.taste.query import taste_query

        query, model = taste_query(measured=self._evaluation.half_life()), self._models.open()
        window = query.undecayed.window
        if query.half_life or model.manifest.solo:
            dated = read_dated_taste(self.library.connection, window, also)
        else:
            dated = DatedTaste(read_taste(self.library.connection, window, also))
        recommender = Recommender.of(
            model, dated, answers=self._answers(dated.taste), sessions=self._sessions(model, also=also)
        )
        return recommender.with_decay(query.half_life) if query.half_life else recommender

    @synchronized
    def dated_taste(self, window: Window, level: Level = "artists") -> DatedTaste:
        """A window's taste with its plays by day, cached until the library changes, so that decaying it is fast."""
        from engine.taste.gate import read_dated_taste

        which = (level, window)
        if which not in self._tastes:
            if len(self._tastes) > MAX_TASTES:
                self._tastes.clear()
            self._tastes[which] = read_dated_taste(self.library.connection, window, level=level)
        return self._tastes[which]

    def _answers(self, taste: Taste) -> dict[str, float]:
        """The person's feedback, by the keys of a taste, for `engine.recommend.adapt`."""
        from engine.recommend.adapt import LIKED, OPENED, REFUSED
        from engine.store.encounters import opened

        answers = dict.fromkeys(opened(self.library.connection), OPENED)
        answers |= dict.fromkeys(taste.turned_down | taste.hidden | taste.blocked, REFUSED)
        # Something liked and much played was not a recommendation.
        answers |= dict.fromkeys((item.key for item in taste.items if item.liked), LIKED)
        played = {item.key for item in taste.items if item.plays > 0}
        return {key: answer for key, answer in answers.items() if key not in played}

    def _resting(self, day: int | None) -> frozenset[str]:
        from engine.store.encounters import resting

        return resting(self.library.connection, day) if day is not None else frozenset()


def _without(dated: DatedTaste, gone: AnySpelling) -> DatedTaste:
    """The taste as if these had never been played."""
    return dated.without(frozenset(filter(gone.holds, dated.taste.by_key))) if gone else dated
