"""`push`: what a server has of a playlist is shown, sent when agreed to, replaced where made here, and noted."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from engine.live.mpd import quoted
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.session import Session
from engine.store.feedback import set_verdict
from tests.support.commands import document, run
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.players import needs, sound
from tests.support.subsonic import PASSWORD, USER, SubsonicServer, subsonic_server

TRACKS = (
    PlaylistTrack("Café Tundra", "Tin Roof", seconds=200.0),
    PlaylistTrack("Burel", "Waves"),
    PlaylistTrack("Ida", "Blocked since"),
    PlaylistTrack("Burel", "Nowhere"),
)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A library with a playlist, and a block of one of its artists; no setting of the environment is in the way."""
    found = Folders(tmp_path / "data")
    with Session(found) as session:
        session.playlists.create("Hill", TRACKS)
        set_verdict(session.library.connection, "block", artist="Ida", artist_key="ida")
        play(session.library.connection, "Burel", "Waves", 50)
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(found.root))
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", PASSWORD)
    return found


@pytest.fixture
def server() -> Iterator[SubsonicServer]:
    with subsonic_server() as found:
        found.add("Burel", "WAVES")
        found.add("Ida", "Blocked since")
        found.add("CAFE TUNDRA", "Tin Roof")
        found.playlists["theirs"] = {"id": "theirs", "name": "Hill", "ids": ["s1"]}
        yield found


def line(server: SubsonicServer, *more: str) -> list[str]:
    return ["push", "Hill", "--to", "subsonic", "--url", server.base, "--user", USER, *more]


@pytest.mark.parametrize("older", [False, True])
def test_a_list_is_sent_shown_replaced_and_noted(
    folders: Folders, server: SubsonicServer, capsys: pytest.CaptureFixture[str], older: bool
) -> None:
    server.older = older
    plain = ["--plain-password"] if older else []
    if older:
        assert run(line(server, "--yes")) == 1
        assert "--plain-password" in capsys.readouterr().err
    assert run(line(server, *plain)) == 2  # nobody is there to agree
    said = capsys.readouterr().err
    assert said.index(f"Asking {server.base}") < said.index("No match: Burel - Nowhere")
    assert "Blocked since" not in said
    assert [*server.playlists] == ["theirs"]
    found = document(capsys, *line(server, "--yes", *plain))
    assert (found["matched"], found["address"], found["replaced"]) == (2, server.base, False)
    assert found["missing"] == [{"artist": "Burel", "track": "Nowhere"}]
    assert server.playlists["p1"]["ids"] == ["s2", "s0"]
    assert server.playlists["p1"]["public"] == "false"
    # Sent again it is the same list, whatever theirs is called.
    with Session(folders) as session:
        session.playlists.remove_tracks("Hill", [1])
    assert document(capsys, *line(server, "--yes", *plain))["replaced"]
    assert server.playlists["p1"]["ids"] == ["s0"]
    assert server.playlists["theirs"]["ids"] == ["s1"]
    assert [*server.playlists] == ["theirs", "p1"]
    # Gone there, it is made again.
    del server.playlists["p1"]
    assert not document(capsys, *line(server, "--yes", *plain))["replaced"]
    assert server.playlists["p1"]["ids"] == ["s0"]
    with Session(folders) as session:
        sent = session.pushing.sent()
    assert [(one.playlist, one.service, one.address, one.tracks) for one in sent] == [
        ("Hill", "subsonic", server.base, count) for count in (2, 1, 1)
    ]
    assert run(["audit", "recommend"]) in (0, 1)
    assert f"Hill, 2 tracks, to subsonic at {server.base}." in capsys.readouterr().out
    # The password itself was sent only where that was said, and is in no file.
    shown = [dict(fields) for _, _, fields in server.asked]
    assert all(("p" in one) == (older and "t" not in one) for one in shown)
    for file in folders.root.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes()


