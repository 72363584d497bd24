"""The listener in the model: tastes, skips, rest, the daily shuffle, answers, similarity, and rediscovery."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.canonical_keys import artist_key, joined_key, track_key
from engine.errors import UnknownNameError
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.explain import explain
from engine.recommend.lists import TasteShares
from engine.recommend.modes import mode_places
from engine.recommend.ranker import daily_shuffle
from engine.recommend.rediscovery import standings
from engine.recommend.related import related_artists
from engine.recommend.settings import DiscoverSettings
from engine.store.database import open_library
from engine.store.encounters import IGNORED_DAYS, REST_DAYS, note, opened, resting
from engine.store.feedback import set_verdict
from engine.store.history import counts
from engine.taste.gate import DatedTaste, read_dated_taste, read_days, read_taste
from engine.taste.window import Window
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400
WEIGHTS = {"factors": 0.4, "closeness": 0.2, "neighbours": 0.3, "popularity": -0.1}
TODAY = DiscoverSettings(n=30, day=20_000)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model with neighbours, of three blocks; a listener of two of them."""
    rng = np.random.default_rng(0)
    alike = (np.arange(60)[None, :] % 3 == np.arange(40)[:, None] % 3) & (rng.random((40, 60)) < 0.5)
    folders = write_model(
        tmp_path_factory.mktemp("data"), plays=csr_matrix(alike.astype(np.float32)), ensemble=WEIGHTS
    )
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 12, 15, 1, 4, 7, 10, 13):
        play(connection, ARTISTS[number], "A Song", *[(number + 1) * DAY + i for i in range(1 + number % 5)])
    yield folders, connection
    connection.close()


@pytest.fixture(scope="module")
def recommender(place):
    folders, connection = place
    return Recommender.of(open_model(folders), read_dated_taste(connection))


def test_reasons_and_members_both_sum_to_one(recommender) -> None:
    for item in recommender.discover(TODAY).items:
        assert abs(sum(share.share for share in item.why) + item.others_share - 1.0) < 1e-9
        assert abs(sum(share for share in item.members.values() if share > 0) - 1.0) < 1e-9
        assert {"factors", "closeness", "neighbours", "popularity", "today"} >= set(item.members)
    explanation = explain(recommender, recommender.discover(TODAY).items[1].key, TODAY)
    assert explanation.rank == 2
    assert abs(sum(share.share for share in explanation.shares) - 1.0) < 1e-9


def test_two_tastes_are_distinguished_and_each_has_its_own_list(recommender) -> None:
    assert len(recommender.modes) == 2
    blocks = [
        {ARTISTS.index(recommender.reasons[i].name) % 3 for i in mode.places} for mode in recommender.modes
    ]
    assert sorted(blocks, key=min) == [{0}, {1}]
    assert abs(sum(mode.share for mode in recommender.modes) - 1.0) < 1e-9
    for number, block in enumerate(blocks, 1):
        items = recommender.discover(DiscoverSettings(n=10, mode=number)).items
        assert items
        assert {item.item % 3 for item in items[:5]} == block
    both = {item.item % 3 for item in recommender.discover(DiscoverSettings(n=10)).items}
    assert both == {0, 1}, "one list has both"
    with pytest.raises(UnknownNameError, match="1 to 2"):
        recommender.discover(DiscoverSettings(mode=3))


def test_artists_all_alike_are_one_taste() -> None:
    rng = np.random.default_rng(0)
    alike = np.tile(rng.normal(size=40), (100, 1)) + 0.5 * rng.normal(size=(100, 40))
    assert len(mode_places(alike.astype(np.float32), np.ones(100))) == 1


def test_a_days_list_is_the_same_all_day_and_another_the_next(recommender) -> None:
    def order(day: int | None) -> list[str]:
        return [item.artist for item in recommender.discover(DiscoverSettings(n=30, day=day)).items]

    assert order(20_000) == order(20_000)
    assert order(20_000) != order(20_001)
    assert set(order(None)[:3]) <= set(order(20_000)[:12]), "the day moves little"
    numbers = daily_shuffle(np.arange(10_000), 20_000)
    assert abs(numbers.mean()) < 0.05
    assert abs(numbers.std() - 1) < 0.05
    assert abs(np.corrcoef(numbers, daily_shuffle(np.arange(10_000), 20_001))[0, 1]) < 0.05


def test_fading_the_quick_way_is_fading_the_whole_way(place, recommender) -> None:
    folders, connection = place
    quick = recommender.with_decay(5.0)
    days = read_days(connection)
    whole = Recommender.of(
        open_model(folders), DatedTaste(read_taste(connection).with_decay(days, 5.0), days)
    )
    np.testing.assert_allclose(
        quick.listener.folded.factors.vector, whole.listener.folded.factors.vector, rtol=1e-9
    )
    # Also where nobody asked the plain one for a list before.
    unasked = Recommender.of(open_model(folders), read_dated_taste(connection)).with_decay(5.0)
    every = np.arange(len(ARTISTS))
    for other in (quick, unasked):
        np.testing.assert_array_equal(other.ranked(TODAY), whole.ranked(TODAY))
        np.testing.assert_allclose(
            other.ranker.parts(every, 3), whole.ranker.parts(every, 3), rtol=1e-6, atol=1e-9
        )
    assert [item.artist for item in quick.discover(TODAY).items] == [
        item.artist for item in whole.discover(TODAY).items
    ]
    assert quick.discover(TODAY).half_life == 5.0
    assert quick.modes == recommender.modes, "a taste keeps its number whatever the dials"


