"""`audit`: a private session watched from outside, with the evidence at its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.wording import quantity
from tuiapp.cli.group import Options, cli, open_app, opens_app, own_beside
from tuiapp.cli.output import print_json, say
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.community.fetch import Fetched
    from engine.session.pushing import Sent

# Without a terminal: a command that a private session may run.
_LOOKS = (("recommend",), ("taste",), ("search", "a"), ("playlists",), ("doctor",))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, metavar="[COMMAND...]")
@click.pass_obj
def audit(options: Options, command: tuple[str, ...]) -> None:
    """Run a private session, or a command in one, and show that nothing was written and nothing sent.

    Every file in the data folder is hashed before and after; connections are counted as Python opens them.
    None of this is stored.
    """
    from engine.privacy.evidence import watched

    root, in_app = options.folders.root, not command and opens_app(options)
    with watched(root) as evidence:
        if not in_app:
            looks = (command,) if command else _LOOKS
            ended = {" ".join(look): _run_private(options, look) for look in looks}
        else:
            ended = {"the app": open_app(options.folders, private=True, own=own_beside(options.folders))}
    if options.json:
        session = {
            "commands": ended,
            "files": evidence.files,
            "bytes": evidence.bytes,
            "changed": evidence.changed,
            "connections": evidence.connections,
            "children": evidence.children,
            "listening": evidence.listening,
        }
        fetched = [asdict(one) for one in _fetches(options)]
        pushed = [asdict(one) for one in _pushes(options)]
        print_json(
            {
                "private_sessions": [session],
                "fetched": fetched,
                "pushed": pushed,
                "sent": evidence.connections,
            }
        )
    else:
        _say(evidence.files, evidence.bytes, evidence.changed, evidence.connections)
        if evidence.listening:
            click.echo(f"Listened at: {', '.join(evidence.listening)}; plays were taken and dropped.")
        elif _is_listened(options):
            click.echo("Meanwhile `discover listen` took plays and dropped them.")
        for one in _fetches(options):
            day = time.strftime("%Y-%m-%d", time.gmtime(one.at))
            click.echo(
                f"Downloaded {day}: {shown(one.url)}, {quantity(one.bytes, 'bytes')}, SHA-256 {one.sha256}."
            )
        for push in _pushes(options):
            day = time.strftime("%Y-%m-%d", time.gmtime(push.at))
            click.echo(
                f"Sent {day}: {shown(push.playlist)}, {quantity(push.tracks, 'tracks')}, to {push.service} at "
                f"{shown(push.address)}."
            )
        for look, code in ended.items():
            if code:
                click.echo(f"{shown(look)} failed ({code}), so this proves little.")
    if not evidence.clean:
        click.get_current_context().exit(1)


def _is_listened(options: Options) -> bool:
    """Whether another process listens for plays."""
    from engine.privacy.presence import Presence, Role

    return Presence(options.folders).others(Role.LISTENS)


def _fetches(options: Options) -> Sequence[Fetched]:
    """All downloads; read in a private session, so that this writes nothing either."""
    with options.session(private=True) as session:
        return session.packs.fetches()


def _pushes(options: Options) -> Sequence[Sent]:
    """All playlists sent."""
    with options.session(private=True) as session:
        return session.pushing.sent()


def _run_private(options: Options, command: tuple[str, ...]) -> int:
    """The exit code of a command in a private session; what it prints goes to standard error."""
    from contextlib import redirect_stdout

    from tuiapp.cli.main import run

    say(options, f"discover --private {' '.join(command)}")
    with redirect_stdout(sys.stderr):
        return run(["--private", "--data-dir", str(options.folders.root), *command])


def _say(files: int, size: int, changed: list[str], connections: list[str]) -> None:
    click.echo(f"{quantity(files, 'files')}, {size / 1e6:.1f} MB, hashed before and after.")
    click.echo(f"Changed: {', '.join(map(shown, changed)) or 'nothing'}.")
    click.echo(f"Connections: {', '.join(map(shown, connections)) or 'none'}.")
