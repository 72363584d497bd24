"""`navidrome.db`: single plays since it stores them (late 2025), and for earlier times play counts and last plays.

Its count of a track includes its single plays; taste accounts for that (only a count's plays beyond the dated ones are
added). Facts: FORMATS.md, Media servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.database import Rows
from engine.imports.head import Head
from engine.imports.people import of_one_person
from engine.imports.record import Dropped, Like, Options, Play, Record, Unplayed
from engine.imports.registry import Format
from engine.imports.times import anything, milliseconds, number
from engine.store.locations import file_ids, path_of

_FILE = {
    "media_file.title": "f.title",
    "media_file.artist": "f.artist",
    "media_file.album": "f.album",
    "media_file.duration": "f.duration",
    "media_file.mbz_recording_id": "f.mbz_recording_id",
    "media_file.path": "f.path",
    "library.path": "l.path",
}
_USER = {"user.user_name": "u.user_name"}


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Plays, then counts and stars, of one user."""
    yield from of_one_person(_all(Rows(stream), options), options)


def _all(database: Rows, options: Options) -> Iterator[tuple[str, Record]]:
    user = "LEFT JOIN user AS u ON u.id = x.user_id" if database.has(user=("id", "user_name")) else ""
    who = _USER if user else {"": "NULL"}
    # Since a server may have several libraries a file's path is below that of its library.
    below = database.has(library=("id", "path"), media_file=("library_id",))
    library = (
        "LEFT JOIN library AS l ON l.id = f.library_id" if below else "LEFT JOIN (SELECT NULL AS path) AS l"
    )
    if database.has(scrobbles=("media_file_id", "user_id", "submission_time")):
        wanted = {**who, **_FILE, "scrobbles.submission_time": "x.submission_time"}
        joined = f"LEFT JOIN media_file AS f ON f.id = x.media_file_id {library} {user}"
        for person, *names, at in database.select("scrobbles", wanted, joined):
            yield str(person or ""), _play(names, anything(str(at or ""), options.zone), 1, counted=False)
    if database.has(annotation=("item_id", "item_type", "user_id")):
        wanted = {
            **who,
            **_FILE,
            "annotation.play_count": "x.play_count",
            "annotation.play_date": "x.play_date",
            "annotation.starred": "x.starred",
        }
        joined = f"JOIN media_file AS f ON f.id = x.item_id {library} {user} WHERE x.item_type = 'media_file'"
        for person, *names, plays, at, starred in database.select("annotation", wanted, joined):
            count = number(plays) or 0
            yield str(person or ""), _play(names, anything(str(at or ""), options.zone), count, counted=True)
            if starred and names[0] and names[1]:
                yield str(person or ""), Like(str(names[1]), str(names[0]))


def _play(names: list[object], at: int | None, plays: int, *, counted: bool) -> Record:
    title, artist, album, seconds, recording, path, library = names
    if not artist or not title:
        return Dropped(reasons.NO_NAMES)
    length = milliseconds(seconds)
    ids = file_ids(_joined(path, library))
    if recording:
        ids += (("mb_recording", str(recording)),)
    if plays <= 0:
        return Unplayed(str(artist), str(title), ids)
    return Play(
        str(artist),
        str(title),
        at,
        None,
        str(album) if album else None,
        length * 1000 if length else None,
        ids,
        counted=counted,
        plays=plays,
    )


def _joined(path: object, library: object) -> str | None:
    if not path:
        return None
    return f"{str(library).rstrip('/')}/{path}" if library and path_of(str(path)) is None else str(path)


def sniff(head: Head) -> bool:
    """A database with tracks and what each user did with them."""
    return {"media_file", "annotation"} <= head.tables


FORMATS = (
    Format(
        "navidrome",
        "Navidrome database",
        "navidrome",
        sniff,
        parse,
        order=45,
        hint="as last saved by the server; stop it first to get everything",
    ),
)
