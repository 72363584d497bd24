"""`o` on what there is a file of plays it with mpv: a line says so, keys act on it, what is heard is logged."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.live.clock import PlayedSong, Song
from engine.live.mpd_player import MpdPlayer
from engine.paths import Folders
from engine.session import Session
from tests.support.driving import app_in, screen_text, settled, the_list, toasts, verdicts
from tests.support.players import needs, running_mpd, sound
from tuiapp.app import mpv_player
from tuiapp.app.app import DiscoverApp
from tuiapp.music import Music

# Plays songs of 200 seconds until told to continue; `pause` is answered with a pause.
FAKE = """
import json, socket, sys
s = socket.socket(fileno=int(sys.argv[-1].rpartition("/")[2]))
def say(**message): s.sendall(json.dumps(message).encode() + b"\\n")
waiting, loaded = [], 0
def begin():
    entry = waiting.pop(0)
    say(event="start-file", playlist_entry_id=entry)
    say(event="property-change", name="duration", data=200)
    say(event="property-change", name="core-idle", data=False)
for line in s.makefile():
    command = json.loads(line)["command"]
    if isinstance(command, dict):
        loaded += 1
        waiting.append(loaded)
        if loaded == 1: begin()
    elif command[0] == "playlist-clear": waiting.clear()
    elif command[0] == "add":
        say(event="property-change", name="volume", data=100 + command[2])
    elif command[0] == "get_property":
        say(request_id=1, data=1)
    elif command[0] == "cycle":
        say(event="property-change", name="pause", data=True)
        say(event="property-change", name="core-idle", data=True)
    elif command[0] == "playlist-next":
        say(event="end-file", reason="stop")
        if not waiting: break
        begin()
"""


@pytest.fixture
def mpv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a script the mpv that is found."""

    def install(script: str) -> None:
        (tmp_path / "bin").mkdir()
        file = tmp_path / "bin" / "mpv"
        file.write_text(f"#!{sys.executable} -S\n{script}")
        file.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    return install


@pytest.fixture
def music(empty: Folders, tmp_path: Path) -> list[Music]:
    """Two tracks of the library's files, and one nobody has."""
    folder = tmp_path / "music"
    folder.mkdir()
    for title in ("One", "Two"):
        sound(folder / f"{title}.wav", "Ida", title, 1)
    with Session(empty) as session:
        session.music.add(folder)
    return [Music("Ida", "One"), Music("Ida", "Two"), Music("Ida", "Three")]


