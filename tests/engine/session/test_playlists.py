"""Playlists put together by hand and continued: order exact, every change taken back to the letter, no blocked one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.saved import playlist_tracks
from engine.privacy import Door
from engine.session import Session
from engine.store.database import open_library
from engine.store.imported_likes import keep_playlist
from tests.support.factorizing import plays
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tests.support.tempos import write_tempos

BLOCKED = ARTISTS[34]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Six played artists of the model's 60, a pack that knows two tracks of each of 30, one hidden and one blocked."""
    root = tmp_path_factory.mktemp("playlisting")
    folders = write_model(root / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 12, 1):
        play(connection, ARTISTS[number], f"Own {number}", 86_400 * number, 86_400 * number + 600)
    connection.close()
    rows = [
        f"{ARTISTS[n]},{side} {n},{150 + n},{200 + n}"
        for n in range(0, 60, 2)
        for side in ("Hit", "Deep cut")
    ]
    session = Session(folders)
    session.packs.add(write_tempos(root, rows))
    session.verdicts.judge("block", BLOCKED)
    session.verdicts.judge("hide", ARTISTS[36])
    session.close()
    return folders


@pytest.fixture(scope="module")
def session(place: Folders) -> Iterator[Session]:
    """Shared and private: what one test makes is in memory, and under a name of its own."""
    opened = Session(place, private=True)
    yield opened
    opened.close()


def titles(session: Session, name: str) -> list[str]:
    return [track.track for track in session.playlists.show(name)]


def some(text: str, artist: str = "A") -> list[PlaylistTrack]:
    return [PlaylistTrack(artist, letter) for letter in text]


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "shift", "move"]),
        st.lists(st.integers(0, 9), min_size=1),
        st.integers(-4, 4),
    ),
    max_size=8,
)


