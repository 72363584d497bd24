"""`open` plays what there is a file of, as `o` in the app does, and says what it did."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DiscoverError
from engine.live.clock import PlayedSong
from engine.live.mpd import speaking
from engine.paths import Folders
from engine.privacy import private_session_on
from engine.session import Session
from engine.session.history import History
from engine.store.logged_plays import LoggedPlay
from tests.support.commands import document
from tests.support.folders import fingerprint, make_read_only
from tests.support.players import needs, running_mpd, sound
from tuiapp.app.songs import player_for, player_of
from tuiapp.cli.main import run
from tuiapp.settings.config import Config

# Each song sounds for a fifth of a second, which is all there is of it; one that is empty fails.
FAKE = """
import json, os, socket, sys, time
s = socket.socket(fileno=int(sys.argv[-1].rpartition("/")[2]))
def say(**message): s.sendall(json.dumps(message).encode() + b"\\n")
waiting = []
for line in s.makefile():
    command = json.loads(line)["command"]
    if isinstance(command, dict): waiting.append(command["url"])
    elif command[0] == "get_property": break
for number, place in enumerate(waiting, 1):
    say(event="start-file", playlist_entry_id=number)
    if os.path.getsize(place):
        say(event="property-change", name="duration", data=0.2)
        say(event="property-change", name="core-idle", data=False)
        time.sleep(0.2)
        say(event="end-file", reason="eof")
    else:
        say(event="end-file", reason="error")
"""


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A library with two files, an mpv, and no browser."""
    found = Folders(tmp_path / "data")
    (tmp_path / "music").mkdir()
    for title in ("One", "Two"):
        sound(tmp_path / "music" / f"{title}.wav", "Ida", title, 1)
    with Session(found) as session:
        session.music.add(tmp_path / "music")
    (tmp_path / "bin").mkdir()
    mpv = tmp_path / "bin" / "mpv"
    mpv.write_text(f"#!{sys.executable} -S\n{FAKE}")
    mpv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(found.root))
    monkeypatch.setattr("tuiapp.app.player.open_in_browser", lambda _url: False)
    return found


def heard(folders: Folders) -> list[Any]:
    connection = sqlite3.connect(folders.database)
    found = connection.execute(
        "SELECT t.title, l.source FROM listens AS l JOIN tracks AS t ON t.id = l.track_id ORDER BY l.id"
    ).fetchall()
    connection.close()
    return found


