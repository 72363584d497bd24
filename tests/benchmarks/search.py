"""How fast and how well names are found, at a million of them.

    python -m tests.benchmarks.search --names 1000000 --json

Made-up names of one to three words whose letters and words follow Zipf's law: two fifths the community's artists, two
fifths its tracks, one fifth the person's own tracks (both of 20,000 artists), searched as the app does. `ms` gives for
every kind of query the median and the 95th percentile of one search, twenty artists and tracks being blocked. The
peers look through the same names in SQLite, best known first: `like_ms` is a plain `LIKE '%…%'`, which forgives
nothing, `fts5_ms` the FTS5 index of trigrams, where nothing holds the text ranking by bm25 what holds any of its
trigrams. `found` is by kind of slip the share of names with one that are among the first five answers, `open_ms` from
the files to the first answer.
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

from engine.canonical_keys import AnySpelling, joined_key, track_name
from engine.community.catalog import Catalog, write_catalog
from engine.search import build_names, open_names, write_names
from engine.session.searching import Found, OwnNames, search

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


SLIPS: dict[str, Callable[[str, int, random.Random], str]] = {
    "dropped": lambda name, at, _: name[:at] + name[at + 1 :],
    "doubled": lambda name, at, _: name[: at + 1] + name[at:],
    "swapped": lambda name, at, _: name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    "replaced": lambda name, at, rng: name[:at] + rng.choice(LETTERS) + name[at + 1 :],
}


def slipped(name: str, rng: random.Random, kind: str | None = None) -> str:
    """The name with one slip of the keyboard."""
    return SLIPS[kind or rng.choice(list(SLIPS))](name, rng.randrange(len(name) - 1), rng)


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


def peers(names: list[str]) -> dict[str, Callable[[str], Any]]:
    """What one would write with SQLite alone."""
    plain = sqlite3.connect(":memory:")
    plain.execute("CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT)")
    plain.execute("CREATE VIRTUAL TABLE grams USING fts5 (name, content = '', tokenize = 'trigram')")
    plain.executemany("INSERT INTO names (name) VALUES (?)", ((name,) for name in names))
    plain.execute("INSERT INTO grams (rowid, name) SELECT id, name FROM names")
    plain.execute("INSERT INTO grams (grams) VALUES ('optimize')")

    def like(text: str) -> list[Any]:
        return plain.execute(
            "SELECT name FROM names WHERE name LIKE ? ORDER BY id LIMIT 20", (f"%{text}%",)
        ).fetchall()

    def fts5(text: str) -> list[Any]:
        held = "SELECT rowid FROM grams WHERE grams MATCH ? ORDER BY rowid LIMIT 20"
        alike = "SELECT rowid FROM grams WHERE grams MATCH ? ORDER BY rank LIMIT 20"
        grams = sorted({text[at : at + 3] for at in range(len(text) - 2)})
        if not grams:
            return []
        return (
            plain.execute(held, (f'"{text}"',)).fetchall()
            or plain.execute(alike, (" OR ".join(f'"{gram}"' for gram in grams),)).fetchall()
        )

    return {"like": like, "fts5": fts5}


def own_names(artists: list[str], titles: list[str], rng: random.Random) -> OwnNames:
    """The names of a library: tracks, each by one of these artists."""
    return OwnNames(
        [(name, name, len(artists) - number) for number, name in enumerate(artists)],
        [(title, title, len(titles) - number) for number, title in enumerate(titles)],
        np.array([rng.randrange(len(artists)) for _ in titles], dtype=np.int32),
        build_names(artists, range(len(artists))),
        build_names(titles, range(len(titles))),
    )


def tracks_model(folder: Path, artists: list[str], titles: list[str]) -> Any:
    """The community's tracks, in turn by these artists, as a model of them has them: from files."""
    folder.mkdir()
    of = np.arange(len(titles), dtype=np.int32) % len(artists)
    named = (track_name(artists[of[i]], title) for i, title in enumerate(titles))
    write_catalog(folder / "catalog.sqlite", ((name, len(titles) - i, 1) for i, name in enumerate(named)))
    write_names(folder, build_names(titles, range(len(titles))))
    return SimpleNamespace(
        names=open_names(folder),
        artists=of,
        artist_names=build_names(artists, range(len(artists))),
        catalog=Catalog(folder / "catalog.sqlite"),
    )


def measure(count: int, n: int) -> dict[str, Any]:
    rng = random.Random(0)
    names = made_names(count, rng)
    cut, end = count * 2 // 5, count * 4 // 5
    artists, tracks, titles = names[:cut], names[cut:end], names[end:]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_catalog(folder / "catalog.sqlite", ((name, cut - i, cut - i) for i, name in enumerate(artists)))
        catalog = Catalog(folder / "catalog.sqlite")
        began = time.perf_counter()
        index = build_names(artists, range(cut))
        of_tracks = tracks_model(folder / "tracks", artists[:20_000], tracks)
        build_s = time.perf_counter() - began
        size = sum(path.stat().st_size for path in write_names(folder, index))
        size += sum(path.stat().st_size for path in (folder / "tracks").glob("names_*"))
        began = time.perf_counter()
        own = own_names(artists[: min(20_000, cut)], titles, rng)
        own_build_s = time.perf_counter() - began
        blocked = artists[50 : min(20_000, cut) : max(1, cut // 400)][:20]
        unliked = [joined_key(own.artists[int(own.artist_of[i])][0], titles[i]) for i in range(20)]
        gone = AnySpelling([*blocked, *unliked])
        began = time.perf_counter()
        model: Any = SimpleNamespace(names=open_names(folder), catalog=catalog)

        def ask(text: str) -> tuple[Found, ...]:
            return search(text, 20, own, model, gone, tracks=of_tracks)

        ask(artists[-1])
        open_ms = (time.perf_counter() - began) * 1e3
        asked = queries(names, rng, n)
        ours = {kind: timed(ask, texts) for kind, texts in asked.items()}
        found = {
            kind: sum(
                name in {one.track or one.artist for one in ask(slipped(name, rng, kind))[:5]}
                for name in asked["exact"]
            )
            / n
            for kind in SLIPS
        }
        catalog.close()
        of_tracks.catalog.close()
    theirs = {
        f"{kind}_ms": {what: timed(look, texts[:12]) for what, texts in asked.items()}
        for kind, look in peers(names).items()
    }
    return {
        "names": count,
        "build_s": build_s,
        "own_build_s": own_build_s,
        "mb": size / 1e6,
        "open_ms": open_ms,
        "ms": ours,
        "ms_median_worst": max(one["median"] for one in ours.values()),
        "found": found,
        **theirs,
    }


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
