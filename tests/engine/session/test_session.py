"""The session: names, search, verdicts, private sessions, playlists and files, as both front ends use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CancelledError, NothingYetError, UsageError
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.store.database import open_library
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import ARTISTS
from tests.support.services import DAY, played_some


@pytest.fixture
def session(tmp_path: Path):
    opened = Session(played_some(tmp_path / "data"))
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


def test_a_verdict_returns_what_stood_before_so_that_it_can_be_undone(session) -> None:
    before = session.discover.list()
    top = before.items[0].artist
    assert session.verdicts.judge("like", top) is None
    assert session.verdicts.judge("block", top) == "like"
    assert top not in {item.artist for item in session.discover.list().items}
    assert session.verdicts.judge("like", top) == "block"
    assert session.verdicts.judge(None, top) == "like"
    assert session.discover.list() == before
    with pytest.raises(UsageError):
        session.verdicts.judge("adore", top)


def test_a_private_session_acts_in_memory_and_says_what_is_lost(session) -> None:
    before = session.discover.list()
    session.set_private(True)
    on_disk = fingerprint(session.folders.root)
    session.verdicts.judge("block", before.items[0].artist)
    session.playlists.save("Evening", Made(made(session)))
    assert session.discover.list().items[0] != before.items[0]
    assert session.playlists.all()[0].name == "Evening"
    session.library.write_state(b"{}")
    assert fingerprint(session.folders.root) == on_disk
    lost = session.set_private(False)
    assert any("hides and blocks" in line or "hide or block" in line for line in lost)
    assert any("playlist" in line for line in lost)
    assert session.discover.list() == before
    assert session.playlists.all() == ()


def test_what_a_private_session_changed_of_a_playlist_or_a_verdict_is_one_thing_lost(session) -> None:
    session.playlists.save("Evening", Made(made(session)))
    top = session.discover.list().items[0].artist
    session.verdicts.judge("like", top)
    session.set_private(True)
    session.playlists.remove_tracks("Evening", [1])
    session.verdicts.judge("hide", top)
    assert session.set_private(False) == (
        "1 like, hide or block discarded.",
        "Changes to 1 playlist discarded.",
    )


def test_nothing_done_in_a_private_session_loses_nothing(session) -> None:
    session.set_private(True)
    assert session.set_private(False) == ()
    assert session.set_private(False) == ()


@pytest.mark.parametrize("private", [False, True])
def test_a_playlist_can_be_renamed_taken_and_put_back_as_it_was(session, private: bool) -> None:
    session.playlists.save("Evening", Made(made(session)))
    session.set_private(private)
    session.playlists.rename("Evening", "Night")
    before = session.playlists.all(), session.playlists.show("Night")
    taken = session.playlists.take("Night")
    assert session.playlists.all() == ()
    session.playlists.put(taken)
    assert (session.playlists.all(), session.playlists.show("Night")) == before


def test_a_saved_playlist_leaves_out_what_was_blocked_since(session) -> None:
    session.playlists.save("Evening", Made(made(session)))
    session.verdicts.judge("block", ARTISTS[0])
    assert [track.artist for track in session.playlists.show("Evening")] == [ARTISTS[3]]


def test_lists_are_exported_as_one_track_an_artist(session, tmp_path) -> None:
    csv = tmp_path / "feature.csv"
    top = session.discover.list(DiscoverSettings(n=3)).items
    csv.write_text(f"artist,track,bpm\n{top[0].artist},Signal,120\n")
    session.packs.add(csv)
    lists = tmp_path / "lists.csv"
    rows = ("a,{0},Once", "a,{0},Often", "b,{0},Often", "b,{1},Elsewhere")
    lists.write_text("\n".join(["playlist,artist,track", *rows]).format(top[1].artist, top[0].artist))
    session.packs.add(lists)
    tracks = session.tracks.of_discover(DiscoverSettings(n=3))
    assert [(track.artist, track.track) for track in tracks] == [
        (top[0].artist, "Signal"),
        (top[1].artist, "Often"),
        (top[2].artist, ""),
    ]
    session.verdicts.judge("hide", top[1].artist, "Often")
    assert session.tracks.one_of_each([(top[1].artist, top[1].key)])[0].track == "Once"
    report = session.tracks.export(tracks, "Discover", tmp_path / "out.csv")
    assert report.file.read_text().count("\n") == 3
    assert (report.tracks, report.left_out) == (2, 1)
    assert report.note == "1 artist of whom no track is known was left out."
    assert session.tracks.of_related(ARTISTS[0], 2)


def test_what_another_process_changed_is_seen_after_reload(session) -> None:
    before = session.discover.list()
    other = open_library(Door(session.folders))
    play(other, before.items[0].artist, "New", 900 * DAY)
    other.close()
    session.reload()
    assert before.items[0].artist not in {item.artist for item in session.discover.list().items}


def test_a_closed_session_says_so(session) -> None:
    session.close()
    with pytest.raises(CancelledError, match="closing"):
        session.discover.list()


def test_an_empty_library_says_what_to_do(tmp_path) -> None:
    from engine.paths import Folders

    opened = Session(Folders(tmp_path / "none"))
    with pytest.raises(NothingYetError, match="Import your history"):
        opened.discover.list()
    status = opened.status()
    assert (status.listens, status.packs, status.model) == (0, (), None)
    opened.close()


def test_what_was_shown_and_opened_is_noted_by_day_but_not_in_private_nor_beside_it(session) -> None:
    shown = [item.key for item in session.discover.list().items[:3]]
    session.discover.note_shown(shown)
    session.discover.note_opened(shown[0])
    before = fingerprint(session.folders.root)
    # Another window may be private: nothing was left in the log beside the library.
    private = Session(session.folders, private=True)
    private.discover.note_shown(shown)
    private.discover.note_opened(shown[1])
    assert [item.artist for item in private.discover.list().items[:3]] == [
        item.artist for item in session.discover.list().items[:3]
    ]
    private.close()
    assert fingerprint(session.folders.root) == before
    rows = session.library.connection.execute(
        "SELECT count(*), count(DISTINCT day) FROM encounters"
    ).fetchone()
    assert rows == (4, 1)
