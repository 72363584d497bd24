"""`python -m sample_data.generate`: make the sample again, the same bytes for the same seed."""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import sample_data
from sample_data import (
    audience,
    genres,
    hetrec,
    listener,
    made_up_names,
    persona,
    scrobbles,
    song_lists,
    spotify,
    tracks,
)
from sample_data.archive import zipped
from sample_data.catalog import Catalog, make_catalog
from sample_data.ties import make_ties

SEED = 2026


@dataclass(frozen=True)
class World:
    """The part everything else is made from: the artists, their names and their tracks."""

    seed: int
    catalog: Catalog
    names: list[str]
    taken: set[str]
    discography: list[list[tracks.Track]]


def make_world(seed: int = SEED) -> World:
    """Return the catalog with its names and tracks."""
    catalog = make_catalog(stream(seed, 1))
    taken: set[str] = set()
    flavours = [genres.GENRES[primary].flavour for primary in catalog.primary]
    artist_names = made_up_names.artists(random.Random(seed), flavours, taken)
    discography = tracks.make_tracks(random.Random(seed + 1), artist_names, catalog)
    return World(seed, catalog, artist_names, taken, discography)


def make_plays(world: World) -> audience.Plays:
    """Return the community's play counts."""
    ties = make_ties(stream(world.seed, 6), world.catalog)
    listeners = audience.make_listeners(stream(world.seed, 2), world.catalog)
    return audience.make_plays(stream(world.seed, 3), listeners, world.catalog, ties)


def make_history(world: World) -> list[listener.Play]:
    """Return the listener's four years."""
    favourites = persona.make_favourites(
        random.Random(world.seed + 2),
        stream(world.seed, 4),
        world.catalog,
        world.discography,
        set(world.taken),
    )
    return listener.make_history(random.Random(world.seed + 3), favourites)


def make_files(seed: int = SEED) -> dict[str, bytes]:
    """Return every file of the sample by its path below the package."""
    world = make_world(seed)
    plays = make_plays(world)
    taggings = hetrec.make_taggings(stream(seed, 5), plays, world.catalog)
    described = [track for own in world.discography for track in own]
    lists = song_lists.make_playlists(stream(seed, 7), plays, world.discography)
    history = make_history(world)
    spotify_zip, lastfm_csv, listenbrainz_zip = (
        f"listener/{path.name}" for path in sample_data.listener_exports()
    )
    return {
        "community.zip": zipped(hetrec.members(world.names, plays, taggings)),
        "playlists.zip": zipped({"playlists.csv": song_lists.playlists_csv(lists)}),
        "features.zip": zipped({"features.csv": tracks.features_csv(described)}),
        spotify_zip: zipped(spotify.members(random.Random(seed + 4), history)),
        lastfm_csv: scrobbles.lastfm_csv(random.Random(seed + 5), history),
        listenbrainz_zip: scrobbles.listenbrainz_zip(random.Random(seed + 6), history),
    }


def stream(seed: int, number: int) -> np.random.Generator:
    """Return an independent stream, so that a change in one part leaves the others as they are."""
    return np.random.Generator(np.random.PCG64([seed, number]))


def main() -> None:
    """Write the files below `--out` (by default the package itself) and say how large each is."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.generate", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(sample_data.__file__).resolve().parent)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    for name, content in make_files(options.seed).items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{len(content):>9,} bytes  {path}")  # noqa: T201 - what it made is said on a terminal


if __name__ == "__main__":
    main()
