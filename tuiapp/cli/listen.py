"""`listen`: logs plays from players on this machine, as they happen."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from engine.errors import BusyError, DiscoverError, PrivateSessionError, UsageError
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import players
from tuiapp.cli.output import print_json, print_table, say
from tuiapp.safe import shown
from tuiapp.text import local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.store.logged_plays import Player


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(1024, 65535),
    metavar="N",
    help="Port on 127.0.0.1, remembered for next time, except with --how.  [default: 17717]",
)
@click.option(
    "--how",
    metavar="CLIENT",
    shell_complete=players,
    is_flag=False,
    flag_value="",
    help="Print what to set in a player; without a name, list the known players.",
)
@click.option(
    "--install", "what", flag_value="install", help="Write systemd user units that listen from login on."
)
@click.option("--uninstall", "what", flag_value="uninstall", help="Remove these units.")
@click.option(
    "--status",
    "what",
    flag_value="status",
    help="Show whether it listens, what it watches and what players sent.",
)
@click.pass_obj
def listen(options: Options, port: int | None, how: str | None, what: str | None) -> None:
    """Log plays as they happen, sent by players on this machine.

    Accepts plays as ListenBrainz does, only on 127.0.0.1, until stopped; nothing is passed on. In a private session
    plays are accepted and discarded. For example: discover listen --how navidrome
    """
    if how is not None:
        _say_how(options, how, port)
    elif what == "status":
        _say_status(options)
    elif what is not None:
        _units(options, port, remove=what == "uninstall")
    else:
        _listen(options, port)


def _listen(options: Options, port: int | None) -> None:
    """Replace this process by the listener."""
    if options.private:
        raise PrivateSessionError(
            "A private session keeps no plays: there is nothing to listen for. Start `discover listen` without it; "
            "while a private session is on it takes plays and drops them."
        )
    from engine.privacy.presence import private_session_on
    from tuiapp.settings.config import read

    folders = options.folders
    # That no play can be kept is said here at once, not to the players alone; it may be busy for a moment.
    if not private_session_on(folders) and folders.database.exists():
        with contextlib.suppress(BusyError), options.session():
            pass
    watched = {name: read(folders.config)[f"listen.{name}"] for name in ("mpd", "mpris")}
    words = json.dumps({"root": str(folders.root), "port": port, "quiet": options.quiet, **watched})
    # To save memory: each allocating thread would get its own heap, a megabyte used once, and Python's allocator
    # returns little of what it took for many plays at once.
    for name, value in (("MALLOC_ARENA_MAX", "1"), ("PYTHONMALLOC", "malloc")):
        os.environ.setdefault(name, value)
    # Without -P a file `json.py` in the folder it is started in would be loaded.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "engine.live", words])  # noqa: S606 - this interpreter itself


def _say_how(options: Options, client: str, port: int | None) -> None:
    from engine.live.token import granted
    from engine.privacy.presence import Presence
    from tuiapp.cli.players import ELSEWHERE, HOW, player_named

    if not client.strip():
        if options.json:
            print_json({"clients": [*HOW]})
        else:
            click.echo("\n".join(HOW))
        return
    name = player_named(client)
    if name in ELSEWHERE:
        raise UsageError(ELSEWHERE[name])
    if name is None:
        from engine.canonical_keys import nearest

        close = nearest(client, HOW, 1)
        hint = f"; did you mean {close[0]}?" if close else "."
        raise UsageError(f"{client}: unknown player{hint} Known: {', '.join(HOW)}.")
    used = granted(options.folders, private=options.private)
    # What runs may have another port than is stored for next time.
    used = replace(used, port=port or Presence(options.folders).shown() or used.port)
    url = f"http://{used.host}"
    text = HOW[name].format(url=url, host=used.host, token=used.token)
    if options.json:
        print_json({"client": name, "url": url, "token": used.token, "text": text})
    else:
        click.echo(text.strip())


def _say_status(options: Options) -> None:
    from engine.live.asking import what_is_watched
    from engine.live.token import PORT, access
    from engine.privacy.presence import Presence, Role, private_session_on

    used, presence = access(options.folders), Presence(options.folders)
    running, private = presence.others(Role.LISTENS), private_session_on(options.folders)
    port = presence.shown() or (PORT if used is None else used.port)
    # A private session of this command connects to nothing.
    asked = running and used is not None and not options.private
    watched = what_is_watched(port, used.token) if asked and used is not None else None
    # During a private session only another one may read.
    with options.session(private=True) if private else options.reading() as session:
        players = session.history.players()
    if options.json:
        clients = [
            {"name": one.name, "told": one.reported, "plays": one.plays, "last": one.last} for one in players
        ]
        print_json(
            {"running": running, "port": port, "watched": watched, "clients": clients, "private": private}
        )
        return
    click.echo(f"Listening at 127.0.0.1:{port}." if running else "Not listening. Start: discover listen.")
    if private:
        click.echo("A private session is on: plays are taken and dropped.")
    for line in _lines(watched) if running else ():
        click.echo(line)
    if players:
        print_table(("player", "sent", "logged", "last logged"), map(_row, players), right=frozenset({1, 2}))


def _lines(watched: list[dict[str, Any]] | None) -> Iterator[str]:
    """What is watched and what is not, in words."""
    if watched is None:
        yield "What it watches is not known: it was not asked, or did not answer."
    elif not watched:
        yield "No player is watched during a private session of the app that listens."
    for one in watched or ():
        there = ", ".join(map(shown, one["found"]))
        yield f"{shown(one['text'])} There now: {there}." if there else shown(one["text"])


def _row(player: Player) -> tuple[str, str, str, str]:
    last = "" if player.last is None else f"{local(player.last):%Y-%m-%d %H:%M}"
    return shown(player.name), f"{player.reported:,}", f"{player.plays:,}", last


def _units(options: Options, port: int | None, *, remove: bool) -> None:
    """Write or remove the systemd units; running systemctl is left to the person."""
    from engine.live.token import wanted
    from engine.live.units import MARK, folder, units
    from engine.privacy import Door

    door, where = Door(options.folders, private=options.private), folder()
    door.require_writable("install or remove units")
    if platform.system() != "Linux":
        raise UsageError(
            "systemd is on Linux alone: have your desktop start `discover listen` as you log in."
        )
    command = [
        sys.executable,
        "-P",
        "-m",
        "tuiapp",
        "--data-dir",
        str(options.folders.root),
        "--quiet",
        "listen",
    ]
    used = wanted(options.folders, port)
    files = units(used.port, command)
    for name in files:
        path = where / name
        if path.exists() and not path.read_bytes().startswith(MARK.encode()):
            raise DiscoverError(f"{path} is not one discover wrote. Move it away, then try again.")
    if not remove:
        used.keep(door)
        where.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        if remove:
            (where / name).unlink(missing_ok=True)
        else:
            door.export(where / name, data)
    names = "discover-listen.socket discover-listen.service"
    if options.json:
        print_json({"files": [str(where / name) for name in files], "installed": not remove})
    elif remove:
        say(options, f"Removed from {where}. What runs still: systemctl --user stop {names}")
    else:
        say(options, f"Written to {where}. Switch it on:")
        click.echo(f"systemctl --user daemon-reload && systemctl --user enable --now {names}")