def test_while_a_dial_turns_the_first_rows_have_the_reasons_they_will_have(recommender) -> None:
    whole = recommender.with_decay(5.0).discover(TODAY).items
    turning = recommender.with_decay(5.0)
    first = turning.discover(TODAY, reasons=3).items
    assert first[:3] == whole[:3]
    assert first[3:]
    assert first[3:] == tuple(
        replace(row, why=(), tastes=TasteShares(), members={}, others=len(turning.reasons), others_share=1.0)
        for row in whole[3:]
    )
    # What was worked out is not again, and what was not is.
    again = turning.discover(TODAY, reasons=0).items
    assert all(kept is row for kept, row in zip(again[:3], first[:3], strict=True))
    assert turning.discover(TODAY).items == whole


def test_skips_take_plays_away_and_what_is_only_skipped_is_turned_down(place) -> None:
    folders, connection = place
    before = read_taste(connection).by_key[artist_key(ARTISTS[9])].weight
    candidate = (
        Recommender.of(open_model(folders), read_dated_taste(connection))
        .discover(DiscoverSettings(n=1))
        .items[0]
    )
    with connection:
        play(connection, candidate.artist, "Another Song")
        for name, count in ((ARTISTS[9], 2), (candidate.artist, 3)):
            track = connection.execute(
                "SELECT t.id FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE a.key = ?",
                (artist_key(name),),
            ).fetchone()[0]
            connection.executemany(
                "INSERT INTO skips (track_id, import_id, started_at, source) VALUES (?, 1, 5, 'test')",
                [(track,)] * count,
            )
    taste = read_taste(connection)
    assert taste.by_key[artist_key(ARTISTS[9])].weight == before - 1.0
    assert taste.turned_down == {candidate.key}
    items = Recommender.of(open_model(folders), DatedTaste(taste)).discover(DiscoverSettings(n=60)).items
    assert candidate.key not in {item.key for item in items}
    with connection:
        connection.execute("DELETE FROM skips")


def skip(connection, artist: str, title: str, *times: int) -> None:
    """Skips put into the library by hand."""
    play(connection, artist, title)
    connection.executemany(
        "INSERT INTO skips (track_id, import_id, started_at, source) SELECT t.id, 1, ?, 'test' FROM tracks AS t "
        "JOIN artists AS a ON a.id = t.artist_id WHERE a.key = ? AND t.key = ?",
        [(at, artist_key(artist), track_key(title)) for at in times],
    )
    connection.commit()


def test_what_was_only_ever_skipped_is_known_and_not_new(place) -> None:
    folders, connection = place
    model = open_model(folders)
    first, second = (
        Recommender.of(model, read_dated_taste(connection))
        .discover(DiscoverSettings(n=2, familiarity=1.0))
        .items
    )
    skip(connection, f"The {first.artist}", "A Song", 5 * DAY)
    skip(connection, f"The {ARTISTS[9]}", "A Song", *[5 * DAY] * 4)
    whole = read_taste(connection)
    assert whole.only_skipped == {artist_key(f"The {first.artist}")}
    assert not whole.turned_down
    offered = Recommender.of(model, DatedTaste(whole)).discover(DiscoverSettings(n=60, familiarity=1.0)).items
    assert second.key in {item.key for item in offered}
    assert first.key not in {item.key for item in offered}
    near = {item.key: item.known for item in related_artists(model, whole, second.item, 59).items}
    assert near[first.key]
    # Before it was skipped it was new, and what was played at another time is known by its plays.
    assert read_taste(connection, Window(until=5 * DAY)).only_skipped == frozenset()
    later = read_taste(connection, Window(since=5 * DAY, until=6 * DAY))
    assert later.only_skipped == {artist_key(f"The {first.artist}")} | {artist_key(f"The {ARTISTS[9]}")}
    assert read_taste(connection, Window(since=19 * DAY)).only_skipped == {artist_key(f"The {first.artist}")}
    found = counts(connection)
    assert (found.artists, found.tracks) == (11, 11)
    with connection:
        connection.execute("DELETE FROM skips")


def test_a_track_only_ever_skipped_is_not_new_and_its_artists_others_are(place) -> None:
    _, connection = place
    skip(connection, ARTISTS[0], "Skipped", 5 * DAY)
    skip(connection, ARTISTS[0], "A Song - Live", 5 * DAY)
    assert read_taste(connection).only_skipped == frozenset()
    assert read_taste(connection, level="tracks").only_skipped == {
        joined_key(artist_key(ARTISTS[0]), "Skipped")
    }
    with connection:
        connection.execute("DELETE FROM skips")


