"""Makes a playlist for a context from a pool of candidates, with notes on its shortcomings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from engine.community.feature_catalog import of_second_reading
from engine.errors import NothingFitsError, NothingYetError
from engine.playlists import sequence as search
from engine.playlists.bridge import Way
from engine.playlists.candidate import Candidate
from engine.playlists.contexts import CONTEXTS, MEASURES, SHORT_BY, Context, Settings
from engine.playlists.notes import notes_on, on_waiting
from engine.playlists.objective import Objective, Question, objective_of, question_of
from engine.playlists.parts import Found, in_parts, missing
from engine.playlists.playlist import ContextPlaylist, Curve, PlaylistTrack
from engine.playlists.pool import ASSUMED_SECONDS, Pool, known_length, of_usual_length, pool_of
from engine.playlists.profile import Floats, profile_of
from engine.progress import Cancelled
from engine.wording import IMPORT, quantity

_ADD = "Add an Exportify CSV, or any table with artist, track and bpm: discover features add PATH."


def compose(
    candidates: Sequence[Candidate],
    settings: Settings | None = None,
    context: Context = CONTEXTS["running"],
    cancelled: Cancelled | None = None,
    waiting: int = 0,
) -> ContextPlaylist:
    """A playlist of `settings.minutes` from `candidates`, following the context's profile.

    No track comes twice and no artist within `artist_gap` places; if too little fits, the list is shorter, parts of the
    profile that nothing fits are left out, and its notes say so. The same candidates (in any order), settings and seed
    give the same list. `waiting` are files of the person's that were not measured yet, which is said where something is
    not known.

    Raises NothingYetError when there are no candidates or nothing is known of them that the context goes by,
    CancelledError.
    """
    settings = settings or context.defaults
    whole = pool_of(candidates, settings.seed)
    measured = _measured(whole, context, waiting)
    question = question_of(whole.of(np.flatnonzero(whole.of_length(settings.minutes))), context, settings)
    question, objective, found = in_parts(question, partial(_found, cancelled=cancelled))
    tracks, curves = _tracks(objective, found.order, context)
    playlist = ContextPlaylist(
        context=context.name,
        title=context.title,
        settings=settings,
        profile=profile_of(context, settings),
        tracks=tracks,
        pool=len(whole),
        fitting=int(question.fitting.sum()),
        coverage=float(whole.known(measured).mean()),
        artist_gap=objective.artist_gap,
        objective=found.objective,
        measured=measured,
        curves=curves,
        left_out=question.targets.left_out,
    )
    return replace(playlist, notes=notes_on(playlist, whole, question, waiting))


def sequenced(
    candidates: Sequence[Candidate],
    context: Context,
    settings: Settings,
    *,
    places: int | None = None,
    before: Sequence[str] = (),
    way: Way | None = None,
    nearer: bool = True,
) -> tuple[PlaylistTrack, ...]:
    """The tracks of a list as `compose` chooses them, but of a pool of which nothing need be known.

    With `places` there are so many, however long. Its artists keep apart from those (keys) that were `before`, and
    unless they may come `nearer` where that fills more time, always. On a `way` none goes back, and no artist comes
    twice.
    """
    pool = pool_of(candidates, settings.seed)
    if places is None:
        pool = pool.of(np.flatnonzero(pool.of_length(settings.minutes)))
    else:
        pool = pool.of(np.flatnonzero([of_usual_length(track) for track in pool.candidates]))
        # Each place is as long as any other.
        pool = replace(pool, seconds=np.full(len(pool), ASSUMED_SECONDS))
        settings = replace(settings, minutes=places * ASSUMED_SECONDS / 60.0)
    if not len(pool):
        return ()
    question = question_of(pool, context, settings, before=before, way=way)
    _, objective, found = _found(question, None, nearer=nearer)
    return _tracks(objective, found.order, context)[0]


def nothing_to_choose_from(first_step: str) -> NothingYetError:
    """The error of an empty pool; `first_step` says in a sentence what to do about an empty library."""
    return NothingYetError(
        f"No tracks to choose from yet. {first_step} Or add your music files: discover library add DIR."
    )


def _measured(pool: Pool, context: Context, waiting: int) -> str:
    """The context's first measure. Raises NothingYetError if no candidate has it."""
    if not len(pool):
        raise nothing_to_choose_from(IMPORT)
    tracks = quantity(len(pool), "tracks")
    add = " ".join(filter(None, (on_waiting(waiting), _ADD)))
    measures = context.measures or ("tempo",)
    if context.needs_tempo and not pool.known("tempo").any():
        raise NothingFitsError(f"None of the {tracks} has a tempo. {add}")
    if not any(pool.known(measure).any() for measure in (*measures, "at_times")):
        when = f", nor was played {context.times.spans_in_words}" if context.times else ""
        raise NothingFitsError(f"None of the {tracks} has a known {' or '.join(measures)}{when}. {add}")
    return measures[0]


