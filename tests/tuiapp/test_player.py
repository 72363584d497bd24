"""Opening music outside: names cannot inject anything, and only the player's own word makes a listen."""

from __future__ import annotations

import shlex
import sqlite3
import sys
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.paths import Folders
from engine.session import Session
from tests.support.commands import document
from tests.support.driving import settled, the_list, the_view, toasts
from tests.support.folders import fingerprint
from tests.support.hostile import HOSTILE_WORDS
from tests.support.importing import START, spotify, write
from tuiapp.app.app import DiscoverApp
from tuiapp.app.player import command, open_in_browser, played_line
from tuiapp.app.songs import address
from tuiapp.cli.main import run
from tuiapp.music import Music
from tuiapp.settings.registry import SERVICES

# -- addresses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", [*SERVICES, "https://own.example/find?x=1&words={query}&by={artist}"])
def test_a_name_stays_one_value_of_the_address(service: str) -> None:
    for name in HOSTILE_WORDS:
        stays_one_value(service, name)


def stays_one_value(service: str, name: str) -> None:
    url = address(service, Music(name, name))
    want, got = urlsplit(SERVICES.get(service, service)), urlsplit(url)
    assert (got.scheme, got.netloc) == (want.scheme, want.netloc)
    assert got.fragment == ""
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    query = Music(name, name).words["query"]
    if "{query}" in want.path:
        assert unquote(got.path.rpartition("/")[2]) == query
    else:
        values = parse_qs(got.query, keep_blank_values=True)
        assert query in [value for found in values.values() for value in found]
        assert len(values) == len(parse_qs(want.query, keep_blank_values=True))


def test_musicbrainz_is_asked_for_what_it_is() -> None:
    assert "type=artist" in address("MusicBrainz", Music("Burel"))
    assert "type=recording" in address("MusicBrainz", Music("Burel", "Tin Roof"))


# -- commands ----------------------------------------------------------------------------------------------


@given(
    st.sampled_from(
        ["mpv {query}", "play --artist {artist} --track {track}", "x '{artist} - {track}' ytdl://{query}"]
    ),
    st.text(),
    st.text(),
)
@example("mpv {query}", "--script=/tmp/x.lua", "{artist}")
@example("mpv {query}", "http://evil.example", "")
@example("mpv {query}", "\x00-x", "'; rm")
def test_a_name_cannot_leave_its_argument_nor_be_more_than_a_name(
    template: str, artist: str, track: str
) -> None:
    made, parts = command(template, Music(artist, track)), shlex.split(template)
    assert len(made) == len(parts)
    for argument, part in zip(made, parts, strict=True):
        assert "\x00" not in argument
        assert "\n" not in argument
        if "{" not in part:
            assert argument == part
        elif part.startswith("{"):
            # As options, paths, response files and addresses are distinguished from names by how they begin.
            assert not argument or argument[0] == " " or argument[0].isalnum()
            assert argument.startswith(" ") or "://" not in argument
        else:
            assert argument.startswith(part.partition("{")[0])


def test_what_a_name_holds_is_not_filled_in_again() -> None:
    assert command("mpv '{artist}|{track}'", Music("{track}", "{artist}")) == ["mpv", " {track}|{artist}"]


@pytest.mark.parametrize(
    "line",
    [
        b"played",
        b"played x",
        b"played -3",
        b"played 0",
        b"played 99999999",
        b"Played 3",
        b"now played 3",
        b"played 1e9",
        b"played nan",
        pytest.param(b"\xff" * 9000, id="long and not UTF-8"),
    ],
)
def test_any_other_line_is_not_a_word_of_a_listen(line: bytes) -> None:
    assert played_line(line) is None


# -- the player --------------------------------------------------------------------------------------------


def player(tmp_path: Path, script: str) -> str:
    """A player's command: this interpreter running `script`, which finds what it is to play in `sys.argv`."""
    file = tmp_path / "player.py"
    file.write_text(f"import sys\n{script}\n")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(file))} {{artist}} {{track}}"


def listens(folders: Folders) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"{folders.database.as_uri()}?mode=ro", uri=True)
    found = connection.execute(
        "SELECT a.name, t.title, l.ms_played, l.plays FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
        "JOIN artists AS a ON a.id = t.artist_id WHERE l.source = 'discover'"
    ).fetchall()
    connection.close()
    return found


async def opened(pilot: Any, music: Music) -> None:
    app = pilot.app
    app.opening.open(music, app.preferences.config)
    await settled(pilot)


