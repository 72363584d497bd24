"""The cover of what plays is beside the queue if the terminal can show it and the person asked for it."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.live.clock import Song
from engine.live.mpv import Now
from engine.paths import Folders
from tests.support.audio import wav
from tests.support.driving import screen_lines, screen_text, settled
from tests.support.folders import fingerprint
from tests.support.pictures import png
from tuiapp.app.app import DiscoverApp
from tuiapp.textual_internals.guarded import Guarded
from tuiapp.widgets import art
from tuiapp.widgets.art import COLUMNS, ROWS, Art, way_of

# The first takes several chunks.
COVER, OTHER = png(90, 90, level=0), png(40, 40)
_COMMAND = re.compile("\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\\\")


def received(text: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """What a terminal takes from this: the keys of each command and what it carries, the chunks of one joined."""
    assert _COMMAND.sub("", text) == ""
    begun, joined = dict[str, str](), ""
    for match in _COMMAND.finditer(text):
        keys = dict(pair.split("=") for pair in match[1].split(","))
        assert not begun or keys.keys() == {"m"}
        assert len(match[2] or "") <= 4096
        more = keys.pop("m", "0") == "1"
        begun, joined = begun or keys, joined + (match[2] or "")
        if not more:
            yield begun, base64.b64decode(joined, validate=True)
            begun, joined = {}, ""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written to the terminal beside what Textual paints."""
    texts: list[str] = []
    monkeypatch.setattr(art, "write_to_terminal", lambda _app, text: texts.append(text))
    return texts


@pytest.fixture
def placeholders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal says that it draws pictures at placeholders."""

    async def answer(_app: Guarded, question: str = "") -> tuple[str, ...]:
        return (*(["\x1b_Gi=1;OK\x1b\\"] if "U=1" in question else []), "\x1b[?62;c")

    monkeypatch.setattr(Guarded, "ask_terminal", answer)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A file with a picture in its tags, one with a cover beside it, and one with neither."""
    files = [
        wav(tmp_path / "music" / name / "one.wav", tags={"TIT2": name}, picture=picture)
        for name, picture in (("tagged", COVER), ("beside", b""), ("bare", b""))
    ]
    (files[1].parent / "cover.png").write_bytes(OTHER)
    return files


def play(app: DiscoverApp, file: Path) -> None:
    # A name of a tag that would be a command of the terminal's.
    song = Song("Ida\x1b_Ga=d\x1b\\", "One", length=200.0, place=str(file))
    app.playing = Now(song, 0, 1, 0.0, 200.0, paused=False)


async def in_queue(app: DiscoverApp, pilot: Any, file: Path) -> None:
    play(app, file)
    app.playback.show_queue()
    await settled(pilot)


def but_for_settings(folders: Folders) -> dict[str, tuple[str, int, int]]:
    """What is in the folder. Of settings written by hand a copy is kept, by the clock."""
    return {name: about for name, about in fingerprint(folders.root).items() if name != "config.last.toml"}


def cells(app: DiscoverApp) -> list[str]:
    return [line for line in screen_lines(app) if "\U0010eeee" in line]


