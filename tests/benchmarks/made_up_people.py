"""Made-up people with histories of real formats, out of the names and the listeners of a community.

    python -m tests.benchmarks.made_up_people --data PATH --out FOLDER

Each is of several tastes. A taste is that of a listener of the community, drawn among those who play what is about so
well known (`fame`, a share of all listeners), and of those most like that listener, until there are artists enough. All
these listeners are left out of the community the people are measured by, which is written beside the histories: what
goes together is then real, and nobody's answer is in the data. The rest is made up: when each artist was found, what of
it was played when, and artists no community knows. Tastes come one after another where somebody drifts; an artist is
played much at first and less later; days have sittings, most within one taste. Real people are less regular: figures on
these compare methods with one another, and say nothing of how good any is for somebody.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.community.adding import readers
from tests.support.importing import spotify

DAY = 86_400
LAST = 1_767_225_600  # 2026-01-01 UTC
# The first of a taste is drawn from this share of the listeners, about as well known in what they play.
DRAWN_FROM = 0.1
SITTING, SONGS = 12, 8


@dataclass(frozen=True)
class Person:
    """Somebody to make up: how many artists of how many tastes, over how many years, and how well known these are.

    `fame` is the share of listeners who play less known artists. `unknown` of the artists are in no community; with
    `drift` tastes come one after another; `until` is how many years ago it all ended, but for a single play of today.
    """

    name: str
    artists: int
    tastes: int
    years: float
    fame: float
    sittings: float = 0.6
    unknown: float = 0.1
    drift: bool = False
    until: float = 0.0
    service: bool = False


PEOPLE = (
    Person("small-mainstream", 50, 1, 1.5, 0.9, unknown=0.02),
    Person("one-obscure-scene", 130, 1, 3.0, 0.1, unknown=0.35, service=True),
    Person("drifting", 250, 4, 4.0, 0.6, drift=True),
    Person("ended-years-ago", 200, 3, 1.0, 0.5, sittings=0.5, until=9.0),
    Person("wide", 600, 6, 5.0, 0.5, sittings=0.8, service=True),
    Person("collector-of-the-unknown", 1_800, 9, 8.0, 0.25, sittings=1.0, unknown=0.25),
)


@dataclass(frozen=True)
class _Library:
    """A person's artists by their ids in the community, the taste each is of, and how much its listener plays it."""

    ids: NDArray[np.int64]
    tastes: NDArray[np.int64]
    warmth: NDArray[np.float64]


def made_up(data: Path, folder: Path, seed: int = 0) -> tuple[Path, list[Path]]:
    """The community without those people are made of, and a file for each of `PEOPLE`, in a folder."""
    content = next(reader for reader in readers().values() if reader.recognises(data)).read(data)
    folder.mkdir(parents=True, exist_ok=True)
    left = np.ones(content.plays.shape[0], dtype=bool)
    files = []
    for number, person in enumerate(PEOPLE):
        draw = np.random.default_rng((seed, number))
        library = _library(person, content.plays, left, draw)
        names = [content.names[one] for one in library.ids.tolist()]
        for place in draw.choice(len(names), round(person.unknown * len(names)), replace=False).tolist():
            names[place] = f"Band of {person.name} number {place}"
        files.append(_written(folder, person, list(_plays(person, names, library, draw))))
    return _community(folder / "community", content.names, content.plays[left]), files