async def until(pilot: Any, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20.0  # only where it never does
    while time.monotonic() < end:
        await pilot.pause()
        if holds():
            return
    raise AssertionError(f"{screen_text(pilot.app)}\n{toasts(pilot.app)}")


def logged(folders: Folders, table: str = "listens") -> list[Any]:
    connection = sqlite3.connect(folders.database)
    found = connection.execute(
        f"SELECT t.title FROM {table} AS l JOIN tracks AS t ON t.id = l.track_id"
    ).fetchall()
    connection.close()
    return found


async def test_files_play_in_order_with_a_line_and_keys(
    empty: Folders, music: list[Music], mpv: Callable[[str], None]
) -> None:
    mpv(FAKE)
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert app.check_action("pause", ()) is False
        app.opening.open(music[0], app.preferences.config, music)
        # The length comes in a message of its own, after the song.
        await until(pilot, lambda: all(x in screen_text(app) for x in ("♪ Ida - One", "of 3:20  1 of 2")))
        await pilot.press("semicolon")
        await until(pilot, lambda: "paused Ida - One" in screen_text(app))
        await pilot.press("colon")
        await until(pilot, lambda: "Ida - Two" in screen_text(app))
        await pilot.press("exclamation_mark")
        await settled(pilot)
        assert app.playing is None
        assert "Ida - Two" not in screen_text(app)


async def test_what_is_heard_is_logged_and_nothing_where_a_private_session_was_on(
    empty: Folders, music: list[Music], mpv: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where one may have been: a stopped app sees none elsewhere."""
    mpv(FAKE)
    app = DiscoverApp(empty)
    song = Song("Ida", "One", length=200)
    async with app.run_test() as pilot:
        await settled(pilot)
        for hush, unseen in ((True, 30.0), (False, -1.0), (False, 30.0)):
            monkeypatch.setattr("engine.privacy.presence.UNSEEN_SECONDS", unseen)
            app.opening.open(music[0], app.preferences.config, music)
            await until(pilot, lambda: app.playing is not None)
            if hush:
                app.opening.hush()
            playing = app.playback._player
            app.playback._keep(
                playing, [PlayedSong(song, 1.7e9, 150), PlayedSong(song, 1.6e9, 8, skipped=True)]
            )
            app.playback.end()
            await settled(pilot)
            assert logged(empty) == logged(empty, "skips") == ([] if hush or unseen < 0 else [("One",)])
        assert app.undoable == "the play of Ida - One"
        await pilot.press("u")
        await settled(pilot)
        assert (logged(empty), logged(empty, "skips")) == ([], [("One",)])


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import time; time.sleep(60)", "mpv no longer answers and was stopped."),
        ("import os; os.kill(os.getpid(), 9)", "mpv ended unexpectedly (-9)."),
    ],
)
async def test_an_mpv_that_hangs_or_dies_is_said_and_gone(
    empty: Folders,
    music: list[Music],
    mpv: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    says: str,
) -> None:
    if "sleep" in script:
        monkeypatch.setattr(mpv_player, "PATIENCE", 0.3)
        monkeypatch.setattr(mpv_player, "TICK", 0.1)
    mpv(script)
    app = DiscoverApp(empty)
    async with app.run_test() as pilot:
        await settled(pilot)
        app.opening.open(music[0], app.preferences.config)
        await settled(pilot, lambda: bool(toasts(app)))
        assert f"{says} ; tries again." in str(toasts(app))
        assert (app.playing, app.playback._player) == (None, None)
        app.clear_notifications()
        await pilot.press("semicolon")
        await settled(pilot, lambda: bool(toasts(app)))
        assert f"{says} ; tries again." in str(toasts(app))


async def test_what_a_player_that_died_had_yet_to_play_is_not_lost(
    empty: Folders, music: list[Music], mpv: Callable[[str], None]
) -> None:
    mpv(FAKE)
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.opening.open(None, app.preferences.config, [*music[:2], *music[:2]])
        await until(pilot, lambda: "♪ Ida - One" in screen_text(app))
        await pilot.press("colon")
        await until(pilot, lambda: "♪ Ida - Two" in screen_text(app))
        vars(app.playback._player)["_process"].kill()
        await until(pilot, lambda: app.playing is None)
        assert "; plays that song again, and on." in str(toasts(app))
        assert app.check_action("next_song", ()) is False
        await pilot.press("semicolon")
        await until(pilot, lambda: all(x in screen_text(app) for x in ("♪ Ida - Two", "of 3:20  1 of 3")))
        assert [song.title for song in app.playback.upcoming] == ["One", "Two"]
        await pilot.press("exclamation_mark")
        assert app.check_action("pause", ()) is False


async def test_an_app_that_was_suspended_hears_on(
    empty: Folders, music: list[Music], mpv: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asked nothing meanwhile, so no answer is missing: here mpv takes far longer to start than it may be silent."""
    monkeypatch.setattr(mpv_player, "PATIENCE", 0.001)
    monkeypatch.setattr(mpv_player, "TICK", 100.0)
    mpv(FAKE)
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.opening.open(music[0], app.preferences.config)
        await until(pilot, lambda: app.playing is not None or bool(toasts(app)))
        assert toasts(app) == []
        assert app.playing is not None


def titles(session: Session, wanted: list[tuple[str, str | None]]) -> list[list[str | None] | None]:
    return [
        None if files is None else [one.track for one in files] for files in session.music.to_hear(wanted)
    ]


def test_an_artist_is_all_there_is_by_path_and_what_is_blocked_is_not_played(
    empty: Folders, music: list[Music]
) -> None:
    with Session(empty) as session:
        wanted = [("ida", None), ("Ida", "Three"), ("Ida", "One")]
        assert titles(session, wanted) == [["One", "Two"], [], ["One"]]
        session.history.log_play("Ida", "One", seconds=200)
        session.verdicts.judge("block", "Ida", "One")
        assert titles(session, wanted) == [["Two"], [], None]
        session.verdicts.judge("block", "Ida")
        assert titles(session, wanted) == [None, None, None]


async def test_o_in_a_playlist_plays_on_from_the_row_and_of_selected_rows_those(
    empty: Folders, music: list[Music], mpv: Callable[[str], None], tmp_path: Path
) -> None:
    mpv(FAKE)
    with Session(empty) as session:
        for one in (*music, music[0]):
            session.history.log_play(one.artist, one.track or "", seconds=200, at=1_700_000_000)
        session.playlists.create("Mine")
        session.playlists.add("Mine", session.tracks.named([("Ida", n) for n in ("Two", "One", "Three")]))
    app = app_in("playlists", empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: "♪ Ida - Two" in screen_text(app))
        assert "1 of 2" in screen_text(app)
        await pilot.press("j", "space", "o")
        await until(pilot, lambda: "♪ Ida - One" in screen_text(app))
        assert "1 of 2" not in screen_text(app)
        # The whole list, by its name.
        await until(pilot, lambda: toasts(app) == ["No file of Ida - Three here: left out."])
        await pilot.press("escape", "escape", "o")
        await until(pilot, lambda: "♪ Ida - Two" in screen_text(app))
        assert "1 of 2" in screen_text(app)
        await pilot.press("I")
        await until(pilot, lambda: "1 of 4" in screen_text(app))
        await until(
            pilot,
            lambda: "Next: 2 songs. 9 shows the queue. No file of Ida - Three here: left out." in toasts(app),
        )
        await pilot.press("asterisk", "underscore")
        await until(pilot, lambda: "volume 95" in screen_text(app))
        # A file that was deleted since the scan: another song would play in its place without a word.
        (tmp_path / "music" / "Two.wav").unlink()
        await pilot.press("enter")
        await until(pilot, lambda: "esc back" in screen_text(app) and the_list(app).has_focus)
        await pilot.press("home", "o")
        await until(pilot, lambda: "♪ Ida - One" in screen_text(app))
        await until(pilot, lambda: "No file of Ida - Two and 1 more here: left out." in toasts(app))
        await pilot.press("exclamation_mark")
        await settled(pilot)


async def test_what_is_queued_follows_what_plays_and_the_queue_is_seen_and_cleared(
    empty: Folders, music: list[Music], mpv: Callable[[str], None]
) -> None:
    mpv(FAKE)
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        config, one, two = app.preferences.config, *music[:2]
        app.opening.play_next(config, [one])  # nothing plays, so this does
        await until(pilot, lambda: "♪ Ida - One" in screen_text(app))
        for queued, count in (([two], 1), ([one, two], 3)):  # in the order asked for
            app.opening.play_next(config, queued)
            await until(pilot, lambda count=count: len(app.playback.upcoming) == count)
        assert [song.title for song in app.playback.upcoming] == ["Two", "One", "Two"]
        await pilot.press("9")
        await until(pilot, lambda: "Queue: 3 songs to come, 0:03" in screen_text(app))
        await pilot.press("D")
        assert [song.title for song in app.playback.upcoming] == ["One", "Two"]
        await pilot.press("u")
        assert [song.title for song in app.playback.upcoming] == ["Two", "One", "Two"]
        await pilot.press("question_mark")
        assert all(said in screen_text(app) for said in ("Keys in queue", "Play from here.", "Mix from here"))
        await pilot.press("escape", "l")
        await until(pilot, lambda: verdicts(app.folders) == {"Ida": "like"})
        await pilot.press("u", "B")
        await until(pilot, lambda: verdicts(app.folders) == {"Ida": "block"})
        assert not app.playback.upcoming
        await pilot.press("u")
        await until(pilot, lambda: not verdicts(app.folders))
        assert [song.title for song in app.playback.upcoming] == ["Two", "One", "Two"]
        await pilot.press("g", "j", "o")
        await until(pilot, lambda: "Queue: 1 song to come" in screen_text(app))
        await pilot.press("ctrl+a", "D")
        assert app.playback.upcoming == []
        await pilot.press("colon")
        await until(pilot, lambda: app.playing is None)
        assert "Queue" not in screen_text(app)


async def test_without_mpv_the_browser_opens_and_it_is_said_once_what_to_install(
    empty: Folders, music: list[Music], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    opened: list[str] = []
    monkeypatch.setattr("tuiapp.app.player.open_in_browser", lambda url: not opened.append(url))
    app = DiscoverApp(empty)
    async with app.run_test() as pilot:
        await settled(pilot)
        for one in (*music, music[0]):
            app.opening.open(one, app.preferences.config)
            await settled(pilot)
        assert len(opened) == 4
        assert sum("apt install mpv" in said for said in toasts(app)) == 1
        app.opening.play_next(app.preferences.config, [music[2]])
        await settled(pilot)
        assert "No file of it here. Add your music: press 7 then a." in str(toasts(app))


async def test_what_has_no_file_is_played_by_the_address_that_is_set_and_by_none_otherwise(
    empty: Folders, music: list[Music], mpv: Callable[[str], None], tmp_path: Path
) -> None:
    found = tmp_path / "told"
    mpv(f"import sys; open({str(found)!r}, 'w').write(' '.join(sys.argv)){FAKE}")
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        config = app.preferences.config
        app.opening.open(None, config, music)
        await until(pilot, lambda: "1 of 2" in screen_text(app))
        assert "protocol_whitelist=file" in found.read_text()
        config = config.with_values({"open.without_file": "ytdl://ytsearch:{query}"})
        app.opening.open(None, config, [music[0], Music("Ida", "https://x.example/\n--three")])
        await until(pilot, lambda: app.playing is not None and "--ytdl=yes" in found.read_text())
        place = "ytdl://ytsearch:Ida https://x.example/ --three"
        assert [song.place for song in app.playback.upcoming] == [place]
        assert toasts(app) == [f"No file of it here: mpv plays {place}, from the network."]
        await pilot.press("exclamation_mark")
        await settled(pilot)


@needs("mpd")
async def test_without_mpv_the_mpd_that_is_set_plays_and_what_it_has_not_opens_in_the_browser(
    empty: Folders, music: list[Music], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("tuiapp.app.player.open_in_browser", lambda url: not opened.append(url))
    (tmp_path / "mpd").mkdir()
    async with running_mpd(tmp_path / "mpd", tmp_path / "music") as (place, process):
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr("engine.live.mpd_player.TICK", 0.05)
        app = DiscoverApp(empty)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            app.preferences.change("listen.mpd", place)
            app.opening.open(None, app.preferences.config, [Music("IDA", "one"), music[1]])
            await until(pilot, lambda: "♪ Ida - Two" in screen_text(app))
            await settled(pilot, lambda: logged(empty) == [("One",), ("Two",)])
            # Whoever watches MPD logs what it plays.
            app.listens = True
            app.playback._keep(MpdPlayer([], place), [PlayedSong(Song("Ida", "One", length=200), 1.7e9, 150)])
            app.listens = False
            await settled(pilot)
            assert len(logged(empty)) == 2
            app.opening.open(music[2], app.preferences.config)
            await settled(pilot)
            assert len(opened) == 1
            process.kill()
            await process.wait()
            app.clear_notifications()
            # A song of which there is a file: it is said once, and the file is not given to MPD.
            app.opening.open(music[0], app.preferences.config)
            await settled(pilot)
            assert (len(opened), str(toasts(app)).count("can't be used: it takes no connection.")) == (2, 1)
            app.clear_notifications()
            app.opening.open(None, app.preferences.config, music)
            await settled(pilot)
            assert f"MPD at {place} can't be used: it takes no connection." in str(toasts(app))
            assert len(toasts(app)) == 1