@pytest.mark.parametrize("private", [False, True])
async def test_pictures_arrive_byte_by_byte_are_drawn_by_cells_and_let_go_of(
    empty: Folders, files: list[Path], written: list[str], painting: None, placeholders: None, private: bool
) -> None:
    empty.root.mkdir(exist_ok=True)
    empty.config.write_text('[open]\nart = "kitty"\n')
    app = DiscoverApp(empty, private=private)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        before = but_for_settings(empty)
        await in_queue(app, pilot, files[0])
        ((keys, data),) = received("".join(written))
        number = keys.pop("i")
        assert (keys, data) == (
            {"a": "T", "U": "1", "f": "100", "c": str(COLUMNS), "r": str(ROWS), "q": "2"},
            COVER,
        )
        assert len(cells(app)) == ROWS
        assert all(line.count("\U0010eeee") == COLUMNS for line in cells(app))
        drawn = app.screen.query_one(Art).render_line(3)
        # Row 3 and columns from 0, in the colour that is the picture's number.
        assert drawn.text.startswith("\U0010eeee\u0310\u0305\U0010eeee\u0310\u030d\U0010eeee\u0310\u030e")
        colours = {str(segment.style.color.triplet.hex) for segment in drawn if segment.style is not None}
        assert colours == {f"#{int(number):06x}"}

        # Another song: another number, and the first picture is let go of. What it says again changes nothing.
        written.clear()
        play(app, files[1])
        await settled(pilot)
        (gone, _), (second, data) = received("".join(written))
        assert gone == {"a": "d", "d": "I", "i": number, "q": "2"}
        assert (second["i"] != number, data) == (True, OTHER)
        written.clear()
        play(app, files[1])
        await settled(pilot)
        assert written == []

        # Back from another program: the terminal has it no more, and gets it again.
        app.app_resume_signal.publish(app)
        await settled(pilot)
        assert [data for _, data in received("".join(written))] == [b"", OTHER]
        written.clear()

        # No room, room again, no picture.
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert ([keys["a"] for keys, _ in received("".join(written))], cells(app)) == (["d"], [])
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert len(cells(app)) == ROWS
        play(app, files[2])
        await settled(pilot)
        assert cells(app) == []
        play(app, files[0])
        await settled(pilot)
        written.clear()
        await pilot.press("escape")
        await settled(pilot)
        assert ([keys["a"] for keys, _ in received("".join(written))], cells(app)) == (["d"], [])
        assert but_for_settings(empty) == before
        app.playing = None


async def test_off_writes_no_byte_and_reads_no_picture(
    empty: Folders, files: list[Path], written: list[str], painting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITTY_WINDOW_ID", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr("engine.audio.art.art_of", lambda _path: pytest.fail("read"))
    app = DiscoverApp(empty)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await in_queue(app, pilot, files[0])
        assert "Queue: 0 songs to come" in screen_text(app)
        assert cells(app) == []
        await pilot.press("escape")
        await settled(pilot)
        app.playing = None
    assert written == []


@pytest.mark.parametrize("setting", ["auto", "kitty"])
async def test_a_terminal_that_knows_no_placeholders_gets_none(
    empty: Folders,
    files: list[Path],
    written: list[str],
    painting: None,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    """As kitty 0.26, which would show 242 signs."""

    async def answer(_app: Guarded, _question: str = "") -> tuple[str, ...]:
        return ("\x1b[?62;c",)

    monkeypatch.setattr(Guarded, "ask_terminal", answer)
    for name, value in {"TERM": "xterm-kitty", "COLORTERM": "truecolor", "TMUX": "", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    app = DiscoverApp(empty)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        app.preferences.change("open.art", setting)
        await in_queue(app, pilot, files[0])
        assert cells(app) == []
        # Who chose it is told; by itself it takes no room.
        assert ("This terminal does not" in screen_text(app)) is (setting == "kitty")
        app.playing = None
    assert written == []


async def test_what_to_install_is_where_the_picture_would(
    empty: Folders,
    files: list[Path],
    written: list[str],
    painting: None,
    placeholders: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (files[2].parent / "cover.jpg").write_bytes(b"\xff\xd8\xff\xe0 a JPEG, by its beginning")
    monkeypatch.setitem(sys.modules, "PIL", None)
    app = DiscoverApp(empty)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        app.preferences.change("open.art", "kitty")
        await in_queue(app, pilot, files[2])
        assert "pip install" in screen_text(app)
        assert "'discover-music[art]'" in screen_text(app)
        app.playing = None
    assert written == []


@pytest.mark.parametrize(
    ("way", "environ"),
    [
        ("kitty", {"TERM": "xterm-kitty", "COLORTERM": "truecolor"}),
        ("kitty", {"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor"}),
        ("kitty", {"TERM_PROGRAM": "ghostty", "COLORTERM": "24bit"}),
        ("sixel", {"TERM": "xterm-kitty"}),  # the number of a picture is a colour
        (None, {"TERM": "xterm-kitty", "COLORTERM": "truecolor", "NO_COLOR": "1"}),
        (
            None,
            {"TERM": "screen-256color", "KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor", "TMUX": "/x,1,0"},
        ),
        ("sixel", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}),
        ("sixel", {}),
    ],
)
def test_auto_goes_by_what_the_terminal_says_it_is(way: str | None, environ: dict[str, str]) -> None:
    assert way_of("auto", environ) == way
    assert way_of("kitty", environ) == "kitty"
    assert way_of("sixel", environ) == "sixel"
    assert way_of("off", environ) is None
