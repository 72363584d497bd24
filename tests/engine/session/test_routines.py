"""The person's own contexts: found where there is a habit, measured on what came later, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.errors import UsageError
from engine.paths import Folders
from engine.playlists.contexts import CONTEXTS
from engine.recommend.routines import WEEKDAYS, WEEKEND, Routine, Sessions, routines
from engine.session import Session
from tests.support.commands import document
from tests.support.driving import screen_text, settled
from tests.support.listens import play
from tuiapp.app.app import DiscoverApp

# Artists 0 to 9 are those of the mornings, 10 to 19 of the evenings, 20 to 29 of any time.
MORNINGS, EVENINGS, ANY = range(10), range(10, 20), range(20, 30)


def year(played: Callable[[int, int], range | None], seed: int = 0) -> Sessions:
    """A year of sessions of four artists each; `played` says of which, by weekday and hour."""
    rng = np.random.default_rng(seed)
    found = []
    for day in range(364):
        for hour in (7, 8, 13, 19, 20):
            some = played(day % 7, hour)
            if some is not None:
                found.append((day, hour, rng.choice(list(some), 4, replace=False)))
    session = np.repeat(np.arange(len(found)), 4)
    days = np.array([day for day, _, _ in found])
    return Sessions(
        session=session,
        item=np.concatenate([items for _, _, items in found]).astype(np.int64),
        weekday=days % 7,
        hour=np.array([hour for _, hour, _ in found]),
        week=days // 7,
    )


def spans(found: tuple[Routine, ...]) -> set[tuple[str, tuple[int, ...], tuple[tuple[str, str], ...]]]:
    return {(one.times.name, one.times.days, one.times.spans) for one in found}


def test_habits_are_found_with_their_days_and_hours() -> None:
    def played(weekday: int, hour: int) -> range:
        if weekday in WEEKDAYS and hour < 9:
            return MORNINGS
        return EVENINGS if weekday in WEEKEND and hour > 18 else ANY

    found = routines(year(played))
    assert {
        ("weekday-mornings", WEEKDAYS, (("07:00", "09:00"),)),
        ("weekend-evenings", WEEKEND, (("19:00", "21:00"),)),
    } <= spans(found)
    (mornings,) = [one for one in found if one.times.name == "weekday-mornings"]
    assert set(mornings.items[:10].tolist()) == set(MORNINGS)
    assert mornings.guessed.then == 1.0
    assert mornings.guessed.always < 0.6


def test_the_same_hours_of_every_day_are_one() -> None:
    found = routines(year(lambda _weekday, hour: EVENINGS if hour > 18 else ANY))
    assert ("evenings", (), (("19:00", "21:00"),)) in spans(found)


def test_who_plays_the_same_at_any_time_has_none_that_is_worse_than_all_of_it() -> None:
    for seed in range(5):
        found = routines(year(lambda _weekday, _hour: ANY, seed))
        assert all(one.guessed.then >= one.guessed.always for one in found)
    assert routines(year(lambda _weekday, hour: ANY if hour == 7 else None)) == ()


def test_a_habit_that_ended_is_dropped() -> None:
    whole = year(lambda _weekday, hour: EVENINGS if hour > 18 else ANY)
    later = whole.week[whole.session] > 30
    changed = Sessions(
        whole.session,
        np.where(later & (whole.item < 20), (whole.item + 13) % 30, whole.item),
        whole.weekday,
        whole.hour,
        whole.week,
    )
    assert "evenings" not in {one.times.name for one in routines(changed)}


@pytest.mark.parametrize("count", [0, 1, 5])
def test_hardly_any_sessions_show_none(count: int) -> None:
    few = np.arange(count)
    assert routines(Sessions(few, few, few % 7, few % 24, few)) == ()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Mornings of Larks and evenings of Owls, every day for half a year, local time."""
    with Session(Folders(tmp_path_factory.mktemp("lived"))) as session:
        rng = np.random.default_rng(1)
        times: dict[tuple[str, str], list[int | None]] = {}
        for day in range(180):
            for hour, kind in ((7, "Lark"), (20, "Owl")):
                start = int(time.mktime((2025, 1, 1 + day, hour, 5, 0, 0, 0, -1)))
                for place, number in enumerate(rng.choice(12, 5, replace=False).tolist()):
                    times.setdefault((f"{kind} {number}", "Song"), []).append(start + 240 * place)
        for (artist, title), each in times.items():
            play(session.library.connection, artist, title, *each)
        session.reload()
        yield session


def test_each_is_a_context_named_by_when_and_by_what(lived: Session) -> None:
    contexts = lived.routines.contexts()
    assert set(contexts) == {"mornings", "evenings"}
    assert contexts["mornings"].title == "Mornings"
    assert contexts["mornings"].asks.count("Lark") == 2
    made = lived.playlists.make(contexts["mornings"])
    assert made.tracks
    assert all(track.artist.startswith("Lark") for track in made.tracks[:3])
    (own, _) = lived.routines.all()
    assert own.in_words.startswith("Found in 180 sessions: of the last 60 it guesses ")


def test_what_is_blocked_has_no_part_in_them(lived: Session) -> None:
    for number in range(12):
        lived.verdicts.judge("block", f"Owl {number}")
    assert set(lived.routines.contexts()) <= {"mornings"}
    for number in range(12):
        lived.verdicts.judge(None, f"Owl {number}")
    assert set(lived.routines.contexts()) == {"mornings", "evenings"}


def test_they_are_asked_for_by_name_like_any_other(lived: Session) -> None:
    assert lived.routines.context("Evenings", CONTEXTS).times.spans == (("20:00", "21:00"),)
    assert lived.routines.context("running", CONTEXTS) is CONTEXTS["running"]
    assert lived.routines.times("mornings", CONTEXTS).spans == (("07:00", "08:00"),)
    assert lived.routines.times("morning", CONTEXTS).spans == (("06:00", "10:00"),)
    with pytest.raises(UsageError, match=r"Did you mean .*evenings"):
        lived.routines.context("evenngs", CONTEXTS)
    assert list(lived.routines.all_times(CONTEXTS))[-2:] == ["evenings", "mornings"]


def test_the_command_line_lists_and_takes_them(lived: Session, capsys: pytest.CaptureFixture[str]) -> None:
    root = ["--data-dir", str(lived.folders.root)]
    listed = document(capsys, *root, "contexts")["contexts"]
    assert [(one["name"], one["times"]) for one in listed if one["source"] == "your history"] == [
        ("evenings", "20:00-21:00"),
        ("mornings", "07:00-08:00"),
    ]
    assert {one["name"] for one in listed if one["source"] == "built in"} == set(CONTEXTS)
    found = document(capsys, *root, "playlist", "evenings", "--minutes", "20")
    assert found["context"] == "evenings"
    assert {track["artist"].split()[0] for track in found["tracks"]} == {"Owl"}


async def test_the_app_offers_them_beside_the_others_and_says_how_good_they_are(lived: Session) -> None:
    app = DiscoverApp(lived.folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("3")
        await settled(pilot)
        await pilot.press("c")
        await settled(pilot)
        await pilot.press(*"evenings", "enter")
        await settled(pilot)
        text = " ".join(screen_text(app).split())
        assert "Evenings" in text
        assert "Found in 180 sessions" in text
