"""From a dump to reasons: somebody who plays thirty artists that only data of today has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.commands import document
from tests.support.dump_server import serving
from tests.support.models import names
from tests.support.statistics_dump import artist, line
from tuiapp.cli.main import run

TODAY, OLDER = names(30), names(100)[30:]


def lines(count: int = 240) -> bytes:
    """Listeners in three camps, who play eight artists of today and twelve others, most of their own camp."""
    rng = np.random.default_rng(0)

    def some(numbers: range, camp: int, own: int, all_of_them: int) -> list[int]:
        inside = [n for n in numbers if n % 3 == camp]
        outside = [n for n in numbers if n % 3 != camp]
        chosen = [
            *rng.choice(inside, own, replace=False),
            *rng.choice(outside, all_of_them - own, replace=False),
        ]
        return list(map(int, chosen))

    every = [*TODAY, *OLDER]
    return b"".join(
        line(
            user,
            [
                artist(n, every[n], int(rng.integers(2, 90)))
                for n in (*some(range(30), user % 3, 6, 8), *some(range(30, 100), user % 3, 10, 12))
            ],
        )
        for user in range(count)
    )


def test_all_of_them_are_known_and_more_than_one_is_a_reason(empty: Path, tmp_path: Path, capsys) -> None:
    history = tmp_path / "history.csv"
    rows = [
        f"{name},Song {play},2026-{1 + play:02d}-{1 + place % 28:02d} 12:{place:02d}"
        for place, name in enumerate(TODAY)
        for play in range(1 + place % 4)
    ]
    history.write_text("\n".join(["artist,track,time", *rows]))
    with serving() as server:
        server.add(2679, "20261001-000002", {"artists_all_time": lines()})
        fetch = ["community", "fetch", "--url", server.base, "--min-listeners", "200", "--yes"]
        assert run(fetch) == 0
    assert run(["import", str(history)]) == 0
    assert run(["train", "--no-tune", "--factors", "8", "--iterations", "5"]) == 0
    said = capsys.readouterr().err
    assert said.count("(ListenBrainz, October 2026) knows 30 of your 30 artists, 100 % of your plays.") == 2
    found = document(capsys, "recommend", "--new", "1")
    assert (found["coverage"]["artists"], found["coverage"]["of"]) == (30, 30)
    assert len(found["items"]) == 20
    first = {item["why"][0]["artist"] for item in found["items"]}
    named = {why["artist"] for item in found["items"] for why in item["why"]} & set(TODAY)
    assert len(first) > 1
    assert len(named) >= 10
