"""What is loved or hated in a player: what is new counts once, what the person says here has priority, private stays
out."""

from __future__ import annotations

import contextlib

import pytest

from engine.errors import UsageError
from engine.live.listenbrainz import Report, Verdict
from engine.session import Session
from engine.store.play import Play
from tests.support.live import NOW, World

HOUR = 3600
SONG, MBID = ("Ida", "Tin Roof"), ("mb_recording", "7c1b")
LIKE, HIDE, NEITHER = (Verdict(said, named=SONG) for said in ("like", "hide", None))
BY_ID = Verdict("like", (MBID,))


@pytest.fixture
def world(world: World) -> World:
    world.listens()
    return world


def here(world: World, verdict: str | None) -> None:
    """The person says it in the app, or undoes the current verdict."""
    with Session(world.folders) as session:
        if session.library.connection.execute("SELECT 1 FROM artists").fetchone() is None:
            session.history.log_play(*SONG, seconds=200, at=NOW - 30 * HOUR)
        session.verdicts.judge(verdict, *SONG)


def standing(world: World) -> str | None:
    with Session(world.folders) as session:
        return next((one.verdict for one in session.verdicts.all() if one.track == SONG[1]), None)


async def say(world: World, *verdicts: Verdict, client: str = "pano") -> None:
    inbox = world.inbox()
    for one in verdicts:
        await inbox.take(Report(client, verdicts=(one,)))


def played(title: str, at: float, *ids: tuple[str, str]) -> Report:
    return Report("pano", (Play("Ida", title, int(at), duration_ms=200_000, ids=ids),), single=True)


@pytest.mark.parametrize("own", ["like", "hide", "block"])
@pytest.mark.parametrize("said", [LIKE, HIDE, NEITHER])
async def test_what_the_person_says_here_stays(world: World, own: str, said: Verdict) -> None:
    await say(world, HIDE, LIKE)
    here(world, own)
    await say(world, said, LIKE, HIDE, NEITHER)
    await say(world, said, client="mpd")
    assert standing(world) == own


async def test_what_a_player_takes_back_is_only_its_own(world: World) -> None:
    await say(world, LIKE)
    await say(world, LIKE, NEITHER, client="mpd")
    assert standing(world) == "like"
    await say(world, NEITHER)
    assert standing(world) is None
    await say(world, HIDE)
    await say(world, LIKE, client="mpd")
    assert standing(world) == "like", "of two players the latest counts"


async def test_what_is_undone_comes_back_only_when_the_player_says_something_new(world: World) -> None:
    await say(world, LIKE)
    here(world, None)
    await say(world, LIKE, LIKE)
    assert standing(world) is None
    await say(world, NEITHER)
    assert standing(world) is None
    await say(world, LIKE)
    assert standing(world) == "like"
    here(world, None)
    await say(world, HIDE)
    assert standing(world) == "hide"


async def test_what_the_person_said_too_and_undid_does_not_come_back(world: World) -> None:
    here(world, "like")
    await say(world, LIKE)
    here(world, None)
    await say(world, LIKE)
    assert standing(world) is None


@pytest.mark.parametrize("since", ["", "like", "hide", "block"])
async def test_undoing_what_a_player_said_leaves_what_the_person_said_since(world: World, since: str) -> None:
    await say(world, LIKE)
    with Session(world.folders) as session:
        (mark,) = session.verdicts.of_players()
        if since:
            session.verdicts.judge(since, *SONG)
        # The app says that it is undone where no error says why not.
        with pytest.raises(UsageError, match="changed elsewhere") if since else contextlib.nullcontext():
            session.verdicts.take_back(mark)
    assert standing(world) == (since or None)


async def test_undoing_what_replaced_an_earlier_verdict_restores_that(world: World) -> None:
    await say(world, LIKE, client="mpd")
    with Session(world.folders) as session:
        (before,) = session.verdicts.all()
    await say(world, HIDE)
    with Session(world.folders) as session:
        (mark,) = session.verdicts.of_players()
        assert mark.verdict == "hide"
        session.verdicts.take_back(mark, before)
        assert session.verdicts.all() == (before,), "with its date and source"


async def test_a_love_during_a_songs_first_play_waits_for_it(world: World) -> None:
    inbox = world.inbox()
    await inbox.take(Report("pano", verdicts=(BY_ID,)))
    await inbox.take(played("Another", NOW - 400))
    assert standing(world) is None
    await inbox.take(played("Tin Roof", NOW - 100, MBID))
    assert standing(world) == "like"
    # Once: it is not said again with the next play.
    here(world, None)
    await inbox.take(played("Tin Roof", NOW + 400, MBID))
    assert standing(world) is None


async def test_of_many_loves_before_a_first_play_the_latest_wait(world: World) -> None:
    inbox = world.inbox()
    for number in range(150):
        await inbox.take(Report("pano", verdicts=(Verdict("like", (("mb_recording", str(number)),)),)))
    for number in (10, 140):
        await inbox.take(played(f"T{number}", NOW - 400 + number, ("mb_recording", str(number))))
    with Session(world.folders) as session:
        assert [one.track for one in session.verdicts.all()] == ["T140"]


async def test_a_love_said_in_private_or_of_what_played_in_private_stays_out(world: World) -> None:
    inbox = world.inbox()
    await inbox.take(Report("pano", verdicts=(BY_ID,)))
    world.now, world.private = NOW + HOUR, True
    await inbox.take(Report("pano", verdicts=(LIKE,)))
    await inbox.take(played("Tin Roof", world.now, MBID))
    world.now, world.private = NOW + 2 * HOUR, False
    # Sent again, sent late, said of the song that began in private: by its name, by its id.
    await inbox.take(Report("pano", verdicts=(LIKE,)))
    world.now += HOUR
    # An older play of it, from a queue, shows nothing of that.
    await inbox.take(played("Tin Roof", NOW - 90 * HOUR, MBID))
    for one in (LIKE, BY_ID, Verdict("like", named=("IDA", "Tin  Roof"))):
        await inbox.take(Report("pano", verdicts=(one,)))
    assert standing(world) is None
    # Played in the open it can be loved again.
    await inbox.take(played("Tin Roof", world.now - 100, MBID))
    assert standing(world) is None
    await inbox.take(Report("pano", verdicts=(BY_ID,)))
    assert standing(world) == "like"


async def test_a_love_by_id_of_a_known_track_that_played_in_private_stays_out(world: World) -> None:
    inbox = world.inbox()
    await inbox.take(played("Tin Roof", NOW - 20 * HOUR, MBID))
    world.now, world.private = NOW + HOUR, True
    # This player sends no ids, the one with the heart does.
    await inbox.take(played("Tin Roof", world.now))
    world.now, world.private = NOW + 2 * HOUR, False
    world.now += HOUR
    await inbox.take(Report("pano", verdicts=(BY_ID,)))
    assert standing(world) is None


async def test_a_love_just_after_a_session_may_have_been_said_in_it(world: World) -> None:
    inbox = world.inbox()
    world.private = True
    inbox.look()
    world.now, world.private = NOW + HOUR, False
    inbox.look()
    world.now += 1
    await inbox.take(Report("mpd", verdicts=(LIKE,), watched=True))
    assert standing(world) is None
    await inbox.take(Report("mpd", verdicts=(Verdict("like", named=("Ida", "Waves")),), watched=True))
    world.now += 60
    await inbox.take(Report("mpd", verdicts=(Verdict("like", named=("Ida", "Harbour")),), watched=True))
    with Session(world.folders) as session:
        assert [one.track for one in session.verdicts.all()] == ["Harbour"]
