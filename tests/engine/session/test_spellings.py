"""A block holds whatever the artist's name is spelled like, and whichever version of the track was named."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.canonical_keys import AnySpelling, artist_key, item_key, joined_key, track_name
from engine.community.catalog import Catalog, write_catalog
from engine.errors import UsageError
from engine.paths import Folders
from engine.playlists.contexts import CONTEXTS
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.store.database import open_library
from engine.taste.gate import LIKE_PLAYS, Window, read_taste
from engine.taste.rules import Rule
from engine.taste.sessions import read_sessions
from tests.support.listens import judge, play
from tests.support.models import names, tracks, write_model
from tests.support.tempos import write_tempos

# The library is filled once, not once a worker.
pytestmark = pytest.mark.xdist_group("spellings")

DAY = 86_400
# As the community spells the first artist and their tracks; the library spells them in three other ways.
ARTISTS = ["The Lark", *names(60)[1:59], "Lark"]
TRACKS = [name.replace("Artist A0", "The Lark").replace("Song", "Wave") for name in tracks(180)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, two models, tempos and a playlist. Only for reading: tests get copies."""
    place = tmp_path_factory.mktemp("spellings")
    write_model(place / "data", called=ARTISTS)
    plays = csr_matrix(np.random.default_rng(0).random((40, 180)) < 0.2, dtype=np.float32)
    folders = write_model(
        place / "data", level="tracks", items=180, called=TRACKS, plays=plays, ensemble={"factors": 1.0}
    )
    connection = open_library(Door(folders))
    for number in (3, 6, 9, 1):
        play(connection, ARTISTS[number], "Wave 1", number * DAY, number * DAY + 600)
    play(connection, "Lark", "Wave 1 - Live", 40 * DAY, 41 * DAY)
    play(connection, "LARK, The", "Wave 2", 42 * DAY)
    play(connection, "The Lark feat. Owl", "Wave 3", 43 * DAY)
    connection.close()
    rows = [f"{artist},Wave {n},150,200" for artist in ("Lark", *ARTISTS[1:30]) for n in (1, 2, 3, 4)]
    with Session(folders) as opened:
        opened.packs.add(write_tempos(place, rows))
        opened.playlists.create(
            "Mine", [PlaylistTrack(name, "Wave 1 (Remastered 2011)") for name in ("Lark", ARTISTS[3])]
        )
    return folders.root


@pytest.fixture
def session(filled: Path, tmp_path: Path):
    shutil.copytree(filled, tmp_path / "data")
    with Session(Folders(tmp_path / "data")) as opened:
        yield opened


def shown(session: Session) -> dict[str, str]:
    """What each list, card and playlist of the session holds, as text."""
    found: dict[str, object] = {}
    for level in ("artists", "tracks"):
        for familiarity in (0.0, 1.0):
            asked = DiscoverSettings(n=200, per_artist=0, familiarity=familiarity, level=level)
            items = session.discover.list(asked).items
            found[f"{level} {familiarity}"] = [
                (item.artist, item.track, item.why, item.tastes) for item in items
            ]
            found[f"{level} {familiarity} to export"] = session.tracks.of_discover(asked)
        asked = replace(asked, n=1)
        top = session.discover.list(asked).items[0]
        found[f"why {level}"] = session.discover.explain(top.artist, asked, top.track)
    found["related"] = session.artists.related(ARTISTS[3])
    found["search"] = session.artists.search("lark", 50), session.artists.search("wave", 300)
    found["history"] = session.history.listens(session.history.listen_ids())
    stats = session.history.stats()
    found["stats"] = stats.top_artists, stats.top_tracks
    found["card"] = session.artist_pages.of(ARTISTS[3])
    found["tastes"] = session.taste.modes(), session.taste.map().artists, session.taste.drift().years
    found["playlist"] = session.playlists.show("Mine")
    found["context"] = session.playlists.make(CONTEXTS["running"]).tracks
    edit = session.playlists.extend("Mine", 20)
    found["continued"] = edit.tracks
    session.playlists.restore(edit)
    found["standings"] = session.taste.standings()
    return {name: repr(value) for name, value in found.items()}