def test_answers_move_the_weights_and_are_taken_back_with_them(place, recommender) -> None:
    folders, connection = place
    top = recommender.discover(DiscoverSettings(n=20)).items
    answers = {item.key: 1.0 if item.listeners < 50 else -1.0 for item in top}
    taste = read_taste(connection)
    moved = Recommender.of(open_model(folders), DatedTaste(taste), answers=answers).ranker.weights
    assert moved["popularity"] < WEIGHTS["popularity"]
    assert Recommender.of(open_model(folders), DatedTaste(taste), answers={}).ranker.weights == WEIGHTS


def test_what_is_shown_and_ignored_rests_and_comes_back(place) -> None:
    _, connection = place
    ignored, looked_at = artist_key(ARTISTS[30]), artist_key(ARTISTS[31])
    played = artist_key(ARTISTS[0])
    for day in range(IGNORED_DAYS):
        note(connection, "shown", [ignored, looked_at, played], day)
        note(connection, "shown", [ignored], day)
    note(connection, "opened", [looked_at], IGNORED_DAYS - 1)
    last = IGNORED_DAYS - 1
    assert resting(connection, last) == frozenset(), "the last day's own list is as it was in the morning"
    assert resting(connection, last + 1) == {ignored}, "opened and played ones were not ignored"
    assert resting(connection, last + REST_DAYS) == {ignored}
    assert resting(connection, last + 1 + REST_DAYS) == frozenset()
    assert opened(connection) == {looked_at}
    with connection:
        connection.execute("DELETE FROM encounters")


def test_resting_artists_leave_the_list_and_are_counted(place, recommender) -> None:
    folders, connection = place
    top = recommender.discover(TODAY).items[0]
    rested = Recommender.of(
        open_model(folders),
        read_dated_taste(connection),
        resting=frozenset({top.key, artist_key(ARTISTS[0])}),
    ).discover(TODAY)
    assert top.key not in {item.key for item in rested.items}
    assert rested.resting == 1, "one of the person's own does not rest"


def test_similarity_is_the_same_both_ways_and_related_lists_hold_no_blocked_artist(place) -> None:
    folders, connection = place
    similarity = open_model(folders).similarity
    every = np.arange(60)
    table = np.stack([similarity.of(item, every) for item in range(60)])
    np.testing.assert_allclose(table, table.T, atol=1e-6)
    assert table.max() <= 1.0
    found = related_artists(open_model(folders), read_taste(connection), 30, 10)
    assert all(ARTISTS.index(item.artist) % 3 == 0 for item in found.items)
    gone = found.items[0]
    set_verdict(connection, "block", artist=gone.artist, artist_key=gone.key)
    after = related_artists(open_model(folders), read_taste(connection), 30, 10)
    assert gone.artist not in {item.artist for item in after.items}
    set_verdict(connection, None, artist=gone.artist, artist_key=gone.key)


def test_standing_is_known_from_days_only(tmp_path) -> None:
    from engine.paths import Folders

    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Weekly Then Away", "A", *(day * DAY for day in range(0, 70, 7)))
    play(connection, "Long Gone", "A", *(second for second in range(400)))
    play(connection, "Every Day", "A", *(day * DAY for day in range(0, 300, 2)))
    play(connection, "Hardly Known", "A", 250 * DAY)
    found = standings(read_days(connection))
    assert found == {
        artist_key("Weekly Then Away"): "overdue",
        artist_key("Long Gone"): "forgotten favourite",
        artist_key("Hardly Known"): "deep cut",
    }
    connection.close()


def test_what_goes_with_the_last_weeks_is_a_candidate_beside_what_goes_with_everything(
    tmp_path, monkeypatch
) -> None:
    """Listeners keep to their block of three; one new artist of another block is lost among years of the first."""
    monkeypatch.setattr("engine.recommend.candidates.CANDIDATES", 3)
    monkeypatch.setattr("engine.recommend.candidates.NEIGHBOUR_CANDIDATES", 3)
    plays = np.zeros((90, 60), dtype=np.float32)
    rng = np.random.default_rng(0)
    for row in range(90):
        plays[row, rng.choice(np.arange(row % 3, 60, 3), size=8, replace=False)] = 5.0
    folders = write_model(tmp_path / "data", plays=csr_matrix(plays), ensemble=WEIGHTS)
    connection = open_library(Door(folders))
    for number in range(0, 24, 3):
        play(connection, ARTISTS[number], "Old", *(number + i for i in range(30)))
    play(connection, ARTISTS[1], "New", 400 * DAY)
    candidates = Recommender.of(open_model(folders), read_dated_taste(connection)).ranker.candidates
    found = candidates.new(candidates.listener.own_ids)
    assert {number % 3 for number in found.tolist()} == {0, 1}
    monkeypatch.setattr("engine.recommend.candidates.RECENT", 0)
    candidates = Recommender.of(open_model(folders), read_dated_taste(connection)).ranker.candidates
    assert {number % 3 for number in candidates.new(candidates.listener.own_ids).tolist()} == {0}
    connection.close()
