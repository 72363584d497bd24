"""Progress: one whole over all stages, finer than a person's patience."""

from __future__ import annotations

import time

import pytest

from engine.canonical_keys import Level
from engine.progress import Whole, in_steps, part_of
from engine.training.train import TrainingSettings, parts_of
from tests.support.communities import write_playlists
from tests.support.listens import play
from tests.support.models import names


def test_the_whole_goes_on_over_the_stages_and_never_back() -> None:
    whole = Whole({"reading": 1, "fitting": 3})
    listed = [
        whole.at(*step).share
        for step in (
            ("reading", 0, 0),
            ("reading", 1, 2),
            ("fitting", 0, 4),
            ("continuing", 7, 9),
            ("fitting", 2, 4),
            ("reading", 1, 2),
            ("fitting", 9, 4),
        )
    ]
    assert listed == [None, 0.125, 0.25, 0.25, 0.625, 0.625, 1.0]


def test_a_stage_that_does_not_come_is_passed_over() -> None:
    whole = Whole({"reading": 1, "tuning": 2, "fitting": 1})
    whole.at("reading", 1, 1)
    assert whole.at("fitting", 0, 1).share == 0.75


def test_time_goes_on_by_itself_and_what_is_left_is_of_the_whole(monkeypatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    whole = Whole({"tuning": 1, "training": 3})
    assert whole.at("tuning", 1, 1).seconds_left is None, "too early to say"
    clock[0] += 10
    found = whole.now()
    assert (found.stage, found.unit, found.seconds, found.seconds_left) == ("tuning", "trials", 10, 30)
    assert whole.at("tracks, training", 2, 20).unit == "sweeps"


def test_a_part_is_reported_as_a_part_of_all(reports: list[float]) -> None:
    step = in_steps(part_of(reports.append, 0.5, 1.0), 2)
    for _ in range(3):
        step()
    assert reports == [0.75, 1.0, 1.0]


@pytest.fixture
def reports() -> list[float]:
    return []


@pytest.mark.parametrize("level", ["artists", "tracks"])
@pytest.mark.parametrize("solo", [False, True])
def test_every_stage_of_a_training_is_foreseen_and_reports_its_steps(
    tmp_path, level: Level, solo: bool
) -> None:
    from engine.paths import Folders
    from engine.session import Session
    from tests.support.communities import write_community

    session = Session(Folders(tmp_path / "data"))
    if solo:
        for number in range(120):
            for artist in (names(60)[(number + i * i) % 14] for i in range(4)):
                play(session.library.connection, artist, f"Song {number % 3}", number * 40_000 + 300)
    elif level == "artists":
        session.packs.add(write_community(tmp_path / "camps", artists=names(60)))
    else:
        session.packs.add(write_playlists(tmp_path / "lists.zip"))
    whole, shares, stages = Whole(parts_of([level])), [], {}
    settings = TrainingSettings(level=level, factors=4, iterations=4, tune_seconds=0.3)

    def tell(update) -> None:
        stages[update.stage] = stages.get(update.stage, 0) + 1
        share = whole.at(update.stage_of(level), update.done, update.total).share
        assert share is not None
        shares.append(share)

    session.training.train(settings, progress=tell)
    session.close()
    assert set(stages) <= set(parts_of(["artists"]))
    assert shares == sorted(shares)
    assert stages["measuring"] > 20
    # Solo mode's weights are fixed.
    assert ("weighing" in stages) == (not solo)
    assert solo or stages["weighing"] > 20
