"""No command lets a terminal obey what a name, a path or an argument holds, with --json or without; nor do completion
and the man page."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer

import pytest

from engine.paths import Folders
from tests.support.commands import EVERY_COMMAND, in_one_session
from tests.support.hostile import OBEYED, PIECES, hostile
from tests.support.places import ITEMS, fill
from tests.support.servers import answering
from tuiapp.cli.main import run
from tuiapp.cli.streams import ERASE_LINE

RNG = random.Random(16)
# Every piece is in some name; the number after it distinguishes them however they are read.
NAMES = [
    f"Artist {number:02} {PIECES[number % len(PIECES)]}{hostile(RNG)}{number}" for number in range(ITEMS)
]
TITLE = f"Song {''.join(PIECES[:9])}"
# A name of a folder or a file holds neither.
IN_PATHS = TITLE.replace("/", "").replace("\0", "")


class Terminal(io.TextIOWrapper):
    """A terminal: what is no terminal click spares the sequences."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)

    def isatty(self) -> bool:
        return True

    def written(self) -> str:
        return self.buffer.getvalue().decode("utf-8", "surrogateescape")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    """A library in which every name is hostile, open for all tests."""
    folders = fill(tmp_path_factory.mktemp("hostile") / f"data {IN_PATHS}", NAMES, TITLE)
    with in_one_session(folders.root):
        yield folders


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server whose every reply is hostile."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            reason = PIECES[0] + PIECES[5] + PIECES[19]
            self.request.sendall(f"HTTP/1.1 404 {reason}\r\nX: {reason}\r\n\r\n".encode())

    with answering(TCPServer(("127.0.0.1", 0), Handler)) as listening:
        yield f"http://127.0.0.1:{listening.server_address[1]}/"


def printed(monkeypatch: pytest.MonkeyPatch, place: Folders, *arguments: str) -> tuple[str, str]:
    """What a command writes to a terminal on standard output and error: nothing in it is obeyed."""
    with monkeypatch.context() as patch:
        out, err = Terminal(), Terminal()
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        assert run(["--data-dir", str(place.root), *arguments]) in (0, 1, 2, 3, 130), arguments
    found = out.written(), err.written().replace(ERASE_LINE, "")
    for text in found:
        for line in text.split("\n"):
            obeyed = OBEYED.findall(line)
            assert obeyed == [], (arguments, obeyed, line)
            assert not line.startswith("error: forged"), (arguments, text)
    return found


def arguments_of(command: str, there: str, elsewhere: str, called: str | None = None) -> list[str]:
    """A command's line, of a hostile library's names; with `called` everything in it that is no option is that."""
    words = [
        there if word == "HERE" else elsewhere if word == "ELSEWHERE" else word
        for word in EVERY_COMMAND[command]
    ]
    if called is not None:
        words = [word if word.startswith("-") else called for word in words]
        words += [called] * (called not in words)
    else:
        words = [
            word.replace("Artist 05", NAMES[6]).replace("Song for the hill", f"{TITLE} for the hill")
            for word in words
        ]
    return [*command.split(), *words]


# What deletes most goes last, the demo trains for a while and asks for nothing.
COMMANDS = sorted(EVERY_COMMAND, key=lambda name: (name == "forget", name))


def test_every_command_on_a_hostile_library(
    place: Folders, server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = tmp_path / f"in {IN_PATHS}.csv"
    there.write_text(f"artist,track,bpm\n{NAMES[0]!r},x,y\n")
    for number, command in enumerate(COMMANDS):
        if command == "demo":
            continue
        line = arguments_of(command, str(there), str(tmp_path / f"out {number} {IN_PATHS}.csv"))
        if command == "community fetch":
            line += ["artists", "--url", server]
        out, _ = printed(monkeypatch, place, *line, "--json")
        if out:
            assert json.loads(out) is not None
        printed(monkeypatch, place, *line)


def test_every_command_with_hostile_arguments(
    place: Folders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # what is exported goes where the command is called
    for command in COMMANDS:
        # What is typed may hold bytes that are no letters, as Python has them.
        line = arguments_of(command, "", "", called=f"no such {hostile(RNG)}\udc9b")
        printed(monkeypatch, place, *line)


def test_a_document_holds_names_to_the_letter(place: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = printed(monkeypatch, place, "feedback", "--json")
    assert {one["artist"] for one in json.loads(out)["feedback"]} <= set(NAMES)


def test_completion_and_the_man_page(place: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(place.root))
    printed(monkeypatch, place, "--man")
    offered = 0
    for shell in ("bash", "zsh", "fish"):
        for words in ("artist Artist", "playlists show S", "related Art", "community remove t"):
            monkeypatch.setenv("_DISCOVER_COMPLETE", f"{shell}_complete")
            monkeypatch.setenv("COMP_WORDS", f"discover {words}")
            monkeypatch.setenv(
                "COMP_CWORD", words.split()[-1] if shell == "fish" else str(words.count(" ") + 1)
            )
            offered += len(printed(monkeypatch, place)[0])
            monkeypatch.delenv("_DISCOVER_COMPLETE")
    assert offered
