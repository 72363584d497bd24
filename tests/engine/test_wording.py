"""Counts and shares in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.wording import percent, percents, quantity

ROOT = Path(__file__).parents[2]

PARTS = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("count", "words", "shown"),
    [
        (1, ("artists",), "1 artist"),
        (0, ("artists",), "0 artists"),
        (1200, ("plays",), "1,200 plays"),
        (1, ("tracks fit", "track fits"), "1 track fits"),
    ],
)
def test_one_is_counted_in_the_singular(count: int, words: tuple[str, ...], shown: str) -> None:
    assert quantity(count, *words) == shown


@settings(deadline=None, max_examples=100, derandomize=True)
@given(PARTS)
def test_parts_of_a_whole_add_up_to_it_each_within_one_per_cent_of_what_it_is(parts: list[float]) -> None:
    shares = [part / sum(parts) for part in parts]
    said = percents(shares)
    wholes = [{"<1 %": 0, ">99 %": 100}.get(one) for one in said]
    numbers = [int(one.removesuffix(" %")) if n is None else n for one, n in zip(said, wholes, strict=True)]
    assert sum(numbers) == 100
    assert all(abs(number - share * 100) < 1 for number, share in zip(numbers, shares, strict=True))


def test_nearly_all_is_not_all_and_nearly_nothing_not_nothing() -> None:
    assert [percent(share) for share in (0.0, 0.001, 0.038, 0.998, 1.0)] == [
        "0 %",
        "<1 %",
        "4 %",
        ">99 %",
        "100 %",
    ]
    assert percent(0.2999, down=True) == "29 %"


def test_shares_and_counts_are_put_into_words_in_one_place() -> None:
    of_its_own = re.compile(r"""\{[^{}]*:[^{}]*%\}|\* 100:[^}]*\} ?%|'s'\}|else ['"]s['"]""")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for room in ("engine", "tuiapp")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "wording.py"
        for match in of_its_own.finditer(path.read_text())
    ]
    assert found == []
