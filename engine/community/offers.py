"""The data sets that can be downloaded by name: address, date, source and licence."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

from engine import __version__
from engine.canonical_keys import Level


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: its address; what it is, of whom and on what terms; its `title`, and about how much is downloaded.

    `form` is what the address has: ListenBrainz' dumps with the statistics of a `level`, a folder with an archive
    and its digest, or one file, of which `licence` is what its own files do not say.
    """

    url: str
    terms: str
    title: str
    size: str
    form: Literal["artists", "tracks", "tempo", "genres", "file"]
    licence: str = ""

    @property
    def level(self) -> Level | None:
        """Which statistics of ListenBrainz it is, null where it is not one of them."""
        return self.form if self.form == "artists" or self.form == "tracks" else None


def who_sees(contact: str) -> str:
    """What a download reveals to others, in a sentence. `contact` is the person's setting, if any."""
    named = f" and the contact you set ({contact})" if contact else ""
    return f"Whoever hosts it sees your address{named}; nothing else is sent."


def agent(contact: str) -> str:
    """The user agent: name, version, and where to reach the project, by its metadata, and the person, if they set it.

    Neither is an address here until one is published (`[project.urls]` in pyproject.toml) or set.
    """
    named = "; ".join(filter(None, (_project(), contact)))
    return f"discover/{__version__}" + (f" ( {named} )" if named else "")


def _project() -> str:
    """The first address of the installed package, empty where it has none."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("discover-music").get_all("Project-URL") or ()
    except PackageNotFoundError:
        return ""
    return next((url.partition(", ")[2] for url in urls), "")


# Who makes statistics that are published repeatedly, as packs name their source.
LISTENBRAINZ = "ListenBrainz"


def newer_of(source: str, level: str) -> str:
    """What is downloaded to update a pack of such a source and level, by its name in `SOURCES`; empty where nothing
    newer of it is published."""
    return level if source == LISTENBRAINZ else ""


# The source of a downloaded pack, and the name by which it is downloaded again.
_AGAIN = {"AcousticBrainz": "tempo", "MusicBrainz": "genres"}


def way_again(name: str, kind: str, level: str, source: str) -> str:
    """The command that gets a pack again, by download if it was one, else from the person's own file.

    >>> way_again("mine", "community", "tracks", "ListenBrainz")
    'discover community fetch tracks --name mine'
    >>> way_again("tempos", "features", "tracks", "tempos.csv")
    'discover features add PATH --name tempos'
    """
    what = newer_of(source, level) if kind == "community" else _AGAIN.get(source, "")
    group = "features" if kind == "features" and not what else "community"
    return f"discover {group} {f'fetch {what}' if what else 'add PATH'} --name {shlex.quote(name)}"


def ways_to_add(level: Level) -> str:
    """The commands that bring community data of a level."""
    what = "" if level == "artists" else f" {level}"
    return f"discover community fetch{what}, or from a file: discover community add PATH"


# A dump with fewer is not whole: that of September 2026 had 84,850.
MIN_LISTENERS = 50_000
# Of fewer nothing can be learned of what goes with what: ListenBrainz' artists are kept from so many listeners on.
FEW_LISTENERS = 25
_METABRAINZ = "https://data.metabrainz.org/pub/musicbrainz/"
_LISTENBRAINZ = f"{_METABRAINZ}listenbrainz/"
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
    "tempo": Source(
        f"{_METABRAINZ}acousticbrainz/dumps/acousticbrainz-lowlevel-features-20220623/",
        "AcousticBrainz until June 2022: the tempo of 7.6 million recordings, of which those are kept that your "
        "library or a pack of tracks knows by MusicBrainz id; CC0 1.0",
        "AcousticBrainz: tempo",
        "1.3 GB",
        "tempo",
    ),
    "genres": Source(
        f"{_METABRAINZ}data/json-dumps/",
        "MusicBrainz, made twice a week: the genres of about 3 million artists, as far as they have any; CC0 as this "
        "JSON dump, CC BY-NC-SA 3.0 as MusicBrainz' SQL dump",
        "MusicBrainz: genres",
        "over 1 GB",
        "genres",
    ),
    "artists-2011": Source(
        "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
        "Last.fm in 2011: 1,892 listeners, 17,632 artists; for non-commercial use",
        "Last.fm in 2011: artists",
        "a few MB",
        "file",
        licence="for non-commercial use",
    ),
}