def _library(
    person: Person, plays: csr_matrix, left: NDArray[np.bool_], draw: np.random.Generator
) -> _Library:
    """A person's artists; whose they were is no longer `left`."""
    binary = plays.copy()
    binary.data = np.ones_like(binary.data)
    sizes = np.maximum(1, np.diff(binary.indptr))
    usual = (binary @ np.log1p(np.asarray(binary.sum(axis=0)).ravel())) / sizes
    rank = np.argsort(np.argsort(usual)) / len(usual)
    found: dict[int, tuple[int, float]] = {}
    each = -(-person.artists // person.tastes)
    for taste in range(person.tastes):
        centre = int(draw.choice(np.flatnonzero(left & (abs(rank - person.fame) <= DRAWN_FROM / 2))))
        alike = (binary @ binary[centre].T).toarray().ravel() / np.sqrt(sizes)
        alike[centre] = np.inf
        for listener in np.argsort(-np.where(left, alike, -1.0), kind="stable").tolist():
            if len(found) >= min(person.artists, each * (taste + 1)):
                break
            left[listener] = False
            row = plays[listener]
            for item, count in zip(row.indices.tolist(), row.data.tolist(), strict=True):
                found.setdefault(item, (taste, float(np.log1p(count) / np.log1p(row.data.max()))))
    ids = np.array(list(found)[: person.artists])
    tastes, warmth = zip(*list(found.values())[: person.artists], strict=True)
    return _Library(ids, np.array(tastes), np.exp(2.0 * np.array(warmth)))


def _community(folder: Path, names: Sequence[str], plays: csr_matrix) -> Path:
    """The listeners that are left, in the layout of HetRec."""
    folder.mkdir(exist_ok=True)
    artists = [f"{number}\t{' '.join(name.split())}\t\t" for number, name in enumerate(names)]
    (folder / "artists.dat").write_text(
        "\n".join(["id\tname\turl\tpictureURL", *artists]) + "\n", encoding="utf-8"
    )
    cells = plays.tocoo()
    triples = zip(cells.row.tolist(), cells.col.tolist(), cells.data.tolist(), strict=True)
    rows = [f"{listener}\t{item}\t{count:.0f}" for listener, item, count in triples]
    (folder / "user_artists.dat").write_text(
        "\n".join(["userID\tartistID\tweight", *rows]) + "\n", encoding="utf-8"
    )
    return folder


def _plays(
    person: Person, names: list[str], library: _Library, draw: np.random.Generator
) -> Iterator[tuple[int, str, str]]:
    """(start, artist, title) in time."""
    days, count, tastes = round(person.years * 365), len(names), library.tastes
    begin = LAST - round((person.until + person.years) * 365) * DAY
    found = draw.uniform(0, days, count)
    if person.drift:
        found = (tastes + draw.beta(1.0, 1.6, count)) / person.tastes * days
    found[draw.random(count) < 0.2] *= 0.1
    warmth = library.warmth * np.exp(draw.normal(0.0, 0.5, count))
    cooling = draw.choice([15.0, 60.0, 300.0], count)
    for day in range(days):
        known = np.flatnonzero(found <= day)
        new = known[found[known] > day - 1]
        now = begin + day * DAY + 61_200
        queue = [int(one) for one in new.tolist() for _ in range(int(draw.integers(1, 4)))]
        if len(known) and draw.random() < person.sittings:
            weights = warmth[known] * (0.08 + np.exp(-(day - found[known]) / cooling[known]))
            mood = tastes[draw.choice(known, p=weights / weights.sum())]
            weights[tastes[known] != mood] *= 0.15
            queue += draw.choice(known, draw.poisson(SITTING), p=weights / weights.sum()).tolist()
        for place, artist in enumerate(queue):
            yield now + place * 215, names[artist], f"Song {int(draw.geometric(0.3)) % SONGS + 1}"
    if person.until:
        yield LAST, names[0], "Song 1"


def _written(folder: Path, person: Person, plays: list[tuple[int, str, str]]) -> Path:
    if person.service:
        file = folder / f"{person.name}.json"
        file.write_text(
            json.dumps([spotify(at + 200, 200_000, (artist, title)) for at, artist, title in plays])
        )
        return file
    file = folder / f"{person.name}.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(
            ("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid")
        )
        for at, artist, title in plays:
            found = datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%d %b %Y, %H:%M")
            rows.writerow((at, found, artist, "", "", "", title, ""))
    return file


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="community data, for names and tastes")
    parser.add_argument("--out", type=Path, required=True, help="folder for the histories")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    community, files = made_up(asked.data, asked.out, asked.seed)
    for path in (community, *files):
        print(path)


if __name__ == "__main__":
    main()
