"""The last mixes of a library: kept for each seeds, few, and never past a forgetting or in a private session."""

from __future__ import annotations

import pytest

from engine.playlists.playlist import PlaylistTrack
from engine.session.last_mixes import MAX_MIXES, LastMixes
from engine.session.library import Library
from engine.store import forgetting

TRACKS = (PlaylistTrack("Burel", "Waves", seconds=200.0), PlaylistTrack("Ida", "Moss"))
PLAIN = (PlaylistTrack("Burel", "Waves"), PlaylistTrack("Ida", "Moss"))


@pytest.fixture
def mixes(library: Library) -> LastMixes:
    return LastMixes(library)


def since(library: Library) -> str:
    return forgetting.mark(library.connection)


def test_the_last_mix_of_each_seeds_is_kept_by_names(mixes: LastMixes, library: Library) -> None:
    assert mixes.of("a") == ()
    mixes.keep("a", TRACKS, since(library))
    mixes.keep("b", TRACKS[:1], since(library))
    mixes.keep("", TRACKS, since(library))
    assert (mixes.of("a"), LastMixes(library).of("b"), mixes.of("")) == (PLAIN, PLAIN[:1], ())
    mixes.keep("a", TRACKS[1:], since(library))
    assert mixes.of("a") == PLAIN[1:]
    assert library.folders.mixes.stat().st_mode & 0o077 == 0


def test_the_one_kept_longest_ago_goes_first(mixes: LastMixes, library: Library) -> None:
    for number in range(MAX_MIXES):
        mixes.keep(str(number), TRACKS, since(library))
    mixes.keep("0", TRACKS, since(library))
    mixes.keep("new", TRACKS, since(library))
    assert mixes.of("1") == ()
    assert mixes.of("0") == mixes.of("2") == mixes.of("new") == PLAIN


def test_nothing_is_kept_in_a_private_session_or_of_before_a_forgetting(
    mixes: LastMixes, library: Library
) -> None:
    before = since(library)
    library.set_private(True)
    mixes.keep("a", TRACKS, before)
    library.set_private(False)
    with library.connection:
        forgetting.begin(library.connection)
    mixes.keep("a", TRACKS, before)
    assert not library.folders.mixes.exists()


@pytest.mark.parametrize("data", [b"[1,", b"[]", b'{"a": [["Burel"]]}', b"[" * 100_000])
def test_a_damaged_file_is_as_none_and_replaced(mixes: LastMixes, library: Library, data: bytes) -> None:
    library.folders.mixes.write_bytes(data)
    assert mixes.of("a") == ()
    mixes.keep("a", TRACKS, since(library))
    assert mixes.of("a") == PLAIN
