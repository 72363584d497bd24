"""Plays music from the app: the current song, the queue, and logging what was played."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from engine.canonical_keys import AnySpelling, artist_key, joined_key
from engine.wording import quantity
from tuiapp.music import Music
from tuiapp.safe import shown

if TYPE_CHECKING:
    from textual.worker import Worker

    from engine.live.clock import PlayedSong, Song
    from engine.live.mpv import Failed, Now
    from engine.session import Session
    from tuiapp.app.app import DiscoverApp
    from tuiapp.app.songs import Player


class Playback:
    """One player with one list at a time; playing another replaces it."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._player: Player | None = None
        # Whether a private session was or may have been on since the song began, and the song.
        self._hushed, self._place = False, 0
        # Songs added by "play next": further ones follow them.
        self._asked_next: list[Song] = []
        # What a player that failed had yet to play, first the song it played.
        self._left: Sequence[Song] = ()
        self._volume = 100
        # The library whose plays they are: the demo may be opened meanwhile.
        self._heard_in = app.folders

    def play(self, player: Player) -> None:
        """Start a player; returns at once."""
        self.end(pressed=True)
        self._player, self._place, self._left = player, 0, ()
        self._hushed, self._heard_in = self._app.private.may_be_on, self._app.folders
        _: Worker[None] = self._app.run_worker(partial(self._follow, player), group="player")

    @property
    def volume(self) -> int:
        """The volume, 0 to 100, also for the next player."""
        return self._volume

    @property
    def upcoming(self) -> Sequence[Song]:
        """The queue, in order."""
        return self._player.upcoming if self._player is not None else ()

    def play_next(self, songs: Sequence[Song]) -> bool:
        """Queue songs next, after those queued so before; false if nothing plays."""
        if self._player is None or self._player.over:
            return False
        now = self.upcoming
        asked = {id(song) for song in self._asked_next}
        first = next((n for n, song in enumerate(now) if id(song) not in asked), len(now))
        self._asked_next = [*now[:first], *songs]
        self._player.follow_with([*self._asked_next, *now[first:]])
        return True

    def show_queue(self) -> None:
        """Show the queue, over the view."""
        from tuiapp.screens.queue import Queue

        self._app.push_screen(Queue())

    def drop(self, songs: Collection[Song]) -> None:
        """Remove songs from the queue; can be undone."""
        what = f"taking {quantity(len(songs), 'songs')} out of the queue"
        self._app.changes.remember(what, self._take_out(songs))

    def leave_out(self, blocked: Sequence[Music]) -> Callable[[], None]:
        """Take what was blocked out of the queue; returns what puts it back."""
        keys = AnySpelling(
            joined_key(artist_key(one.artist), one.track) if one.track else artist_key(one.artist)
            for one in blocked
        )
        return self._take_out(
            [song for song in self.upcoming if keys.holds(joined_key(artist_key(song.artist), song.title))]
        )

    def _take_out(self, songs: Collection[Song]) -> Callable[[], None]:
        """Take songs out of the queue, if there are any; returns what puts them back."""
        before, gone = self.upcoming, {id(song) for song in songs}

        def restore() -> None:
            there = {id(song) for song in self.upcoming} | gone
            self._follow_with([song for song in before if id(song) in there])

        if not gone:
            return lambda: None
        self._follow_with([song for song in before if id(song) not in gone])
        return restore

    def go_to(self, song: Song) -> None:
        """Play a song of the queue now, and then those after it."""
        now = self.upcoming
        at = next((n for n, other in enumerate(now) if other is song), None)
        if at is not None:
            self._follow_with(now[at:])
            self.next()

    def _follow_with(self, songs: Sequence[Song]) -> None:
        if self._player is not None:
            self._player.follow_with(songs)

    @property
    def goes_on(self) -> bool:
        """Whether what a failed player had yet to play can be played on."""
        return bool(self._left)

    def pause(self) -> None:
        """Pause or resume, also after the player failed."""
        if self._player is not None:
            self._player.pause()
        elif self._left:
            from tuiapp.app.songs import player_for

            heard_in = self._heard_in
            self.play(player_for(self._app.preferences.config, self._left, self._volume))
            self._heard_in = heard_in

    def next(self) -> None:
        """Go on to the next song."""
        if self._player is not None:
            self._player.next()

    def seek(self, seconds: float) -> None:
        """Go on or back within the song."""
        if self._player is not None:
            self._player.seek(seconds)

    def louder(self, by: int) -> None:
        """Change the volume by this many per cent."""
        if self._player is not None:
            self._player.louder(by)

    def hush(self) -> None:
        """A private session began: the current song is not logged."""
        self._hushed = True

    def end(self, *, pressed: bool = False) -> None:
        """Stop; what was played is logged. `pressed` if something else was chosen."""
        player, self._player = self._player, None
        if player is not None:
            self._keep(player, player.end(pressed=pressed))
            self._app.playing = None

    async def _follow(self, player: Player) -> None:
        app = self._app

        def notify(now: Now | None, ended: Sequence[PlayedSong | Failed]) -> None:
            if self._player is not player:
                return
            self._keep(player, ended)
            if now is not None and now.place != self._place:
                self._place, self._hushed = now.place, app.private.may_be_on
            if now is not None:
                self._volume = now.volume
            if now is not None or player.over:  # else the next is about to begin
                app.playing = now

        try:
            said = await player.run(notify)
        except OSError as error:
            app.notify(f"{player.name} can't be started ({error.strerror}).", severity="error", timeout=10)
            said = ""
        if self._player is player:
            playing = [app.playing.song] if app.playing is not None else []
            left = [*playing, *player.upcoming]
            self.end()
            if said:
                self._left = left
                counts = " What played until then counts." if self._place else ""
                again = "plays that song again, and on" if playing else "tries again" if left else ""
                key = f" {app.keymap.label('pause')} {again}." if again else ""
                app.notify(f"{said}{counts}{key}", severity="warning", timeout=10)

    def _keep(self, player: Player, ended: Sequence[PlayedSong | Failed]) -> None:
        """Log what was played; nothing in a private session."""
        from engine.live.mpv import Failed

        app = self._app
        for one in ended:
            if isinstance(one, Failed):
                name = shown(f"{one.song.artist} - {one.song.title}")
                app.notify(f"{name} can't be played: {shown(one.why)}", severity="warning")
            elif not self._hushed and not app.private.may_be_on and not self._is_watched(player):
                self._log(player.name, one)

    def _is_watched(self, player: Player) -> bool:
        """Whether the listener for plays logs this player's anyway."""
        from engine.live.mpd import NAME

        watched = self._app.listens and self._app.preferences.config["listen.mpd"] != "off"
        return watched and player.name == NAME

    def _log(self, player: str, played: PlayedSong) -> None:
        app = self._app

        def keep(session: Session, since: str | None) -> None:
            if session.private:
                return  # it began meanwhile
            number = session.history.log_played_song(player, played, since)
            if number is not None:
                app.call_from_thread(self._logged, number, Music(played.song.artist, played.song.title))

        app.changes.log(keep, self._heard_in)

    def _logged(self, number: int, music: Music) -> None:
        changes = self._app.changes
        changes.remember(
            f"the play of {music.name}",
            lambda: changes.make(lambda session: session.history.remove_play(number)),
        )