async def test_a_listen_is_kept_when_the_player_says_so_and_u_takes_it_back(
    folders: Folders, tmp_path: Path
) -> None:
    script = "print('x' * 200_000)\nprint('played 183.4', flush=True)\nprint('played 183.4')"
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.preferences.change("open.player", player(tmp_path, script))
        await opened(pilot, Music("Aone [/intro]", "Slow [b"))
        # It said the same twice, in one second: one play.
        assert listens(folders) == [("Aone [/intro]", "Slow [b", 183_400, 1)]
        assert "Logged: Aone [/intro] - Slow [b. u undoes it." in toasts(app)
        app.action_undo()
        await settled(pilot)
        assert listens(folders) == []


async def test_a_listen_of_an_artist_needs_the_title_from_the_player(
    folders: Folders, tmp_path: Path
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.preferences.change(
            "open.player", player(tmp_path, "print('played 60')\nprint('played 61 Tin \\x1bRoof')")
        )
        await opened(pilot, Music("Burel"))
        assert listens(folders) == [("Burel", "Tin Roof", 61_000, 1)]
        assert any("did not say which track by Burel" in toast for toast in toasts(app))


async def test_in_a_private_session_the_players_word_is_not_kept(folders: Folders, tmp_path: Path) -> None:
    before = fingerprint(folders.root)
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.preferences.change("open.player", player(tmp_path, "print('played 183')"))
        await opened(pilot, Music("Burel", "Tin Roof"))
        assert not any("listen" in toast for toast in toasts(app))
    assert fingerprint(folders.root) == before


async def test_what_began_or_went_on_in_a_private_session_is_not_kept_after_it(
    folders: Folders, tmp_path: Path
) -> None:
    """The player speaks when the session is over: it played while that lasted."""
    go = tmp_path / "go"
    script = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('played 183')"
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.preferences.change("open.player", player(tmp_path, script))
        app.opening.open(Music("Burel", "Tin Roof"), app.preferences.config)
        while not app.opening._players:
            await pilot.pause()
        for on in (True, False):
            app.action_private()
            while (app.private_since is not None) != on:
                await pilot.pause()
        go.touch()
        await settled(pilot)
        assert listens(folders) == []


async def test_no_player_is_left_behind_and_its_last_word_counts(folders: Folders, tmp_path: Path) -> None:
    script = (
        "import signal, time\n"
        "def end(*_):\n    print('played 90', flush=True)\n    sys.exit()\n"
        f"signal.signal(signal.SIGTERM, end)\nopen({str(tmp_path / 'ready')!r}, 'w').close()\ntime.sleep(60)"
    )
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.preferences.change("open.player", player(tmp_path, script))
        app.opening.open(Music("Burel", "Tin Roof"), app.preferences.config)
        while not (tmp_path / "ready").exists():
            await pilot.pause()
        process = app.opening._players[0].process
        await app.action_quit()
        assert process.returncode is not None
    assert listens(folders) == [("Burel", "Tin Roof", 90_000, 1)]


async def test_a_player_that_fails_says_so_and_without_a_browser_the_address_is_shown(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: Browser("firefox", works=False))
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        for template, said in (
            ("no-such-player {query}", "no-such-player can't be started"),
            ("false {query}", "false exited with code 1."),
            (None, f"The address:\n{address('MusicBrainz', Music('Burel & Co'))}"),
        ):
            app.preferences.change("open.player", template)
            await opened(pilot, Music("Burel & Co"))
            assert any(said in toast for toast in toasts(app)), said


# -- the browser -------------------------------------------------------------------------------------------


class Browser:
    def __init__(self, name: str, works: bool) -> None:
        self.name, self._works, self.asked = name, works, []

    def open(self, url: str) -> bool:
        self.asked.append(url)
        return self._works


async def test_o_looks_up_what_is_under_the_cursor_and_says_where(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser("firefox", works=True)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        assert browser.asked == [], "nothing leaves the machine before the key"
        app.preferences.change("open.service", "Bandcamp")
        name = the_list(app).row.artist
        await pilot.press("o")
        await settled(pilot)
        assert f"Opening {name} at Bandcamp." in toasts(app)
        await pilot.press("5")
        await settled(pilot)
        row = the_list(app).row
        await pilot.press("o")
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("o")
        await settled(pilot)
    assert browser.asked == [
        address("Bandcamp", Music(name)),
        address("Bandcamp", Music(row.artist, row.track)),
    ]


@pytest.mark.parametrize(
    "browser", [Browser("firefox", works=False), Browser("/usr/bin/w3m", works=True), None]
)
def test_a_browser_that_cannot_be_had_or_would_draw_over_the_app_is_none(
    monkeypatch: pytest.MonkeyPatch, browser: Browser | None
) -> None:
    def get() -> Browser:
        if browser is None:
            raise webbrowser.Error("none")
        return browser

    monkeypatch.setattr(webbrowser, "get", get)
    assert not open_in_browser("https://x.example/")
    if browser is not None and browser.name.endswith("w3m"):
        assert browser.asked == []


def test_a_browser_given_as_a_command_gets_the_address_as_one_argument(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "browser"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(tmp_path / 'got')!r}, 'w').write(repr(sys.argv[1:]))"
    )
    script.chmod(0o700)
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser([str(script), "--new", "%s"]))
    url = address("Bandcamp", Music("%s; -x"))
    assert open_in_browser(url)
    assert (tmp_path / "got").read_text() == repr(["--new", url])
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.BackgroundBrowser("false"))
    assert not open_in_browser(url)