@pytest.mark.parametrize("spelling", ["The Lark", "lark", "LARK, The"])
def test_a_blocked_artist_is_shown_nowhere_in_any_spelling(session, spelling) -> None:
    everywhere = " ".join(shown(session).values())
    assert all(f"'{name}'" in everywhere for name in ("Lark", "LARK, The", "The Lark", "The Lark feat. Owl"))
    session.verdicts.judge("block", spelling)
    assert [name for name, text in shown(session).items() if "lark" in text.lower()] == []
    for name in ("The Lark", "Lark"):
        card = session.artist_pages.of(name)
        assert (card.verdict, card.near, card.why) == ("block", (), ())
        with pytest.raises(UsageError, match="blocked"):
            session.tracks.named([(name, None)])
    for level in ("artists", "tracks"):
        assert not [
            name for name in read_sessions(session.library.connection, level=level)[3] if "ark" in name
        ]


@pytest.mark.parametrize("title", ["Wave 1", "Wave 1 - Live", "Wave 1 (Remastered 2011)"])
def test_a_blocked_track_is_shown_nowhere_in_any_version(session, title) -> None:
    session.verdicts.judge("block", "Lark", title)
    for name, text in shown(session).items():
        # What is beside their name, up to the next thing.
        theirs = [part for part in text.split("Lark'")[1:] if "Wave 1" in re.split("[()]", part)[0]]
        assert theirs == [], name
    assert {track.track for track in session.playlists.show("Mine")} == {"Wave 1 (Remastered 2011)"}
    assert any("Wave 2" in text and "LARK, The" in text for text in shown(session).values()), "others stay"


def test_guests_are_blocked_with_their_host_and_not_the_other_way_round(session) -> None:
    session.verdicts.judge("block", "The Lark feat. Owl")
    texts = shown(session)
    assert "'Lark'" in texts["history"]
    assert "feat. Owl" not in "".join(texts.values())


def test_what_was_said_in_another_spelling_or_version_is_what_is_taken_back(session) -> None:
    before = shown(session)
    session.verdicts.judge("block", "The Lark")
    assert session.verdicts.judge(None, "Lark") == "block"
    session.verdicts.judge("block", "Lark", "Wave 1")
    assert session.verdicts.judge("hide", "The Lark", "Wave 1 - Live") == "block"
    assert session.verdicts.judge(None, "Lark", "Wave 1 [Live]") == "hide"
    assert session.verdicts.all() == ()
    assert shown(session) == before


def test_a_like_of_another_spelling_counts_for_what_was_played(session) -> None:
    session.verdicts.judge("like", "The Lark")
    liked = [(item.name, item.plays) for item in session.taste.read().items if item.liked]
    assert ("The Lark", 0.0) not in liked
    assert ("Lark", 2.0) in liked


@pytest.mark.parametrize("level", ["artists", "tracks"])
def test_what_is_known_is_not_new_in_another_spelling(tmp_path, level) -> None:
    called = ARTISTS if level == "artists" else [*TRACKS[:-1], track_name("Lark", "Wave 1")]
    folders = write_model(tmp_path, level=level, items=len(called), called=called)
    connection = open_library(Door(folders))
    play(connection, "Lark", "Wave 1", 100, 200)
    play(connection, ARTISTS[3], "Wave 1", 300)
    connection.close()
    session = Session(folders)
    asked = DiscoverSettings(n=200, per_artist=0, level=level)
    listed = {(item.artist, item.track) for item in session.discover.list(asked).items}
    assert len(listed) > 20
    assert not listed & {(name, title) for name in ("Lark", "The Lark") for title in (None, "Wave 1")}
    listed = {item.artist for item in session.discover.list(replace(asked, known_plays=3)).items}
    assert {"Lark", "The Lark"} <= listed, "as the person has it, they are not known"
    session.close()


def test_who_is_played_in_one_spelling_is_found_by_the_catalogs(tmp_path) -> None:
    folders = write_model(tmp_path, called=ARTISTS[:-1], items=59)
    connection = open_library(Door(folders))
    play(connection, "Lark", "Wave 1", 100, 200)
    play(connection, ARTISTS[3], "Wave 1", 300)
    connection.close()
    session = Session(folders)
    card = session.artist_pages.of("The Lark")
    assert (card.artist, card.played.plays, card.listeners) == (
        "Lark",
        2,
        session.artist_pages.of("Lark").listeners,
    )
    assert card.of_taste > 0
    assert session.taste.exclude(Rule(artist="The Lark")).listens == 2
    assert session.artists.resolve(ARTISTS[5]) == (ARTISTS[5], artist_key(ARTISTS[5]))
    play(session.library.connection, f"{ARTISTS[8]} feat. Owl", "Wave 1", 300)
    assert session.artists.resolve(ARTISTS[8]) == (ARTISTS[8], artist_key(ARTISTS[8])), (
        "not who is with guests"
    )
    session.close()


