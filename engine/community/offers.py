"""The data sets that can be downloaded by name: where they are, of when and whom, and on what terms."""

from __future__ import annotations

from dataclasses import dataclass

from engine.canonical_keys import Level


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: its address; what it is, of whom and on what terms; its `title`, and about how much is downloaded.

    `level` says which statistics of ListenBrainz it is, null for one file at its address.
    """

    url: str
    terms: str
    title: str
    size: str
    level: Level | None = None


# A dump with fewer is not whole: that of September 2026 had 84,850.
MIN_LISTENERS = 50_000
_LISTENBRAINZ = "https://data.metabrainz.org/pub/musicbrainz/listenbrainz/"
SOURCES = {
    "artists": Source(
        _LISTENBRAINZ,
        "ListenBrainz, made twice a month: the artists of about 85,000 listeners; CC0 1.0",
        "ListenBrainz: artists",
        "about 0.6 GB",
        "artists",
    ),
    "tracks": Source(
        _LISTENBRAINZ,
        "ListenBrainz, made twice a month: the tracks of about 85,000 listeners; CC0 1.0",
        "ListenBrainz: tracks",
        "about 4.8 GB",
        "tracks",
    ),
    "artists-2011": Source(
        "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
        "Last.fm in 2011: 1,892 listeners, 17,632 artists; for non-commercial use",
        "Last.fm in 2011: artists",
        "a few MB",
    ),
}
