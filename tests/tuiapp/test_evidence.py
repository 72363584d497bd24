"""Nothing is written in a private session, nobody is spoken to: the program's own evidence, and the system's."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.model import compiled
from engine.paths import Folders
from engine.privacy.evidence import watched
from tests.support.commands import EVERY_COMMAND, document, every_command
from tests.support.driving import settled
from tests.support.folders import fingerprint
from tests.support.importing import START, spotify, write
from tests.support.places import fill
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.group import cli
from tuiapp.cli.main import run

# The whole tour: every view, a like, a mix, a dial, a filter, a search, a rule, a request to train; then the end.
KEYS = (
    "l",
    "M",
    "1",
    "full_stop",
    "slash",
    "b",
    "escape",
    "s",
    "a",
    "escape",
    "2",
    "3",
    "4",
    "5",
    "6",
    "v",
    "ctrl+n",
    "enter",
    "7",
    "t",
    "1",
    "x",
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    folders = fill(tmp_path / "data")
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(folders.root))
    return folders


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine on which every attempt to reach another one fails, and is noted."""
    attempts: list[str] = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        attempts.append(repr(arguments))
        raise OSError("no network here")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    return attempts


def test_no_command_reaches_for_the_network(
    place: Folders, cut_off: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plays = [spotify(START + 300 * number, 211_000, ("A", f"T{number}")) for number in range(9)]
    export = write(tmp_path, "in/a.json", plays)
    for arguments in (
        ["import", str(export)], ["recommend"], ["recommend", "--half-life", "30"], ["related", "Artist 00"],
        ["search", "a"],
        ["like", "A"], ["hide", "A"], ["block", "A"], ["feedback"], ["playlist", "running"], ["playlists"], ["taste"],
        ["taste", "exclude", "--artist", "A"], ["community", "list"], ["evaluate"], ["doctor"], ["config"],
        ["export", "--list", "discover", "--out", str(tmp_path / "x.csv")], ["audit"],
        ["forget", "--artist", "A", "--yes"], ["forget", "--all", "--yes"],
    ):  # fmt: skip
        code = run(arguments)
        assert code in (0, 1, 3), arguments
        assert not re.search("Traceback|Unexpected", capsys.readouterr().err), arguments
        assert cut_off == [], arguments


async def test_no_view_reaches_for_the_network(place: Folders, cut_off: list[str]) -> None:
    app = DiscoverApp(place)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in ("l", "s", "a", "escape", *"234567"):
            await pilot.press(key)
            await settled(pilot)
        await app.action_quit()
    assert cut_off == []


def test_audit_shows_the_evidence(place: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "audit")
    (session,) = found["private_sessions"]
    assert (session["changed"], session["connections"], session["children"]) == ([], [], [])
    assert set(session["commands"].values()) == {0}
    assert session["files"] == sum(1 for path in place.root.rglob("*") if path.is_file())
    assert (found["fetched"], found["sent"]) == ([], [])
    assert run(["audit", "train"]) == 0
    assert "train failed (1)" in capsys.readouterr().out
    assert run(["audit", "like", "Artist 05"]) == 0
    assert "Changed: nothing.\nConnections: none.\n" in capsys.readouterr().out


def test_the_evidence_shows_what_there_is_to_show(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("x")
    (tmp_path / "touched").write_text("x")
    (tmp_path / "gone").write_text("x")
    with socket.socket() as server, watched(tmp_path) as evidence:
        server.bind(("127.0.0.1", 0))
        server.listen()
        os.utime(tmp_path / "touched", (1, 1))
        (tmp_path / "gone").unlink()
        (tmp_path / "new").write_text("y")
        with socket.create_connection(server.getsockname()):
            pass
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert {"gone", "new", "touched"} <= set(evidence.changed)
    assert "same" not in evidence.changed
    assert any("127.0.0.1" in words for words in evidence.connections)
    assert evidence.children
    assert not evidence.clean


_SCRIPT = """
import sys
sys.dont_write_bytecode = True
import asyncio, os, signal, sys
from pathlib import Path
from engine.paths import Folders
from tests.support.driving import settled
from tuiapp.app.app import DiscoverApp

async def main():
    app = DiscoverApp(Folders(Path(sys.argv[1])), private=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in sys.argv[2:]:
            await pilot.press(key)
            await settled(pilot)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
_CHANGING = re.compile(
    r"^\d+ +(?:rename|unlink|mkdir|rmdir|chmod|fchmod|truncate|utime|link|symlink|creat)\w*\("
)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_system_sees_no_write_and_no_connection_in_a_private_session(
    place: Folders, tmp_path: Path
) -> None:
    """The real app through every view and killed in the middle, under strace: the kernel's own word."""
    before = fingerprint(place.root)
    log = tmp_path / "strace.log"
    traced = subprocess.run(
        ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=%file,fchmod,ftruncate,connect,sendto,bind",
         "-e", "signal=none", "-o", str(log),
         sys.executable, "-c", _SCRIPT, str(place.root), *KEYS],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not log.exists() or log.stat().st_size == 0:
        pytest.skip(f"strace cannot run here: {traced.stderr[:200]}")
    assert traced.returncode == -signal.SIGKILL, traced.stderr
    assert fingerprint(place.root) == before
    lines = log.read_text(errors="replace").splitlines()
    inside = [line for line in lines if str(place.root) in line]
    assert any("library.sqlite" in line for line in inside), "the library was read, or this proves nothing"
    assert [line for line in inside if _WRITING.search(line) or _CHANGING.match(line)] == []
    written = [line for line in lines if _WRITING.search(line) and "= -1 " not in line and "openat" in line]
    assert [line for line in written if not re.search(r'"/(?:dev|proc|sys|tmp)[/"]', line)] == []
    assert [line for line in lines if re.search(r"\bconnect\(|sa_family=AF_INET", line)] == []


def test_no_command_changes_a_byte_in_a_private_session(
    place: Folders, cut_off: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it works there or is refused: every command there is, and whoever adds one adds it here."""
    run(["config"])
    compiled.kernels.cache_clear()
    assert sorted(EVERY_COMMAND) == sorted(name for name, _ in every_command(cli))
    here = write(tmp_path, "in/a.json", [spotify(START, 211_000)])
    before = fingerprint(place.root)
    for name, arguments in EVERY_COMMAND.items():
        named = {"HERE": str(here), "ELSEWHERE": str(tmp_path / f"{name}.csv")}
        code = run(["--private", *name.split(), *(named.get(word, word) for word in arguments)])
        said = capsys.readouterr().err
        assert code in (0, 1, 3), (name, said)
        assert not re.search("Traceback|Unexpected", said), (name, said)
        assert fingerprint(place.root) == before, name
    assert cut_off == []
    assert (tmp_path / "export.csv").exists()
    assert compiled.kernels.cache_info().currsize == 0, (
        "nothing is fitted, so no kernel is compiled to a file"
    )
