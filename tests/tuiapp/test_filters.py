"""What Discover is asked for beside its dials."""

from __future__ import annotations

import numpy as np
import pytest

from engine.canonical_keys import track_name
from engine.errors import NothingYetError
from engine.recommend.modes import Mode
from engine.recommend.settings import DiscoverSettings
from engine.taste.window import TIMES_OF_WEEK, time_of_week
from tuiapp.screens.filters import Filters, tastes_to_choose, times_to_choose


def test_all_that_is_asked_for_is_in_the_settings_and_in_the_words() -> None:
    filters = (
        Filters("tracks", (2, "dub"), "2024-03-01", time_of_week("evening"))
        .less("Burel", "Tin Roof")
        .less("Moire", None)
    )
    found = filters.of(DiscoverSettings(n=7, popularity=0.2))
    assert (found.n, found.popularity, found.level, found.mode) == (7, 0.2, "tracks", 2)
    assert found.without == (track_name("Burel", "Tin Roof"), "Moire")
    assert found.window.time_of_week is not None
    assert found.window.time_of_week.name == "evening"
    assert found.window.until is not None
    assert filters.in_words() == "evening  as of 2024-03-01  taste dub  without Tin Roof, Moire"
    assert Filters().of(DiscoverSettings()) == DiscoverSettings()
    assert Filters().in_words() == Filters().when == ""


def test_at_another_time_or_level_the_numbers_of_tastes_mean_nothing() -> None:
    filters = Filters(taste=(1, "dub"), without=("Moire",))
    assert (
        filters.at("2024").taste
        is filters.at_times(time_of_week("work")).taste
        is filters.other_level().taste
        is None
    )
    of_tracks = filters.other_level().less("Burel", "Tin Roof")
    assert of_tracks.of_tracks
    assert of_tracks.other_level() == Filters(without=("Moire",)), "of artists no single track is left out"


def test_any_time_is_offered_first_then_each_with_its_hours() -> None:
    choices = times_to_choose(TIMES_OF_WEEK)
    assert [choice.value for choice in choices] == ["", *(context.name for context in TIMES_OF_WEEK)]
    assert all(choice.note for choice in choices[1:])
    assert Filters().at_times(time_of_week(choices[2].value)).when == choices[2].words


def test_all_tastes_are_offered_first_then_each_by_number_with_its_share() -> None:
    modes = [Mode(name, np.arange(1), (name,), share) for name, share in (("dub", 0.75), ("jazz", 0.25))]
    choices = tastes_to_choose(modes, Filters())
    assert [(choice.value, choice.words) for choice in choices] == [
        ("", "all tastes"),
        ("1", "dub"),
        ("2", "jazz"),
    ]
    assert [choice.note for choice in choices[1:]] == ["75 %", "25 %"]
    for asked, words in (
        (Filters(level="tracks"), "Your tracks form one taste: there is nothing to filter by."),
        (Filters(as_of="2024"), "Your artists form one taste then: there is nothing to filter by."),
    ):
        with pytest.raises(NothingYetError, match=words):
            tastes_to_choose(modes[:1], asked)


def test_a_name_with_controls_is_made_safe_to_show() -> None:
    assert "\x1b" not in Filters().less("A\x1b[31m", None).in_words()
