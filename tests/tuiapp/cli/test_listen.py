"""`listen` on the command line: how it is set up, what it says of itself, and as the process it becomes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from engine.errors import DiscoverError
from engine.live import daemon as listening
from engine.live.token import HOST, PORT, access, granted
from engine.paths import Folders
from engine.privacy.presence import Presence, Role
from engine.session import Session
from tests.support.commands import document
from tests.support.folders import fingerprint
from tests.support.players import needs
from tuiapp.cli.main import run
from tuiapp.cli.players import ELSEWHERE, HOW


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    found = Folders(tmp_path / "data")
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(found.root))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with Session(found):
        pass
    return found


def test_what_to_set_in_a_player_has_the_token_and_the_port(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--private", "listen", "--how", "navidrome"]) == 1, "a token would have to be written"
    assert not folders.listening.exists()
    capsys.readouterr()
    for client in HOW:
        assert run(["listen", "--how", client.upper()]) == 0
        written = access(folders)
        assert written is not None
        said = capsys.readouterr().out
        assert written.token in said
        assert f"{HOST}:{PORT}" in said
    assert folders.listening.stat().st_mode & 0o777 == 0o600
    found = document(capsys, "listen", "--how", "navidrome", "--port", "17800")
    assert found["url"] == "http://127.0.0.1:17800"
    assert "BASEURL=http://127.0.0.1:17800/1/" in found["text"]
    assert document(capsys, "listen", "--how", "navidrome")["url"] == f"http://{HOST}:{PORT}", (
        "asking changes nothing"
    )
    assert run(["listen", "--how"]) == 0
    assert capsys.readouterr().out.split() == [*HOW]
    assert document(capsys, "listen", "--how") == {"clients": [*HOW]}
    for client in ("Quod Libet", "Pano Scrobbler", "listenbrainz_mpd"):
        assert run(["listen", "--how", client]) == 0
    capsys.readouterr()
    assert run(["listen", "--how", "navidrom"]) == 2
    assert "did you mean navidrome?" in capsys.readouterr().err
    for client in ELSEWHERE:
        assert run(["listen", "--how", client]) == 2
        assert "watched by itself" in capsys.readouterr().err
    for damaged in ("{", '{"token": "t", "port": 1e400}', '{"token": "t", "port": 99999}'):
        folders.listening.write_text(damaged)
        assert run(["listen", "--how", "koito"]) == 1
        assert "listening.json is damaged" in capsys.readouterr().err


def test_units_are_for_linux(
    folders: Folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert run(["listen", "--install"]) == 2
    assert "on Linux alone" in capsys.readouterr().err
    assert access(folders) is None


def test_units_are_written_and_removed_and_those_of_others_are_left_alone(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = tmp_path / "config" / "systemd" / "user"
    assert run(["--private", "listen", "--install"]) == 1
    assert not where.exists()
    capsys.readouterr()
    assert run(["--data-dir", str(tmp_path / 'a "b" %h $x'), "listen", "--install", "--port", "17801"]) == 0
    assert "systemctl --user enable --now discover-listen.socket" in capsys.readouterr().out
    assert "ListenStream=127.0.0.1:17801\n" in (where / "discover-listen.socket").read_text()
    service = (where / "discover-listen.service").read_text()
    assert 'a \\"b\\" %%h $$x" "--quiet" "listen"\n' in service
    assert run(["listen", "--uninstall"]) == 0
    assert list(where.iterdir()) == []
    (where / "discover-listen.socket").write_text("[Socket]\n")
    for what in ("--install", "--uninstall"):
        assert run(["listen", what]) == 1
        assert "is not one discover wrote" in capsys.readouterr().err
    assert [path.name for path in where.iterdir()] == ["discover-listen.socket"]


def test_a_library_that_can_keep_no_play_is_said_before_anything_listens(
    folders: Folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr("os.execv", lambda path, _words: begun.append(path))
    folders.database.write_bytes(b"not what it was" * 1000)
    (elsewhere := Presence(folders)).enter(Role.PRIVATE)
    assert run(["listen"]) == 0, "a private session is on: nothing is touched"
    elsewhere.close()
    assert run(["listen"]) == 1
    assert "library.sqlite is damaged" in capsys.readouterr().err
    folders.database.unlink()
    assert run(["listen"]) == 0
    assert len(begun) == 2
    assert not folders.database.exists(), "the first play makes it"


def test_there_is_no_listening_in_a_private_session(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--private", "listen"]) == 1
    assert "takes plays and drops them" in capsys.readouterr().err
    with Session(folders, private=True):
        assert document(capsys, "listen", "--status") == {
            "running": False,
            "port": PORT,
            "watched": None,
            "clients": [],
            "private": True,
        }


@needs("systemd-analyze")
def test_systemd_takes_the_units(folders: Folders, tmp_path: Path) -> None:
    assert run(["--quiet", "--data-dir", str(tmp_path / 'a "b" %h $x'), "listen", "--install"]) == 0
    units = sorted((tmp_path / "config" / "systemd" / "user").iterdir())
    assert len(units) == 2
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--user", *units],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    # What it does not know or can't read it says, and ends well all the same.
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def one(title: str, at: int) -> dict[str, object]:
    """One play as a client lists it."""
    info = {"submission_client": "Navidrome"}
    track = {"artist_name": "Ida", "track_name": title, "additional_info": info}
    return {"listened_at": at, "track_metadata": track}


def send(port: int, token: str, body: bytes) -> int:
    """Send a body as a client does; the status of the answer."""
    url, headers = f"http://{HOST}:{port}/1/submit-listens", {"Authorization": f"Token {token}"}
    try:
        with urlopen(Request(url, body, headers), timeout=60) as answer:
            status: int = answer.status
    except HTTPError as error:
        return error.code
    return status


def tell(port: int, token: str, title: str, at: int) -> int:
    """Send a play; the status of the answer."""
    listed = {"listen_type": "single", "payload": [one(title, at)]}
    return send(port, token, json.dumps(listed).encode())


@needs("systemd-socket-activate")
def test_systemd_starts_it_when_a_player_sends(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    alone = {"MPD_HOST": "/nowhere", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/no"}
    alone |= {name: os.environ[name] for name in ("DISCOVER_DATA_DIR", "XDG_CONFIG_HOME")}
    given = [f"--setenv={name}={value}" for name, value in alone.items()]
    process = subprocess.Popen(
        [
            "systemd-socket-activate",
            f"--listen={HOST}:{port}",
            *given,
            sys.executable,
            "-m",
            "tuiapp",
            "listen",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Listening on")
        assert tell(port, granted(folders).token, "Tin Roof", 1_772_452_800) == 200
        assert document(capsys, "listen", "--status")["running"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert [one["plays"] for one in document(capsys, "listen", "--status")["clients"]] == [1]


def folder_of_traps(beside: Path) -> Path:
    """A folder with files named as modules that are needed."""
    found = beside / "traps"
    found.mkdir(exist_ok=True)
    for name in ("json", "h11", "sqlite3"):
        (found / f"{name}.py").write_text("raise SystemExit(77)")
    return found


class Daemon:
    """The real one, on a port that was opened for it, as systemd does."""

    def __init__(self, folders: Folders, again: Daemon | None = None) -> None:
        self._listener = socket.create_server((HOST, 0)) if again is None else again._listener
        self.port = self._listener.getsockname()[1]
        descriptor = self._listener.fileno()
        become = (
            f"import os, sys; os.dup2({descriptor}, 3); os.environ['LISTEN_PID'] = str(os.getpid()); "
            "os.execv(sys.executable, [sys.executable, '-P', '-m', 'tuiapp', 'listen'])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", become],
            # Not to be loaded from there.
            cwd=folder_of_traps(folders.root.parent),
            pass_fds=[descriptor],
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "LISTEN_FDS": "1",
                "MPD_HOST": "/nowhere",
                "DBUS_SESSION_BUS_ADDRESS": "unix:path=/no",
            },
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        granted = access(folders)
        self.token = "" if granted is None else granted.token

    def tell(self, title: str, at: int) -> int:
        return tell(self.port, self.token, title, at)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        self._listener.close()
        return self.process.wait(60)


@pytest.fixture
def daemon(folders: Folders) -> Iterator[Daemon]:
    found = Daemon(folders)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def test_what_is_sent_while_nothing_runs_waits_at_the_port_for_the_next_start(
    folders: Folders, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """The port that systemd holds stays open: a player waits instead of being refused."""
    assert daemon.tell("Tin Roof", 1_772_452_800) == 200
    daemon.process.kill()
    daemon.process.wait()
    with ThreadPoolExecutor() as players:
        sent = [players.submit(daemon.tell, f"Lark {n}", 1_772_453_100 + 300 * n) for n in range(3)]
        following = Daemon(folders, daemon)
        try:
            assert [one.result() for one in sent] == [200] * 3
        finally:
            ended = following.end(signal.SIGTERM)
    assert ended == 0
    assert [one["plays"] for one in document(capsys, "listen", "--status")["clients"]] == [4]


def test_the_process_that_listens(
    folders: Folders, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert daemon.said.startswith(f"Listening at 127.0.0.1:{daemon.port} ")
    assert daemon.tell("Tin Roof", 1_772_452_800) == 200
    missing = [
        f"{what}. It is looked for again."
        for what in (
            "MPD at /nowhere is not watched: it takes no connection",
            "Desktop players are not watched: there is no session bus",
        )
    ]
    assert daemon.process.stderr is not None
    assert [daemon.process.stderr.readline().strip() for _ in missing] == missing
    # Whatever port somebody asked about, what runs has its own.
    assert document(capsys, "listen", "--how", "koito", "--port", "17900")["url"] == f"http://{HOST}:17900"
    assert document(capsys, "listen", "--how", "koito")["url"] == f"http://{HOST}:{daemon.port}"
    assert run(["listen", "--install", "--port", "17901"]) == 0
    capsys.readouterr()
    assert document(capsys, "listen", "--status") == {
        "running": True,
        "port": daemon.port,
        "watched": [
            {"players": kind, "watched": False, "text": text, "found": []}
            for kind, text in zip(("mpd", "mpris"), missing, strict=True)
        ],
        "clients": [{"name": "navidrome", "told": 1, "plays": 1, "last": 1_772_452_800}],
        "private": False,
    }
    # It is the one for this library, and of what it does not need it has nothing loaded.
    with pytest.raises(DiscoverError, match="listens for this library already"):
        listening.run(folders, 17_900, "off", "off", print)
    about = Path(f"/proc/{daemon.process.pid}")
    if about.exists():
        loaded = (about / "maps").read_text()
        assert not [name for name in ("numpy", "libcrypto") if name in loaded]
    # A private session beside it: what is reported is accepted and discarded, and logging continues afterwards.
    with Session(folders, private=True):
        assert daemon.tell("Private", 1_772_452_800 + 86_400) == 200
    assert run(["listen", "--status"]) == 0
    said = capsys.readouterr().out
    assert "navidrome     1       1" in said
    assert [line for line in said.splitlines() if line in missing] == missing
    assert run(["--private", "listen", "--status"]) == 0
    assert "What it watches is not known" in capsys.readouterr().out, "a private session connects to nothing"
    assert daemon.end(signal.SIGTERM) == 0
    assert document(capsys, "listen", "--status")["running"] is False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_many_plays_at_once_took_of_memory_is_given_back(daemon: Daemon) -> None:
    """Ten thousand plays, and ten megabytes that are something else."""

    def megabytes(what: str) -> float:
        about = Path(f"/proc/{daemon.process.pid}/status").read_text()
        return int(dict(line.split(":", 1) for line in about.splitlines())[what].split()[0]) / 1024

    assert daemon.tell("Tin Roof", 1_772_452_800) == 200
    assert send(daemon.port, daemon.token, b"[" + b'{"a":[1,2,3]},' * 700_000) == 400
    plays = [one(f"T{number}", 1_600_000_000 + 200 * number) for number in range(10_000)]
    body = json.dumps({"listen_type": "import", "payload": plays}).encode()
    assert send(daemon.port, daemon.token, body) == 200
    assert megabytes("VmHWM") < 150
    until = time.monotonic() + 60
    while (rest := megabytes("VmRSS")) >= 30 and time.monotonic() < until:
        time.sleep(0.05)
    assert rest < 30


@pytest.mark.parametrize("set_up", [False, True])
def test_what_starts_in_a_private_session_takes_plays_drops_them_and_writes_nothing(
    folders: Folders, capsys: pytest.CaptureFixture[str], set_up: bool
) -> None:
    if set_up:
        granted(folders)
    with Session(folders, private=True):
        before = fingerprint(folders.root)
        daemon = Daemon(folders)
        found = document(capsys, "listen", "--status")
        if set_up:
            assert daemon.tell("Private", int(time.time()) - 300) == 200
        # A token it does not have would be of no use to a player.
        assert run(["listen", "--how", "navidrome"]) == (0 if set_up else 1)
        capsys.readouterr()
        after = fingerprint(folders.root)
    try:
        assert (found["running"], found["port"], found["private"]) == (True, daemon.port, True)
        assert after == before, "the port, and a new token, are in memory alone"
        # Once it is over they are stored.
        until = time.monotonic() + 60
        while ((kept := access(folders)) is None or kept.port != daemon.port) and time.monotonic() < until:
            time.sleep(0.05)
        assert kept is not None
        assert (kept.port, kept.token) == (daemon.port, daemon.token or kept.token)
    finally:
        daemon.end(signal.SIGTERM)
    assert document(capsys, "listen", "--status")["clients"] == []
