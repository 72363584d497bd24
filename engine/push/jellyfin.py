"""Jellyfin. Facts: its server's source. What is made there is the person's own unless they share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine import __version__
from engine.community.fetch import Web
from engine.errors import DiscoverError
from engine.playlists.playlist import PlaylistTrack
from engine.push.asking import NotLetInError, ask_json, read_json, rows
from engine.push.credentials import Credentials
from engine.push.matching import Song
from engine.push.starred import Starred
from engine.store.stars import Star

_PAGE, _MAX_PAGES = 500, 4000
_TICKS = 10_000_000  # a second


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
            users = rows([self._ask("GET", "/Users/Me")])
        wanted = [one for one in users if not self._name or one.get("Name") == self._name]
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
        path, stars, whole = "/Items", dict[str, Star](), b""
        for page in range(_MAX_PAGES):
            fields = (
                ("userId", self._user),
                ("recursive", "true"),
                ("isFavorite", "true"),
                ("includeItemTypes", "Audio,MusicArtist"),
                ("startIndex", str(page * _PAGE)),
                ("limit", str(_PAGE)),
            )
            status, data = self._web.ask("GET", f"{self.address}{path}", fields=fields, headers=self._headers)
            whole += data
            found = rows((read_json(self.address, path, status, data) or {}).get("Items"))
            new = {star[0]: star for star in map(_star, found) if "" not in star[:3] and star[0] not in stars}
            stars |= new
            if len(found) < _PAGE or not new:
                break
        return Starred(tuple(stars.values()), f"{self.address}{path}", whole)

    def put(
        self,
        name: str,
        ids: Sequence[str],
        there: str,
        note: Callable[[str], None],
        sent: Callable[[int], None],
    ) -> None:
        """As a `Server`."""
        note(there)
        if there:
            changed = {"Ids": [*ids], "Name": name}
            if self._ask("POST", f"/Playlists/{there}", document=changed) is not None:
                sent(len(ids))
                return
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
        number = str((made or {}).get("Id") or "")
        if not number:
            raise DiscoverError(f"{self.address} did not make the playlist “{name}”.")
        note(number)
        sent(len(ids))

    def _ask(
        self, method: str, path: str, *fields: tuple[str, str], document: object = None
    ) -> dict[str, Any] | None:
        return ask_json(
            self._web, self.address, method, path, self._headers, fields=fields, document=document
        )


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
