"""A person's own contexts, as their settings have them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import UnknownNameError, UsageError
from engine.playlists.contexts import CONTEXTS, Settings, Weights, context_named, times_named
from engine.playlists.own_contexts import contexts_with, field_of, said_of


def own(**said: Any) -> dict[str, Any]:
    """The settings of a context called gym, checked."""
    return {f"gym.{name}": field_of(f"gym.{name}")[0](value) for name, value in said.items()}


def test_a_context_is_like_another_in_all_that_is_not_said() -> None:
    said = own(
        like="running",
        bpm=150,
        minutes=30,
        energy="0:0.5, 1:0.9",
        days="mon,fri",
        hours="18:00-20:00",
        artist_gap=3,
    )
    found, wrong = contexts_with(said | {"gym.weights.energy": 2})
    assert not wrong
    gym = found["gym"]
    assert gym.title == "Gym"
    assert gym.defaults == Settings(bpm=150, minutes=30)
    assert gym.tempo == CONTEXTS["running"].tempo
    assert gym.energy == ((0.0, 0.5), (1.0, 0.9))
    assert gym.needs_tempo
    assert gym.artist_gap == 3
    assert gym.weights == Weights(tempo=2.0, energy=2)
    assert gym.times is not None
    assert gym.times.spans_in_words == "Mon and Fri 18:00-20:00"
    assert list(found)[:-1] == list(CONTEXTS)


def test_a_built_in_context_can_be_changed_and_a_new_one_begun_from_nothing() -> None:
    found, wrong = contexts_with({"running.bpm": 160, "tea.calm": [[0, 0.8], [1, 0.9]]})
    assert not wrong
    assert found["running"].defaults.bpm == 160
    assert found["running"].energy == CONTEXTS["running"].energy
    assert found["tea"].measures == ("calm",)
    named, _ = contexts_with({"tea.title": "Five o'clock", "tea.calm": [[0, 0.8]]})
    assert context_named("five O'Clock", named) is named["tea"]


def test_a_context_is_like_another_wherever_that_is() -> None:
    said = {
        "gym.like": "My run",
        "jog.title": "My Run",
        "jog.like": "running",
        "running.bpm": 150,
        "a.like": "b",
        "b.like": "a",
    }
    found, wrong = contexts_with(said)
    assert found["gym"].defaults.bpm == found["jog"].defaults.bpm == 150
    assert list(found) == [*CONTEXTS, "gym", "jog"]
    assert wrong.keys() == {"a", "b"}


def test_what_makes_no_list_is_left_out_with_the_reason_and_costs_no_other() -> None:
    said = {
        "a.bpm": 20,
        "b.like": "nobody",
        "c.minutes": 20,
        "d.needs_tempo": True,
        "e.hours": ["25:00-26:00"],
    }
    found, wrong = contexts_with(said)
    assert wrong.keys() == {"a", "b", "d", "e"}
    assert wrong["a"] == "bpm 20 is out of range: enter a number from 40 to 250."
    assert "Unknown context “nobody”" in wrong["b"]
    assert "25:00 is not a time of the day" in wrong["e"]
    assert found["c"].defaults.minutes == 20
    assert not wrong.keys() & found.keys()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("gym.bpm", "fast", "a number"),
        ("gym.bpm", True, "a number"),
        ("gym.bpm", float("nan"), "a number"),
        ("gym.tempo", "0-1", "points of time"),
        ("gym.tempo", [[0, 1, 2]], "points of time"),
        ("gym.tempo", {"x": 1}, "points of time"),
        ("gym.days", "someday", "days, of sun, mon"),
        ("gym.hours", "7 to 9", "hours such as"),
        ("gym.title", "a\nb", "a line of text"),
        ("gym.eases", "perhaps", "true or false"),
        ("gym.bmp", 1, "did you mean bpm"),
        ("gym", 1, "a context has like, title"),
        ("Gym.bpm", 1, "small letters"),
        ("'; drop.bpm", 1, "small letters"),
    ],
)
def test_a_mistake_says_what_is_expected(key: str, value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        field_of(key)[0](value)


def test_what_is_kept_of_the_dials_makes_the_same_context_again() -> None:
    base = CONTEXTS["running"]
    settings = base.settings(bpm=155, minutes=30, seed=7)
    said = said_of(base, settings)
    assert said == {"like": "running", "bpm": 155, "minutes": 30}
    found, _ = contexts_with({f"mine.{name}": value for name, value in said.items()})
    assert found["mine"].settings(seed=7) == settings


def test_a_time_of_the_week_goes_by_its_name_or_that_of_a_context() -> None:
    found, _ = contexts_with({"tea.hours": ["15:00-17:00"], "tea.title": "Five o'clock"})
    assert times_named("evening", found).name == "evening"
    assert times_named(" Tea ", found).spans == (("15:00", "17:00"),)
    assert times_named("five O'Clock", found) is times_named("tea", found)
    assert times_named("focus") is times_named("work")
    with pytest.raises(UsageError, match="Running is at no time of the week"):
        times_named("running")
    with pytest.raises(UnknownNameError, match=r"Unknown context “tee”. Use one of morning, .*, tea"):
        times_named("tee", found)
