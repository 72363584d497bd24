"""Every kind of mix but the plain one: by seeds of any kind, going on, of the day, to play again, from A to B."""

from __future__ import annotations

import datetime
import itertools
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.paths import Folders
from engine.playlists.contexts import ARTIST_GAP
from engine.playlists.mix import Mix, MixSettings
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.session import Session
from engine.session.discover import Discover
from engine.store.database import open_library
from engine.taste.rules import Rule
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tests.support.tagged import give_tags
from tests.support.tempos import write_tempos

DAY = 86_400
TODAY = datetime.date(2026, 11, 28)
# Two tastes: the model has three kinds of artists in turn.
PLAYED = [*range(0, 30, 3), *range(1, 28, 3)]
FORGOTTEN, PAST = 2, 5


def at(year: int, month: int, day: int, hour: int = 12) -> int:
    return int(datetime.datetime(year, month, day, hour, tzinfo=datetime.UTC).timestamp())


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        days = TODAY.toordinal() - datetime.date(1970, 1, 1).toordinal()
        patch.setattr(Discover, "today", staticmethod(lambda: days))
        root = tmp_path_factory.mktemp("kinds")
        made = write_model(root / "data")
        give_tags(made)
        connection = open_library(Door(made))
        for number in PLAYED:
            weekly = [at(2026, 10, 1) + number * 3600 + week * 7 * DAY for week in range(8)]
            play(connection, ARTISTS[number], f"Own {number}", *weekly)
        play(connection, ARTISTS[FORGOTTEN], "Once loved", *(at(2024, 5, day) for day in range(1, 31)))
        play(connection, ARTISTS[PAST], "Winter", at(2021, 11, 28), at(2023, 11, 28, 23), at(2023, 11, 28, 1))
        play(connection, ARTISTS[PAST], "Not that day", at(2022, 11, 27, 23), at(2022, 11, 29, 0))
        connection.close()
        rows = [
            f"{name},{side} {n},{80 + n},{200 + n}"
            for n, name in enumerate(ARTISTS)
            for side in ("Hit", "Cut")
        ]
        with Session(made) as opened:
            opened.packs.add(write_tempos(root, rows))
            opened.verdicts.judge("block", ARTISTS[33])
            opened.verdicts.judge("hide", ARTISTS[36])
            evening = [PlaylistTrack(ARTISTS[n], f"Hit {n}", seconds=200.0) for n in (1, 4, 7)]
            opened.playlists.create("Evening", evening)
        yield made


@pytest.fixture(scope="module")
def session(folders: Folders) -> Iterator[Session]:
    """Shared and private: nothing one test makes is there for another."""
    with Session(folders, private=True) as opened:
        yield opened


def kinds(made: Mix) -> list[int]:
    keys = [artist_key(name) for name in ARTISTS]
    return [keys.index(artist_key(track.artist)) % 3 for track in made.tracks]


def named(made: Mix) -> list[tuple[str, str]]:
    return [(track.artist, track.track) for track in made.tracks]


def well_formed(made: Mix) -> None:
    artists = [track.artist for track in made.tracks]
    assert len(set(named(made))) == len(artists)
    assert not {ARTISTS[33], ARTISTS[36]} & set(artists)
    spaced = all(name not in artists[max(0, n - ARTIST_GAP) : n] for n, name in enumerate(artists))
    assert spaced != any("Few artists" in note for note in made.notes)


@pytest.mark.parametrize(
    ("seeds", "title", "first", "mostly"),
    [
        ([ARTISTS[6]], f"Mix: {ARTISTS[6]}", (ARTISTS[6], "Cut 6"), {0}),
        ([f"{ARTISTS[6]} - own 6"], f"Mix: {ARTISTS[6]} - Own 6", (ARTISTS[6], "Own 6"), {0}),
        (["evening"], "Mix: Evening", None, {1}),
        (["post punk"], "Mix: post-punk", None, {0}),
        (["genre:Ambient", "playlist:Evening"], "Mix: ambient, Evening", None, {0, 1, 2}),
        ([f"artist: {ARTISTS[1]}"], f"Mix: {ARTISTS[1]}", (ARTISTS[1], "Cut 1"), {1}),
    ],
)
def test_a_mix_starts_from_an_artist_a_track_a_playlist_or_a_genre(
    session: Session, seeds: list[str], title: str, first: tuple[str, str] | None, mostly: set[int]
) -> None:
    made = session.mixes.mix(session.seeds.of(seeds), MixSettings(minutes=40))
    well_formed(made)
    assert made.title == title
    assert first is None or named(made)[0] == first
    assert sum(kind in mostly for kind in kinds(made)) >= 0.8 * len(made.tracks)
    if "Evening" in title:
        assert not {(track.artist, track.track) for track in session.playlists.show("Evening")} & set(
            named(made)
        )


