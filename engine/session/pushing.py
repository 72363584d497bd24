"""Sends playlists to the person's own server."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import DiscoverError, NothingYetError, sentence
from engine.progress import StageReport
from engine.push.asking import RefusedError
from engine.session.library import Library, Service, synchronized
from engine.store.pushes import add_push, known_as, made_there, pushes
from engine.wording import quantity

if TYPE_CHECKING:
    from engine.community.fetch import Web
    from engine.job_messages import MatchedPlaylist, SentPlaylist, ServerTask
    from engine.playlists.playlist import PlaylistTrack
    from engine.push.matching import Match, Server, Song
    from engine.session.playlists import Playlists


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: a playlist by the name it had then, where, how many tracks, when (seconds since 1970 UTC)."""

    playlist: str
    service: str
    address: str
    tracks: int
    at: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A playlist before sending: its name, what the server has of it, and the server's id of an earlier copy, which may
    be gone there."""

    name: str
    match: Match
    there: str


class Pushing(Service):
    """Sends playlists. The library is not locked during requests to a server."""

    def __init__(self, library: Library, playlists: Playlists) -> None:
        super().__init__(library)
        self._playlists = playlists

    def offered(self, name: str, server: Server, report: StageReport = lambda *_: None) -> Offer:
        """Match a playlist's tracks on the server, by its catalog if it lists that, so that no names are sent.

        `report` gets how many songs the server listed so far. Raises PrivateSessionError while a private session is on
        anywhere, UnknownNameError, NothingYetError if it has none of them, DiscoverError if it can't be reached or
        refuses.
        """
        from engine.push.matching import match

        self.library.door.require_no_private_session("send a playlist")
        called, tracks = self._tracks(name)
        found = match(tracks, _counted(server.songs(tracks), report))
        if not found.ids:
            raise NothingYetError(
                f"None of the {quantity(len(tracks), 'tracks')} of {called} are at {server.address}: nothing was sent."
            )
        return Offer(called, found, self._known_as(called, server))

    @synchronized
    def _tracks(self, name: str) -> tuple[str, list[PlaylistTrack]]:
        from engine.playlists.resolve_tracks import with_known_ids

        tracks = with_known_ids(self.library.connection, self._playlists.show(name))
        if not tracks:
            raise NothingYetError(f"The playlist {name} is empty.")
        return self._playlists.named(name).name, tracks

    @synchronized
    def _known_as(self, name: str, server: Server) -> str:
        return known_as(self.library.connection, name, server.service, server.address)

    def send(self, offer: Offer, server: Server, report: StageReport = lambda *_: None) -> bool:
        """Send an offer; it is recorded first, so that nothing is sent without a record. `report` gets the number of
        tracks sent so far. Returns whether it replaced a list that was there.

        Raises PrivateSessionError while a private session is on anywhere, DiscoverError, which says what is left on the
        server where it failed midway.
        """
        self.library.door.require_no_private_session("send a playlist")
        total = len(offer.match.ids)
        noted: list[int] = []
        known, arrived = "", -1

        def note(server_id: str) -> None:
            nonlocal known
            known = server_id
            with self.library.exclusive():
                if noted:
                    made_there(self.library.connection, noted[0], server_id)
                    return
                noted.append(
                    add_push(
                        self.library.connection,
                        offer.name,
                        server.service,
                        server.address,
                        server_id,
                        total,
                        int(time.time()),
                    )
                )

        def sent(done: int) -> None:
            nonlocal arrived
            arrived = done
            report("sending", done, total)

        report("sending", 0, total)
        try:
            return server.put(offer.name, offer.match.ids, offer.there, note, sent)
        except DiscoverError as error:
            if noted and (arrived >= 0 or not isinstance(error, RefusedError)):
                error.args = (f"{sentence(str(error))} {_left(offer.name, arrived, total, known)}",)
            raise

    @synchronized
    def sent(self) -> tuple[Sent, ...]:
        """All that was sent, oldest first."""
        return tuple(Sent(*row) for row in pushes(self.library.connection))


def _left(name: str, arrived: int, total: int, known: str) -> str:
    """What is on a server where sending failed: at least so many tracks, -1 where it is not known whether any is; it is
    `known` there, or perhaps made."""
    if not known:
        return f"Whether “{name}” was made there is not known: look there before you send it again."
    there = f"At least {arrived} of {quantity(total, 'tracks')} are there now. " if arrived > 0 else ""
    return f"{there}Send it again: that replaces what is there."


def _counted(songs: Iterable[Song], report: StageReport) -> Iterator[Song]:
    for number, song in enumerate(songs, 1):
        report("looking for tracks", number, 0)
        yield song


# -- for the app, which runs this in another process -------------------------------------------------------------


def look(pushing: Pushing, task: ServerTask, web: Web, report: StageReport) -> MatchedPlaylist:
    """Match a playlist on a server.

    `task`: `playlist`, `service`, `places` (addresses to try), and `known` (user, secret, plain; null: the stored
    login). Raises NotLetInError if the server rejects the login, NoDigestError, and as `Pushing.offered`.
    """
    from engine.push.credentials import where_kept
    from engine.push.servers import server_for_task

    server = server_for_task(web, pushing.library.folders, task, task["places"])
    report(f"asking {server.address}", 0, 0)
    offer = pushing.offered(task["playlist"], server, report)
    missing = offer.match.missing
    return {
        "playlist": offer.name,
        "ids": offer.match.ids,
        "tracks": len(offer.match.ids) + len(missing),
        "missing": [f"{one.artist} - {one.track}" for one in dict.fromkeys(missing)],
        "there": offer.there,
        "address": server.address,
        "keeps": where_kept(),
    }


def send(pushing: Pushing, task: ServerTask, web: Web, report: StageReport) -> SentPlaylist:
    """Send what was matched.

    `task` is as for `look`, with its result, and whether to `keep` the login. Raises as `Pushing.send`.
    """
    from engine.push.credentials import keep_known
    from engine.push.matching import Match
    from engine.push.servers import at_address, server_for_task

    places = at_address(task["places"], task["address"])
    server = server_for_task(web, pushing.library.folders, task, places)
    pushing.send(Offer(task["playlist"], Match(tuple(task["ids"]), ()), task["there"]), server, report)
    if task["keep"]:
        keep_known(pushing.library.door, task, server.address)
    return {"sent": len(task["ids"])}
