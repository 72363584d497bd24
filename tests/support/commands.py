"""Every command there is, and what one prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
import pytest

from engine.canonical_keys import Level
from engine.paths import Folders
from engine.progress import Share, silent
from engine.recommend.hindsight import Backtest
from engine.session import Session
from tuiapp.cli.group import Options
from tuiapp.cli.main import run

# Every command, with arguments under which it would change something if it could.
EVERY_COMMAND: dict[str, list[str]] = {
    "artist": ["Artist 05"], "audit": ["recommend"], "backup list": [], "backup restore": [], "block": ["Artist 05"],
    "browse": ["all artists"], "community add": ["HERE"],
    "community export": ["--parquet", "ELSEWHERE"], "community fetch": ["--yes"],
    "community list": [], "community remove": ["made"], "community update": ["HERE"], "config path": [], "config": [],
    "compare": [], "compare start": ["fewer hits"], "compare stop": [], "compare undo": [],
    "contexts": [], "config set": ["theme", "nord"], "config unset": ["theme"], "demo": [], "doctor": ["--repair"],
    "evaluate": [], "export": ["--list", "discover", "--out", "ELSEWHERE"], "features add": ["HERE"],
    "features list": [], "features remove": ["tempos"], "feedback": [],
    "forget": ["--all", "--yes"], "hide": ["Artist 05"], "import": ["HERE"], "library add": ["HERE"],
    "library list": [], "library remove": ["HERE"], "library scan": [], "library tempo": [], "like": ["Artist 05"],
    "listen": ["--how", "navidrome"], "mix": ["Artist 05", "--save", "Mine"],
    "model add": ["HERE"], "model export": ["ELSEWHERE"], "model list": [], "model undo": [],
    "open": ["Artist 05", "--print"], "played": ["Artist 05", "Song"],
    "playlist": ["running", "--save", "New"], "playlists": [], "playlists remove": ["Song for the hill"],
    "playlists add": ["Song for the hill", "Artist F5"], "playlists continue": ["Song for the hill", "-n", "2"],
    "playlists create": ["New"], "playlists drop": ["Song for the hill", "1"],
    "playlists move": ["Song for the hill", "1", "2"], "playlists rename": ["Song for the hill", "New"],
    "push": ["Song for the hill", "--to", "mpd", "--url", "HERE", "--yes"],
    "playlists show": ["Song for the hill"], "recommend": ["--popularity", "0.5"], "related": ["Artist 05"],
    "search": ["a"], "stars": ["--undo"], "stats": [], "taste": [], "taste drift": [],
    "taste exclude": ["--artist", "Artist 00"], "taste include": ["1"],
    "taste map": [], "train": ["--factors", "8"], "unblock": ["Artist 34"],
}  # fmt: skip


@contextmanager
def in_one_session(root: Path) -> Iterator[None]:
    """Commands share one open library, as the app's views do: what one works out the next ones have.

    Nothing in the library changes meanwhile, so each level is measured once.
    """
    with Session(Folders(root)) as session, pytest.MonkeyPatch.context() as patch:
        found, measure = {}, session.evaluation.measure

        def once(level: Level = "artists", progress: Share = silent, **also: Any) -> Backtest:
            if also:
                return measure(level, progress, **also)
            if level not in found:
                found[level] = measure(level, progress)
            return found[level]

        patch.setattr(session.evaluation, "measure", once)
        patch.setattr(Options, "session", lambda *_, **__: nullcontext(session))
        yield


def every_command(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """(name as it is typed, command) of all that do something by themselves."""
    # Commands are there once one was asked for.
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield before + name, command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{before}{name} ")


def document(capsys: pytest.CaptureFixture[str], *arguments: str, exits: int = 0) -> dict[str, Any]:
    """What a command that `exits` so prints with --json, which must be one document and nothing else."""
    assert run([*arguments, "--json"]) == exits
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed
