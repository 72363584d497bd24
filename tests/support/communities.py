"""Made-up files that become community packs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from engine.canonical_keys import SEPARATOR
from engine.community.pack import PackContent
from tests.support.models import names

ARTISTS = names(20)


def write_community(folder: Path, *, artists: list[str], listeners: int = 90, seed: int = 0) -> Path:
    """A made-up community in three camps: each listener plays 12 artists, 10 of them of one camp."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    lines = ["id\tname\turl\tpictureURL", *(f"{i}\t{name}\t\t" for i, name in enumerate(artists))]
    (folder / "artists.dat").write_text("\n".join(lines))
    plays = ["userID\tartistID\tweight"]
    camps = np.arange(len(artists)) % 3
    for listener in range(listeners):
        own = rng.choice(np.flatnonzero(camps == listener % 3), size=10, replace=False)
        other = rng.choice(np.flatnonzero(camps != listener % 3), size=2, replace=False)
        plays += [f"{listener}\t{item}\t{rng.integers(1, 200)}" for item in (*own, *other)]
    (folder / "user_artists.dat").write_text("\n".join(plays))
    return folder


def write_playlists(path: Path, seed: int = 0) -> Path:
    """Playlists in three camps of artists, several tracks of each artist they take."""
    rng = np.random.default_rng(seed)
    rows = ["playlist_id,track_artist,track_name"]
    for number in range(90):
        for artist in rng.choice(np.arange(number % 3, 20, 3), size=4, replace=False):
            rows += [
                f"p{number},{ARTISTS[artist]},Song {title}"
                for title in rng.choice([1, 2, 3], 2, replace=False)
            ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lists.csv", "\n".join(rows))
    return path


def table(content: PackContent) -> dict[tuple[int, str], float]:
    """What a reader took: (listener, "artist" or "artist / title") -> plays."""
    return {
        (row, content.names[item].replace(SEPARATOR, " / ")): float(n)
        for (row, item), n in content.plays.todok().items()
    }
