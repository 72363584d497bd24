"""`push` and `stars` with a real server, where one is installed: supysonic, which takes no digest of a password."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.session import Session
from tests.support.commands import document, run
from tests.support.players import needs, sound

pytestmark = needs("supysonic-cli", "supysonic-server")


class Supysonic:
    """One on loopback, with two songs; `asks` is the person's other client."""

    def __init__(self, root: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.base = f"http://127.0.0.1:{free.getsockname()[1]}"
        music, settings = root / "music", root / ".config" / "supysonic"
        music.mkdir(parents=True)
        settings.mkdir(parents=True)
        sound(music / "a.wav", "Burel", "Waves", 1)
        sound(music / "b.wav", "Ida", "Tin Roof", 1)
        (settings / "supysonic.conf").write_text(
            f"[base]\ndatabase_uri = sqlite:///{root}/db\n[webapp]\ncache_dir = {root}/cache\n"
            f"[daemon]\nsocket = {root}/socket\n"
        )
        self._env = {**os.environ, "HOME": str(root)}
        for words in (
            ("user", "add", "me", "-p", "up word"),
            ("folder", "add", "Lib", str(music)),
            ("folder", "scan", "-f", "Lib"),
        ):
            subprocess.run(["supysonic-cli", *words], env=self._env, check=True, capture_output=True)
        port = self.base.rpartition(":")[2]
        self.process = subprocess.Popen(
            ["supysonic-server", "-S", "waitress", "--host", "127.0.0.1", "-p", port],
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait(int(port))

    def _wait(self, port: int) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def asks(self, name: str, **fields: str) -> Any:
        query = urlencode({"u": "me", "p": "up word", "v": "1.12.0", "c": "other", "f": "json", **fields})
        with urlopen(f"{self.base}/rest/{name}.view?{query}", timeout=60) as answer:
            return msgspec.json.decode(answer.read())["subsonic-response"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Supysonic]:
    found = Supysonic(tmp_path / "server")
    yield found
    found.process.kill()
    found.process.wait()


def test_a_real_server(
    server: Supysonic, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders(tmp_path / "data")
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(folders.root))
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", "up word")
    with Session(folders) as session:
        tracks = [
            PlaylistTrack("IDA", "Tin roof"),
            PlaylistTrack("Ida", "No"),
            PlaylistTrack("Burel", "Waves"),
        ]
        session.playlists.create("Hill", tracks)
    who = ["--url", server.base, "--user", "me"]
    push = ["push", "Hill", "--to", "subsonic", *who, "--yes"]
    assert run(push) == 1
    assert "--plain-password" in capsys.readouterr().err
    push.append("--plain-password")
    found = document(capsys, *push)
    assert (found["matched"], found["replaced"]) == (2, False)
    with Session(folders) as session:
        session.playlists.shift("Hill", [1], 2)
        session.playlists.rename("Hill", "Ridge")
    push[1] = "Ridge"
    assert document(capsys, *push)["replaced"]
    (made,) = server.asks("getPlaylists")["playlists"]["playlist"]
    assert (made["name"], made["songCount"], made["public"]) == ("Ridge", 2, False)
    songs = server.asks("getPlaylist", id=made["id"])["playlist"]["entry"]
    assert [song["title"] for song in songs] == ["Waves", "Tin Roof"]
    server.asks("star", id=songs[0]["id"], artistId=songs[1]["artistId"])
    stars = ["stars", *who, "--plain-password"]
    assert document(capsys, *stars)["likes"] == 2
    assert document(capsys, *stars)["new"] == 0
    with Session(folders) as session:
        assert {(one.artist, one.track) for one in session.verdicts.all()} == {
            ("Burel", "Waves"),
            ("Ida", None),
        }
    assert document(capsys, "stars", "--undo") == {"undone": 2}
