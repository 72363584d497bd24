"""Tracks are matched on a server by recording, else by our keys, and never by another way of playing."""

from __future__ import annotations

import pytest

from engine.community.fetch import check_own, is_safe
from engine.errors import UsageError
from engine.playlists.playlist import PlaylistTrack
from engine.push.matching import Song, match


@pytest.mark.parametrize(
    ("song", "found"),
    [
        (Song("x", ("CAFE TUNDRA",), "Tin Roof"), True),
        (Song("x", ("Someone", "Café Tundra"), "tin roof!"), True),
        (Song("x", ("Café Tundra feat. Ida",), "Tin Roof - Remastered 2011", 201.0), True),
        (Song("x", ("Café Tundra",), "Tin Roof (Remastered)", 300.0), False),
        (Song("x", ("Café Tundra",), "Tin Roof (Live)", 200.0), False),
        (Song("x", ("Café",), "Tin Roof"), False),
        (Song("x", ("Other",), "Named otherwise", None, "7C1B"), True),
    ],
)
def test_a_track_is_found_by_recording_or_by_our_keys(song: Song, found: bool) -> None:
    track = PlaylistTrack("Café Tundra", "Tin Roof", seconds=200.0, ids=(("mb_recording", "7c1b"),))
    done = match([track], [Song("y", ("Burel",), "Waves"), song])
    assert done.ids == (("x",) if found else ())
    assert done.missing == (() if found else (track,))


def test_of_several_the_one_nearest_in_length_counts_and_order_and_repeats_stay() -> None:
    one, two = PlaylistTrack("Ida", "Tin Roof", seconds=200.0), PlaylistTrack("Burel", "Waves")
    songs = [
        Song("long", ("Ida",), "Tin Roof", 400.0),
        Song("w", ("Burel",), "Waves"),
        Song("near", ("Ida",), "Tin Roof", 203.0),
    ]
    assert match([two, one, two], songs).ids == ("w", "near", "w")


@pytest.mark.parametrize(
    ("address", "good", "safe"),
    [
        ("https://music.example.org/sub", True, True),
        ("http://127.0.0.1:4533", True, True),
        ("http://localhost:4533", True, True),
        ("http://192.168.1.7:4533", True, False),
        ("http://nas:4533", True, False),
        ("http://nas.local", True, False),
        ("http://music.example.org", False, False),
        ("http://8.8.8.8", False, False),
        ("ftp://nas", False, False),
        ("https://me:word@nas", False, False),
        ("https://nas/?u=me", False, False),
        ("nas", False, False),
    ],
)
def test_where_playlists_may_be_sent(address: str, good: bool, safe: bool) -> None:
    if not good:
        with pytest.raises(UsageError):
            check_own(address)
        return
    check_own(address)
    assert is_safe(address) == safe