def test_long_lists_go_in_parts_and_servers_that_list_nothing_are_asked_by_title(
    folders: Folders, server: SubsonicServer
) -> None:
    server.lists_all = False
    with Session(folders) as session:
        session.playlists.add("Hill", [TRACKS[1]] * 450, again=True)
    assert run(line(server, "--yes")) == 0
    assert server.playlists["p1"]["ids"] == ["s2", *["s0"] * 451]
    assert {method for method, name, _ in server.asked if name == "updatePlaylist"} == {"POST"}


def test_a_renamed_list_is_renamed_there_and_one_of_that_name_is_not_taken_for_it(
    folders: Folders, server: SubsonicServer
) -> None:
    assert run(line(server, "--yes")) == 0
    again = ["push", "Ridge", *line(server, "--yes")[2:]]
    with Session(folders) as session:
        session.playlists.create("Ridge", TRACKS[:1])
    assert run(again) == 0
    with Session(folders) as session:
        session.playlists.remove("Ridge")
        session.playlists.rename("hill", "Ridge")
    assert run(again) == 0
    assert server.playlists["p1"] == {"id": "p1", "name": "Ridge", "ids": ["s2", "s0"], "public": "false"}
    assert server.playlists["p2"]["ids"] == ["s2"], "that of an earlier list is left alone"
    assert [*server.playlists] == ["theirs", "p1", "p2"]


@pytest.mark.parametrize("remade", [{"owner": "other"}, {"created": "2026-08-02T09:00:00Z"}])
def test_a_server_that_was_set_up_again_gives_the_same_numbers_to_others(
    folders: Folders, server: SubsonicServer, remade: dict[str, str]
) -> None:
    assert run(line(server, "--yes")) == 0
    server.playlists["p1"]["created"] = "2026-03-02T09:00:00Z"
    assert run(line(server, "--yes")) == run(line(server, "--yes")) == 0
    server.playlists["p1"] |= {"ids": ["s1"], **remade}
    assert run(line(server, "--yes")) == 0
    assert server.playlists["p1"]["ids"] == ["s1"]
    assert server.playlists["p2"]["ids"] == ["s2", "s0"]


def test_what_is_there_after_a_failure_is_said_and_the_next_time_replaces_it(
    folders: Folders, server: SubsonicServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(folders) as session:
        session.playlists.add("Hill", [TRACKS[1]] * 450, again=True)
    server.fails_after = 300
    assert run(line(server, "--yes")) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "is full. At least 200 of 452 tracks are there now. Send it again: that replaces what is there."
        in said
    )
    assert server.playlists["p1"]["public"] == "false", "also what is there so far"
    server.fails_after = None
    assert run(line(server, "--yes")) == 0
    assert (len(server.playlists["p1"]["ids"]), [*server.playlists]) == (452, ["theirs", "p1"])


