"""What is offered to a playlist: own tracks with their tempo, new ones of recommended artists, no blocked ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key, relaxed_pair, track_key
from engine.community.features import FeatureCatalog, add_features
from engine.paths import Folders
from engine.playlists.candidate import Candidate
from engine.playlists.offer import candidates, offered, one_track_each, with_artists_tempo
from engine.privacy import Door
from engine.recommend.lists import Recommendation
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.store.music_files import MusicFile, put_files, put_folder
from engine.taste.rules import Rule, add_rule, remove_rule

TABLE = """\
artist,track,bpm,duration,energy,popularity,isrc,spotify id
Café Tundra,Harbour Lights,104,228,0.6,50,DKABC2300001,1a2B3c4D5e6F7g8H9i0J1k
Café Tundra,Never Played,110,200,0.6,50,,
Ida & the Oaks,Hit,120,200,0.6,90,,
Ida & the Oaks,Deep Cut,120,200,0.6,1,,
Far Down,Song,120,200,0.6,50,,
Café Tundra,Harbour Lights - Remastered 2011,104,228,0.6,40,,
Café Tundra,Harbour Lights (Live),104,228,0.6,30,,
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_library(Door(Folders(tmp_path / "data")))
    connection.execute("INSERT INTO imports VALUES (1, 'f', 'x', 'test', 9, 9, 0, '{}', 0)")
    plays = [("Café Tundra", "Harbour Lights", 7), ("Café Tundra", "No Tempo", 1), ("Own", "Thing", 2)]
    for number, (artist, title, count) in enumerate(plays, 1):
        connection.execute(
            "INSERT OR IGNORE INTO artists (name, key) VALUES (?, ?)", (artist, artist_key(artist))
        )
        connection.execute(
            "INSERT INTO tracks SELECT ?, id, ?, ?, 'An album', NULL FROM artists WHERE key = ?",
            (number, title, track_key(title), artist_key(artist)),
        )
        connection.execute(
            "INSERT INTO listens (track_id, import_id, started_at, plays, source) VALUES (?, 1, 5, ?, 'test')",
            (number, count),
        )
    connection.execute("INSERT INTO track_ids VALUES (1, 'isrc', 'OWN000000001')")
    connection.commit()
    yield connection
    connection.close()


@pytest.fixture
def features(tmp_path: Path) -> Iterator[FeatureCatalog]:
    file = tmp_path / "pack.csv"
    file.write_text(TABLE)
    with FeatureCatalog([add_features(Door(Folders(tmp_path / "data")), file).folder]) as packs:
        yield packs


def recommended(*names: str, known: bool = False) -> list[Recommendation]:
    return [
        Recommendation(rank, name, artist_key(name), rank, 1.0, 5, 0, known, False, (), 0, 0.0)
        for rank, name in enumerate(names, 1)
    ]


def by_name(found: list[Candidate]) -> dict[tuple[str, str], Candidate]:
    return {(one.artist, one.track): one for one in found}


def test_own_tracks_carry_what_the_packs_know(library: sqlite3.Connection, features: FeatureCatalog) -> None:
    found = by_name(candidates(library, features, []))
    assert set(found) == {("Café Tundra", "Harbour Lights"), ("Café Tundra", "No Tempo"), ("Own", "Thing")}
    harbour = found["Café Tundra", "Harbour Lights"]
    assert (harbour.bpm, harbour.bpm_source, harbour.seconds, harbour.known) == (104.0, "pack", 228.0, True)
    # The library's own identifier stays, the pack adds the kinds it lacks.
    assert dict(harbour.ids) == {"isrc": "OWN000000001", "spotify": "1a2B3c4D5e6F7g8H9i0J1k"}
    assert found["Own", "Thing"].bpm is None
    assert harbour.appeal > found["Own", "Thing"].appeal > found["Café Tundra", "No Tempo"].appeal


def test_new_tracks_come_from_recommended_artists_the_person_does_not_know(
    library: sqlite3.Connection, features: FeatureCatalog
) -> None:
    artists = [*recommended("Ida & the Oaks", "Far Down"), *recommended("Café Tundra", known=True)]
    new = {
        names: one for names, one in by_name(candidates(library, features, artists)).items() if not one.known
    }
    assert set(new) == {("Ida & the Oaks", "Hit"), ("Ida & the Oaks", "Deep Cut"), ("Far Down", "Song")}
    assert new["Ida & the Oaks", "Hit"].appeal > new["Ida & the Oaks", "Deep Cut"].appeal
    assert new["Ida & the Oaks", "Hit"].appeal > new["Far Down", "Song"].appeal


