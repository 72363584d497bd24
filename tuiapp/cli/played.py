"""`open`: music at a search page or in the player. `played`: logs a play, for hooks of players."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from engine.errors import DiscoverError, PrivateSessionError, UsageError
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import TEXT, artists, titles
from tuiapp.cli.numbers import FloatRange
from tuiapp.cli.output import print_json, say
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Session
    from tuiapp.music import Music
    from tuiapp.settings.config import Config

_SAID = {
    "kept": "Logged",
    "duplicate": "Already logged",
    "skip": "Too short for a play, logged as a skip",
}


@cli.command("open")
@click.argument("artist", shell_complete=artists)
@click.argument("track", required=False, shell_complete=titles)
@click.option("--print", "print_only", is_flag=True, help="Only print the address.")
@click.pass_obj
def open_(options: Options, artist: str, track: str | None, print_only: bool) -> None:
    """Play music, or open it, as `o` in the app does.

    Uses the player you set; else plays your own files (all of an artist's) with mpv or MPD, until the last or ctrl+c;
    else opens the search site in your browser. For example: discover open "Burial" "Archangel"
    """
    from tuiapp.app.player import open_in_browser
    from tuiapp.app.songs import address
    from tuiapp.music import Music
    from tuiapp.settings.config import read

    config, music = read(options.folders.config), Music(artist, track)
    url, player, used = address(config["open.service"], music), config["open.player"], None
    # Also while a player of its own sounds, which another process may watch.
    with _private_session(options):
        if not print_only:
            if player:
                _play(options, player, music)
                used = "player"
            elif (plays := _play_songs(options, config, music)) is not None:
                used = plays
            elif open_in_browser(url):
                used = "browser"
    if options.json:
        print_json({"address": url, "opened": used is not None, "with": used})
    elif used is None:
        click.echo(url)
    elif used in ("player", "browser"):
        say(options, f"Opened: {shown(music.name)}.")


@contextmanager
def _private_session(options: Options) -> Iterator[None]:
    """A private session that other processes see, if asked for."""
    from engine.privacy.presence import Presence, Role

    here = Presence(options.folders)
    if options.private:
        here.enter(Role.PRIVATE)
    try:
        yield
    finally:
        here.close()


def _play_songs(options: Options, config: Config, music: Music) -> str | None:
    """Play its songs; returns with which player, null if there are none, or no player, which is said."""
    from tuiapp.app.player import INSTALL
    from tuiapp.app.songs import from_the_network, player_for, player_of, songs_wanted

    plays = player_of(config)

    def report(text: str) -> None:
        say(options, text)

    if options.folders.database.exists():
        with options.reading() as session:
            songs, _ = songs_wanted(session.music.to_hear, config, [music], report)
    else:
        songs, _ = songs_wanted(lambda names: [()] * len(names), config, [music], report)
    if not songs:
        return None
    if not plays:
        report(f"mpv is not installed. {INSTALL}")
        return None
    from tuiapp.cli.playing import Playing

    if network := from_the_network(config, songs):
        report(network)
    Playing(options, player_for(config, songs, 100)).run()
    return plays


def _play(options: Options, template: str, music: Music) -> None:
    """Run the player to its end and log the plays it reports, except once a private session was on."""
    import subprocess
    import threading

    from tuiapp.app.player import command, played_line
    from tuiapp.cli.playing import LOOK_SECONDS, Privacy

    arguments = command(template, music)
    quiet = subprocess.DEVNULL
    try:
        player = subprocess.Popen(arguments, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet)
    except OSError as error:
        raise DiscoverError(
            f"{arguments[0]} can't be started ({error.strerror}). Choose another: discover config set open.player …"
        ) from error
    privacy, over = Privacy(options), threading.Event()
    unlogged = ""

    def look() -> None:
        while not privacy.look() and not over.wait(LOOK_SECONDS):
            pass

    threading.Thread(target=look, daemon=True).start()
    with player:
        for line in player.stdout or ():
            logged = played_line(line)
            title = music.track or (logged[1] if logged else None)
            if logged and title:
                privacy.look()
                if privacy.hushed:
                    say(options, "A private session was or may have been on: not logged.")
                    continue
                try:
                    _keep(options, music.artist, title, logged[0])
                except DiscoverError as error:
                    # A full disk ends no music.
                    unlogged = f"{shown(music.artist)} - {shown(title)} is not logged. {error}"
    over.set()
    if player.returncode > 0:
        raise DiscoverError(f"{arguments[0]} exited with code {player.returncode}.")
    if unlogged:
        raise DiscoverError(unlogged)


@cli.command()
@click.argument("artist", type=TEXT, shell_complete=artists)
@click.argument("track", type=TEXT, shell_complete=titles)
@click.option(
    "--seconds",
    type=FloatRange(min=0, max=86_400, min_open=True),
    metavar="N",
    help="Seconds played, until just now. Below 30 it is logged as a skip.",
)
@click.pass_obj
def played(options: Options, artist: str, track: str, seconds: float | None) -> None:
    """Log a play (for player hooks). While a private session is on, in any window, it is dropped (exit code 0).

    For example: discover played "Burial" "Archangel" --seconds 238
    """
    at = int(time.time())
    outcome = _keep(options, artist, track, seconds, at, typed=True)
    if options.json:
        print_json({"outcome": outcome, "artist": artist, "track": track, "at": at})


def _keep(
    options: Options,
    artist: str,
    track: str,
    seconds: float | None,
    at: int | None = None,
    *,
    typed: bool = False,
) -> str:
    """Log a play and say so; while a private session is on, say that it is not logged.

    Returns the outcome. Names that were `typed` may be two halves of one artist's name.
    """
    from engine.privacy import private_session_on

    outcome = "private"
    # The library is not opened: a hook that runs in a private session is not an error.
    if not options.private and not private_session_on(options.folders):
        with options.session() as session, suppress(PrivateSessionError):
            if typed:
                _refuse_one_name(session, artist, track)
            outcome = session.history.log_play(artist, track, seconds=seconds, at=at).outcome
    if outcome == "private":
        say(options, "A private session is on: not logged.")
    elif outcome == "nameless":
        raise UsageError("Give an artist and a track.")
    else:
        say(options, f"{_SAID[outcome]}: {shown(artist)} - {shown(track)}.")
    return outcome


def _refuse_one_name(session: Session, artist: str, track: str) -> None:
    """Raise UsageError for an artist's name without quotes, whose words were taken as artist and track."""
    whole = f"{artist} {track}"
    if not session.artists.is_known(artist) and session.artists.is_known(whole):
        raise UsageError(f"“{whole}” is an artist: put the name in quotes, and the track's after it.")