def test_where_only_the_answer_is_lost_no_second_list_is_made(
    folders: Folders, server: SubsonicServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.loses_answers = True
    assert run(line(server, "--yes")) == 1
    assert "Send it again: that replaces what is there." in " ".join(capsys.readouterr().err.split())
    server.loses_answers = False
    assert run(line(server, "--yes")) == 0
    assert [*server.playlists] == ["theirs", "p1"]
    # Two were made in that moment: neither is known to be this one.
    server.loses_answers = True
    server.playlists["p1"]["owner"] = "other"
    real = server.answer

    def answer(name: str, fields: list[tuple[str, str]]) -> dict[str, Any]:
        if name == "createPlaylist":
            server.playlists["x"] = {"id": "x", "name": "Hill", "ids": []}
        return real(name, fields)

    server.answer = answer  # type: ignore[method-assign] # somebody else is at it too
    assert run(line(server, "--yes")) == 1
    assert "Whether “Hill” was made there is not known" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_private_session_sends_nothing_and_asks_nobody(
    folders: Folders,
    server: SubsonicServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: bool,
) -> None:
    monkeypatch.delenv("DISCOVER_PUSH_PASSWORD")  # not asked for either
    with Session(folders, private=elsewhere, announced=elsewhere):
        before = fingerprint(folders.root)
        assert run([*([] if elsewhere else ["--private"]), *line(server, "--yes")]) == 1
        said = capsys.readouterr().err
        assert "private session" in said
        assert ("in another window" in said) == elsewhere
        assert (server.asked, fingerprint(folders.root)) == ([], before)


def test_credentials_are_kept_when_asked_for_that_address_alone_and_from_nobody_else(
    folders: Folders,
    server: SubsonicServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(line(server, "--yes", "--remember")) == 0
    assert folders.servers.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in capsys.readouterr().err
    monkeypatch.delenv("DISCOVER_PUSH_PASSWORD")
    assert run(["config", "set", "push.subsonic", server.base]) == 0
    assert run(["push", "hill", "--to", "subsonic", "--yes"]) == 0
    with subsonic_server() as other:
        assert run(["push", "Hill", "--to", "subsonic", "--url", other.base, "--yes"]) == 2
        assert other.asked == []
    folders.servers.chmod(0o644)
    assert run(["push", "Hill", "--to", "subsonic", "--yes"]) == 2
    assert "Others can read" in capsys.readouterr().err
    folders.servers.write_text("[]")
    folders.servers.chmod(0o600)
    assert run(["push", "Hill", "--to", "subsonic", "--yes"]) == 1
    assert "is damaged" in capsys.readouterr().err


class Keyring(KeyringBackend):
    """One in memory, unless it is `locked`."""

    priority = 5.0  # type: ignore[assignment] # as the base class has it, but for classes

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def _open(self) -> None:
        if self.locked:
            raise KeyringLocked("It stays shut")


def test_a_password_is_in_the_systems_keyring_where_there_is_one(
    folders: Folders,
    server: SubsonicServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Keyring()
    monkeypatch.setattr("keyring.get_keyring", lambda: found)
    assert run(line(server, "--yes", "--remember")) == 0
    assert found.kept == {("discover", f"{USER} subsonic {server.base}"): PASSWORD}
    assert PASSWORD not in folders.servers.read_text()
    monkeypatch.delenv("DISCOVER_PUSH_PASSWORD")
    again = ["push", "Hill", "--to", "subsonic", "--url", server.base, "--yes"]
    assert run(again) == 0
    server.asked.clear()
    found.locked = True
    assert run(again) == 1
    assert "It stays shut. Unlock it" in capsys.readouterr().err
    # One that is gone knows nobody.
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    assert run(again) == 2
    assert "Who are you at" in capsys.readouterr().err
    assert server.asked == []


def test_what_is_refused_says_why_and_notes_nothing(
    folders: Folders,
    server: SubsonicServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.songs.clear()
    assert run(line(server, "--yes")) == 3
    assert f"None of the 3 tracks of Hill are at {server.base}" in capsys.readouterr().err
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", "another")
    assert run(line(server, "--yes")) == 1
    assert "Wrong username or password" in capsys.readouterr().err
    for more, said in (
        (["--to", "subsonic", "--url", "http://music.example.org"], "must start with https"),
        (["--to", "subsonic", "--url", "https://me:word@nas"], "Leave name and password out"),
        (["--to", "subsonic"], "Where is the server?"),
        (["--to", "mpd", "--url", "word@nas:6600"], "Leave the password out"),
        (["--to", "mpd", "--url", "nas"], "is not an address of MPD"),
    ):
        assert run(["push", "Hill", "--user", USER, *more, "--yes"]) == 2
        assert said in capsys.readouterr().err
    for port in ("1", "99999"):
        assert run(["push", "Hill", "--to", "mpd", "--url", f"127.0.0.1:{port}", "--yes"]) == 1
        assert "it takes no connection" in capsys.readouterr().err
    with Session(folders) as session:
        assert session.pushing.sent() == ()


def test_forgetting_an_artist_takes_their_name_out_of_the_notes(
    folders: Folders, server: SubsonicServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(folders) as session:
        session.playlists.create("Best of Burel", TRACKS[1:2])
    assert run(["push", "Best of Burel", *line(server, "--yes")[2:]]) == 0
    assert run(line(server, "--yes")) == 0
    run(["forget", "--artist", "Burel", "--playlists", "--yes"])
    with Session(folders) as session:
        assert [one.playlist for one in session.pushing.sent()] == ["Hill"]
    assert b"Burel" not in folders.database.read_bytes()


# -- the real MPD -------------------------------------------------------------------------------------------------


@pytest.fixture
def mpd() -> Iterator[Path]:
    """A real one, with two songs; its folder, in which `socket` is."""
    root = Path(tempfile.mkdtemp())
    music = root / "music"
    music.mkdir()
    sound(music / "a.wav", "CAF\xc9 TUNDRA", "Tin roof", 1)
    sound(music / "b.wav", "Burel", "Waves", 1)
    (root / "lists").mkdir()
    config = root / "mpd.conf"
    config.write_text(
        f'music_directory "{music}"\nplaylist_directory "{root}/lists"\ndb_file "{root}/db"\nlog_file "{root}/log"\n'
        f'bind_to_address "{root}/socket"\naudio_output {{\n type "null"\n name "null"\n}}\n'
    )
    process = subprocess.Popen(["mpd", "--no-daemon", str(config)])
    try:
        yield root
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(root)


@needs("mpd")
def test_the_real_mpd(folders: Folders, mpd: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.delenv("DISCOVER_PUSH_PASSWORD")
    order = ["push", "Hill", "--to", "mpd", "--url", str(mpd / "socket"), "--yes"]
    lists, both = mpd / "lists", ["a.wav", "b.wav"]

    def sent_as(name: str) -> list[str]:
        return [] if run(order) else (lists / f"{name}.m3u").read_text().split()

    # It reads its folder as it starts, a file at a time.
    until = time.monotonic() + 60
    while (found := sent_as("Hill")) != both and time.monotonic() < until:
        time.sleep(0.05)
    assert found == both
    capsys.readouterr()
    with Session(folders) as session:
        session.playlists.shift("Hill", [1], 1)
        session.playlists.create("Theirs", TRACKS[:1])
    done = document(capsys, *order)
    assert (done["matched"], done["replaced"], done["address"]) == (2, True, str(mpd / "socket"))
    assert (lists / "Hill.m3u").read_text().split() == ["b.wav", "a.wav"]
    (lists / "Theirs.m3u").write_text("b.wav\n")
    (lists / "Hill.discover-new.m3u").write_text("a.wav\n")
    assert run(["push", "Theirs", *order[2:]]) == 2
    assert "was not made here" in capsys.readouterr().err
    assert (lists / "Theirs.m3u").read_text() == "b.wav\n"
    with Session(folders) as session:
        assert {one.playlist for one in session.pushing.sent()} == {"Hill"}
        session.playlists.rename("Hill", "Ridge")
    # Renamed here it is renamed there, and others stay.
    order[1] = "Ridge"
    assert sent_as("Ridge") == ["b.wav", "a.wav"]
    names = ["Hill.discover-new", "Ridge", "Theirs"]
    assert sorted(path.stem for path in lists.iterdir()) == names
    # Another by its name, made there since, or one that was changed there.
    (lists / "Ridge.m3u").write_text("a.wav\n")
    assert run(order) == 2
    assert "is not as it was sent" in capsys.readouterr().err
    assert (lists / "Ridge.m3u").read_text() == "a.wav\n"
    with Session(folders) as session:
        session.playlists.rename("Ridge", "Peak")
    order[1] = "Peak"
    assert sent_as("Peak") == ["b.wav", "a.wav"]
    assert sorted(path.stem for path in lists.iterdir()) == sorted([*names, "Peak"])
    assert (lists / "Hill.discover-new.m3u").read_text() == "a.wav\n"
    # What MPD no longer has is refused, and leaves nothing behind.
    (mpd / "music" / "a.wav").unlink()
    (lists / "Peak.m3u").unlink()
    monkeypatch.setattr("engine.push.mpd.quoted", lambda text: quoted(text.replace("a.wav", "nowhere.wav")))
    assert run(order) == 1
    assert capsys.readouterr().err.endswith("refused: No such directory; nothing there was changed.\n")
    assert sorted(path.stem for path in lists.iterdir()) == names
