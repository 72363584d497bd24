"""The candidates for a playlist: the person's own tracks, and those of artists they might like.

Own tracks pass the same blocks and rules as taste. New ones are tracks in feature packs by artists near the top of
Discover, since they need a tempo.
"""

from __future__ import annotations

import math
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.canonical_keys import AnySpelling, joined_key
from engine.community.features import FeatureCatalog, TrackFeatures
from engine.playlists.at_times import at_times
from engine.playlists.candidate import ESTIMATE, Candidate
from engine.playlists.playlist import PlaylistTrack
from engine.recommend.lists import Recommendation
from engine.store.feedback import marked
from engine.store.history import PlayedTrack, ids_of_track, played_tracks
from engine.store.music_files import MusicFile, tracks_with_files
from engine.taste.gate import excluded_by_rules
from engine.taste.kept_tracks import KeptTrack, kept_tracks
from engine.taste.own_music import OwnMusic, own_music
from engine.taste.rules import counted_listens
from engine.taste.when_played import counted_before, plays_at
from engine.taste.window import TimeOfWeek

# Plays of an own track that weighs as much as a new artist at the top of Discover, and at its end.
NEW_AT_TOP, NEW_AT_END = 30.0, 1.0
# A track without a tempo gets its artist's, if at least so many tracks have one and this share of them agrees.
MIN_TEMPOS, NEARLY_ALL = 3, 0.7
# What is known of a track that no pack has.
_UNMEASURED = TrackFeatures("", "", "", "", None, None, None, None, None, None, None)


def candidates(
    connection: sqlite3.Connection,
    features: FeatureCatalog,
    recommended: Sequence[Recommendation],
    times: TimeOfWeek | None = None,
    *,
    from_library: bool = False,
) -> list[Candidate]:
    """Own tracks with what is known of their tempo, and of when they are played where `times` are asked about, then
    tracks of recommended artists; with `from_library` those alone the person has."""
    place = {item.key: item.rank for item in recommended if not item.known}
    found = with_artists_tempo(offered(connection, features, place, from_library=from_library))
    if times is None:
        return found
    then = at_times(plays_at(connection, times))
    return [replace(track, at_times=then.get(track.pair)) for track in found]


def with_artists_tempo(tracks: Sequence[Candidate]) -> list[Candidate]:
    """The tracks, those without a tempo with the median of their artist's where three or more have one and nearly all
    lie near it; the source says that it is an estimate."""
    known: dict[str, list[float]] = {}
    for track in tracks:
        if track.bpm is not None and track.bpm > 0:
            known.setdefault(track.artist_key, []).append(track.bpm)
    medians = {
        artist: (median, len(tempos))
        for artist, tempos in known.items()
        if len(tempos) >= MIN_TEMPOS and _near(tempos, median := statistics.median(tempos)) >= NEARLY_ALL
    }
    return [
        track
        if track.bpm is not None or track.artist_key not in medians
        else replace(
            track,
            bpm=median,
            bpm_source=f"{ESTIMATE}, the median of {count} tracks by the artist",
            # One whose tempo is known goes before it.
            appeal=track.appeal / 2,
        )
        for track in tracks
        for median, count in (medians.get(track.artist_key, (0.0, 0)),)
    ]


def _near(tempos: Sequence[float], median: float) -> float:
    """The share of tempos within 8 % of the median, counting half and double."""
    return sum(
        any(abs(tempo * octave / median - 1.0) < 0.08 for octave in (0.5, 1.0, 2.0)) for tempo in tempos
    ) / len(tempos)


def offered(
    connection: sqlite3.Connection,
    features: FeatureCatalog,
    place: Mapping[str, int],
    *,
    all_own: bool = True,
    from_library: bool = False,
    until: int | None = None,
) -> list[Candidate]:
    """Own tracks, those of which there are files, and then those the packs know beside them by the artists (keys) in
    `place`, which ranks them from 1.

    Without `all_own` those by other artists are left out; with `from_library` what the person does not have. With
    `until` it is as if nothing had been played since then (seconds UTC).
    """

    def wanted(track: PlayedTrack | KeptTrack | MusicFile) -> bool:
        return all_own or track.artist_key in place

    listens = counted_listens(connection) if until is None else counted_before(connection, until)
    played = [track for track in played_tracks(connection, listens) if wanted(track)]
    unwanted = _unwanted(connection)
    found = [one for one, _ in _to_play_again(connection, features, played, unwanted)]
    have = {track.pair for track in played}
    kept = [one for one in kept_tracks(connection) if wanted(one) and one.pair not in have]
    keys = {one.pair: one.track for one in kept}
    tempos = features.lookup(keys, keys)
    found += (
        _kept(one, tempos.get(one.pair))
        for one in kept
        if not unwanted.holds(joined_key(one.artist_key, one.track))
    )
    have |= set(keys)
    # A song is not new for the version it is in.
    had = [(one.artist_key, one.track) for one in played]
    known = OwnMusic.of(had + [(one.artist_key, one.track) for one in kept])
    artists = {artist for artist, _ in known.tracks}
    files = {
        (str(one.artist_key), str(one.track_key)): one
        for one in tracks_with_files(connection)
        if wanted(one) and not known.is_version(one.relaxed or "", one.track_key or "")
    }
    tempos = features.lookup(files, {pair: str(one.track) for pair, one in files.items()})
    found += (
        _unplayed(one, tempos.get(pair), place.get(pair[0], len(place)) / max(1, len(place)))
        for pair, one in files.items()
        if not unwanted.holds(joined_key(pair[0], str(one.track)))
    )
    if from_library:
        own = own_music(connection)
        return [one for one in found if own.holds(one.artist_key, one.track)]
    have |= set(files)
    for track in features.tracks_of(place):
        key = (track.artist_key, track.track_key)
        if (
            key not in have
            and not (track.artist_key in artists and known.holds(track.artist_key, track.track))
            and not unwanted.holds(joined_key(track.artist_key, track.track))
        ):
            found.append(_new(track, place[track.artist_key] / max(1, len(place))))
    return found