def test_all_there_is_of_an_artist_plays_and_is_logged(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["open", "IDA"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "Playing Ida - One (1 of 2).",
        "Playing Ida - Two (2 of 2).",
    ]
    assert heard(folders) == [("One", "live:mpv"), ("Two", "live:mpv")]
    assert document(capsys, "open", "Ida", "Three")["with"] is None
    assert run(["--json", "--quiet", "open", "Ida", "Two"]) == 0
    assert '"with": "mpv"' in capsys.readouterr().out


def test_in_a_private_session_in_any_window_nothing_of_it_is_logged(folders: Folders) -> None:
    before = fingerprint(folders.root)
    assert run(["--private", "--quiet", "open", "Ida"]) == 0
    assert fingerprint(folders.root) == before
    with Session(folders, private=True, announced=True):
        assert run(["--quiet", "open", "Ida"]) == 0
    assert heard(folders) == []


def test_a_play_that_cannot_be_logged_ends_no_music_and_is_named(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = History.log_played_song

    def full_for_one(self: History, player: str, played: PlayedSong) -> int | None:
        if played.song.title == "One":
            raise DiscoverError("The disk is full.")
        return log(self, player, played)

    monkeypatch.setattr(History, "log_played_song", full_for_one)
    assert run(["open", "Ida"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "Playing Ida - One (1 of 2).",
        "Playing Ida - Two (2 of 2).",
        "error: Ida - One is not logged. The disk is full.",
    ]
    assert heard(folders) == [("Two", "live:mpv")]


def test_beside_a_library_that_may_not_be_written_it_plays_and_logs_nothing(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fingerprint(folders.root)
    make_read_only(folders, monkeypatch)
    assert run(["open", "Ida", "One"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"{folders.root} is read-only: nothing new is kept.",
        "Playing Ida - One.",
    ]
    assert fingerprint(folders.root) == before


def test_a_private_session_that_came_and_went_while_a_player_of_ones_own_plays_counts(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was looked for as the player began, and as it reported a play."""
    monkeypatch.setattr("tuiapp.cli.playing.LOOK_SECONDS", 0.01)
    seen, looks = tmp_path / "seen", [False, True]

    def comes_and_goes(_folders: Folders) -> bool:
        private = bool(looks) and looks.pop(0)
        if private:
            seen.touch()
        return private

    monkeypatch.setattr("engine.privacy.private_session_on", comes_and_goes)
    player = tmp_path / "bin" / "mine"
    script = f"import os\nwhile not os.path.exists({str(seen)!r}): pass\nprint('played 183')"
    player.write_text(f"#!{sys.executable} -S\n{script}\n")
    player.chmod(0o755)
    assert run(["config", "set", "open.player", f"{player} {{query}}"]) == 0
    looks[:] = [False, True]
    assert run(["open", "Ida", "One"]) == 0
    assert "not logged" in capsys.readouterr().err
    assert heard(folders) == []


def test_what_played_while_the_command_was_stopped_is_not_logged(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private session may have begun and ended elsewhere."""
    monkeypatch.setattr("engine.privacy.presence.UNSEEN_SECONDS", -1.0)
    assert run(["open", "Ida"]) == 0
    assert heard(folders) == []


def test_a_play_of_ones_own_player_that_cannot_be_logged_costs_no_other(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log, full = History.log_play, [True]

    def full_at_first(self: History, *names: str, **how: Any) -> LoggedPlay:
        if full and full.pop():
            raise DiscoverError("The disk is full.")
        return log(self, *names, **how)

    monkeypatch.setattr(History, "log_play", full_at_first)
    player = tmp_path / "bin" / "mine"
    player.write_text(f"#!{sys.executable} -S\nprint('played 183 Old')\nprint('played 184 New')\n")
    player.chmod(0o755)
    assert run(["config", "set", "open.player", f"{player} {{query}}"]) == 0
    assert run(["open", "Ida"]) == 1
    assert "error: Ida - Old is not logged. The disk is full." in capsys.readouterr().err
    assert heard(folders) == [("New", "discover")]


def test_while_it_plays_in_private_whoever_watches_the_player_knows(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr("tuiapp.cli.playing.Playing.run", lambda _: seen.append(private_session_on(folders)))
    assert run(["--private", "--quiet", "open", "Ida"]) == 0
    assert run(["--quiet", "open", "Ida"]) == 0
    assert (seen, private_session_on(folders)) == ([True, False], False)


def test_what_cannot_be_played_is_named(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "music" / "One.wav").write_bytes(b"")
    assert run(["open", "Ida", "One"]) == 1
    said = capsys.readouterr().err
    assert "Ida - One can't be played" in said
    assert "None of it can be played." in said
    (tmp_path / "bin" / "mpv").write_text("#!/no/such/program")
    assert run(["open", "Ida", "Two"]) == 1
    assert "mpv can't be started" in capsys.readouterr().err


def test_who_has_files_and_no_player_is_told(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin" / "mpv").unlink()
    assert run(["open", "Ida", "One"]) == 0
    out, said = capsys.readouterr()
    assert out.startswith("https://")
    assert said.startswith("mpv is not installed. Install it")
    # What has no file opens in the browser with one, too.
    assert run(["open", "Ida", "Three"]) == run(["open", "--print", "Ida", "One"]) == 0
    assert capsys.readouterr().err == ""


def test_what_a_killed_player_played_until_then_counts(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = FAKE.replace('say(event="end-file", reason="eof")', "os.kill(os.getpid(), 9)")
    (tmp_path / "bin" / "mpv").write_text(f"#!{sys.executable} -S\n{killed}")
    assert run(["open", "Ida"]) == 1
    assert "mpv ended unexpectedly (-9)." in capsys.readouterr().err
    assert heard(folders) == [("One", "live:mpv")]


def test_mpd_plays_where_the_person_says_so_also_with_mpv_there(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, chosen = Config(), Config().with_values({"open.files": "MPD"})
    assert (player_of(usual), player_of(chosen)) == ("mpv", "mpd")
    monkeypatch.setenv("PATH", "")
    assert (player_of(usual), player_of(chosen)) == ("", "mpd")
    # Where it usually is: the first of its sockets that is there.
    monkeypatch.delenv("MPD_HOST", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "mpd").mkdir()
    (tmp_path / "mpd" / "socket").touch()
    for config in (chosen, chosen.with_values({"listen.mpd": "off"})):
        assert vars(player_for(config, [], 100))["_place"] == str(tmp_path / "mpd" / "socket")


@needs("mpd")
async def test_the_real_mpd_plays_until_it_is_stopped(folders: Folders, tmp_path: Path) -> None:
    sound(tmp_path / "music" / "Long.wav", "Ida", "Long", 60)
    (tmp_path / "mpd").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.defpath)
        async with running_mpd(tmp_path / "mpd", tmp_path / "music") as (place, _):
            folders.config.parent.mkdir(parents=True, exist_ok=True)
            folders.config.write_text(f'[open]\nfiles = "MPD"\n[listen]\nmpd = "{place}"\n')
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tuiapp", "open", "ida", "LONG", stderr=asyncio.subprocess.PIPE
            )
            assert process.stderr is not None
            assert await process.stderr.readline() == b"Playing Ida - Long.\n"
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 130
            async with speaking(place) as mpd:
                status = dict(await mpd.ask("status"))
    assert (status["state"], status["playlistlength"]) == ("stop", "0")
