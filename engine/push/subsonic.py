"""Servers that speak Subsonic (Navidrome, Gonic, Airsonic, supysonic …). Facts: OpenSubsonic, and servers as they are.

A password is shown as a salted digest; the password itself goes only to a server that takes nothing else, when asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.community.fetch import Web, is_safe
from engine.errors import DiscoverError, UsageError, sentence
from engine.playlists.playlist import PlaylistTrack
from engine.push.asking import (
    NoDigestError,
    NotLetInError,
    RefusedError,
    fails,
    rows,
    server_error,
)
from engine.push.credentials import Credentials
from engine.push.matching import Song
from engine.push.starred import Starred
from engine.store.stars import Star

# Songs of one question, and ids sent at a time where a long address would have to carry them.
_PAGE, _AT_ONCE = 500, 200
# A server that goes on and on is left.
_MAX_PAGES = 4000
# What servers answer that take no digest of a password: a parameter is missing (they know none), it is not supported.
_NO_DIGEST = (10, 41)
# What they answer to a wrong name, password or key.
_WHO_ARE_YOU = (40, 44)


class _FailedError(RefusedError):
    """The server understood, and refused; `code` is Subsonic's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Subsonic:
    """A server at `address`, the folder that holds `rest/`. Without a user the secret is an API key."""

    service = "subsonic"

    def __init__(self, web: Web, address: str, credentials: Credentials) -> None:
        self.address = address.rstrip("/")
        self._web = web
        self._known = credentials
        self._method = "GET"

    def _open(self) -> None:
        """See that it is there and lets us in, and what it can."""
        try:
            self._ask("ping")
        except _FailedError as error:
            if error.code in _NO_DIGEST and self._known.user and not self._known.plain:
                raise NoDigestError(
                    f"{self.address} takes no digest of a password ({error}). To send it the password itself, add "
                    "--plain-password."
                ) from error
            if error.code in _WHO_ARE_YOU:
                raise NotLetInError(str(error)) from error
            raise
        try:
            extensions = self._ask("getOpenSubsonicExtensions").get("openSubsonicExtensions")
        except DiscoverError:  # of before there were any
            return
        if any(one.get("name") == "formPost" for one in rows(extensions)):
            self._method = "POST"

    def songs(self, tracks: Sequence[PlaylistTrack]) -> Iterator[Song]:
        """Every song; of a server that lists none so, what it finds by each title. Raises DiscoverError."""
        self._open()
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            page = self._search("", len(seen))
            new = [song for song in page if song.id not in seen]
            if not new:
                break
            seen.update(song.id for song in new)
            yield from new
        if not seen:
            for title in dict.fromkeys(track.track for track in tracks):
                yield from self._search(title, 0)

    def _search(self, query: str, offset: int) -> list[Song]:
        answered = self._ask(
            "search3",
            ("query", query),
            ("songCount", str(_PAGE)),
            ("songOffset", str(offset)),
            ("artistCount", "0"),
            ("albumCount", "0"),
        )
        found = answered.get("searchResult3")
        return [_song(one) for one in rows(found.get("song") if isinstance(found, dict) else None)]

    def starred(self) -> Starred:
        """The artists and songs the person starred there; albums are neither. Raises DiscoverError."""
        self._open()
        status, data = self._get("getStarred2")
        found = self._read("getStarred2", status, data).get("starred2")
        both = found if isinstance(found, dict) else {}
        stars = [_star(one, one.get("name"), None) for one in rows(both.get("artist"))]
        stars += [
            _star(one, one.get("artist"), str(one.get("title") or "")) for one in rows(both.get("song"))
        ]
        named = tuple(star for star in stars if "" not in star[:3])
        return Starred(named, self._url("getStarred2"), data)

    def put(
        self,
        name: str,
        ids: Sequence[str],
        there: str,
        note: Callable[[str], None],
        sent: Callable[[int], None],
    ) -> bool:
        """As a `Server`. One that numbers its lists gives a number again once it is set up again: so what is known of a
        list is its id and, on the line below, when it was made, where the server says."""
        before = {str(one.get("id") or ""): one for one in self._playlists()}
        first = [("songId", one) for one in ids[:_AT_ONCE]]
        number, _, created = there.partition("\n")
        one = before.get(number, {})
        if not one or not self._is_mine(one) or created not in ("", one.get("created") or created):
            number = ""
        note(there if number else "")
        is_there = bool(number)
        if is_there:
            self._ask("createPlaylist", ("playlistId", number), *first)
        else:
            number = self._made(name, first, before, note)
        note(number)
        sent(len(first))
        # Before more of it is there, and by the name it has here.
        self._ask("updatePlaylist", ("playlistId", number), ("name", name), ("public", "false"))
        for start in range(_AT_ONCE, len(ids), _AT_ONCE):
            more = [("songIdToAdd", one) for one in ids[start : start + _AT_ONCE]]
            self._ask("updatePlaylist", ("playlistId", number), *more)
            sent(start + len(more))
        found = next((one for one in self._playlists() if str(one.get("id") or "") == number), {})
        note(f"{number}\n{found.get('created') or ''}".rstrip())
        return is_there

    def _made(
        self,
        name: str,
        first: Sequence[tuple[str, str]],
        before: Mapping[str, Any],
        note: Callable[[str], None],
    ) -> str:
        """Make a playlist of these songs; the server's id of it, which is noted too where only the answer was lost."""

        def new() -> str:
            there = [one for one in self._playlists() if one.get("name") == name and self._is_mine(one)]
            found = [number for one in there if (number := str(one.get("id") or "")) not in before]
            # Of two somebody else made one in that moment.
            return found[0] if len(found) == 1 else ""

        try:
            answered = self._ask("createPlaylist", ("name", name), *first).get("playlist")
        except RefusedError:
            raise
        except DiscoverError:
            with contextlib.suppress(DiscoverError):
                note(new())
            raise
        number = str(answered.get("id") or "") if isinstance(answered, dict) else ""
        if not (number := number or new()):  # older servers do not say
            raise DiscoverError(f"{self.address} did not say what playlist “{name}” it made.")
        return number

    def _is_mine(self, one: Mapping[str, Any]) -> bool:
        """Whether a playlist is the person's, as far as the server says whose it is."""
        owner, user = one.get("owner"), self._known.user
        return not (owner and user) or str(owner).casefold() == user.casefold()

    def _playlists(self) -> list[dict[str, Any]]:
        found = self._ask("getPlaylists").get("playlists")
        return rows(found.get("playlist") if isinstance(found, dict) else None)

    def _ask(self, name: str, *fields: tuple[str, str]) -> Mapping[str, Any]:
        return self._read(name, *self._get(name, *fields))

    def _url(self, name: str) -> str:
        return f"{self.address}/rest/{name}.view"

    def _get(self, name: str, *fields: tuple[str, str]) -> tuple[int, bytes]:
        return self._web.ask(self._method, self._url(name), fields=[*self._credentials(), *fields])

    def _read(self, name: str, status: int, data: bytes) -> Mapping[str, Any]:
        try:
            answer = json.loads(data)["subsonic-response"]
            good = answer["status"] == "ok"
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if fails(status):
                raise server_error(self.address, status) from error
            raise DiscoverError(
                f"What answers at {self.address} is not a Subsonic server (it says {status}). Check the address."
            ) from error
        if not good:
            problem = answer.get("error")
            said = problem if isinstance(problem, dict) else {}
            code, message = said.get("code"), str(said.get("message") or "it does not say why")[:200]
            raise _FailedError(
                code if isinstance(code, int) else 0,
                sentence(f"{self.address} refused {name}: {message}"),
            )
        return answer if isinstance(answer, dict) else {}

    def _credentials(self) -> list[tuple[str, str]]:
        user, secret = self._known.user, self._known.secret
        common = [("v", "1.16.1"), ("c", "discover"), ("f", "json")]
        if not user:
            return [("apiKey", secret), *common]
        if self._known.plain:
            if not is_safe(self.address):
                raise UsageError(f"{self.address} is not https, so the password itself is not sent there.")
            return [("u", user), ("p", f"enc:{secret.encode().hex()}"), *common]
        salt = secrets.token_hex(8)
        # The protocol's own digest.
        digest = hashlib.md5(f"{secret}{salt}".encode(), usedforsecurity=False).hexdigest()
        return [("u", user), ("t", digest), ("s", salt), *common]


def _star(one: Mapping[str, Any], artist: Any, title: str | None) -> Star:
    return str(one.get("id") or ""), str(artist or ""), title, _moment(one.get("starred"))


def _moment(said: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(said)
        # Without a zone it is UTC's, as servers keep it.
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _song(one: Mapping[str, Any]) -> Song:
    names = [
        one.get("artist"),
        one.get("displayArtist"),
        *(each.get("name") for each in rows(one.get("artists"))),
    ]
    length = one.get("duration")
    return Song(
        str(one.get("id") or ""),
        tuple(dict.fromkeys(str(name) for name in names if name)),
        str(one.get("title") or ""),
        float(length) if isinstance(length, int | float) and length else None,
        str(one.get("musicBrainzId") or ""),
    )
