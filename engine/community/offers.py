"""The data sets that can be downloaded by name: where they are, of when and whom, and on what terms."""

from __future__ import annotations

from dataclasses import dataclass

from engine.canonical_keys import Level


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: `level` says which statistics of ListenBrainz it is, null for one file at its address."""

    url: str
    terms: str
    level: Level | None = None


_LISTENBRAINZ = "https://data.metabrainz.org/pub/musicbrainz/listenbrainz/"
SOURCES = {
    "artists": Source(
        _LISTENBRAINZ,
        "ListenBrainz, made twice a month: the artists of about 85,000 listeners; CC0 1.0",
        "artists",
    ),
    "tracks": Source(
        _LISTENBRAINZ,
        "ListenBrainz, made twice a month: the tracks of about 85,000 listeners; CC0 1.0",
        "tracks",
    ),
    "artists-2011": Source(
        "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
        "Last.fm in 2011: 1,892 listeners, 17,632 artists; for non-commercial use",
    ),
}
