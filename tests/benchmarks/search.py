"""How fast and how well names are found, at a million of them.

    python -m tests.benchmarks.search --names 1000000 --json

Made-up names of one to three words whose letters and words follow Zipf's law: four fifths the community's artists,
one fifth the person's own tracks (of 20,000 artists), searched as the app does. `ms` gives for every kind of query the
median and the 95th percentile of one search, `like_ms` the same of the peer: a plain `LIKE '%…%'` over the names in
SQLite, best known first, which forgives nothing. `found` is the share of names with one slip (a letter dropped,
doubled, swapped or replaced) that are among the first five answers. `open_ms` is from the files to the first answer.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.search import build_names, open_names, write_names
from engine.session.searching import OwnNames, search

LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


def made_names(count: int, rng: random.Random) -> list[str]:
    """Distinct names, the commonest words in the most of them."""
    shares = [1.0 / (rank + 2) for rank in range(len(LETTERS))]
    words = sorted(
        {"".join(rng.choices(LETTERS, shares, k=rng.randint(3, 10))) for _ in range(max(2000, count // 8))}
    )
    rng.shuffle(words)
    words = ["the", *words]
    weights = np.cumsum(1.0 / np.arange(2, len(words) + 2))
    found: dict[str, None] = {}
    while len(found) < count:
        sizes = rng.choices((1, 2, 3), (2, 5, 3), k=count)
        picks = iter(rng.choices(words, cum_weights=weights.tolist(), k=sum(sizes)))
        for size in sizes:
            found[" ".join(next(picks) for _ in range(size))] = None
    return list(found)[:count]


def slipped(name: str, rng: random.Random) -> str:
    """The name with one slip of the keyboard."""
    at = rng.randrange(len(name) - 1)
    return rng.choice(
        [
            name[:at] + name[at + 1 :],
            name[: at + 1] + name[at:],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + rng.choice(LETTERS) + name[at + 1 :],
        ]
    )


def queries(names: list[str], rng: random.Random, n: int) -> dict[str, list[str]]:
    some = rng.sample([name for name in names if len(name) > 5], n)
    two = [name for name in rng.sample(names, 20 * n) if name.count(" ") > 0][:n]
    return {
        "exact": some,
        "beginning": [name[:4] for name in some],
        "fragment": [name[2:6] for name in some],
        "slip": [slipped(name, rng) for name in some],
        "two words turned": [" ".join(reversed(name.split()[:2])) for name in two],
        "one letter": [rng.choice(LETTERS) for _ in range(n)],
        "the": ["the"] * n,
        "nothing": ["".join(rng.choices(LETTERS[::-1], k=12)) for _ in range(n)],
    }


def timed(ask: Callable[[str], Any], texts: list[str]) -> dict[str, float]:
    ask(texts[0])
    taken = []
    for text in texts:
        began = time.perf_counter()
        ask(text)
        taken.append((time.perf_counter() - began) * 1e3)
    return {"median": median(taken), "p95": sorted(taken)[int(0.95 * len(taken))]}


def measure(count: int, n: int) -> dict[str, Any]:
    rng = random.Random(0)
    names = made_names(count, rng)
    cut = count * 4 // 5
    artists, titles = names[:cut], names[cut:]
    own_count = min(20_000, cut)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        index = build_names(artists, range(cut))
        build_s = time.perf_counter() - began
        size = sum(path.stat().st_size for path in write_names(Path(folder), index))
        began = time.perf_counter()
        index = open_names(Path(folder))
        model: Any = SimpleNamespace(
            names=index,
            catalog=SimpleNamespace(
                items=lambda ids: {
                    i: SimpleNamespace(key=artists[i], name=artists[i], listeners=cut - i) for i in ids
                }
            ),
        )
        own = OwnNames(
            [(name, name, own_count - number) for number, name in enumerate(artists[:own_count])],
            [(title, title, len(titles) - number) for number, title in enumerate(titles)],
            np.array([rng.randrange(own_count) for _ in titles], dtype=np.int32),
            build_names(artists[:own_count], range(own_count)),
            build_names(titles, range(len(titles))),
        )
        own_build_s = time.perf_counter() - began
        began = time.perf_counter()
        search(artists[-1], 20, own, model, ())
        open_ms = (time.perf_counter() - began) * 1e3
        asked = queries(names, rng, n)
        ours = {
            kind: timed(lambda text: search(text, 20, own, model, ()), texts) for kind, texts in asked.items()
        }
        hits = sum(
            name in {found.track or found.artist for found in search(text, 5, own, model, ())}
            for name, text in zip(asked["exact"], asked["slip"], strict=True)
        )
        with sqlite3.connect(":memory:") as plain:
            plain.execute("CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)")
            plain.executemany("INSERT INTO names (name) VALUES (?)", ((name,) for name in names))

            def like(text: str) -> list[Any]:
                return plain.execute(
                    "SELECT name FROM names WHERE name LIKE ? ORDER BY id LIMIT 20", (f"%{text}%",)
                ).fetchall()

            theirs = {kind: timed(like, texts) for kind, texts in asked.items()}
    return {
        "names": count, "build_s": build_s, "own_build_s": own_build_s, "mb": size / 1e6, "open_ms": open_ms,
        "ms": ours, "like_ms": theirs, "found": hits / n,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = measure(arguments.names, arguments.queries)
    print(json.dumps(report, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
