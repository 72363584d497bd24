"""A made-up community and a made-up listener, for the demo and the tests. No artist in it is real.

Everything here comes out of `python -m sample_data.generate`, from one seed:

- `community.zip`: 2,500 listeners of 1,500 fictional artists in 24 overlapping genres, in the layout of the
  HetRec 2011 Last.fm files;
- `playlists.zip`: 900 of these listeners' playlists, a line a track;
- `features.zip`: how 12,000 fictional tracks sound, in columns of the Kaggle file `spotify_songs.csv`;
- `listener/`: one listener's four years up to the end of October 2026, as real services deliver them: a
  Spotify extended history, a Last.fm CSV that overlaps it for a year, and a ListenBrainz export.

Addresses in it are from the range reserved for documentation; identifiers say that they are made up. Any
likeness to a real name is an accident.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
# What the demo's packs are called: artists, tracks, tempo.
PACKS = ("sample", "sample-playlists", "sample-features")


def community() -> Path:
    """Return the community's ZIP: artists.dat, user_artists.dat, tags.dat and user_taggedartists.dat."""
    return _HERE / "community.zip"


def playlists() -> Path:
    """Return the ZIP that holds `playlists.csv`: which track is in which of the community's playlists."""
    return _HERE / "playlists.zip"


def features() -> Path:
    """Return the ZIP that holds `features.csv`: a row for each track with tempo, energy and so on."""
    return _HERE / "features.zip"


def listener_exports() -> list[Path]:
    """Return the made-up listener's exports: Spotify ZIP, Last.fm CSV, ListenBrainz ZIP."""
    folder = _HERE / "listener"
    return [
        folder / name for name in ("my_spotify_data.zip", "sample-listener.csv", "listenbrainz_sample.zip")
    ]