def to_play_again(
    connection: sqlite3.Connection, features: FeatureCatalog, played: Sequence[PlayedTrack]
) -> list[tuple[Candidate, PlayedTrack]]:
    """Tracks of the library that were `played` as candidates, but those that are hidden. Read after
    `counted_listens`."""
    return _to_play_again(connection, features, played, _unwanted(connection))


def _to_play_again(
    connection: sqlite3.Connection,
    features: FeatureCatalog,
    played: Sequence[PlayedTrack],
    unwanted: AnySpelling,
) -> list[tuple[Candidate, PlayedTrack]]:
    titles = {track.pair: track.track for track in played}
    known = features.lookup(titles, titles)
    # One's own tracks of a hidden artist count in taste, and here.
    hidden = AnySpelling(unwanted.tracks)
    return [
        (_own(track, known.get(track.pair), ids), track)
        for track, ids in zip(played, _ids(connection, played), strict=True)
        if not hidden.holds(joined_key(track.artist_key, track.track))
    ]


def _unwanted(connection: sqlite3.Connection) -> AnySpelling:
    """What is hidden, blocked, or left out by rules and not liked. Read after `counted_listens`."""
    liked = marked(connection, "like")
    left_out = (key for key in excluded_by_rules(connection, "tracks") if not liked.holds(key))
    return AnySpelling(marked(connection, "hide", "block").keys.union(left_out))


def unwanted_tracks(connection: sqlite3.Connection) -> AnySpelling:
    """Tracks that are hidden, blocked, or left out by rules and not liked."""
    counted_listens(connection)
    return AnySpelling(_unwanted(connection).tracks)


def one_track_each(
    connection: sqlite3.Connection, features: FeatureCatalog, artists: Sequence[tuple[str, str]]
) -> list[PlaylistTrack]:
    """(name, key) of artists as one track each, the most popular in the packs that is not hidden, blocked or left out
    by rules; no title where there is none."""
    unwanted = unwanted_tracks(connection)
    first: dict[str, TrackFeatures] = {}
    for track in features.tracks_of(key for _, key in artists):
        if not unwanted.holds(joined_key(track.artist_key, track.track)):
            first.setdefault(track.artist_key, track)
    return [
        pack_track(first[key], name) if key in first else PlaylistTrack(artist=name, track="", known=False)
        for name, key in artists
    ]


def pack_track(known: TrackFeatures, artist: str) -> PlaylistTrack:
    """A track the person has not played, as the packs know it, by an artist who goes by this name."""
    return PlaylistTrack(
        artist=artist,
        track=known.track,
        album=known.album,
        bpm=known.bpm,
        bpm_source=known.bpm_source,
        seconds=known.seconds,
        known=False,
        ids=known.ids,
    )


def _ids(connection: sqlite3.Connection, played: Sequence[PlayedTrack]) -> list[tuple[tuple[str, str], ...]]:
    by_track = ids_of_track(connection, [track.id for track in played])
    return [tuple(sorted(by_track.get(track.id, {}).items())) for track in played]


def _own(track: PlayedTrack, features: TrackFeatures | None, ids: tuple[tuple[str, str], ...]) -> Candidate:
    seconds = track.duration_ms / 1000 if track.duration_ms else None
    return _candidate(track, features, seconds, math.log1p(track.plays), ids, known=True)


def _kept(track: KeptTrack, features: TrackFeatures | None) -> Candidate:
    return _candidate(track, features, track.seconds, math.log1p(1), track.ids, known=True)


def _unplayed(file: MusicFile, features: TrackFeatures | None, depth: float) -> Candidate:
    """A file that was never played: as new as what is recommended, as near as its artist (`depth` as in `_new`)."""
    appeal = math.log1p(NEW_AT_TOP ** (1.0 - depth) * NEW_AT_END**depth)
    return _candidate(file, features, file.seconds, appeal, (), known=False)


def _new(track: TrackFeatures, depth: float) -> Candidate:
    """`depth` is 0 at the top of Discover and 1 at its end. An artist's best known tracks go first."""
    weight = NEW_AT_TOP ** (1.0 - depth) * NEW_AT_END**depth
    weight *= 0.5 + (0.5 if track.popularity is None else track.popularity)
    return _candidate(track, track, None, math.log1p(weight), (), known=False)


def _candidate(
    track: PlayedTrack | KeptTrack | MusicFile | TrackFeatures,
    features: TrackFeatures | None,
    seconds: float | None,
    appeal: float,
    ids: tuple[tuple[str, str], ...],
    *,
    known: bool,
) -> Candidate:
    """A track with what the packs know of it."""
    of = features or _UNMEASURED
    return Candidate(
        artist=str(track.artist),
        track=str(track.track),
        artist_key=str(track.artist_key),
        track_key=str(track.track_key),
        bpm=of.bpm,
        bpm_source=of.bpm_source,
        other_bpm=of.other_bpm,
        energy=of.energy,
        energy_estimated=of.energy_estimated,
        calm=of.calm,
        seconds=seconds or of.seconds,
        appeal=appeal,
        known=known,
        album=track.album,
        ids=ids + other_ids(ids, features),
    )


def other_ids(
    ids: tuple[tuple[str, str], ...], features: TrackFeatures | None
) -> tuple[tuple[str, str], ...]:
    """Identifiers only the packs know."""
    have = {scheme for scheme, _ in ids}
    return tuple(pair for pair in features.ids if pair[0] not in have) if features else ()
