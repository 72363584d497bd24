"""Invented names: unique, pronounceable, and the same on every machine."""

from __future__ import annotations

import random

import pytest

from sample_data import made_up_names


@pytest.mark.parametrize("flavour", made_up_names.FLAVOURS)
def test_words_are_pronounceable_and_not_denied(flavour: str) -> None:
    rng = random.Random(1)
    for _ in range(300):
        made = made_up_names.word(rng, flavour)
        assert 5 <= len(made) <= 11
        assert not made_up_names.is_clumsy(made)
        assert made_up_names.plain_key(made) not in made_up_names.DENIED


@pytest.mark.parametrize(
    ("word", "clumsy"), [("Velmora", False), ("Aeoli", True), ("Angstr", True), ("Bella", False)]
)
def test_clumsy_words(word: str, clumsy: bool) -> None:
    assert made_up_names.is_clumsy(word) is clumsy


def test_artists_never_share_a_name() -> None:
    taken: set[str] = set()
    first = made_up_names.artists(random.Random(4), ["oak"] * 400, taken)
    second = made_up_names.artists(random.Random(4), ["oak"] * 400, taken)
    keys = {made_up_names.plain_key(name) for name in first + second}
    assert len(keys) == 800


def test_the_and_plural_do_not_make_another_artist() -> None:
    alone = made_up_names.artists(random.Random(4), ["oak"])[0]
    key = made_up_names.plain_key(alone).removeprefix("the").removesuffix("s")
    again = made_up_names.artists(random.Random(4), ["oak"], {key})[0]
    assert alone != again


def test_titles_of_one_artist_differ() -> None:
    titles = made_up_names.titles(random.Random(2), "glass", 60)
    assert len({made_up_names.plain_key(title) for title in titles}) == 60


def test_keys_ignore_case_accents_and_punctuation() -> None:
    assert made_up_names.plain_key("The Quartét!") == made_up_names.plain_key("THE QUARTET") == "thequartet"