def test_of_two_in_the_catalog_each_is_found_by_its_own_spelling(session) -> None:
    assert session.artists.resolve("The Lark") == ("The Lark", "the lark")
    assert session.artists.resolve("lark") == ("Lark", "lark")


# -- the gate --------------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path):
    from engine.paths import Folders

    connection = open_library(Door(Folders(tmp_path)))
    yield connection
    connection.close()


def test_a_like_of_a_track_is_gone_with_its_artists_block_and_back_without(library) -> None:
    play(library, "Owl", "One", 100)
    judge(library, "like", "Burel", "Tin Roof")
    before = read_taste(library, level="tracks")
    assert before.by_key[joined_key("burel", "Tin Roof")].weight == LIKE_PLAYS
    judge(library, "block", "Burel")
    assert [item.name for item in read_taste(library, level="tracks").items] == ["Owl"]
    with library:
        library.execute("DELETE FROM feedback WHERE verdict = 'block'")
    assert read_taste(library, level="tracks") == before


def test_of_what_was_said_of_two_versions_the_strictest_wins(library) -> None:
    play(library, "Burel", "Tin Roof", 100)
    for verdict, title in (("block", "Tin Roof"), ("hide", "Tin Roof - Edit"), ("like", "Tin Roof - Live")):
        judge(library, verdict, "Burel", title)
    taste = read_taste(library, level="tracks")
    assert (taste.items, taste.blocked, taste.hidden) == ((), {joined_key("burel", "Tin Roof")}, frozenset())


@pytest.mark.parametrize("level", ["artists", "tracks"])
def test_as_of_a_day_nothing_is_liked_that_was_liked_later_and_blocks_hold(library, level) -> None:
    play(library, "Owl", "One", 100)
    track = None if level == "artists" else "One"
    judge(library, "like", "Owl", track)
    judge(library, "like", "Burel", track)
    judge(library, "block", "Moire", track)
    with library:
        library.execute("UPDATE feedback SET at = 500 WHERE artist = 'Burel'")
        library.execute("UPDATE feedback SET at = 900 WHERE artist <> 'Burel'")
    taste = read_taste(library, Window(until=600), level=level)
    assert [(item.name, item.liked) for item in taste.items] == [("Burel", True), ("Owl", False)]
    assert taste.blocked == {artist_key("Moire") if track is None else joined_key("moire", "One")}
    assert [item.liked for item in read_taste(library, level=level).items] == [True, True]


# -- keys ------------------------------------------------------------------------------------------


def test_a_catalog_finds_all_that_keys_stand_for_and_nothing_else(tmp_path) -> None:
    titled = [
        ("The Lark", "One"),
        ("Lark", "Two"),
        ("Larks", "One"),
        ("Lark", "One - Live"),
        ("Owl", "One"),
        ("The Owl", "Two"),
        ("Lark feat. Owl", "Three"),
    ]
    write_catalog(tmp_path / "c.sqlite", ((track_name(*each), 1, 1) for each in titled))
    catalog = Catalog(tmp_path / "c.sqlite")
    assert catalog.ids_in_any_spelling(["lark", joined_key("owl", "Two")]) == {0, 1, 3, 5, 6}
    assert catalog.ids_in_any_spelling([joined_key("the lark", "One")]) == {0, 3}
    assert catalog.ids_in_any_spelling([artist_key("Lark feat. Owl")]) == {6}
    assert catalog.ids_in_any_spelling([]) == set()
    catalog.close()


def test_nothing_is_held_by_no_keys_and_each_key_by_itself() -> None:
    keys = [item_key(name) for name in ("The The", "!!!", "The Lark feat. Owl", track_name("The", "The"))]
    assert all(AnySpelling(keys).holds(key) for key in keys)
    assert not any(AnySpelling([]).holds(key) for key in keys)
