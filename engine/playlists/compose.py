"""Makes a playlist for a context out of a pool of candidates, and says honestly how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.errors import NothingYetError
from engine.playlists import sequence as search
from engine.playlists.candidate import Candidate
from engine.playlists.contexts import CONTEXTS, Context, Settings
from engine.playlists.objective import Objective
from engine.playlists.playlist import ContextPlaylist, PlaylistTrack
from engine.playlists.pool import ASSUMED_SECONDS, Pool, known_length, pool_of, short_list
from engine.playlists.profile import Line, profile_of
from engine.playlists.tempo import tempo_fit
from engine.wording import percent, quantity

ARTIST_GAP = 5  # places between two tracks of one artist; fewer only where the pool leaves no choice
_SHORT_BY = 60.0


def compose(
    candidates: Sequence[Candidate],
    settings: Settings | None = None,
    context: Context = CONTEXTS["running"],
    cancelled: Callable[[], bool] | None = None,
) -> ContextPlaylist:
    """A playlist of `settings.minutes` from `candidates`, following the context's profile of tempo.

    No track comes twice and no artist within `artist_gap` places; where too little fits, the list is shorter
    and its notes say so. The same candidates (in any order), settings and seed give the same list.

    Raises NothingYetError when there are no candidates or none has a known tempo, CancelledError.
    """
    settings = settings or context.defaults
    profile = profile_of(context, settings)
    tempo = profile.tempo or Line((0.0,), (settings.bpm,))
    pool = pool_of(candidates, context, settings, tempo)
    if not pool.size:
        raise NothingYetError("No tracks to choose from yet. Import your history: discover import PATH.")
    if not pool.with_tempo:
        raise NothingYetError(
            f"None of the {quantity(pool.size, 'tracks')} has a tempo. Add an Exportify CSV, or any table with "
            "artist, track and bpm: discover features add PATH."
        )
    objective, found = _found(pool, settings, tempo, cancelled)
    tracks = _tracks(objective, found.order)
    playlist = ContextPlaylist(
        context=context.name,
        title=context.title,
        settings=settings,
        profile=profile,
        tracks=tracks,
        pool=pool.size,
        fitting=len(pool),
        coverage=pool.with_tempo / pool.size,
        artist_gap=objective.artist_gap,
        objective=found.objective,
    )
    return _with_notes(playlist, pool)


def objective_for(pool: Pool, settings: Settings, profile: Line, artist_gap: int) -> Objective:
    """What the search maximises: over the short list of `pool`."""
    return Objective(
        pool=short_list(pool, settings, profile, artist_gap),
        profile=profile,
        length=settings.minutes * 60.0,
        tolerance=settings.tolerance / 100.0,
        new=settings.new,
        artist_gap=artist_gap,
    )


def _found(
    pool: Pool, settings: Settings, profile: Line, cancelled: Callable[[], bool] | None
) -> tuple[Objective, search.Sequence]:
    """The best list; artists come closer than `ARTIST_GAP` only where that fills more time."""
    objective = objective_for(pool, settings, profile, ARTIST_GAP)
    found = search.sequence(objective, cancelled)
    for gap in (2, 1, 0):
        missing = _missing(objective, found)
        if missing < _SHORT_BY or len(objective.pool) <= len(found.order):
            break
        other = objective_for(pool, settings, profile, gap)
        nearer = search.sequence(other, cancelled)
        if _missing(other, nearer) < missing - _SHORT_BY:
            objective, found = other, nearer
    return objective, found


def _missing(objective: Objective, found: search.Sequence) -> float:
    return objective.length - float(objective.pool.seconds[list(found.order)].sum())


def _tracks(objective: Objective, order: tuple[int, ...]) -> tuple[PlaylistTrack, ...]:
    pool = objective.pool
    places = list(order)
    seconds = pool.seconds[places]
    target = objective.profile.at_all(np.cumsum(seconds) - seconds / 2)
    _, factor = tempo_fit(pool.log_bpm[places], target)
    tracks = []
    for place, index in enumerate(places):
        track = pool.candidates[index]
        tracks.append(
            PlaylistTrack(
                artist=track.artist,
                track=track.track,
                album=track.album,
                bpm=track.bpm,
                bpm_source=track.bpm_source,
                seconds=float(seconds[place]),
                known=track.known,
                target_bpm=float(target[place]),
                factor=float(factor[place]),
                ids=track.ids,
                seconds_estimated=not known_length(track),
            )
        )
    return tuple(tracks)


def _with_notes(playlist: ContextPlaylist, pool: Pool) -> ContextPlaylist:
    notes = [*_notes_on_fit(playlist), *_notes_on_mix(playlist, pool)]
    if playlist.coverage < 1:
        unknown = playlist.pool - pool.with_tempo
        share = percent(playlist.coverage)
        notes.append(
            f"{share} of the {quantity(playlist.pool, 'tracks')} have a tempo; the other {unknown:,} can't be chosen."
        )
    estimated = sum(track.seconds_estimated for track in playlist.tracks)
    if estimated:
        minutes, seconds = divmod(round(ASSUMED_SECONDS), 60)
        notes.append(
            f"{quantity(estimated, 'tracks are', 'track is')} of unknown length, assumed "
            f"{minutes}:{seconds:02} each."
        )
    fields = {name: getattr(playlist, name) for name in ContextPlaylist.__slots__}
    return ContextPlaylist(**{**fields, "notes": tuple(notes)})


def _notes_on_fit(playlist: ContextPlaylist) -> list[str]:
    settings = playlist.settings
    short = -playlist.length_error / 60.0
    eased = bool(settings.warm_up or settings.cool_down)
    asked = f"{settings.bpm:g} spm ± {settings.tolerance:g} %"
    asked += ", including warm-up and cool-down" if eased else ""
    if not playlist.tracks:
        return [f"No tracks match {asked}. Change the tempo, or add tempo data for more tracks."]
    if short >= 0.5:
        count = f"Only {quantity(playlist.fitting, 'tracks fit', 'track fits')} {asked}"
        return [f"{count}; without repeats the list is {short:.0f} minutes short."]
    if short <= -0.5:
        return [f"No tracks match the length exactly; the list is {-short:.0f} minutes longer."]
    return []


def _notes_on_mix(playlist: ContextPlaylist, pool: Pool) -> list[str]:
    notes = []
    count = len(playlist.tracks)
    if count and abs(playlist.new_share - playlist.settings.new) > 1 / count:
        new = int(pool.new.sum())
        kind, there = (
            ("new", new) if playlist.new_share < playlist.settings.new else ("known", len(pool) - new)
        )
        share, asked = percent(playlist.new_share), percent(playlist.settings.new)
        fit = (
            f"only {quantity(there, f'{kind} tracks match', f'{kind} track matches')}"
            if there
            else f"no {kind} track matches"
        )
        notes.append(f"New music is {share} of the list, not {asked}: {fit}.")
    if playlist.artist_gap < ARTIST_GAP and count > 1:
        notes.append(
            f"Few artists match: an artist may repeat after {quantity(playlist.artist_gap, 'other tracks')}, "
            f"not {ARTIST_GAP}."
        )
    return notes
