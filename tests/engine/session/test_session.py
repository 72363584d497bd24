"""The session: names, search, verdicts, private sessions, playlists and files, as both front ends use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CancelledError, NothingYetError, UnknownNameError, UsageError
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.store.database import open_library
from engine.taste.gate import Window
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import names, write_model

ARTISTS = names(60)
DAY = 86_400


@pytest.fixture
def session(tmp_path: Path):
    folders = write_model(tmp_path / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 1):
        play(connection, ARTISTS[number], "A Song", number * DAY, number * DAY + 600)
    play(connection, "The Lanterns", "Slow Ferry", 50)
    connection.close()
    opened = Session(folders)
    yield opened
    opened.close()


def made(session: Session, title: str = "Ferry") -> list[PlaylistTrack]:
    return [
        PlaylistTrack(artist=ARTISTS[0], track=title, seconds=200.0),
        PlaylistTrack(artist=ARTISTS[3], track="B"),
    ]


class Made:
    """What `save_playlist` needs of a context playlist."""

    def __init__(self, tracks: list[PlaylistTrack]) -> None:
        self.tracks, self.context, self.settings = tuple(tracks), "running", {"bpm": 170}


def test_a_name_is_found_by_exact_then_relaxed_key_then_in_the_catalog(session) -> None:
    assert session.resolve_artist(ARTISTS[0].upper()) == (ARTISTS[0], ARTISTS[0].lower())
    assert session.resolve_artist("lanterns")[0] == "The Lanterns"
    assert session.resolve_artist(ARTISTS[40])[0] == ARTISTS[40]
    with pytest.raises(UnknownNameError, match="The Lanterns"):
        session.resolve_artist("The Lantrens")


def test_search_puts_ones_own_first_and_forgives_typos(session) -> None:
    found = session.search("artist", 60)
    assert [hit.plays > 0 for hit in found[:5]] == [True] * 5
    assert session.search("lantern")[0].artist == "The Lanterns"
    assert any(hit.kind == "track" and hit.track == "Slow Ferry" for hit in session.search("slow fer"))
    assert session.search("") == ()


def test_a_verdict_tells_what_stood_before_so_that_it_can_be_undone(session) -> None:
    before = session.discover()
    top = before.items[0].artist
    assert session.judge("like", top) is None
    assert session.judge("block", top) == "like"
    assert top not in {item.artist for item in session.discover().items}
    assert session.judge("like", top) == "block"
    assert session.judge(None, top) == "like"
    assert session.discover() == before
    with pytest.raises(UsageError):
        session.judge("adore", top)


def test_a_private_session_acts_in_memory_and_says_what_is_lost(session) -> None:
    before = session.discover()
    session.set_private(True)
    on_disk = fingerprint(session.folders.root)
    session.judge("block", before.items[0].artist)
    session.save_playlist("Evening", Made(made(session)))
    assert session.discover().items[0] != before.items[0]
    assert session.playlists()[0].name == "Evening"
    session.write_state(b"{}")
    assert fingerprint(session.folders.root) == on_disk
    lost = session.set_private(False)
    assert any("hides and blocks" in line or "hide or block" in line for line in lost)
    assert any("playlist" in line for line in lost)
    assert session.discover() == before
    assert session.playlists() == ()


def test_nothing_done_in_a_private_session_loses_nothing(session) -> None:
    session.set_private(True)
    assert session.set_private(False) == ()
    assert session.set_private(False) == ()


def test_a_playlist_can_be_renamed_taken_and_put_back_as_it_was(session) -> None:
    session.save_playlist("Evening", Made(made(session)))
    session.rename_playlist("Evening", "Night")
    before = session.playlists(), session.show_playlist("Night")
    taken = session.take_playlist("Night")
    assert session.playlists() == ()
    session.put_playlist(taken)
    assert (session.playlists(), session.show_playlist("Night")) == before


def test_a_saved_playlist_leaves_out_what_was_blocked_since(session) -> None:
    session.save_playlist("Evening", Made(made(session)))
    session.judge("block", ARTISTS[0])
    assert [track.artist for track in session.show_playlist("Evening")] == [ARTISTS[3]]


def test_lists_are_exported_as_one_track_an_artist(session, tmp_path) -> None:
    csv = tmp_path / "feature.csv"
    top = session.discover(DiscoverSettings(n=3)).items
    csv.write_text(f"artist,track,bpm\n{top[0].artist},Signal,120\n")
    session.add_features(csv)
    tracks = session.discover_tracks(DiscoverSettings(n=3))
    assert [(track.artist, track.track) for track in tracks] == [
        (top[0].artist, "Signal"), (top[1].artist, ""), (top[2].artist, ""),
    ]  # fmt: skip
    report = session.export_tracks(tracks, "Discover", tmp_path / "out.csv")
    assert report.file.exists()
    assert session.related_tracks(ARTISTS[0], 2)


def test_history_is_read_by_ids_newest_first_and_filtered_by_the_library(session) -> None:
    ids = session.listen_ids()
    rows = session.listens(ids)
    times = [row.started_at for row in rows]
    assert times == sorted(times, reverse=True)
    assert len(ids) == 11
    assert [row.artist for row in session.listens(session.listen_ids("lantern"))] == ["The Lanterns"]
    assert session.listen_ids("slow ferry") == session.listen_ids("lantern")
    assert session.listen_ids("nothing like it") == []


def test_what_another_process_changed_is_seen_after_reload(session) -> None:
    before = session.discover()
    other = open_library(Door(session.folders))
    play(other, before.items[0].artist, "New", 900 * DAY)
    other.close()
    session.reload()
    assert before.items[0].artist not in {item.artist for item in session.discover().items}


def test_a_closed_session_says_so(session) -> None:
    session.close()
    with pytest.raises(CancelledError, match="closing"):
        session.discover()


def test_an_empty_library_says_what_to_do(tmp_path) -> None:
    from engine.paths import Folders

    opened = Session(Folders(tmp_path / "none"))
    with pytest.raises(NothingYetError, match="Import your history"):
        opened.discover()
    status = opened.status()
    assert (status.listens, status.packs, status.model) == (0, (), None)
    opened.close()


def test_what_was_shown_and_opened_is_noted_by_day_but_not_in_private_nor_beside_it(session) -> None:
    shown = [item.key for item in session.discover().items[:3]]
    session.note_shown(shown)
    session.note_opened(shown[0])
    before = fingerprint(session.folders.root)
    # Another window may be private: nothing was left in the log beside the library.
    private = Session(session.folders, private=True)
    private.note_shown(shown)
    private.note_opened(shown[1])
    assert [item.artist for item in private.discover().items[:3]] == [
        item.artist for item in session.discover().items[:3]
    ]
    private.close()
    assert fingerprint(session.folders.root) == before
    rows = session._connection.execute("SELECT count(*), count(DISTINCT day) FROM encounters").fetchone()
    assert rows == (4, 1)


def test_a_list_of_an_earlier_day_says_what_was_played_later(session) -> None:
    found = session.discover(DiscoverSettings(n=59, window=Window(until=2 * DAY)))
    later = {item.artist: item.later for item in found.items}
    assert later[ARTISTS[3]] == 2
    assert later[ARTISTS[30]] == 0
    assert ARTISTS[0] not in later, "known by then"
    assert all(item.later is None for item in session.discover().items)