# -- copying -----------------------------------------------------------------------------------------------


async def test_the_names_of_what_is_chosen_are_copied(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        first, second = (row.artist for row in the_list(app)._rows[:2])
        await pilot.press("Y")
        assert (app.clipboard, toasts(app)[-1]) == (first, f"Copied: {first}.")
        await pilot.press("space", "space", "Y")
        assert (app.clipboard, toasts(app)[-1]) == (f"{first}\n{second}", f"Copied: {first} and 1 more.")
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("Y")
        assert toasts(app)[-1] == "No artist or track to copy."
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("Y")
        row = the_view(app).table.row.track
        assert app.clipboard == f"{row.artist} - {row.track}"


# -- the command line --------------------------------------------------------------------------------------


def test_a_hook_logs_a_listen(empty: Folders, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(empty.root))
    found = document(capsys, "played", "Burel", "Tin Roof", "--seconds", "183")
    assert (found["outcome"], found["artist"], found["track"]) == ("kept", "Burel", "Tin Roof")
    assert document(capsys, "played", "Burel", "Tin Roof", "--seconds", "5")["outcome"] == "skip"
    assert run(["played", " ", "Tin Roof"]) == 2
    assert listens(empty) == [("Burel", "Tin Roof", 183_000, 1)]
    before = fingerprint(empty.root)
    capsys.readouterr()
    assert run(["--private", "played", "Burel", "Tin Roof"]) == 0
    assert "not logged" in capsys.readouterr().err
    assert fingerprint(empty.root) == before


def test_the_command_line_opens_too(
    empty: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(empty.root))
    browser = Browser("firefox", works=True)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    url = address("MusicBrainz", Music("Burel", "Tin Roof"))
    said = {"address": url, "opened": False, "with": None}
    assert document(capsys, "open", "Burel", "Tin Roof", "--print") == said
    assert browser.asked == []
    said = {"address": url, "opened": True, "with": "browser"}
    assert document(capsys, "open", "Burel", "Tin Roof") == said
    assert browser.asked == [url]
    assert run(["config", "set", "open.player", player(tmp_path, "print('played 183')")]) == 0
    assert run(["--private", "open", "Burel", "Tin Roof"]) == 0
    assert not empty.database.exists()
    assert run(["open", "Burel", "Tin Roof"]) == 0
    assert listens(empty) == [("Burel", "Tin Roof", 183_000, 1)]
    assert run(["config", "set", "open.player", "no-such-player {query}"]) == 0
    capsys.readouterr()
    assert run(["open", "Burel"]) == 1
    assert "no-such-player can't be started" in capsys.readouterr().err


def test_a_play_that_a_service_has_too_is_there_once(empty: Folders, tmp_path: Path) -> None:
    session = Session(empty)
    kept = session.history.log_play("A", "T0", seconds=211, at=START + 3 + 211)
    assert (kept.outcome, kept.listen) == ("kept", 1)
    plays = [spotify(START + 211, 211_000, ("A", "T0")), spotify(START + 5_000, 211_000, ("A", "T1"))]
    export = write(tmp_path, "in/a.json", plays)
    totals = session.history.import_paths([export]).as_dict()["totals"]
    assert (totals["kept"], totals["duplicates"]) == (1, 1)
    assert session.history.log_play("A", "T1", seconds=209, at=START + 5_000).outcome == "duplicate"
    session.history.log_play("A", "T2", seconds=100, at=START + 9_000)
    (imported,) = session.library.connection.execute(
        "SELECT read, kept FROM imports WHERE format = 'discover'"
    )
    assert imported == (3, 2), "they stand under one import"
    session.history.remove_play(session.history.listen_ids()[0])
    assert [row.track for row in session.history.listens(session.history.listen_ids())] == ["T1", "T0"]
    assert session.library.connection.execute("SELECT count(*) FROM tracks").fetchone() == (2,)
    session.close()
