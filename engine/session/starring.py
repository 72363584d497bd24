"""Imports stars from the person's own server as likes."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from engine.session.library import Change, Service, synchronized
from engine.store.downloads import add_download
from engine.store.stars import add_stars, undo_stars

if TYPE_CHECKING:
    from engine.community.fetch import Web
    from engine.job_messages import ServerTask, TakenStars
    from engine.progress import StageReport
    from engine.push.starred import HasStars


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many are starred there, how many of them are new since the last time, and how many became likes."""

    stars: int
    new: int
    likes: int


class Stars(Service):
    """Only on request. The library is not locked during requests to a server."""

    def take_in(self, server: HasStars) -> TakenIn:
        """Like what is newly starred on the server, unless the person gave a verdict here. The response is recorded as
        a download.

        Raises PrivateSessionError while a private session is on anywhere, NotLetInError, NoDigestError, DiscoverError.
        """
        self.library.door.require_no_private_session("take in stars")
        found = server.starred()
        digest, now = hashlib.sha256(found.answer).hexdigest(), int(time.time())
        with self.library.exclusive():
            add_download(self.library.connection, found.url, len(found.answer), digest, now)
            new, likes = add_stars(self.library.connection, server.service, found.stars)
            self.library.changed(Change.TASTE)
        return TakenIn(len(found.stars), new, likes)

    @synchronized
    def undo(self) -> int:
        """Undo the last import of new stars; returns how many likes were removed. Raises PrivateSessionError in a
        private session."""
        self.library.door.require_writable("undo stars")
        gone = undo_stars(self.library.connection)
        self.library.changed(Change.TASTE)
        return gone


# -- for the app, which runs this in another process -------------------------------------------------------------


def take(stars: Stars, task: ServerTask, web: Web, report: StageReport) -> TakenStars:
    """Import stars from a server.

    `task`: `service`, `places` (addresses to try), and `known` (user, secret, plain; null: the stored login). Raises as
    `Stars.take_in`.
    """
    from engine.push.credentials import where_kept
    from engine.push.servers import server_for_task

    server = cast("HasStars", server_for_task(web, stars.library.folders, task, task["places"]))
    report(f"asking {server.address}", 0, 0)
    found = stars.take_in(server)
    return {
        "stars": found.stars,
        "new": found.new,
        "likes": found.likes,
        "address": server.address,
        "keeps": where_kept(),
    }