def _found(question: Question, cancelled: Cancelled | None, *, nearer: bool = True) -> Found:
    """The best list. Only if that fills more time half and double time count where the energy is unknown, and then
    artists come closer than the context's gap, if they may."""

    def tried(question: Question, gap: int) -> Found:
        objective = objective_of(question, gap)
        return question, objective, search.sequence(objective, cancelled)

    gap = question.context.artist_gap
    found, short = tried(question, gap), 0.0

    def better(other: Found) -> bool:
        return missing(*other[1:]) < short - SHORT_BY

    if (short := missing(*found[1:])) >= SHORT_BY:
        unknown = question.counting("unknown")
        if (unknown.fitting & ~question.fitting).any() and better(other := tried(unknown, gap)):
            found = other
    for closer in (closer for closer in (2, 1, 0) if nearer and closer < gap):
        _, objective, order = found
        short = missing(objective, order)
        if short < SHORT_BY or len(objective.pool) <= len(order.order):
            break
        if better(other := tried(found[0], closer)):
            found = other
    return found


def _tracks(
    objective: Objective, order: tuple[int, ...], context: Context
) -> tuple[tuple[PlaylistTrack, ...], tuple[Curve, ...]]:
    places = np.array(order, dtype=np.int64)
    pool = objective.pool.of(places)
    middle = np.cumsum(pool.seconds) - pool.seconds / 2
    wanted = objective.targets.values[objective.targets.rows_at(middle)]
    factor = objective.at(objective.factor, places, middle)
    second = objective.at(objective.second, places, middle)
    log_bpm = np.where(second, pool.log_other, pool.log_bpm)
    has = {"tempo": np.exp2(log_bpm) * factor, "energy": pool.energy, "calm": pool.calm}
    tracks = []
    for place, track in enumerate(pool.candidates):
        by_tempo = bool(context.tempo) and track.bpm is not None
        if second[place]:
            track = _by_second_reading(track)
        tracks.append(
            PlaylistTrack(
                artist=track.artist,
                track=track.track,
                album=track.album,
                bpm=track.bpm,
                bpm_source=track.bpm_source,
                seconds=track.seconds if known_length(track) else ASSUMED_SECONDS,
                known=track.known,
                target_bpm=float(wanted[place, 0]) if by_tempo else None,
                factor=float(factor[place]) if by_tempo else None,
                ids=track.ids,
                seconds_estimated=not known_length(track),
            )
        )
    estimated = {"energy": sum(track.energy_estimated for track in pool.candidates)}
    curves = (
        Curve(
            measure,
            tuple(wanted[:, MEASURES.index(measure)].tolist()),
            _known(has[measure]),
            estimated.get(measure, 0),
        )
        for measure in context.measures
    )
    return tuple(tracks), tuple(curves)


def _by_second_reading(track: Candidate) -> Candidate:
    bpm, other = track.bpm or 0.0, track.other_bpm or 0.0
    source = of_second_reading(track.bpm_source or "", bpm, other)
    return replace(track, bpm=other, bpm_source=source, other_bpm=bpm)


def _known(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
