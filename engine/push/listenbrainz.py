"""ListenBrainz, which takes recordings of MusicBrainz alone. Facts: its server's source.

One recording without an id makes it refuse the whole list: so those are left out first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from engine.community.fetch import Web
from engine.errors import DiscoverError
from engine.playlists.playlist import PlaylistTrack
from engine.push.asking import NotLetInError, ask_json, id_in, rows
from engine.push.credentials import Credentials
from engine.push.matching import Song

ADDRESS = "https://api.listenbrainz.org"
# It takes no more at a time.
_AT_ONCE = 100
_RECORDING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LIST = "https://musicbrainz.org/doc/jspf#playlist"


class ListenBrainz:
    """The one at `address`; the secret is the token of the person there."""

    service = "listenbrainz"

    def __init__(self, web: Web, address: str, credentials: Credentials) -> None:
        self.address = address.rstrip("/")
        self._web = web
        self._headers = {"Authorization": f"Token {credentials.secret}"}

    def songs(self, tracks: Sequence[PlaylistTrack]) -> Iterator[Song]:
        """The tracks whose recording is known here; nothing is sent but a question whether the token holds."""
        valid = ask_json(self._web, self.address, "GET", "/1/validate-token", self._headers)
        if not valid or valid.get("valid") is not True:
            raise NotLetInError(f"{self.address} does not know this token. Find it on your profile there.")
        for track in tracks:
            recording = dict(track.ids).get("mb_recording", "").lower()
            if _RECORDING.fullmatch(recording):
                yield Song(recording, (track.artist,), track.track, track.seconds, recording)

    def put(
        self,
        name: str,
        ids: Sequence[str],
        there: str,
        note: Callable[[str], None],
        sent: Callable[[int], None],
    ) -> bool:
        """As a `Server`: old tracks are removed once all new ones are appended."""
        before = self._ask("GET", f"/1/playlist/{there}") if there else None
        parts = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
        old = there_now = 0
        if before is None:
            note("")
            made = self._ask(
                "POST",
                "/1/playlist/create",
                {
                    "playlist": {
                        "title": name,
                        "extension": {_LIST: {"public": False}},
                        "track": _tracks(parts[0]),
                    }
                },
            )
            there = id_in((made or {}).get("playlist_mbid"))
            if not there:
                raise DiscoverError(f"{self.address} did not make the playlist “{name}”.")
            there_now = len(parts.pop(0))
        else:
            found = before.get("playlist")
            listed = found if isinstance(found, dict) else {}
            old = len(rows(listed.get("track")))
            if listed.get("title") != name:
                note(there)
                # It takes away what an edit does not name.
                extension = listed.get("extension")
                kept = extension.get(_LIST) if isinstance(extension, dict) else None
                about = kept if isinstance(kept, dict) else {}
                about = {key: about[key] for key in ("public", "collaborators") if key in about}
                self._ask(
                    "POST",
                    f"/1/playlist/edit/{there}",
                    {"playlist": {"title": name, "extension": {_LIST: {"public": False, **about}}}},
                )
        note(there)
        sent(there_now)
        for part in parts:
            self._ask("POST", f"/1/playlist/{there}/item/add", {"playlist": {"track": _tracks(part)}})
            there_now += len(part)
            sent(there_now)
        if old:
            self._ask("POST", f"/1/playlist/{there}/item/delete", {"index": 0, "count": old})
        return before is not None

    def _ask(self, method: str, path: str, document: object = None) -> dict[str, object] | None:
        return ask_json(self._web, self.address, method, path, self._headers, document=document)


def _tracks(recordings: Sequence[str]) -> list[dict[str, list[str]]]:
    return [{"identifier": [f"https://musicbrainz.org/recording/{one}"]} for one in recordings]
