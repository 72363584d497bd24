"""The table of hashes answers as a dictionary does, and counting takes each id and each spelling for one item."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.community.hash_table import Hashes, HashTable
from engine.community.tally import Tally
from tests.support.statistics_dump import artist, line


def made_up(count: int, seed: int = 0) -> Hashes:
    return np.random.default_rng(seed).permutation(np.arange(1, count + 1)) * -0x61C8864680B583EB


def test_hashes_keep_their_numbers_while_it_grows() -> None:
    table, known = HashTable(), dict[int, int]()
    every = made_up(30_000)
    for begin in range(0, len(every), 7_000):
        some = every[begin : begin + 7_000]
        assert (table.numbers(some) == -1).all()
        numbers = list(range(begin, begin + len(some)))
        table.add(some, numbers)
        known.update(zip(some.tolist(), numbers, strict=True))
    asked = np.concatenate([every[::3], every[:50], every[:50] + 1])
    assert table.numbers(asked).tolist() == [known.get(one, -1) for one in asked.tolist()]
    assert table.numbers(asked[:0]).tolist() == []


def test_hashes_that_want_one_place_go_on_to_the_next() -> None:
    # Their lower bits are one and the same, their upper ones their own.
    table, hashes = HashTable(), np.arange(1, 301) << 20 | 4095
    table.add(hashes[:200], range(200))
    assert table.numbers(hashes).tolist() == [*range(200), *[-1] * 100]


def test_an_id_is_not_taken_for_the_spelling_of_a_name() -> None:
    tally = Tally("artists", "x")
    both = [
        artist(None, "Ida", 3),
        artist(0, "Oaks", 5) | {"artist_mbid": '"Ida"'},
        artist(0, "Moss", 2) | {"artist_mbid": ""},
    ]
    tally.add(line(1, both).splitlines())
    tally.forget_ids()
    assert (tally.names, list(tally.mapped)) == (["Ida", "Oaks", "Moss"], [False, True, False])
    assert tally.blocks[0].toarray().tolist() == [[3, 5, 2]]


@pytest.mark.parametrize("together", [1, 3, 4096])
def test_however_many_are_counted_together_the_counts_are_the_same(
    monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr("engine.community.tally._TOGETHER", together)
    tally = Tally("artists", "x")
    some = random.Random(3)
    expected: dict[tuple[int, str], int] = {}
    for listener in range(60):
        artists = {some.randrange(50): some.randrange(1, 99) for _ in range(some.randrange(1, 12))}
        tally.add(
            line(
                listener, [artist(n if n % 5 else None, f"Artist {n}", plays) for n, plays in artists.items()]
            ).splitlines()
        )
        expected.update({(listener, f"Artist {n}"): plays for n, plays in artists.items()})
    tally.forget_ids()
    found: dict[tuple[int, str], int] = {}
    row = 0
    for block in tally.blocks:
        found |= {(row + at, tally.names[item]): int(n) for (at, item), n in block.todok().items()}
        row += block.shape[0]
    assert found == expected
    assert len(tally.names) == len(tally.mapped) == len(set(tally.names))
