"""The listening history: lists, statistics, imports, and plays logged as they happen."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical_keys import Level, artist_key
from engine.errors import NothingYetError
from engine.progress import Cancelled, CountReport
from engine.session.library import Change, Library, Service, synchronized
from engine.store import history as store_history

if TYPE_CHECKING:
    from engine.imports.report import Report
    from engine.live.clock import PlayedSong
    from engine.store.logged_plays import LoggedPlay, Player
    from engine.store.stats import Played, Stats


class History(Service):
    """The listens; does not need packs or models."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._stats: dict[int | None, Stats] = {}

    def drop_cache(self, _change: Change, /) -> None:
        """Statistics exclude blocked artists, so they change with the taste."""
        self._stats.clear()

    @synchronized
    def counts(self) -> store_history.HistoryCounts:
        """The library's totals."""
        return store_history.counts(self.library.connection)

    @synchronized
    def listen_ids(
        self,
        text: str = "",
        by: str = "when",
        *,
        reverse: bool = False,
        period: tuple[int, int] | None = None,
    ) -> array[int]:
        """Ids of the listens; with `text` those whose artist and title contain its words, with `period` (seconds since
        1970 UTC) those inside it, sorted as `history.listen_ids` says."""
        key = artist_key(text) if text else ""
        return store_history.listen_ids(self.library.connection, key, by, reverse=reverse, period=period)

    @synchronized
    def listens(self, ids: Sequence[int]) -> list[store_history.ListenRow]:
        """The listens with these ids."""
        return store_history.listens(self.library.connection, ids)

    @synchronized
    def stats(self, year: int | None = None) -> Stats:
        """Statistics. Raises NothingYetError without plays, in that year or at all."""
        from engine.store.stats import stats

        if year not in self._stats:
            self._stats[year] = stats(self.library.connection, year)
        found = self._stats[year]
        if not found.plays:
            if year is not None and self.counts().listens:
                raise NothingYetError(f"No plays in {year}.")
            raise self.library.no_plays()
        return found

    @synchronized
    def most_played(self, level: Level, year: int | None = None) -> tuple[Played, ...]:
        """All artists or tracks played that year, or at all, the most played first."""
        from engine.store.stats import most_played

        return most_played(self.library.connection, level, year)

    @synchronized
    def import_paths(
        self,
        paths: Sequence[Path],
        *,
        format: str | None = None,  # noqa: A002 - the contract's word
        dry_run: bool = False,
        keep_private: bool = False,
        min_ms: int | None = None,
        columns: Mapping[str, str] | None = None,
        zone: str | None = None,
        encoding: str | None = None,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Report:
        """Import files, folders and archives; `engine.imports.run.import_paths` has the options."""
        from engine.imports.run import import_paths
        from engine.session.misplaced import name_other_files
        from engine.store.backups import IMPORT, back_up
        from engine.store.play import MIN_MS

        if not dry_run:
            self.library.door.require_writable("import")
        report = import_paths(
            self.library.connection,
            list(paths),
            format=format,
            dry_run=dry_run,
            keep_private=keep_private,
            min_ms=MIN_MS if min_ms is None else min_ms,
            columns=columns,
            zone=zone,
            encoding=encoding,
            progress=progress,
            cancelled=cancelled,
            begin=None if dry_run else partial(back_up, self.library.door, self.library.connection, IMPORT),
        )
        name_other_files(report, paths)
        self.library.changed(Change.PLAYS)
        return report

    @synchronized
    def log_play(
        self,
        artist: str,
        track: str,
        *,
        seconds: float | None = None,
        at: int | None = None,
        since: str | None = None,
    ) -> LoggedPlay:
        """Log a play that a player reports as ended at `at` (seconds UTC, null: now) after `seconds`.

        Raises PrivateSessionError while a private session is on, here or in any other process: then no play is logged
        from any source. Raises ForgottenError if something was forgotten after it, when the library's mark was `since`.
        """
        from engine.store.logged_plays import add_logged_play

        self.library.door.require_no_private_session("log a play")
        moment = int(time.time()) if at is None else at
        logged = add_logged_play(self.library.connection, artist, track, moment, seconds, since)
        self.library.changed(Change.TASTE)
        return logged

    @synchronized
    def log_played_song(self, player: str, played: PlayedSong, since: str | None = None) -> int | None:
        """Log a song played in the app, as a play or a skip; returns the id of a new listen. Raises as `log_play`."""
        from engine.live.listener import report_of
        from engine.store.logged_plays import add_logged_plays, live_source, newest

        self.library.door.require_no_private_session("log a play")
        source = live_source(player)
        added = add_logged_plays(self.library.connection, {source: report_of(player, played).plays}, since)
        self.library.changed(Change.TASTE)
        return newest(self.library.connection, source) if added.kept else None

    @synchronized
    def players(self) -> list[Player]:
        """The players that reported plays as they happened, the latest first."""
        from engine.store.logged_plays import players

        return players(self.library.connection)

    @synchronized
    def remove_play(self, number: int) -> None:
        """Undo a listen that `log_play` or `log_played_song` logged."""
        from engine.store.logged_plays import remove_logged_play

        self.library.door.require_writable("remove a play")
        remove_logged_play(self.library.connection, number)
        # Its id may be reused.
        self.library.changed(Change.PLAYS)
