"""Creates the client for a kind of server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.community.fetch import Web, check_own
from engine.live.mpd import split
from engine.paths import Folders
from engine.push.asking import NotLetInError
from engine.push.credentials import Credentials, credentials
from engine.push.jellyfin import Jellyfin
from engine.push.listenbrainz import ListenBrainz
from engine.push.matching import Server
from engine.push.mpd import Mpd
from engine.push.subsonic import Subsonic

if TYPE_CHECKING:
    from engine.job_messages import ServerTask

_ON_THE_WEB: dict[str, Callable[[Web, str, Credentials], Server]] = {
    "subsonic": Subsonic,
    "jellyfin": Jellyfin,
    "listenbrainz": ListenBrainz,
}


def server_for(
    web: Web, folders: Folders, service: str, places: Sequence[str], known: Credentials | None
) -> Server:
    """The server of a kind at the first of `places` where one is; without `known` as whom the person is kept to be.

    Raises NotLetInError where that is not known, UsageError for what is not an address of such a server.
    """
    if service == "mpd":
        return Mpd([_with_password(folders, place, known) for place in places])
    address = places[0].rstrip("/")
    check_own(address)
    found = known or credentials(folders, service, address)
    if found is None:
        raise NotLetInError(f"Who are you at {address}?")
    return _ON_THE_WEB[service](web, address, found)


def _with_password(folders: Folders, place: str, known: Credentials | None) -> str:
    """A place of an MPD, with the password that is given or kept for it; one in the setting is as good as given."""
    password, address = split(place)
    found = known or (None if password else credentials(folders, "mpd", address))
    return f"{found.secret}@{address}" if found else place


def server_for_task(web: Web, folders: Folders, task: ServerTask, places: Sequence[str]) -> Server:
    """The server a `task` of the app means: of its `service`, for who is `known` (user, secret, plain), or null."""
    known = Credentials(**task["known"]) if task["known"] else None
    return server_for(web, folders, task["service"], places, known)


def at_address(places: Sequence[str], address: str) -> list[str]:
    """Those of the places that are known by this address, without a password."""
    return [place for place in places if place.rstrip("/") == address or split(place)[1] == address]
