"""A data folder at the size of a long life with music: listens, a model of a whole community, tempos, a pack."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np

from engine.canonical_keys import artist_key, track_key
from engine.community.features import add_features
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.store.database import open_library
from tests.benchmarks.rerank import WEIGHTS, community
from tests.support.models import names, write_model

OWN_ARTISTS = 8_000
OWN_TRACKS = 60_000
FIRST, SECONDS = 1_420_070_400, 10 * 365 * 86_400  # ten years from 2015
PACK_LISTENERS, PACK_ARTISTS = 25_000, 30_000
DONE = "large.txt"


def fill(root: Path, listens: int, artists: int) -> Folders:
    """Make the folder, or where it was made before, in the same size, leave it as it is."""
    folders, made = Folders(root), f"{listens} listens, {artists} artists\n"
    mark = root / DONE
    if mark.exists() and mark.read_text() == made:
        return folders
    if root.exists() and any(root.iterdir()):
        raise SystemExit(f"{root} holds something else. Name a new folder.")
    rng = np.random.default_rng(0)
    called = names(artists)
    write_model(
        root, items=artists, factors=40, called=called, plays=community(artists, rng), ensemble=WEIGHTS
    )
    _listen(folders, called, listens, rng)
    with tempfile.TemporaryDirectory() as place:
        _add_tempos(folders, called, Path(place) / "tempos.csv")
        _add_pack(folders, called, Path(place) / "camps", rng)
    mark.write_text(made)
    return folders


def _listen(folders: Folders, called: list[str], listens: int, rng: np.random.Generator) -> None:
    """Few tracks often and many rarely; track number n is by artist n modulo the own artists, spread over the model."""
    own = rng.choice(len(called), OWN_ARTISTS, replace=False).tolist()
    popular = (1 / np.arange(1, OWN_TRACKS + 1) ** 0.9).cumsum()
    played = np.searchsorted(popular, rng.random(listens) * popular[-1])
    at = np.sort(FIRST + rng.integers(0, SECONDS, listens))
    connection = open_library(Door(folders))
    with connection:
        connection.executemany(
            "INSERT INTO artists (id, name, key) VALUES (?, ?, ?)",
            ((number + 1, called[item], artist_key(called[item])) for number, item in enumerate(own)),
        )
        connection.executemany(
            "INSERT INTO tracks (id, artist_id, title, key, duration_ms) VALUES (?, ?, ?, ?, ?)",
            (
                (number + 1, number % OWN_ARTISTS + 1, _title(number), track_key(_title(number)), 200_000)
                for number in range(OWN_TRACKS)
            ),
        )
        connection.execute(
            "INSERT INTO imports (id, file, sha256, format, read, kept, duplicates, dropped, imported_at) "
            "VALUES (1, 'made up', 'none', 'made up', ?, ?, 0, '{}', 0)",
            (listens, listens),
        )
        connection.executemany(
            "INSERT INTO listens (track_id, import_id, started_at, precision, ms_played, source) "
            "VALUES (?, 1, ?, 1, 200000, 'made up')",
            zip((played + 1).tolist(), at.tolist(), strict=True),
        )
    connection.close()


def _title(number: int) -> str:
    return f"Song {number}"


def _add_tempos(folders: Folders, called: list[str], table: Path) -> None:
    connection = open_library(Door(folders))
    tracks = connection.execute(
        "SELECT a.name, t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE t.id <= 20000"
    ).fetchall()
    connection.close()
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("artist", "track", "bpm", "energy", "duration"))
        for number, (artist, title) in enumerate([*tracks, *((name, "A Song") for name in called[:20_000])]):
            rows.writerow((artist, title, 80 + number % 110, 0.6, 180 + number % 90))
    add_features(Door(folders), table, name="tempos")


def _add_pack(folders: Folders, called: list[str], folder: Path, rng: np.random.Generator) -> None:
    """A community to train on: large enough that training outlasts every measurement beside it."""
    folder.mkdir()
    lines = [f"{item}\t{name}\t\t" for item, name in enumerate(called[:PACK_ARTISTS])]
    (folder / "artists.dat").write_text("\n".join(["id\tname\turl\tpictureURL", *lines]))
    with (folder / "user_artists.dat").open("w") as file:
        file.write("userID\tartistID\tweight\n")
        for listener in range(PACK_LISTENERS):
            items = np.unique(np.minimum((rng.pareto(0.6, 80) * 20).astype(np.int64), PACK_ARTISTS - 1))
            file.writelines(f"{listener}\t{item}\t{1 + item % 50}\n" for item in items.tolist())
    session = Session(folders)
    session.packs.add(folder)
    session.close()
