"""A mix: begins with its seeds, goes on with what goes with them, never an artist too soon, never a blocked one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UsageError
from engine.paths import Folders
from engine.playlists.contexts import ARTIST_GAP, Settings
from engine.playlists.mix import MixSeeds, MixSettings
from engine.playlists.offer import offered
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.session import Session, mixes
from engine.session.mixes import STEP
from engine.store.database import open_library
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tests.support.tempos import write_tempos


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Six played artists of the model's 60, which has three kinds in turn, and a pack with two tracks of each."""
    root = tmp_path_factory.mktemp("mixing")
    folders: Folders = write_model(root / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 12, 1):
        play(connection, ARTISTS[number], f"Own {number}", 86_400 * number, 86_400 * number + 600)
    connection.close()
    rows = [
        f"{name},{side} {n},{80 + n},{200 + n}"
        for n, name in enumerate(ARTISTS)
        for side in ("Hit", "Deep cut")
    ]
    with Session(folders) as opened:
        opened.packs.add(write_tempos(root, rows))
        opened.verdicts.judge("block", ARTISTS[33])
        opened.verdicts.judge("hide", ARTISTS[36])
    # Shared and private: what one test makes is in memory, and under a name of its own.
    with Session(folders, private=True) as private:
        yield private


def seeded(session: Session, name: str) -> MixSeeds:
    return MixSeeds.of_tracks("Mix", [session.tracks.written(name)])


def kind(artist: str) -> int:
    return [artist_key(name) for name in ARTISTS].index(artist_key(artist)) % 3


def test_a_mix_begins_with_its_seed_and_stays_near_it(session: Session) -> None:
    made = session.playlists.mix("Mix", [session.tracks.written(f"{ARTISTS[6]} - own 6")])
    assert (made.tracks[0].artist, made.tracks[0].track) == (ARTISTS[6], "Own 6")
    assert sum(kind(track.artist) == 0 for track in made.tracks[:11]) >= 9
    artists = [track.artist for track in made.tracks]
    assert all(name not in artists[max(0, n - ARTIST_GAP) : n] for n, name in enumerate(artists))
    assert not {ARTISTS[33], ARTISTS[36]} & set(artists)
    assert {track.known for track in made.tracks} == {True, False}


def test_another_mix_of_the_same_is_another_list_under_another_name(session: Session) -> None:
    seeds = session.tracks.named([(ARTISTS[1], None)])
    first, second = (session.playlists.mix("Twice", seeds) for _ in range(2))
    assert (first.name, second.name) == ("Twice", "Twice 2")
    assert first.tracks != second.tracks
    session.playlists.restore(first)
    assert session.playlists.mix("twice", seeds).tracks == first.tracks, "the same list for the same seed"


def test_a_seed_nobody_knows_a_track_of_leads_and_is_not_listed(session: Session) -> None:
    made = session.playlists.mix("Led", [PlaylistTrack(ARTISTS[2], "", known=False)])
    assert all(track.track for track in made.tracks)
    assert kind(made.tracks[0].artist) == 2


@pytest.mark.parametrize("minutes", [10, 60])
@pytest.mark.parametrize("drift", [0.0, 0.7])
def test_a_mix_lasts_as_long_as_asked_and_repeats_nothing(
    session: Session, minutes: int, drift: float
) -> None:
    seeds, settings = seeded(session, ARTISTS[3]), MixSettings(minutes=minutes, drift=drift)
    made = session.mixes.mix(seeds, settings)
    tracks = made.tracks
    assert abs(sum(track.seconds or 0 for track in tracks) - minutes * 60) <= 180
    assert len({(track.artist, track.track) for track in tracks}) == len(tracks)
    artists = [track.artist for track in tracks]
    assert all(name not in artists[max(0, n - ARTIST_GAP) : n] for n, name in enumerate(artists))
    assert made.notes == ()
    assert made == session.mixes.mix(seeds, settings)


def test_what_was_chosen_last_leads_a_mix_that_drifts(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    led: list[dict[str, float]] = []
    whole = mixes.artists_with

    def artists_with(model: Any, name: str, leading: dict[str, float], taste: Any, **wider: Any) -> Any:
        led.append(leading)
        return whole(model, name, leading, taste, **wider)

    monkeypatch.setattr(mixes, "artists_with", artists_with)
    seeds = seeded(session, ARTISTS[3])
    session.mixes.mix(seeds, MixSettings(minutes=60))
    assert led == [{ARTISTS[3]: 1.0}]
    led.clear()
    away = session.mixes.mix(seeds, MixSettings(minutes=60, drift=0.75)).tracks
    assert led[0] == {ARTISTS[3]: 1.0}
    last = {track.artist for track in away[1 : STEP + 1]}
    assert led[1] == pytest.approx({ARTISTS[3]: 0.25} | dict.fromkeys(last, 0.75 / STEP))
    led.clear()
    session.mixes.mix(seeds, MixSettings(minutes=60, drift=1))
    assert ARTISTS[3] not in led[1]


def test_a_mix_from_the_library_has_nothing_new_and_ends_where_that_does(session: Session) -> None:
    made = session.mixes.mix(seeded(session, ARTISTS[9]), MixSettings(minutes=600, from_library=True))
    assert {track.artist for track in made.tracks} == {ARTISTS[number] for number in (0, 3, 6, 9, 12, 1)}
    assert all(track.known for track in made.tracks)
    assert "minutes short" in made.notes[-1]
    # What a mix of any music has and this one lacks is named.
    anything = session.mixes.mix(seeded(session, ARTISTS[9]), MixSettings(minutes=600)).tracks
    assert made.missing == tuple(track for track in anything if not track.known)
    assert len(made.missing) > 5
    assert made.notes[0].startswith(f"You do not have {len(made.missing)} tracks it would otherwise have: ")
    assert f"{made.missing[0].artist} - {made.missing[0].track}; " in made.notes[0]


@pytest.mark.parametrize(
    ("minutes", "drift", "wrong"), [(0, 0, "minutes 0"), (60, 1.5, "drift 1.5"), (1e9, 0, "minutes")]
)
def test_what_is_out_of_range_says_the_range(minutes: float, drift: float, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        MixSettings(minutes=minutes, drift=drift)


@pytest.mark.parametrize("asked", [MixSettings, Settings])
def test_a_seed_out_of_range_says_the_range_in_whole_numbers(asked: Any) -> None:
    with pytest.raises(
        UsageError, match=r"seed 9223372036854775808 is out of range: .* 0 to 9223372036854775807\."
    ):
        asked(seed=2**63)


def test_only_own_tracks_of_the_artists_asked_for_are_offered(session: Session) -> None:
    connection, key = session.library.connection, artist_key(ARTISTS[6])
    with session.packs.features() as features:
        few = offered(connection, features, {key: 1}, all_own=False)
        all_of_them = offered(connection, features, {key: 1})
    assert few == [one for one in all_of_them if one.artist_key == key]
    assert len(few) < len(all_of_them)


def test_what_nothing_is_known_of_makes_no_mix_and_leaves_no_list(session: Session) -> None:
    with pytest.raises(NothingYetError, match="nothing is known to go with it"):
        session.playlists.mix("Mix: Nobody", [PlaylistTrack("Nobody", "Song")])
    assert "Mix: Nobody" not in {one.name for one in session.playlists.all()}
