"""Text for the screen: safe, exactly as wide as asked for, and honest about numbers."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.text import bar, day, duration, searchable, sparkline

CASES = settings(deadline=None, max_examples=150, derandomize=True)
# Wide, narrow, combining, joined and hostile characters come up far more often than by chance.
TITLES = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\u202e\u200d\u0301\u3099日本한👩🚀🏳️‍🌈é[]/=@"))
)


@CASES
@given(TITLES, st.integers(0, 60), st.booleans())
def test_fitted_is_exactly_as_many_cells_as_asked_for(text: str, width: int, right: bool) -> None:
    assert cell_len(fitted(shown(text), width, right=right)) == width


@CASES
@given(TITLES)
def test_what_fits_is_not_changed(text: str) -> None:
    safe = shown(text)
    width = cell_len(safe)
    assert fitted(safe, width) == safe
    assert fitted(safe, width + 3) == safe + "   "
    assert fitted(safe, width + 3, right=True) == "   " + safe


@CASES
@given(TITLES)
def test_no_character_a_terminal_would_obey_is_left(text: str) -> None:
    safe = shown(text)
    unseen = [c for c in text if unicodedata.category(c) == "Cf"]
    assert len(text) - len(unseen) <= len(safe) <= len(text), (
        "what is seen is shown or has a mark in its place"
    )
    for character in safe:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Song [Remastered 2011]", "Song [Remastered 2011]"),
        ("\x1b]0;owned\x07", "\ufffd]0;owned\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("abc\u202edef", "abc\ufffddef"),
        ("two\nlines", "two\ufffdlines"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("", ""),
        ("Caf\u00ad\u00e9\u200b Tundra\ufeff", "Caf\u00e9 Tundra"),
        ("\u200fשלום\u200e", "שלום"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4"),
        ("\u0601\u0661", "\u0601\u0661"),
    ],
)
def test_names_are_shown_as_they_are_but_for_controls(text: str, safe: str) -> None:
    assert shown(text) == safe


@pytest.mark.parametrize(
    ("text", "width", "drawn"),
    [
        ("Artist", 4, "Art…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日 …"),  # half a character cannot be drawn
        ("e\u0301tude", 5, "e\u0301tude"),
        ("Artist", 0, ""),
        ("Artist", 1, "…"),
    ],
)
def test_cuts_are_marked_and_count_cells_not_characters(text: str, width: int, drawn: str) -> None:
    assert fitted(text, width) == drawn


@CASES
@given(st.floats(allow_nan=False), st.integers(1, 40))
def test_a_bar_has_its_width_whatever_the_share(share: float, width: int) -> None:
    assert cell_len(bar(share, width)) == width


def test_a_filter_asks_for_no_accents() -> None:
    assert [searchable(text) for text in ("Björk", "BJO\u0308RK", "İstanbul", "AC/DC")] == [
        "bjork",
        "bjork",
        "istanbul",
        "ac/dc",
    ]


def test_a_bar_is_drawn_in_half_cells() -> None:
    assert [bar(share, 2) for share in (0, 0.25, 0.5, 0.75, 1)] == ["  ", "╸ ", "━ ", "━╸", "━━"]


def test_a_sparkline_goes_from_low_to_high() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0, "0:00"), (59.6, "1:00"), (185, "3:05"), (3600, "1:00:00")]
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_days_are_utc() -> None:
    assert (day(0), day(None)) == ("1 Jan 1970", "")


@pytest.mark.parametrize(("zone", "said"), [("UTC", "31 Dec 2023"), ("Asia/Tokyo", "1 Jan 2024")])
def test_a_day_is_the_persons_own(zone: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert day(1_704_063_600) == said  # 31 December 2023, 23:00 UTC
    assert day(1 << 60 - 25) != ""
