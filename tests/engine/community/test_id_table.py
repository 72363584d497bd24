"""The table of ids answers as a dictionary does."""

from __future__ import annotations

import random
from uuid import UUID

import numpy as np
import pytest

from engine.community import id_table
from engine.community.id_table import IdTable, is_id
from engine.community.tally import Tally
from tests.support.statistics_dump import artist, line


def made_up(count: int, seed: int = 0) -> list[str]:
    some = random.Random(seed)
    return [str(UUID(int=some.getrandbits(128))) for _ in range(count // 2)] + [
        f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(count - count // 2)
    ]


def test_ids_keep_their_numbers_while_it_grows() -> None:
    table, known = IdTable(), dict[str, int]()
    every = made_up(30_000)
    random.Random(1).shuffle(every)
    for begin in range(0, len(every), 7_000):
        some = every[begin : begin + 7_000]
        assert (table.numbers(some) == -1).all()
        numbers = list(range(begin, begin + len(some)))
        table.add(some, numbers)
        known.update(zip(some, numbers, strict=True))
    asked = [*every[::3], *every[:50], *made_up(100, seed=9)[:50]]
    assert table.numbers(asked).tolist() == [known.get(one, -1) for one in asked]


@pytest.mark.parametrize("none", [None, "", "short", "é" * 36, " " * 35, "x" * 37, "x" * 72])
def test_what_is_no_id_has_no_number_and_costs_the_others_nothing(none: str | None) -> None:
    table = IdTable()
    ids = made_up(10)
    table.add(ids, range(10))
    assert not is_id(none or "")
    assert table.numbers([none, *ids, none, none]).tolist() == [-1, *range(10), -1, -1]
    assert table.numbers([]).tolist() == []


def test_ids_that_want_one_place_go_on_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = id_table._hashes
    # Their lower bits are one and the same, their upper ones their own.
    monkeypatch.setattr(
        id_table, "_hashes", lambda text: hashes(text) & ~np.uint64(0xFFFFF) | np.uint64(4095)
    )
    table, ids = IdTable(), made_up(300)
    table.add(ids[:200], range(200))
    assert table.numbers(ids).tolist() == [*range(200), *[-1] * 100]


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
