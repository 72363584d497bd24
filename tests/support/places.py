"""Data folders for the app's tests, made by hand: a model without training, listens, tempos, likes, a playlist."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from engine.community.features import add_features
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.saved import save_playlist
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from tests.support.listens import play
from tests.support.models import names, write_model

DAY = 86_400
MONDAY = 1_704_067_200  # 2024-01-01 UTC
PLAYED = (0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 1, 2)
ITEMS = 60


def fill(root: Path, called: list[str] | None = None, title: str = "Song") -> Folders:
    """A library of 12 artists beside a model of 60, tempos of all, a like, a block and a saved playlist."""
    called = called or names(ITEMS)
    folders = write_model(root, items=len(called), called=called, plays=made_up_plays(len(called)))
    _add_measures(folders)
    connection = open_library(Door(folders))
    for number in PLAYED:
        times = [MONDAY + number * DAY + i * 240 for i in range(2 + number % 5)]
        play(connection, called[number], f"{title} {number}", *times)
    set_verdict(connection, "like", artist=called[33], artist_key=_key(called[33]))
    set_verdict(connection, "block", artist=called[34], artist_key=_key(called[34]))
    tracks = [PlaylistTrack(called[n], f"{title} {n}", bpm=150.0 + n, seconds=200.0 + n) for n in PLAYED[:8]]
    name = f"{title} for the hill"
    save_playlist(connection, name, tracks, context="running", settings={}, at=MONDAY)
    with connection:
        connection.execute("UPDATE feedback SET at = ?", (MONDAY,))
    connection.close()
    _add_tempos(folders, called, title)
    return folders


def made_up_plays(items: int) -> csr_matrix:
    """Who plays what: as many play each item as the model by hand says, two of three of them in its camp."""
    rng = np.random.default_rng(0)
    plays = np.zeros((1001, items), dtype=np.float32)
    for item in range(items):
        leaning = np.where(np.arange(1001) % 3 == item % 3, 4.0, 1.0)
        count = int(1000 / (1 + item)) + 1
        plays[rng.choice(1001, size=count, replace=False, p=leaning / leaning.sum()), item] = 1
    return csr_matrix(plays)


def _key(name: str) -> str:
    from engine.canonical_keys import artist_key

    return artist_key(name)


def _add_measures(folders: Folders) -> None:
    """Measures and losses as a training writes them; the model by hand has none."""
    file = folders.models / "made-by-hand" / "manifest.json"
    manifest = json.loads(file.read_bytes())
    manifest["loss"] = [900.0, 420.0, 300.0, 260.0, 248.0, 245.0]
    baselines = {"popularity": {"ndcg@20": 0.081}, "item-knn": {"ndcg@20": 0.164}}
    manifest["validation"] = {"ndcg@20": 0.213, "baselines": baselines}
    file.write_text(json.dumps(manifest))


def _add_tempos(folders: Folders, called: list[str], title: str) -> None:
    """A feature pack that knows two tracks of every artist."""
    import csv

    table = folders.root.parent / f"{folders.root.name}-tempos.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("artist", "track", "bpm", "energy", "duration"))
        for number, name in enumerate(called):
            for side in (number, number + 100):
                rows.writerow((name, f"{title} {side}", 140 + number % 40, 0.6, 180 + number))
    folder = add_features(Door(folders), table, name="tempos").folder
    table.unlink()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["date"] = "2026-01-01"  # pictures of it must not change from day to day
    (folder / "manifest.json").write_text(json.dumps(manifest))