@given(EDITS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_changes_keep_the_order_a_plain_list_would_and_are_taken_back_to_the_letter(
    session: Session, edits: list[tuple[str, list[int], int]]
) -> None:
    # A blocked artist's track is in the middle, hidden: it keeps its place.
    hidden = PlaylistTrack(BLOCKED, "hidden")
    session.playlists.create("Any", [*some("abc"), hidden, *some("de")])
    model, number, made = list("abcde"), 0, []
    for kind, picks, by in edits:
        if kind != "add" and not model:
            continue
        places = sorted({pick % len(model) for pick in picks}) if model else []
        positions = [place + 1 for place in places]
        if kind == "add":
            number += 1
            edit = session.playlists.add("Any", [PlaylistTrack("B", f"new {number}")])
            model.append(f"new {number}")
        elif kind == "remove":
            edit = session.playlists.remove_tracks("Any", positions)
            model = [title for place, title in enumerate(model) if place not in places]
        elif kind == "shift":
            chosen = [model[place] for place in places]
            edit = session.playlists.shift("Any", positions, by)
            model = stepped(model, chosen, by)
            assert [edit.tracks[place - 1].track for place in edit.places] == chosen
        else:
            to = abs(by) % len(model)
            edit = session.playlists.move("Any", positions[0], to + 1)
            model.insert(to, model.pop(places[0]))
        made.append(edit)
        assert [track.track for track in edit.tracks] == model == titles(session, "Any")
    for edit in reversed(made):
        session.playlists.restore(edit)
        assert tuple(playlist_tracks(session.library.connection, "Any")) == edit.before
    assert titles(session, "Any") == list("abcde")
    session.playlists.remove("Any")


def stepped(titles: list[str], chosen: list[str], by: int) -> list[str]:
    """The plain way: one step after the other, the first in the direction first."""
    titles = list(titles)
    for _ in range(abs(by)):
        step = -1 if by < 0 else 1
        for title in chosen if by < 0 else reversed(chosen):
            at = titles.index(title)
            if 0 <= at + step < len(titles) and titles[at + step] not in chosen:
                titles[at], titles[at + step] = titles[at + step], titles[at]
    return titles


def test_what_is_in_the_list_does_not_come_in_again_unless_asked(session: Session) -> None:
    first = session.playlists.create("Doubles", some("ab"))
    assert (first.created, first.places) == (True, (1, 2))
    edit = session.playlists.add("Doubles", [*some("B", "a"), *some("cc")])
    assert [track.track for track in edit.added] == ["c"]
    assert [track.track for track in edit.already] == ["B", "c"]
    assert edit.places == (3,)
    assert session.playlists.add("Doubles", some("a")).changed is False
    assert session.playlists.add("Doubles", some("a"), again=True).tracks == tuple(some("abca"))
    with pytest.raises(UsageError, match="changed elsewhere"):
        session.playlists.restore(first)
    with pytest.raises(UsageError, match="No track 5 in Doubles: it has 4"):
        session.playlists.remove_tracks("Doubles", [1, 5])
    with pytest.raises(UsageError, match="already"):
        session.playlists.create("Doubles")
    assert titles(session, "Doubles") == list("abca")


def test_taking_back_a_new_list_leaves_none(session: Session) -> None:
    edit = session.playlists.create(" Brief   one ", some("a"))
    assert edit.name == "Brief one"
    session.playlists.restore(edit)
    with pytest.raises(UnknownNameError):
        session.playlists.show("Brief one")


def test_artists_and_titles_become_tracks_with_what_is_known_of_them(session: Session) -> None:
    hit, own, nothing = session.tracks.named([(ARTISTS[2], None), (ARTISTS[1], None), (ARTISTS[5], None)])
    assert (hit.artist, hit.bpm, hit.known) == (ARTISTS[2], 152.0, False)
    assert hit.track in ("Hit 2", "Deep cut 2")
    assert (own.track, own.known) == ("Own 1", True)
    assert (nothing.artist, nothing.track) == (ARTISTS[5], "")
    deep, played = session.tracks.named([(ARTISTS[0].lower(), "deep CUT 0"), (ARTISTS[0], "own 0")])
    assert (deep.track, deep.seconds, deep.known) == ("Deep cut 0", 200.0, False)
    assert (played.track, played.known) == ("Own 0", True)
    with pytest.raises(UnknownNameError, match="Did you mean Own 0"):
        session.tracks.named([(ARTISTS[0], "Owm 0")])
    with pytest.raises(UsageError, match="is blocked"):
        session.tracks.named([(BLOCKED, None)])


def test_a_blocked_track_is_not_shown(session: Session) -> None:
    session.playlists.create("One blocked", some("ab"))
    session.library.connection.execute(
        "INSERT INTO feedback (artist_key, track_key, artist, track, verdict, at) "
        "VALUES ('a', 'a', 'A', 'a', 'block', 0)"
    )
    assert titles(session, "One blocked") == ["b"]
    session.library.connection.execute("DELETE FROM feedback WHERE artist_key = 'a'")
    session.library.connection.commit()


def group(artist: str) -> int:
    """Which of the model's three groups of alike artists one is in."""
    return ARTISTS.index(artist) % 3


def test_a_list_is_continued_by_what_fits_never_twice_never_blocked_and_the_same_for_one_seed(
    session: Session,
) -> None:
    start = session.tracks.named([(ARTISTS[0], None), (ARTISTS[6], None), (ARTISTS[12], None)])
    session.playlists.create("Alike", start)
    edit = session.playlists.extend("Alike", 12, seed=1)
    assert len(edit.added) == 12
    assert session.playlists.show("Alike") == edit.tracks == (*start, *edit.added)
    assert {group(track.artist) for track in edit.added} == {0}, "all of the list's own kind"
    assert {track.known for track in edit.added} == {True, False}
    for seed in range(6):
        session.playlists.restore(edit)
        edit = session.playlists.extend("Alike", 40, seed)
        keys = [(artist_key(track.artist), track.track) for track in edit.tracks]
        assert len(keys) == len(set(keys))
        assert not {BLOCKED, ARTISTS[36]} & {track.artist for track in edit.added}
        session.playlists.restore(edit)
        again = session.playlists.extend("Alike", 40, seed)
        assert again == edit
        edit = again
    session.playlists.restore(edit)
    other = session.playlists.extend("Alike", 12, seed=2)
    session.playlists.restore(other)
    assert other.added != session.playlists.extend("Alike", 12, seed=1).added


def test_in_solo_mode_a_list_is_continued_with_ones_own(tmp_path: Path) -> None:
    folders = write_model(tmp_path / "data", solo=True, plays=plays(400, 60))
    connection = open_library(Door(folders))
    for number in range(12):
        play(connection, ARTISTS[number], f"Own {number}", 86_400 * number, 86_400 * number + 600)
    connection.close()
    session = Session(folders)
    session.playlists.create("Own", session.tracks.named([(ARTISTS[0], None), (ARTISTS[3], None)]))
    more = session.playlists.extend("Own", 2).added
    session.close()
    assert {group(track.artist) for track in more} == {0}
    assert all(track.known for track in more)


def test_what_cannot_be_continued_says_why(session: Session) -> None:
    session.playlists.create("Nothing in it")
    with pytest.raises(NothingYetError, match="Nothing in it is empty"):
        session.playlists.extend("Nothing in it")
    session.playlists.create("Strangers", some("a", "Nobody Knows Them"))
    with pytest.raises(NothingYetError, match="None of the artists in Strangers"):
        session.playlists.extend("Strangers")
    for wrong in (0, 10_000):
        with pytest.raises(UsageError, match="1 to 200"):
            session.playlists.extend("Strangers", wrong)


def test_all_of_it_is_in_memory_in_a_private_session_and_on_disk_otherwise(place: Folders) -> None:
    before = fingerprint(place.root)
    private = Session(place, private=True)
    # A change that is refused undoes itself alone, not the copies of what was there.
    with pytest.raises(UnknownNameError):
        private.playlists.add("No such list", some("a"))
    assert BLOCKED in {mark.artist for mark in private.verdicts.all()}
    private.playlists.create("Secret", private.tracks.named([(ARTISTS[0], None)]))
    private.playlists.restore(private.playlists.extend("Secret", 3))
    private.playlists.shift("Secret", [1], 1)
    private.close()
    assert fingerprint(place.root) == before


def test_an_imported_list_once_changed_is_ones_own(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    entries: list[tuple[object, ...]] = [("A", "a", None, 200.0, "[]"), ("A", "b", None, 200.0, "[]")]

    def imported() -> None:
        connection: sqlite3.Connection = open_library(Door(folders))
        with connection:
            keep_playlist(connection, "Mine", "spotify", entries)
        connection.close()

    imported()
    session = Session(folders)
    edit: Any = session.playlists.remove_tracks("Mine", [1])
    session.close()
    imported()
    session = Session(folders)
    assert titles(session, "Mine") == ["b"]
    assert titles(session, "Mine (spotify)") == ["a", "b"]
    session.playlists.restore(edit)
    assert titles(session, "Mine") == ["a", "b"]
    session.close()
