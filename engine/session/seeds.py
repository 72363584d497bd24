"""Seeds of mixes by name: an artist, a track, a saved playlist, a genre."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.playlists.mix import MixSeeds, key_of
from engine.session.library import Library, Service, synchronized

if TYPE_CHECKING:
    from engine.playlists.playlist import PlaylistTrack
    from engine.session.browse import Browse
    from engine.session.playlists import Playlists
    from engine.session.tracks import Tracks

# Number of artists that represent a genre, those that fit the person best.
OF_GENRE = 20


@dataclass(frozen=True, slots=True)
class _Seed:
    """One of the seeds: see `MixSeeds`."""

    name: str
    leading: Mapping[str, float]
    tracks: tuple[PlaylistTrack, ...] = ()
    without: tuple[PlaylistTrack, ...] = ()


class Seeds(Service):
    """Seeds by name."""

    def __init__(self, library: Library, tracks: Tracks, playlists: Playlists, browse: Browse) -> None:
        super().__init__(library)
        self._tracks = tracks
        self._playlists = playlists
        self._browse = browse

    @synchronized
    def of(self, names: Sequence[str]) -> MixSeeds:
        """An artist, a track ("artist - title"), a saved playlist or a genre by each name; an ambiguous name means the
        first of these, unless prefixed with "artist:", "playlist:" or "genre:".

        All have equal weight. Raises UnknownNameError with the nearest names, UsageError for no name and for what is
        blocked, NothingYetError for an empty playlist.
        """
        if not names:
            raise UsageError("Name what the mix starts from: an artist, a track, a playlist or a genre.")
        seeds: list[_Seed] = []
        for seed in map(self._one, names):
            if seed not in seeds:  # one named twice, perhaps in two spellings
                seeds.append(seed)
        whole = max(len(seed.leading) for seed in seeds)
        leading: dict[str, float] = defaultdict(float)
        for seed in seeds:
            total = sum(seed.leading.values())
            for artist, weight in seed.leading.items():
                leading[artist] += weight * whole / total
        return MixSeeds(
            f"Mix: {', '.join(seed.name for seed in seeds)}",
            tuple(track for seed in seeds for track in seed.tracks),
            dict(leading),
            key_of([seed.name for seed in seeds]),
            tuple(track for seed in seeds for track in seed.without),
        )

    def _one(self, name: str) -> _Seed:
        kind, colon, rest = name.partition(":")
        kind = kind.strip().casefold()
        ways = {"artist": self._music, "playlist": self._playlist, "genre": self._genre}
        if colon and kind in ways and rest.strip():
            return ways[kind](rest.strip())
        first: UnknownNameError | None = None
        for way in ways.values():
            try:
                return way(name)
            except UnknownNameError as error:
                first = first or error
            except NothingYetError:
                # No model, no genres.
                if first is None or way != self._genre:
                    raise
        _, _, hint = str(first).partition(" Did you mean ")
        near = f" Did you mean {hint}" if hint else ""
        raise UnknownNameError(f"No artist, track, playlist or genre “{name}” here.{near}")

    def _music(self, name: str) -> _Seed:
        track = self._tracks.written(name)
        listed = (track,) if track.track else ()
        called = track.artist if not _is_track(name, track) else f"{track.artist} - {track.track}"
        return _Seed(called, {track.artist: 1.0}, listed)

    def _playlist(self, name: str) -> _Seed:
        saved = self._playlists.named(name).name
        tracks = self._playlists.show(saved)
        if not tracks:
            raise NothingYetError(f"{saved} is empty. Add a track or two first.")
        return _Seed(saved, Counter(track.artist for track in tracks), without=tracks)

    def _genre(self, name: str) -> _Seed:
        from engine.recommend.settings import DiscoverSettings

        found = self._browse.list(name, DiscoverSettings(n=OF_GENRE))
        if found.kind == "all" or not found.items:
            raise UnknownNameError(f"No genre “{name}” here.")
        return _Seed(found.name, {one.artist: 1.0 for one in found.items})


def _is_track(name: str, track: PlaylistTrack) -> bool:
    """Whether a title was named, and not only an artist."""
    from engine.canonical_keys import artist_key, relaxed_artist_key

    return relaxed_artist_key(artist_key(name)) != relaxed_artist_key(track.artist)
