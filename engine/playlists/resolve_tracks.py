"""Tracks by name: what the library and the packs know of them, as a playlist keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.canonical_keys import AnySpelling, artist_key, joined_key, nearest, track_key
from engine.community.catalog import Catalog
from engine.community.features import FeatureCatalog, TrackFeatures
from engine.errors import UnknownNameError
from engine.playlists.local_files import Wanted, find_files
from engine.playlists.offer import one_track_each, other_ids, pack_track, unwanted_tracks
from engine.playlists.playlist import PlaylistTrack
from engine.store.feedback import Feedback, all_feedback, marked
from engine.store.history import PlayedTrack, ids_of_track, tracks_by_artist


def track_of_each(
    connection: sqlite3.Connection, features: FeatureCatalog, artists: Sequence[tuple[str, str]]
) -> list[PlaylistTrack]:
    """(name, key) of artists as one track each: the most popular in the packs, else the person's most played.

    An artist without a known track is listed by name, with an empty title. A track that is hidden or blocked is passed
    over.
    """
    unwanted = AnySpelling(marked(connection, "hide", "block").tracks)
    own = tracks_by_artist(connection, [key for _, key in artists])
    found = []
    for (name, key), track in zip(artists, one_track_each(connection, features, artists), strict=True):
        played = {
            one.track_key: one for one in own.get(key, ()) if not unwanted.holds(joined_key(key, one.track))
        }
        title = track_key(track.track)
        if track.track:
            found.append(track if title not in played else _own(connection, features, played[title]))
        elif played:
            found.append(_own(connection, features, next(iter(played.values()))))
        else:
            found.append(PlaylistTrack(artist=name, track="", known=False))
    return found


def with_titles(
    connection: sqlite3.Connection,
    catalogs: Sequence[Catalog],
    artists: Sequence[tuple[str, str]],
    tracks: Sequence[PlaylistTrack],
) -> tuple[PlaylistTrack, ...]:
    """The tracks of artists (name, key), those without a title with the best known one in catalogs of tracks.

    That is the one with the most listeners that is not hidden, blocked or left out by rules.
    """
    unwanted = unwanted_tracks(connection)

    def best(key: str) -> str:
        items = [one for catalog in catalogs for one in catalog.items(catalog.ids_of_artist(key)).values()]
        wanted = [one for one in items if one.track and not unwanted.holds(one.key)]
        known = max(wanted, key=lambda one: (one.listeners, one.plays), default=None)
        return (known and known.track) or ""

    return tuple(
        track if track.track else replace(track, track=best(key))
        for (_, key), track in zip(artists, tracks, strict=True)
    )


def resolve_track(
    connection: sqlite3.Connection, features: FeatureCatalog, artist: str, key: str, title: str
) -> PlaylistTrack:
    """The track of that title, of the library, the packs, or a like, hide or block. Raises UnknownNameError with the
    nearest titles."""
    wanted = track_key(title)
    own = {one.track_key: one for one in tracks_by_artist(connection, [key]).get(key, ())}
    if wanted in own:
        return _own(connection, features, own[wanted])
    known = {one.track_key: one for one in features.tracks_of([key])}
    if wanted in known:
        return pack_track(known[wanted], known[wanted].artist)
    judged = {
        track_key(one.track): one
        for one in all_feedback(connection)
        if one.track and artist_key(one.artist) == key
    }
    if (mark := judged.get(wanted)) is not None:
        return PlaylistTrack(artist=mark.artist, track=mark.track or "", known=mark.verdict == "like")
    close = nearest(title, _titles(own.values(), known.values(), judged.values()))
    hint = f" Did you mean {', '.join(close)}?" if close else ""
    raise UnknownNameError(f"{artist} has no track “{title}” here.{hint}")


def with_known_ids(connection: sqlite3.Connection, tracks: Sequence[PlaylistTrack]) -> list[PlaylistTrack]:
    """The tracks with the ids, and the files, the library has come to know of them since they were put together.

    A file that a list or a player named stays, there or not: it may lie on a drive that is not attached now.
    """
    own = tracks_by_artist(connection, [artist_key(track.artist) for track in tracks])
    numbers = {one.pair: one.id for found in own.values() for one in found}
    ids = ids_of_track(connection, list(numbers.values()))
    found = []
    for track in tracks:
        number = numbers.get(track.pair)
        have = {scheme for scheme, _ in track.ids}
        more = sorted(pair for pair in ids.get(number or 0, {}).items() if pair[0] not in have)
        found.append(replace(track, ids=(*track.ids, *more)) if more else track)
    return _with_files(connection, found)


def _with_files(connection: sqlite3.Connection, tracks: Sequence[PlaylistTrack]) -> list[PlaylistTrack]:
    """The tracks with the files of the person's own folders, which were seen later than any a player reported."""
    files = find_files(
        connection,
        [
            Wanted(
                track.artist,
                track.track,
                None if track.seconds_estimated else track.seconds,
                dict(track.ids).get("mb_recording"),
            )
            for track in tracks
        ],
    )
    return [
        track
        if file is None
        else replace(
            track,
            ids=(*(pair for pair in track.ids if pair[0] != "file"), ("file", file.path)),
            seconds=file.seconds or track.seconds,
            seconds_estimated=track.seconds_estimated and not file.seconds,
        )
        for track, file in zip(tracks, files, strict=True)
    ]


def _titles(*found: Iterable[PlayedTrack | TrackFeatures | Feedback]) -> list[str]:
    return list(dict.fromkeys(one.track for some in found for one in some if one.track))


def _own(connection: sqlite3.Connection, features: FeatureCatalog, track: PlayedTrack) -> PlaylistTrack:
    known = features.lookup([track.pair], {track.pair: track.track}).get(track.pair)
    ids = tuple(sorted(ids_of_track(connection, [track.id]).get(track.id, {}).items()))
    seconds = track.duration_ms / 1000 if track.duration_ms else None
    return PlaylistTrack(
        artist=track.artist,
        track=track.track,
        album=track.album,
        bpm=known.bpm if known else None,
        bpm_source=known.bpm_source if known else None,
        seconds=seconds or (known.seconds if known else None),
        known=track.plays > 0,
        ids=ids + other_ids(ids, known),
    )
