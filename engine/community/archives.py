"""Archives that are published with their SHA-256 and read whole: AcousticBrainz' rhythm table, MusicBrainz' artists.

Tested with made-up archives on a local server; the real ones could not be reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, TypeVar, cast

import msgspec

from engine.community.acousticbrainz import COLLECTED
from engine.community.fetch import RefusedError, Web
from engine.community.pack import Download
from engine.community.remote import Free, Remote, check_room, free_bytes, read_remote
from engine.errors import UnreadableFileError
from engine.privacy import Door
from engine.progress import CountReport

_RHYTHM, _RHYTHM_SUMS = "acousticbrainz-lowlevel-features-20220623-rhythm.tar.zst", "sha256sums"
_ARTISTS, _ARTISTS_SUMS = "artist.tar.xz", "SHA256SUMS"
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)-\d{6}")
_SUM = re.compile(r"([0-9a-fA-F]{64})[ \t]+[*]?(?:\./)?(\S+)")
_BLOCK = 1 << 20

T = TypeVar("T")
# A function of an open archive, the progress callback, and the check at its end.
Said = Callable[[], Mapping[str, object]]
Read = Callable[[IO[bytes], CountReport | None, Said], T]


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive's address, size (null if unknown), published SHA-256, and date."""

    url: str
    bytes: int | None
    sha256: str
    day: str

    @property
    def file(self) -> str:
        """Its name."""
        return self.url.rpartition("/")[2]


def rhythm_archive(web: Web, base: str) -> Archive:
    """AcousticBrainz' at `base`, the folder with its `sha256sums`. Raises DiscoverError if it is not available."""
    return _listed(web, f"{base}/", _RHYTHM, _RHYTHM_SUMS, COLLECTED)


def artist_archive(web: Web, base: str) -> Archive:
    """MusicBrainz' latest at `base`, the folder with `LATEST`. Raises DiscoverError if it is not available."""
    at, text = web.page(_beside(f"{base}/", "LATEST"))
    stamp = _STAMP.fullmatch(text.strip())
    if stamp is None:
        raise RefusedError(f"{at} does not name a dump.")
    return _listed(web, _beside(at, f"{stamp[0]}/"), _ARTISTS, _ARTISTS_SUMS, "-".join(stamp.groups()))


def _beside(address: str, name: str) -> str:
    """The address of a file in the same folder as another address."""
    return f"{address.rpartition('/')[0].rstrip('/')}/{name}"


def _listed(web: Web, folder: str, name: str, sums: str, day: str) -> Archive:
    at, text = web.page(_beside(folder, sums))
    digests = {
        match[2]: match[1].lower() for line in text.splitlines() if (match := _SUM.fullmatch(line.strip()))
    }
    if name not in digests:
        raise RefusedError(f"{at} has no SHA-256 of {name}, so it could not be checked.")
    offer = web.look(_beside(at, name))
    return Archive(offer.url, offer.bytes, digests[name], day)


def read_archive(
    door: Door,
    web: Web,
    archive: Archive,
    read: Read[T],
    *,
    progress: CountReport | None = None,
    free: Free = free_bytes,
) -> T:
    """Read an archive while downloading, and check all of it against its digest before anything is stored.

    Progress is in bytes of the archive. Raises UnreadableFileError if it is damaged or its digest differs,
    DiscoverError if it is not available or the disk is too full, CancelledError.
    """
    door.require_writable("download anything")
    check_room(door, archive.bytes or 0, free)

    def reading(remote: Remote) -> T:
        in_bytes = progress and (lambda _done, _all: progress(remote.place, remote.total or remote.place))
        return read(cast(IO[bytes], remote), in_bytes, partial(_said, remote, archive, in_bytes))

    return read_remote(door, web, archive.url, reading)


def _said(remote: Remote, archive: Archive, in_bytes: CountReport | None) -> Mapping[str, object]:
    """The manifest's record of a complete, checked download."""
    while remote.read(_BLOCK):
        if in_bytes is not None:
            in_bytes(0, 0)
    if remote.digest.hexdigest() != archive.sha256:
        raise UnreadableFileError(
            f"{archive.url} is not what its SHA-256 says. Try again, or another mirror: --url."
        )
    download = Download(
        url=archive.url,
        bytes=remote.place,
        sha256=archive.sha256,
        etag=remote.etag,
        last_modified=remote.last_modified,
    )
    return {
        "collected": archive.day,
        "checked": "The archive's SHA-256 is the publisher's.",
        "download": msgspec.to_builtins(download),
    }