def test_seeds_count_alike_however_many_artists_each_has(session: Session) -> None:
    leading = session.seeds.of([ARTISTS[0], "evening"]).leading
    assert leading == {ARTISTS[0]: 3.0, **{ARTISTS[n]: 1.0 for n in (1, 4, 7)}}
    both, turned = (session.seeds.of(pair).key for pair in ([ARTISTS[0], "evening"], ["evening", ARTISTS[0]]))
    assert both == turned != session.seeds.of([ARTISTS[0]]).key
    # One named twice, in whatever spelling, is one.
    alone = session.seeds.of([f"{ARTISTS[6]} - own 6"])
    assert session.seeds.of([f"{ARTISTS[6]} - own 6", f"{ARTISTS[6].upper()} - OWN 6"]) == alone
    assert ARTISTS[0].casefold() not in both


@pytest.mark.parametrize(
    ("seed", "error", "said"),
    [
        ("Artist A1x9", UnknownNameError, "No artist, track, playlist or genre .* Did you mean"),
        ("playlist:Evning", UnknownNameError, "Did you mean Evening"),
        ("genre:Ambeint", UnknownNameError, "Did you mean ambient"),
        (ARTISTS[33], UsageError, "blocked"),
    ],
)
def test_a_seed_that_is_none_says_what_is_near(
    session: Session, seed: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        session.seeds.of([seed])


def test_a_mix_goes_on_without_repeating_until_nothing_is_left(folders: Folders) -> None:
    with Session(folders) as opened:
        seeds = opened.seeds.of([ARTISTS[3]])
        settings = MixSettings(minutes=120)
        played = named(opened.mixes.mix(seeds, settings))
        first = list(played)
        for _ in range(20):
            try:
                more = opened.mixes.mix(seeds, settings, more=True)
            except NothingYetError as error:
                assert "No more tracks" in str(error)  # noqa: PT017 - how many mixes there are is not the point
                break
            assert not set(named(more)) & set(played)
            assert more.tracks[0].artist not in [artist for artist, _ in played[-ARTIST_GAP:]]
            played += named(more)
        else:
            pytest.fail("it never ended")
        assert len(played) > 2 * len(first)
        assert named(opened.mixes.mix(seeds, settings)) == first
        assert folders.mixes.stat().st_mode & 0o077 == 0
        before = folders.mixes.read_bytes()
    with Session(folders, private=True) as private:
        # It goes on, and leaves no trace.
        assert not set(named(private.mixes.mix(seeds, settings, more=True))) & set(first)
        assert folders.mixes.read_bytes() == before
    folders.mixes.write_bytes(b"[1,")
    with Session(folders) as opened:
        assert named(opened.mixes.mix(seeds, settings, more=True))[0] == first[0], "begins again"
        opened.forget(Rule(artist=ARTISTS[27]))
        assert not folders.mixes.exists()


def test_nothing_is_in_a_mix_that_was_played_lately(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: float(at(2026, 11, 28, 22)))
    seeds = session.seeds.of([ARTISTS[6]])
    asked = MixSettings(minutes=300, not_played_in=9)
    fresh = {track for _, track in named(session.mixes.mix(seeds, asked))}
    # The last week's play of each is so many hours after noon of the 19th.
    lately = {f"Own {number}" for number in PLAYED if number >= 10}
    assert "Own 6" not in lately
    assert "Own 6" in fresh
    assert len(lately) > 10
    assert not lately & fresh
    made = session.mixes.mix(seeds, MixSettings(not_played_in=30))
    assert "Own 6" not in {track for _, track in named(made)}
    by_track, said = f"{ARTISTS[6]} - Own 6", "You played 1 track it starts from too recently: without "
    made = session.mixes.mix(session.seeds.of([by_track]), MixSettings(not_played_in=30))
    assert f"{said}{by_track}." in made.notes
    assert not any(said in note for note in session.mixes.mix(session.seeds.of([by_track]), asked).notes)
    way = session.bridges.bridge(by_track, ARTISTS[9], MixSettings(not_played_in=30))
    assert f"{said}{by_track}." in way.notes


def test_what_was_played_lately_is_in_no_mix_though_it_counts_for_no_taste(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: float(at(2026, 11, 28, 22)))
    seeds = session.seeds.of([ARTISTS[6]])
    asked = MixSettings(minutes=300, not_played_in=9)
    # Every play of the last week is excluded, and was played all the same.
    number = session.taste.exclude(Rule(since=at(2026, 11, 19))).id
    made = {track for _, track in named(session.mixes.mix(seeds, asked))}
    assert "Own 6" in made
    assert not {f"Own {number}" for number in PLAYED if number >= 10} & made
    session.taste.include(number)


def test_a_favourite_played_lately_is_not_forgotten_though_that_counts_for_no_taste(
    folders: Folders, tmp_path: Path
) -> None:
    shutil.copytree(folders.root, tmp_path / "data")
    connection = open_library(Door(Folders(tmp_path / "data")))
    play(connection, ARTISTS[FORGOTTEN], "Once loved", at(2026, 11, 20))
    connection.close()
    with Session(Folders(tmp_path / "data")) as opened:
        opened.taste.exclude(Rule(artist=ARTISTS[FORGOTTEN], since=at(2026, 11, 1)))
        with pytest.raises(NothingYetError, match="Nothing is forgotten"):
            opened.replays.forgotten()


def test_there_is_a_mix_of_the_day_for_each_taste(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    tastes = session.mixes.tastes()
    assert len(tastes) == 2
    made = [session.mixes.daily(number, MixSettings(minutes=40)) for number in (1, 2)]
    for number, mix in enumerate(made):
        well_formed(mix)
        assert mix.title == f"28 November 2026: {tastes[number].name}"
        assert len(set(kinds(mix))) == 1, "of its taste alone"
    assert {kinds(mix)[0] for mix in made} == {0, 1}
    tomorrow = Discover.today() + 1
    monkeypatch.setattr(Discover, "today", staticmethod(lambda: tomorrow))
    assert named(session.mixes.daily(1, MixSettings(minutes=40))) != named(made[0])
    with pytest.raises(UnknownNameError, match="yours are 1 to 2"):
        session.mixes.daily(3)


def test_a_mix_of_the_day_is_the_same_all_day(folders: Folders, tmp_path: Path) -> None:
    # Where no private session is on, beside which nothing is logged.
    shutil.copytree(folders.root, tmp_path / "data")
    with Session(Folders(tmp_path / "data")) as opened:
        first = opened.mixes.daily(1)
        for n, (artist, title) in enumerate(named(first)[:5]):
            opened.history.log_play(artist, title, seconds=200, at=at(2026, 11, 28, 8 + n))
        assert opened.mixes.daily(1) == first
        opened.verdicts.judge("block", first.tracks[0].artist)
        assert first.tracks[0].artist not in {artist for artist, _ in named(opened.mixes.daily(1))}


def test_a_mix_made_tonight_lacks_what_was_played_today_and_one_made_this_morning_stays(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folders.root, tmp_path / "data")
    monkeypatch.setattr(time, "time", lambda: float(at(2026, 11, 28, 8)))
    asked = MixSettings(minutes=300, not_played_in=3)
    with Session(Folders(tmp_path / "data")) as opened:
        morning = opened.mixes.daily(1, asked)
        played = named(morning)[:5]
        for n, (artist, title) in enumerate(played):
            opened.history.log_play(artist, title, seconds=200, at=at(2026, 11, 28, 9 + n))
        monkeypatch.setattr(time, "time", lambda: float(at(2026, 11, 28, 20)))
        assert opened.mixes.daily(1, asked) == morning
        tonight = opened.mixes.daily(1, MixSettings(minutes=299, not_played_in=3))
        assert not set(played) & set(named(tonight))


def test_forgotten_favourites_come_back_with_the_reason(session: Session) -> None:
    made = session.replays.forgotten()
    assert named(made) == [(ARTISTS[FORGOTTEN], "Once loved")]
    assert made.tracks[0].reason == "30 plays, last in May 2024"
    assert "minutes short" in made.notes[0]
    kept = session.playlists.keep_mix("", lambda seed: session.replays.forgotten(MixSettings(seed=seed)))
    assert kept.name == "Forgotten favourites"
    session.playlists.restore(kept)
    session.taste.exclude(Rule(artist=ARTISTS[FORGOTTEN]))
    with pytest.raises(NothingYetError, match="Nothing is forgotten"):
        session.replays.forgotten()
    session.taste.include(session.taste.rules()[-1].id)


def test_what_was_played_on_this_day_comes_back_with_the_year(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = session.replays.on_this_day()
    assert made.title == "28 November in past years"
    assert named(made) == [(ARTISTS[PAST], "Winter")]
    assert made.tracks[0].reason == "3 plays on 28 November, last in 2023"
    leap = datetime.date(2028, 2, 29).toordinal() - datetime.date(1970, 1, 1).toordinal()
    monkeypatch.setattr(Discover, "today", staticmethod(lambda: leap))
    with pytest.raises(NothingYetError, match="Nothing was played on 29 February in past years"):
        session.replays.on_this_day()


def test_a_bridge_goes_from_one_to_the_other_by_steps_that_are_shown(session: Session) -> None:
    made = session.bridges.bridge(ARTISTS[6], f"{ARTISTS[4]} - own 4", MixSettings(minutes=40))
    well_formed(made)
    assert made.title == f"From {ARTISTS[6]} to {ARTISTS[4]} - Own 4"
    assert (named(made)[0], named(made)[-1]) == ((ARTISTS[6], "Cut 6"), (ARTISTS[4], "Own 4"))
    assert len({track.artist for track in made.tracks}) == len(made.tracks) > 6
    assert kinds(made) == sorted(kinds(made)), "never back"
    assert abs(sum(track.seconds or 0 for track in made.tracks) - 2400) <= 210
    model = session.models.open()
    ids = model.catalog.ids_of([artist_key(track.artist) for track in made.tracks])
    places = [ids[artist_key(track.artist)] for track in made.tracks]
    steps = [float(model.similarity.of(a, np.array([b]))[0]) for a, b in itertools.pairwise(places)]
    assert made.similarities[0] is None
    assert made.similarities[1:] == pytest.approx(steps)
    widest = int(np.argmin(steps))
    between = f"from {made.tracks[widest].artist} to {made.tracks[widest + 1].artist}."
    assert made.notes[0].endswith(between)
    again = session.bridges.bridge(ARTISTS[6], f"{ARTISTS[4]} - own 4", MixSettings(minutes=40))
    assert again == made
    own = session.bridges.bridge("ambient", ARTISTS[4], MixSettings(minutes=20, from_library=True))
    assert all(track.known for track in own.tracks)
    assert len(own.tracks) > 2
    with pytest.raises(UsageError, match="the same"):
        session.bridges.bridge(ARTISTS[6], f"artist:{ARTISTS[6]}")
    ends = f"{ARTISTS[6]} and {ARTISTS[4]}"
    with pytest.raises(
        NothingYetError, match=f"^3 minutes leave no room between {ends}, whose own tracks take"
    ):
        session.bridges.bridge(ARTISTS[6], ARTISTS[4], MixSettings(minutes=3))


def test_without_a_model_or_listens_a_mix_says_what_is_missing(tmp_path: Path) -> None:
    with Session(Folders(tmp_path / "data")) as opened:
        for make in (opened.mixes.daily, opened.replays.forgotten, opened.replays.on_this_day):
            with pytest.raises(NothingYetError):
                make()