@pytest.mark.parametrize("verdict", ["block", "hide"])
def test_blocked_and_hidden_artists_are_not_offered_as_new(
    library: sqlite3.Connection, features: FeatureCatalog, verdict: str
) -> None:
    set_verdict(library, verdict, artist="Ida & the Oaks", artist_key=artist_key("Ida & the Oaks"))
    found = candidates(library, features, recommended("Ida & the Oaks", "Far Down"))
    assert "Ida & the Oaks" not in {one.artist for one in found}


def test_blocked_artists_and_tracks_are_not_offered_from_the_library(
    library: sqlite3.Connection, features: FeatureCatalog
) -> None:
    set_verdict(library, "block", artist="Own", artist_key="own")
    set_verdict(
        library,
        "block",
        artist="Café Tundra",
        artist_key=artist_key("Café Tundra"),
        track="No Tempo",
        track_key=track_key("No Tempo"),
    )
    assert set(by_name(candidates(library, features, []))) == {("Café Tundra", "Harbour Lights")}


def test_another_version_of_what_was_played_is_not_new(
    library: sqlite3.Connection, features: FeatureCatalog
) -> None:
    titles = ("Harbour Lights (2004 Remaster)", "Harbour Lights (Live in Ålesund)")
    files = [
        MusicFile(
            f"/{title}.mp3", 1, 1, None, "Café Tundra", title, None, "cafe tundra", track_key(title),
            relaxed_pair("cafe tundra", title), 228.0,
        )
        for title in titles
    ]  # fmt: skip
    put_files(library, put_folder(library, "/", "folder", None), files)
    found = [one for one in offered(library, features, {"cafe tundra": 1}) if one.track.startswith("Harbour")]
    assert {one.track: one.known for one in found} == {
        "Harbour Lights": True,
        titles[1]: False,
        "Harbour Lights (Live)": False,
    }


@pytest.mark.parametrize("verdict", [None, "block", "hide"])
def test_one_track_each_takes_the_most_popular_that_may_be_shown(
    library: sqlite3.Connection, features: FeatureCatalog, verdict: str | None
) -> None:
    names = [(name, artist_key(name)) for name in ("Far Down", "Unknown", "Ida & the Oaks")]
    set_verdict(
        library, verdict, artist=names[2][0], artist_key=names[2][1], track="Hit - Live", track_key="hit live"
    )
    assert [(one.artist, one.track) for one in one_track_each(library, features, names)] == [
        ("Far Down", "Song"),
        ("Unknown", ""),
        ("Ida & the Oaks", "Deep Cut" if verdict else "Hit"),
    ]


def test_a_track_that_rules_leave_out_does_not_come_back_as_a_new_one(
    library: sqlite3.Connection, features: FeatureCatalog
) -> None:
    tundra, key = "Café Tundra", artist_key("Café Tundra")
    number = add_rule(
        library, Rule(artist=tundra, artist_key=key, track="Harbour Lights", track_key="harbour lights")
    )
    offer = {one.track for one in offered(library, features, {key: 1}) if one.artist == tundra}
    assert offer == {"No Tempo", "Never Played"}
    assert one_track_each(library, features, [(tundra, key)])[0].track == "Never Played"
    remove_rule(library, number)
    assert one_track_each(library, features, [(tundra, key)])[0].track == "Harbour Lights"


def test_an_artist_of_one_tempo_lends_it_and_says_so() -> None:
    def track(artist: str, title: str, bpm: float | None) -> Candidate:
        return Candidate(artist, title, artist, title, bpm, "pack" if bpm else None, None, None, 1.0, True)

    tempos = {"even": (84, 86, 170, None), "varied": (84, 120, 97, None), "few": (84, 84, None)}
    tracks = [track(name, str(n), bpm) for name, of in tempos.items() for n, bpm in enumerate(of)]
    found = {(one.artist, one.track): one for one in with_artists_tempo(tracks)}
    lent = found["even", "3"]
    assert (lent.bpm, lent.bpm_source) == (86, "estimate, the median of 3 tracks by the artist")
    assert lent.appeal < found["even", "0"].appeal
    assert found["varied", "3"].bpm is found["few", "2"].bpm is None
    assert [found[key] for key in found if key != ("even", "3")] == [
        one for one in tracks if (one.artist, one.track) != ("even", "3")
    ]
