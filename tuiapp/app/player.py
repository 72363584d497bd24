"""Opening music: from the person's files, on a service's search page in their browser, or with their own player.

A player may report a play by a line on its standard output: `played 183` (seconds), or `played 183 Title` if an artist
was opened. Only that logs a listen, and never in a private session.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tuiapp.app.songs import PLACE, address, from_the_network, player_for, player_of, songs_wanted
from tuiapp.music import Music, plain
from tuiapp.safe import shown
from tuiapp.settings.config import Config
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.registry import SERVICES

if TYPE_CHECKING:
    from textual.worker import Worker

    from engine.live.clock import Song
    from engine.paths import Folders
    from engine.session import Session
    from engine.store.logged_plays import LoggedPlay
    from tuiapp.app.app import DiscoverApp

_PLAYED = re.compile(r"played (\d{1,5}(?:\.\d{1,3})?)(?: (\S.*))?")
_MAX_LINE = 4096
# For who has files and no player of them.
INSTALL = (
    "Install it with your system's packages (`apt install mpv`, `brew install mpv`), and your files play here. "
    "Or set listen.mpd: MPD plays them then."
)
# Browsers that draw in the terminal, over the app.
_ON_THE_TERMINAL = {"lynx", "w3m", "links", "elinks", "www-browser", "links2", "browsh"}


def command(template: str, music: Music) -> list[str]:
    """A player's command as a list of arguments.

    The template is split first, so that a name stays inside its argument. A name that looks like an option, a path or
    an address gets a space before it, so that programs do not interpret it.
    """
    import shlex

    return [_argument(part, music.words) for part in shlex.split(template)]


def _argument(part: str, words: dict[str, str]) -> str:
    text = PLACE.sub(lambda place: words[place[1]], part)
    begins_with_a_name = part.startswith(("{artist}", "{track}", "{query}"))
    if begins_with_a_name and text and (not text[0].isalnum() or "://" in text or ":" in text.split()[0]):
        return f" {text}"
    return text


def played_line(line: bytes) -> tuple[float, str | None] | None:
    """(seconds, title or null) of a line in which a player reports a play; null for any other line.

    >>> played_line(b"played 183"), played_line(b"played 12.5 Tin Roof"), played_line(b"now playing x")
    ((183.0, None), (12.5, 'Tin Roof'), None)
    """
    found = _PLAYED.fullmatch(line[:_MAX_LINE].decode(errors="replace").strip())
    if found is None or not 0 < float(found[1]) <= 86_400:
        return None
    return float(found[1]), found[2]


@dataclass
class _Playing:
    """A started player, the library whose plays it reports, and whether a private session was on at any time since."""

    process: asyncio.subprocess.Process
    heard_in: Folders
    hushed: bool

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Terminate it and its children."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)


class Opening:
    """Opens music (`o`), and manages the players it started: one at a time, all ended with the app."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._players: list[_Playing] = []
        # How many players were asked for, to know the newest.
        self._asked = 0
        # Held while music is looked up: what is asked for later plays later.
        self._turn = asyncio.Lock()
        # Whether the hint on playing files was shown.
        self._said = False

    def open(self, music: Music | None, config: Config, wanted: Sequence[Music] = ()) -> None:
        """Play music from files if possible, else open it as set; returns at once."""
        template = config["open.player"]
        if template and music is not None:
            self._asked += 1
            _: Worker[None] = self._app.run_worker(
                partial(self._play, template, music, self._asked), group="player"
            )
        else:
            self._find(config, wanted or ((music,) if music is not None else ()), music)

    def play_next(self, config: Config, wanted: Sequence[Music]) -> None:
        """Queue music next, or play it if nothing plays; returns at once."""
        self._find(config, wanted, None, follows=True)

    def plays(self, config: Config) -> bool:
        """Whether songs can be played from here."""
        return bool(player_of(config))

    def _find(
        self, config: Config, wanted: Sequence[Music], music: Music | None, *, follows: bool = False
    ) -> None:
        """Look up files in a thread, since it queries the library; without any, `music` opens in the browser."""

        warned: list[str] = []

        def warn(text: str) -> None:
            warned.append(text)
            self._app.call_from_thread(self._app.notify, text, severity="warning", timeout=10)

        async def find() -> None:
            songs: list[Song] = []
            missing: list[Music] = []
            async with self._turn:
                if not config["open.player"]:
                    songs, missing = await asyncio.to_thread(self._songs, config, wanted, warn)
                if songs and self.plays(config):
                    self._hear(config, songs, missing, follows)
                    return
            if music is not None:
                url, service = address(config["open.service"], music), config["open.service"]
                await asyncio.to_thread(self._browse, url, service, music)
                self._say_what_is_missing(songs)
            elif not warned:
                self._say_why_not(config, songs)

        _: Worker[None] = self._app.run_worker(find, group="browser")

    def _songs(
        self, config: Config, wanted: Sequence[Music], say: Callable[[str], None]
    ) -> tuple[list[Song], list[Music]]:
        from engine.errors import DiscoverError

        try:
            return songs_wanted(self._app.engine().music.to_hear, config, wanted, say)
        except DiscoverError:
            return [], []

    def _hear(self, config: Config, songs: Sequence[Song], missing: Sequence[Music], follows: bool) -> None:
        """Play or queue the songs, and say what is `missing`: the first song may differ from the one under the
        cursor."""
        playback, said = self._app.playback, [from_the_network(config, songs)]
        if follows and playback.play_next(songs):
            what = f"{songs[0].artist} - {songs[0].title}" if len(songs) == 1 else f"{len(songs):,} songs"
            said.append(f"Next: {shown(what)}. {self._app.keymap.label('queue')} shows the queue.")
        else:
            playback.play(player_for(config, songs, playback.volume))
        if missing:
            more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            said.append(f"No file of {missing[0].name}{more} here: left out.")
        if any(said):
            self._app.notify(" ".join(filter(None, said)))

    def _say_what_is_missing(self, songs: Sequence[Song]) -> None:
        """Say once that music opened in the browser could be played here."""
        if songs and not self._said:
            self._said = True
            self._app.notify(INSTALL, title="mpv is not installed", severity="warning", timeout=15)

    def _say_why_not(self, config: Config, songs: Sequence[Song]) -> None:
        if songs:
            self._app.notify(INSTALL, title="mpv is not installed", severity="warning", timeout=15)
        elif config["open.player"]:
            self._app.notify("The player you set plays one thing at a time: there is no queue.")
        else:
            said = "No file of it here. Add your music: discover library add DIR."
            self._app.notify(in_keys(said, self._app.keymap))

    def hush(self) -> None:
        """A private session began: later reports of running players are dropped."""
        for playing in self._players:
            playing.hushed = True
        self._app.playback.hush()

    async def leave(self) -> None:
        """End the players; each has a second for its last report."""
        for playing in self._players:
            playing.end()
        players = [worker for worker in self._app.workers if worker.group == "player" and worker.is_running]
        if players:
            await asyncio.wait([asyncio.create_task(worker.wait()) for worker in players], timeout=1.0)
        for playing in self._players:
            playing.end(signal.SIGKILL)

    # -- the browser -----------------------------------------------------------------------------------

    def _browse(self, url: str, service: str, music: Music) -> None:
        app = self._app
        if open_in_browser(url):
            at = f"at {service}" if service in SERVICES else "in your browser"
            app.call_from_thread(app.notify, f"Opening {shown(music.name)} {at}.")
        else:
            app.call_from_thread(
                app.notify,
                f"No browser found. The address:\n{url}",
                severity="warning",
                timeout=30,
            )

    # -- the player ------------------------------------------------------------------------------------

    async def _play(self, template: str, music: Music, number: int) -> None:
        app, heard_in = self._app, self._app.folders
        arguments = command(template, music)
        name = shown(arguments[0])
        for before in self._players:
            before.end()
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            text = f"{name} can't be started ({error.strerror}). Choose another player in the settings."
            app.notify(text, severity="error", timeout=10)
            return
        playing = _Playing(process, heard_in, hushed=app.private.may_be_on)
        self._players.append(playing)
        if number != self._asked or app.leaving:
            playing.end()  # overtaken while it was being started
        else:
            app.notify(f"Playing {shown(music.name)} with {name}.")
        try:
            async for seconds, title in _lines_of(process):
                self._keep(playing, music, seconds, title)
            code = await process.wait()
        finally:
            playing.end()
            self._players.remove(playing)
        if code > 0:
            app.notify(f"{name} exited with code {code}.", severity="warning")

    def _keep(self, playing: _Playing, music: Music, seconds: float, title: str | None) -> None:
        """Log a play the player reported; in a private session it is dropped silently."""
        app = self._app
        if playing.hushed or app.private.may_be_on:
            return
        track = music.track or (plain(title) if title else None)
        if not track:
            said = f"The player did not say which track by {shown(music.artist)} it played: not logged."
            app.notify(said, severity="warning")
            return
        ended = int(time.time())

        def keep(session: Session, since: str | None) -> None:
            if session.private:
                return  # it began meanwhile
            logged = session.history.log_play(music.artist, track, seconds=seconds, at=ended, since=since)
            app.call_from_thread(self._logged, logged, Music(music.artist, track))

        app.changes.log(keep, playing.heard_in)

    def _logged(self, logged: LoggedPlay, music: Music) -> None:
        app = self._app
        number = logged.listen
        if logged.outcome == "kept" and number is not None:
            app.changes.remember(
                f"the play of {music.name}",
                lambda: app.changes.make(lambda session: session.history.remove_play(number)),
            )
            app.notify(f"Logged: {shown(music.name)}. {app.keymap.label('undo')} undoes it.")


