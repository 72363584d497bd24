"""Whatever a text holds, no exit lets who reads it take it for more than a text: the terminal, a spreadsheet, a player,
a shell, a browser, systemd, MPD, the disk."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.community.offers import way_again
from engine.live.mpd import quoted
from engine.live.units import units
from engine.paths import safe_file_name
from engine.playlists.files import FORMATS, write
from engine.playlists.playlist import PlaylistTrack
from tests.support.hostile import HOSTILE_WORDS, OBEYED, PIECES
from tuiapp.app.player import command
from tuiapp.app.songs import address
from tuiapp.cells import fitted, names_within
from tuiapp.cli.output import print_json, print_table
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.settings.registry import SERVICES

TEXTS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.sampled_from(HOSTILE_WORDS), st.text(max_size=4)), max_size=5
).map("".join)
# One line, and what a spreadsheet takes for a formula.
BREAKS = re.compile(r"[\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]")
FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def printed(write_it: Callable[[], None]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        write_it()
    return out.getvalue()


def a_table(text: str) -> None:
    output = printed(lambda: print_table(("artist",), [(text,)]))
    assert not OBEYED.search(output.replace("\n", ""))
    assert output.count("\n") == 2


def a_document(text: str) -> None:
    output = printed(lambda: print_json({"artist": text}))
    assert not OBEYED.search(output.replace("\n", ""))
    assert json.loads(output) == {"artist": text}


def cells(text: str) -> None:
    for listed in (fitted(shown(text), 9), names_within([text], 3, 12)):
        assert not OBEYED.search(listed)
        assert not BREAKS.search(listed)


def playlists(text: str) -> None:
    for track in (PlaylistTrack(text, text), PlaylistTrack("A", text, ids=(("file", f"/m/{text}.mp3"),))):
        for kind in FORMATS:
            listed = write([track], text, kind).data.decode()
            assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]", listed), kind
            if kind == "m3u8":
                # Comments, and the one file, by its path or address.
                assert sum(not line.startswith("#") for line in listed.splitlines()) <= 1
            if kind == "csv":
                cells_ = [cell for row in csv.reader(io.StringIO(listed)) for cell in row]
                assert not any(FORMULA.match(cell) for cell in cells_), cells_


def a_file_name(text: str) -> None:
    name = safe_file_name(text)
    assert 0 < len(name.encode()) <= 120
    assert not re.search(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]', name)
    assert name[0] not in ".-", "hidden, or taken for an option if it is the whole argument"


def a_player(text: str) -> None:
    first, *rest = command("play --title {query} {artist}", Music(text, text))
    assert (first, len(rest)) == ("play", 3)
    assert not any(word.startswith(("-", "/", "@")) or "\0" in word for word in rest[1:])


def an_address(text: str) -> None:
    for service in SERVICES:
        url = address(service, Music(text, text))
        assert url.isascii()
        assert url.isprintable()
        assert urlsplit(url)[:2] == urlsplit(SERVICES[service])[:2]


def a_command_to_paste(text: str) -> None:
    found = way_again(text, "features", "tracks", text)
    assert shlex.split(found)[-2:] == ["--name", text]


def mpd(text: str) -> None:
    found = quoted(text)
    assert "\n" not in found
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', found, re.DOTALL)


def systemd(text: str) -> None:
    plain, listed = (units(1, ["discover", word])["discover-listen.service"].decode() for word in ("x", text))
    assert len(re.split(r"[\n\r\0]", listed)) == len(plain.split("\n"))
    (line,) = (line for line in listed.split("\n") if line.startswith("ExecStart="))
    assert re.fullmatch(r'ExecStart="discover" "(?:[^"\\%$]|\\.|%%|\$\$)*"', line)


EXITS = (
    a_table, a_document, cells, playlists, a_file_name, a_player, an_address, a_command_to_paste, mpd, systemd,
)  # fmt: skip


@pytest.mark.parametrize("leave", EXITS)
@settings(deadline=None, max_examples=30, derandomize=True)
@given(text=TEXTS)
def test_a_text_is_no_more_than_a_text(leave: Callable[[str], None], text: str) -> None:
    leave(text)
