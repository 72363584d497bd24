"""Gets ListenBrainz' statistics from the public dumps: finds the newest complete one, and reads it while downloading.

A full dump is uploaded over days, and its parts fail silently: a folder may lack the archive or its digest, or have a
member that is empty or truncated. So older dumps are tried until one is complete, with a reason for each that is not.
What was read in vain is noted with the pack, and an update ends at the dump the pack is of.

Tested with made-up archives on a local server; the real one could not be reached.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import IO, cast
from urllib.parse import unquote, urljoin

from engine.community.fetch import RefusedError, Web, leads_to
from engine.community.listenbrainz import Statistics
from engine.community.offers import MIN_LISTENERS
from engine.community.pack import Download, PackContent, PassedOver
from engine.community.remote import Free, Remote, check_room, free_bytes, read_remote
from engine.community.streams import Member, opened_member
from engine.community.tally import Tally
from engine.errors import DiscoverError, UnreadableFileError, sentence
from engine.privacy import Door
from engine.progress import Cancelled, CountReport
from engine.wording import percent, quantity

MAX_DUMPS = 6
# Statistics are published twice a month, and counted up to a day before the one they are called after.
_SAME = datetime.timedelta(days=7)
# The part of the archive that ends with the member: of the dump of September 2026, as others measured it.
_SHARE = {"artists": 0.03, "tracks": 0.22}
_FOLDER = re.compile(r"listenbrainz-dump-(\d{1,18})-(\d{8}-\d{6})-full/?")
_HREF = re.compile(r"""(?<![\w-])href\s*=\s*(?:"([^"<>]+)"|'([^'<>]+)'|([^\s"'<>]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dump:
    """One dump: its number and stamp, where its archive is, and how large that is, null where nobody says."""

    number: int
    stamp: str
    url: str
    bytes: int | None

    @property
    def day(self) -> str:
        """When it was made, as an ISO date."""
        return f"{self.stamp[:4]}-{self.stamp[4:6]}-{self.stamp[6:8]}"

    def to_read(self, level: str) -> int | None:
        """About how many bytes of it are read; an estimate."""
        return None if self.bytes is None else round(self.bytes * _SHARE[level])


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a dump: its community, what is known of the bytes, and the same in words."""

    dump: Dump
    content: PackContent
    download: Download
    checked: str


@dataclass(frozen=True, slots=True)
class Have:
    """What one has already: of which day (an ISO date, empty where unknown), and what was read in vain."""

    collected: str = ""
    passed: tuple[PassedOver, ...] = ()

    def as_new_as(self, day: str) -> bool:
        """Whether what was published on that day is no newer."""
        try:
            return datetime.date.fromisoformat(self.collected) + _SAME >= datetime.date.fromisoformat(day)
        except ValueError:
            return False


class NothingNewerError(DiscoverError):
    """No dump that holds is newer than what one has; `passed`: which were read in vain, until now."""

    def __init__(self, said: str, passed: tuple[PassedOver, ...]) -> None:
        super().__init__(said)
        self.passed = passed


class TooFewListenersError(UnreadableFileError):
    """A member has fewer `listeners` than a whole one."""

    def __init__(self, said: str, listeners: int) -> None:
        super().__init__(said)
        self.listeners = listeners


class Walk:
    """The dumps at `base` (the folder that holds `fullexport/`), newest first; `passed` says why some were not.

    One that was `read_in_vain` is not yielded again, unless it has `least` listeners.
    """

    def __init__(self, web: Web, base: str, have: Have | None, least: int) -> None:
        self._web = web
        self._base = base if base.endswith("/") else f"{base}/"
        self._least = least
        self.have = have or Have()
        self.read_in_vain = self.have.passed
        self.passed: list[str] = []

    def dumps(self) -> Iterator[Dump]:
        """Those that have the archive and its digest, of at most six looked at."""
        top, entries = self._entries(urljoin(self._base, "fullexport/"))
        found = sorted(
            ((int(match[1]), match[2], name) for name in entries if (match := _FOLDER.fullmatch(name))),
            reverse=True,
        )
        if not found:
            self.passed.append(f"{top} lists no full dump")
        for number, stamp, name in found[:MAX_DUMPS]:
            try:
                place, files = self._entries(urljoin(top, name if name.endswith("/") else f"{name}/"))
            except RefusedError as error:
                self.passed.append(f"dump {number}: {error}")
                continue
            archive = f"listenbrainz-statistics-dump-{stamp}.tar.zst"
            missing = [file for file in (archive, f"{archive}.sha256") if file not in files]
            if missing:
                self.passed.append(f"dump {number} has no {missing[0]}")
                continue
            offer = self._web.look(urljoin(place, archive))
            dump = Dump(number, stamp, offer.url, offer.bytes)
            if (known := self._known(dump)) is not None:
                self.passed.append(f"dump {number}, read before: {known.why}")
                continue
            yield dump

    def _known(self, dump: Dump) -> PassedOver | None:
        """What is remembered of a dump, where it is still that one."""
        return next(
            (
                one
                for one in self.read_in_vain
                if (one.url, one.bytes) == (dump.url, dump.bytes)
                and (one.listeners is None or one.listeners < self._least)
            ),
            None,
        )

    def pass_over(self, dump: Dump, error: DiscoverError) -> None:
        """Remember that a dump was read and does not hold."""
        self.passed.append(f"dump {dump.number}: {error}")
        few = error.listeners if isinstance(error, TooFewListenersError) else None
        known = PassedOver(url=dump.url, bytes=dump.bytes, why=str(error), listeners=few)
        others = tuple(one for one in self.read_in_vain if one.url != dump.url)
        # No more of them than are looked at.
        self.read_in_vain = (known, *others)[:MAX_DUMPS]

    def none_left(self) -> DiscoverError:
        """What to say when no dump held."""
        return DiscoverError(
            f"There is no complete dump now: {self.reasons()} Try again in some days, or another mirror with --url. "
            "Packs you have stay as they are."
        )

    def reasons(self) -> str:
        """Why some were passed over, as the end of a sentence."""
        return sentence("; ".join(why.rstrip(".") for why in self.passed))

    def _entries(self, url: str) -> tuple[str, set[str]]:
        """The address of a listing, and the names in it by their links: the text shown is cut at 50 letters."""
        at, text = self._web.page(url)
        try:
            found = [unescape("".join(link)) for link in _HREF.findall(text)]
        except ValueError as error:
            # A character by a number with thousands of digits: no listing has one.
            raise RefusedError(f"{at} is not a listing of files.") from error
        links = [unquote(leads_to(at, link.partition("#")[0])) for link in found]
        return at, {link.removeprefix(unquote(at)) for link in links if link.startswith(unquote(at))}


def find(web: Web, base: str, have: Have | None = None, *, min_listeners: int = MIN_LISTENERS) -> Dump:
    """The newest dump that has what it takes. Raises DiscoverError when there is none, or nobody answers."""
    walk = Walk(web, base, have, min_listeners)
    found = next(walk.dumps(), None)
    if found is None:
        raise walk.none_left()
    return found


def read_newest(
    door: Door,
    web: Web,
    base: str,
    statistics: Statistics,
    *,
    have: Have | None = None,
    min_listeners: int = MIN_LISTENERS,
    free: Free = free_bytes,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> Read:
    """Read the newest dump whose member is whole and has so many listeners; older ones where not, which `web` reports.

    Progress is in bytes of the archive, its total an estimate. Raises DiscoverError when no dump holds or the disk is
    too full, NothingNewerError where none that holds is newer than what one has, CancelledError.
    """
    door.require_writable("download anything")
    walk = Walk(web, base, have, min_listeners)
    for dump in walk.dumps():
        if walk.have.as_new_as(dump.day):
            raise NothingNewerError(
                f"Nothing newer than {walk.have.collected} is complete: {walk.reasons()}", walk.read_in_vain
            )
        check_room(door, dump.to_read(statistics.LEVEL) or 0, free)

        def taken(remote: Remote, dump: Dump = dump) -> Read:
            return _taken(web, remote, dump, statistics, min_listeners, progress, cancelled)

        try:
            found = read_remote(door, web, dump.url, taken)
        except (UnreadableFileError, RefusedError) as error:
            walk.pass_over(dump, error)
            if web.report is not None:
                web.report(f"The dump of {dump.day} is passed over: {error}")
            continue
        # If newer dumps were passed over, this is not the one the person agreed to.
        notes = found.content.notes + tuple(f"Passed over: {sentence(why)}" for why in walk.passed)
        return replace(found, content=replace(found.content, notes=notes, passed=walk.read_in_vain))
    raise walk.none_left()


def _taken(
    web: Web,
    remote: Remote,
    dump: Dump,
    statistics: Statistics,
    min_listeners: int,
    progress: CountReport | None,
    cancelled: Cancelled | None,
) -> Read:
    name = dump.url.rpartition("/")[2]
    with opened_member(cast(IO[bytes], remote), name, statistics.suffix) as member:
        if member is None:
            raise UnreadableFileError(f"{name} has no {statistics.suffix.lstrip('/')}.")
        tally = statistics.count(
            member, progress=progress and _estimating(progress, remote), cancelled=cancelled
        )
    _check_whole(member, tally, min_listeners)
    checked = _checked(web, remote, dump)
    content = statistics.content(tally, name, cancelled=cancelled)
    if not content.collected:
        content = replace(content, collected=dump.day)
    download = Download(
        url=dump.url,
        bytes=remote.place,
        sha256=remote.digest.hexdigest(),
        member_sha256=member.digest.hexdigest(),
        etag=remote.etag,
        last_modified=remote.last_modified,
    )
    return Read(dump, content, download, checked)


def _estimating(progress: CountReport, remote: Remote) -> CountReport:
    """Bytes read of the archive, and how many it will be when the member is."""

    def report(done: int, total: int) -> None:
        progress(remote.place, max(remote.place, round(remote.place * total / done) if done and total else 0))

    return report


def _check_whole(member: Member, tally: Tally, min_listeners: int) -> None:
    tally.close_block()
    if not member.whole_lines:
        raise UnreadableFileError(f"{member.name} ends within a line")
    if tally.listeners < min_listeners:
        raise TooFewListenersError(
            f"{member.name} has {quantity(tally.listeners, 'listeners')}, fewer than "
            f"{min_listeners:,} (--min-listeners)",
            tally.listeners,
        )


def _checked(web: Web, remote: Remote, dump: Dump) -> str:
    """What is known of the bytes' wholeness. Raises UnreadableFileError when the digest says they are others."""
    if not remote.whole():
        share = f"the first {percent(remote.place / remote.total)}" if remote.total else "a part"
        return (
            f"Not checked against the publisher's digest: only {share} of the archive was read. The member was "
            "there to its end, in whole lines."
        )
    said = web.page(f"{dump.url}.sha256")[1].strip().lower()
    if said != remote.digest.hexdigest():
        raise UnreadableFileError(f"{dump.url} is not what its SHA-256 says")
    return "The archive's SHA-256 is the publisher's."