async def _lines_of(process: asyncio.subprocess.Process) -> AsyncIterator[tuple[float, str | None]]:
    """A player's output lines to its end; too long ones are skipped."""
    assert process.stdout is not None  # noqa: S101 - asked for by who started it
    while True:
        try:
            line = await process.stdout.readuntil()
        except asyncio.IncompleteReadError as end:
            line = end.partial
        except asyncio.LimitOverrunError as error:
            await process.stdout.readexactly(error.consumed)
            continue
        if not line:
            return
        if (logged := played_line(line)) is not None:
            yield logged


def open_in_browser(url: str) -> bool:
    """Open an address in the person's browser; False if there is none outside the terminal."""
    import subprocess
    import webbrowser

    try:
        browser = webbrowser.get()
        if str(getattr(browser, "name", "") or "").rpartition("/")[2] in _ON_THE_TERMINAL:
            return False
        if not isinstance(browser, webbrowser.GenericBrowser):
            return browser.open(url)
        # A command, such as xdg-open: not waited for, its output discarded.
        arguments = [browser.name, *(argument.replace("%s", url) for argument in browser.args)]
        quiet = subprocess.DEVNULL
        started = subprocess.Popen(arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
        return started.wait(1.0) == 0
    except subprocess.TimeoutExpired:
        return True
    except (webbrowser.Error, OSError):
        return False
