"""Jellyfin. Facts: its server's source. What is made there is the person's own unless they share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine import __version__
from engine.community.fetch import Web
from engine.errors import DiscoverError
from engine.playlists.playlist import PlaylistTrack
from engine.push.asking import BAD_REQUEST, NotLetInError, ask_json, id_in, read_json, rows
from engine.push.credentials import Credentials
from engine.push.matching import Song
from engine.push.starred import Starred
from engine.store.stars import Star

_PAGE, _MAX_PAGES = 500, 4000
_TICKS = 10_000_000  # a second
_PART = 100  # ids in an address


class Jellyfin:
    """The one at `address`; the secret is an API key, or a token. A key is nobody's: it needs the user's name."""

    service = "jellyfin"

    def __init__(self, web: Web, address: str, credentials: Credentials) -> None:
        self.address = address.rstrip("/")
        self._web, self._name, self._user = web, credentials.user, ""
        secret = credentials.secret.replace('"', "")
        self._headers = {
            "Authorization": f'MediaBrowser Client="discover", Device="discover", DeviceId="discover", '
            f'Version="{__version__}", Token="{secret}"'
        }

    def _open(self) -> None:
        if self._name:
            users = rows((self._ask("GET", "/Users") or {}).get("all"))
        else:
            # An API key, being nobody's, is a bad request there.
            status, data = self._web.ask("GET", f"{self.address}/Users/Me", headers=self._headers)
            me = None if status == BAD_REQUEST else read_json(self.address, "/Users/Me", status, data)
            users = rows([me])
        name = self._name.casefold()
        wanted = [one for one in users if not name or str(one.get("Name")).casefold() == name]
        self._user = str(wanted[0].get("Id") or "") if wanted else ""
        if not self._user:
            raise NotLetInError(
                f"{self.address} knows no such user: beside an API key it takes your name there."
            )

    def songs(self, tracks: Sequence[PlaylistTrack]) -> Iterator[Song]:  # noqa: ARG002 - it lists all it has
        """Every song. Raises DiscoverError."""
        self._open()
        for page in range(_MAX_PAGES):
            answered = self._ask(
                "GET",
                "/Items",
                ("userId", self._user),
                ("recursive", "true"),
                ("includeItemTypes", "Audio"),
                ("fields", "ProviderIds"),
                ("startIndex", str(page * _PAGE)),
                ("limit", str(_PAGE)),
            )
            found = rows((answered or {}).get("Items"))
            yield from map(_song, found)
            if len(found) < _PAGE:
                return

    def starred(self) -> Starred:
        """The artists and songs that are the person's favourites; the server keeps no date of it. Raises
        DiscoverError."""
        self._open()
        stars, whole = dict[str, Star](), b""
        # An artist without a folder is in no library, so not among the items.
        for path, kind in (("/Items", "Audio"), ("/Artists", "MusicArtist")):
            for page in range(_MAX_PAGES):
                fields = (
                    ("userId", self._user),
                    ("recursive", "true"),
                    ("isFavorite", "true"),
                    ("includeItemTypes", kind),
                    ("startIndex", str(page * _PAGE)),
                    ("limit", str(_PAGE)),
                )
                status, data = self._web.ask(
                    "GET", f"{self.address}{path}", fields=fields, headers=self._headers
                )
                whole += data
                found = rows((read_json(self.address, path, status, data) or {}).get("Items"))
                new = {one[0]: one for one in map(_star, found) if "" not in one[:3] and one[0] not in stars}
                stars |= new
                if len(found) < _PAGE or not new:
                    break
        return Starred(tuple(stars.values()), f"{self.address}/Items", whole)

    def put(
        self,
        name: str,
        ids: Sequence[str],
        there: str,
        note: Callable[[str], None],
        sent: Callable[[int], None],
    ) -> bool:
        """As a `Server`."""
        note(there)
        if there and self._replaced(there, name, ids, sent):
            return True
        note("")
        made = self._ask(
            "POST",
            "/Playlists",
            document={
                "Name": name,
                "Ids": [*ids],
                "UserId": self._user,
                "MediaType": "Audio",
                "IsPublic": False,
            },
        )
        number = id_in((made or {}).get("Id"))
        if not number:
            raise DiscoverError(f"{self.address} did not make the playlist “{name}”.")
        note(number)
        sent(len(ids))
        return False

    def _replaced(self, there: str, name: str, ids: Sequence[str], sent: Callable[[int], None]) -> bool:
        """Put these songs, and no others, into a playlist; false where it is not there."""
        path, changed = f"/Playlists/{there}", {"Ids": [*ids], "Name": name}
        status, data = self._web.ask("POST", f"{self.address}{path}", headers=self._headers, document=changed)
        if status != BAD_REQUEST or not self._name:
            found = read_json(self.address, path, status, data) is not None
            if found:
                sent(len(ids))
            return found
        # A playlist is its owner's to change: an API key is a bad request there, but may take songs out and put in.
        if not self._renamed(there, name):
            return False
        path += "/Items"
        listed = self._ask("GET", path, ("userId", self._user))
        if listed is None:
            return False
        before = [str(one.get("PlaylistItemId") or "") for one in rows(listed.get("Items"))]
        for part in _parts(before):
            status, data = self._web.ask(
                "DELETE",
                f"{self.address}{path}",
                fields=[("entryIds", ",".join(part))],
                headers=self._headers,
            )
            if status == BAD_REQUEST:
                raise DiscoverError(
                    f"{self.address} lets no API key change a playlist, as before Jellyfin 10.11. Use an access token "
                    "of yours, or delete the playlist there."
                )
            read_json(self.address, path, status, data)
            sent(0)
        for number, part in enumerate(_parts(ids)):
            self._ask("POST", path, ("ids", ",".join(part)), ("userId", self._user), document={})
            sent(number * _PART + len(part))
        return True

    def _renamed(self, there: str, name: str) -> bool:
        """Give a playlist its name as an API key may, which is an administrator's: an edit of all that is known of it;
        false where it is not there."""
        path = f"/Items/{there}"
        known = self._ask("GET", path, ("userId", self._user))
        if known is None:
            return False
        return (
            known.get("Name") == name or self._ask("POST", path, document={**known, "Name": name}) is not None
        )

    def _ask(
        self, method: str, path: str, *fields: tuple[str, str], document: object = None
    ) -> dict[str, Any] | None:
        return ask_json(
            self._web, self.address, method, path, self._headers, fields=fields, document=document
        )


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + _PART] for at in range(0, len(ids), _PART))


def _star(one: dict[str, Any]) -> Star:
    name = str(one.get("Name") or "")
    if one.get("Type") == "MusicArtist":
        return str(one.get("Id") or ""), name, None, None
    return str(one.get("Id") or ""), next(iter(_artists(one)), ""), name, None


def _artists(one: dict[str, Any]) -> tuple[str, ...]:
    artists = one.get("Artists")
    names = [*(artists if isinstance(artists, list) else ()), one.get("AlbumArtist")]
    return tuple(dict.fromkeys(str(name) for name in names if name))


def _song(one: dict[str, Any]) -> Song:
    ticks, ids = one.get("RunTimeTicks"), one.get("ProviderIds")
    return Song(
        str(one.get("Id") or ""),
        _artists(one),
        str(one.get("Name") or ""),
        ticks / _TICKS if isinstance(ticks, int) and ticks else None,
        str(ids.get("MusicBrainzRecording") or "") if isinstance(ids, dict) else "",
    )
