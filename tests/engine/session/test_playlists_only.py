"""Who brings playlists or likes and no plays gets a list and a run from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import NothingYetError, UsageError
from engine.playlists.contexts import CONTEXTS
from engine.session import Session
from tests.support.importing import write
from tests.support.models import ARTISTS, write_model
from tests.support.tempos import write_tempos

KEPT = ARTISTS[0:12:3]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    found = Session(write_model(tmp_path / "data"))
    rows = [f"{name},Song {n},{164 + n % 8},200" for n, name in enumerate(ARTISTS)]
    found.packs.add(write_tempos(tmp_path, rows))
    return found


PLAYLIST = "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity\n" + "".join(
    f'spotify:track:{n},"Song {ARTISTS.index(name)}","A","{name}",2020,200000,1\n'
    for n, name in enumerate(KEPT)
)
LIKES = json.dumps(
    {
        "tracks": [{"artist": name, "track": f"Song {ARTISTS.index(name)}"} for name in KEPT],
        "albums": [],
        "artists": [],
        "bannedTracks": [],
        "bannedArtists": [],
    }
)


@pytest.mark.parametrize(("name", "content"), [("Evening.csv", PLAYLIST), ("YourLibrary.json", LIKES)])
def test_a_list_and_a_run(session: Session, tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(NothingYetError):
        session.discover.list()
    session.history.import_paths([write(tmp_path, name, content)])
    found = session.discover.list()
    assert found.items
    assert not {item.artist for item in found.items if not item.known} & set(KEPT)
    run = session.playlists.make(CONTEXTS["running"])
    assert {track.artist for track in run.tracks if track.known} <= set(KEPT)
    assert any(track.known for track in run.tracks)
    session.close()


def test_an_artist_whose_only_track_is_hidden_is_not_added_by_name(session: Session) -> None:
    session.playlists.create("Mine")
    session.verdicts.judge("hide", ARTISTS[0], "Song 0")
    with pytest.raises(UsageError, match=r"Every known track of .* is hidden or blocked"):
        session.tracks.to_add([(ARTISTS[0], None)])
    # By its title it is, and beside others the artist's name stands for it.
    assert session.tracks.to_add([(ARTISTS[0], "Song 0")])[0].track == "Song 0"
    assert [one.track for one in session.tracks.to_add([(ARTISTS[0], None), (ARTISTS[1], None)])] == [
        "",
        "Song 1",
    ]
    assert session.tracks.named([(ARTISTS[0], None)])[0].artist == ARTISTS[0]
    session.close()
