"""Notes on a list that misses its targets. Each reason is measured by what lifting it would bring."""

from __future__ import annotations

from dataclasses import replace

from engine.community.feature_catalog import SECOND_READING
from engine.playlists.candidate import ESTIMATE
from engine.playlists.contexts import Context
from engine.playlists.objective import Question, objective_of, question_of
from engine.playlists.parts import Found, in_parts, seconds_in
from engine.playlists.playlist import ContextPlaylist
from engine.playlists.pool import ASSUMED_SECONDS, MAX_SECONDS, MIN_SECONDS, Bools, Pool
from engine.playlists.sequence import greedy
from engine.wording import few, one_or_many, percent, quantity

_WORTH_SAYING = 30.0  # seconds
_FAR = 0.2  # as far from its profile on average, energy or calm is noted


def notes_on(playlist: ContextPlaylist, whole: Pool, question: Question, waiting: int = 0) -> tuple[str, ...]:
    """Sentences the person should read: `whole` is the pool with tracks of any length, `waiting` are files not measured
    yet."""
    return (
        *_on_length(playlist, whole, question),
        *_on_new(playlist, whole, question),
        *_on_spacing(playlist, question.context),
        *_on_measures(playlist, whole, question.context, waiting),
        *_on_estimates(playlist),
    )


def on_waiting(files: int) -> str:
    """That so many files of one's own could be measured; empty for none."""
    if not files:
        return ""
    which = quantity(files, "of your music files are", "of your music files is")
    return f"{which} not measured yet: discover library tempo."


# -- length ---------------------------------------------------------------------------------------------


def _on_length(playlist: ContextPlaylist, whole: Pool, question: Question) -> list[str]:
    short = -playlist.length_error
    # Less than a minute no track could fill, nor be left out for.
    if playlist.tracks and abs(short) < MIN_SECONDS:
        return []
    if short < 0:
        return [
            f"No tracks match the length exactly; the list is {quantity(round(-short / 60), 'minutes')} longer."
        ]
    asked = _asked(question)
    if not len(question.pool):
        longest = min(MAX_SECONDS / 60.0, question.settings.minutes)
        span = f"between 1 and {longest:g} minutes long" if longest > 1 else "a minute long"
        return [f"None of the {quantity(len(whole), 'tracks')} is {span}."]
    minutes = f"{short / 60:.0f} {'minute' if round(short / 60) == 1 else 'minutes'} short"
    if playlist.left_out:
        spans = few([f"{_clock(start)} to {_clock(end)}" for start, end in playlist.left_out])
        first = f"No track that is left fits from {spans}: the list has the other parts, and is {minutes}."
    elif not playlist.tracks:
        first = f"No tracks match {asked}."
    elif not question.context.needs_tempo:
        first = f"The list is {minutes}."
    else:
        first = (
            f"Only {quantity(playlist.fitting, 'tracks fit', 'track fits')} {asked}; without repeats the list is "
            f"{minutes}."
        )
    return [" ".join([first, *_what_would_help(playlist, whole, question, short)])]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _asked(question: Question) -> str:
    settings, context = question.settings, question.context
    if not context.needs_tempo:
        return context.title
    asked = f"{settings.bpm:g} {_unit(context)} ± {settings.tolerance:g} %"
    return asked + (", including warm-up and cool-down" if settings.warm_up or settings.cool_down else "")


def _unit(context: Context) -> str:
    return "spm" if context.eases else "bpm"


def _what_would_help(playlist: ContextPlaylist, whole: Pool, question: Question, short: float) -> list[str]:
    """The two things that keep most minutes out, and how long; else that the pool has no more."""
    gains = [
        (gain, sentence)
        for gain, sentence in _lifted(playlist, whole, question, short)
        if gain >= _WORTH_SAYING
    ]
    gains.sort(key=lambda one: -one[0])
    if gains:
        return [
            f"{sentence} {quantity(max(1, round(gain / 60)), 'minutes')}." for gain, sentence in gains[:2]
        ]
    if question.context.needs_tempo and not question.pool.known("tempo").any():
        return ["All that have a tempo are under a minute, over 15 or longer than the list."]
    if not playlist.tracks:
        return ["Change the tempo, or add tempo data for more tracks."]
    if playlist.fitting > len(playlist.tracks):
        return ["The tracks left fit at other times, are other versions of those in it, or longer than that."]
    return [f"The pool of {quantity(len(whole), 'tracks')} has no more."]


def _lifted(
    playlist: ContextPlaylist, whole: Pool, question: Question, short: float
) -> list[tuple[float, str]]:
    """Each thing that may keep tracks out: seconds a list without it has more (at most what is missing), and words."""
    settings, context, gap = question.settings, question.context, playlist.artist_gap
    has = playlist.seconds
    found: list[tuple[float, str]] = []

    def tried(other: Question, sentence: str, artist_gap: int = gap, new: float | None = None) -> None:
        def plain(question: Question) -> Found:
            objective = objective_of(question, artist_gap, new)
            return question, objective, greedy(objective)

        found.append((min(short, seconds_in(*in_parts(other, plain)[1:]) - has), sentence))

    pool = question.pool
    if context.needs_tempo:
        wide = min(25.0, 2 * settings.tolerance)
        tried(
            question_of(pool, context, replace(settings, tolerance=wide)).counting(question.half_time),
            f"A tolerance of ± {wide:g} % would bring",
        )
        found.append((_of_unknown(pool, question.fitting, short), "Tracks without a known tempo might bring"))
    if context.energy and context.tempo:
        other = question_of(pool, context, settings).counting("any")
        more = int((other.fitting & ~other.counting("unknown").fitting).sum())
        if more:
            tracks, they = quantity(more, "tracks fit", "track fits"), one_or_many(more, "they", "it")
            tried(other, f"{tracks} at half or double time but not in energy; {they} would bring")
    if gap:
        tried(question, "Artists nearer to themselves would bring", artist_gap=0)
    tried(question, "Another share of new music would bring", new=_share_of(pool.new, question.fitting))
    if len(pool) < len(whole):
        left = quantity(len(whole) - len(pool), "tracks")
        tried(
            question_of(whole, context, settings),
            f"{left} under a minute, over 15 or longer than the list would bring",
        )
    return found


def _share_of(new: Bools, fitting: Bools) -> float:
    return float(new[fitting].mean()) if fitting.any() else 0.0


def _of_unknown(pool: Pool, fitting: Bools, short: float) -> float:
    """What tracks without a known tempo would bring if as many of them fit as of the others."""
    known = pool.known("tempo")
    share = fitting.sum() / max(1, known.sum())
    return min(short, float(share * pool.seconds[~known].sum()))


# -- new music ------------------------------------------------------------------------------------------


def _on_new(playlist: ContextPlaylist, whole: Pool, question: Question) -> list[str]:
    count, asked = len(playlist.tracks), playlist.settings.new
    if not count or abs(playlist.new_share - asked) <= 1 / count:
        return []
    too_few = playlist.new_share < asked
    kind, wanted = ("new", asked) if too_few else ("known", 1 - asked)
    share = f"New music is {percent(playlist.new_share)} of the list, not {percent(asked)}"
    return [f"{share}: {_why_few(kind, round(wanted * count), whole, question)}."]


def _why_few(kind: str, wanted: int, whole: Pool, question: Question) -> str:
    """What is in the way of so many tracks of a kind (new or known): the first thing too few of them have."""
    pool, context = question.pool, question.context
    all_of = int((whole.new == (kind == "new")).sum())
    of_kind = pool.new == (kind == "new")
    fits = of_kind & question.fitting
    there = int(fits.sum())
    if there >= wanted:
        artists = len(set(pool.artist[fits].tolist()))
        return f"{there} {kind} tracks match, by {quantity(artists, 'artists')}; more would fit less well"
    match = (
        f"only {quantity(there, f'{kind} tracks match', f'{kind} track matches')}"
        if there
        else f"no {kind} track matches"
    )
    if not all_of:
        return f"no {kind} track is on offer"
    unknown = int((of_kind & ~pool.known("tempo")).sum()) if context.needs_tempo else 0
    if unknown:
        return f"{match}; of {all_of:,} {kind} ones {unknown:,} have no known tempo"
    return f"{match}, of {all_of:,}"


# -- the rest -------------------------------------------------------------------------------------------


def _on_spacing(playlist: ContextPlaylist, context: Context) -> list[str]:
    if playlist.artist_gap >= context.artist_gap or len(playlist.tracks) < 2:
        return []
    after = quantity(playlist.artist_gap, "other tracks")
    return [f"Few artists match: an artist may repeat after {after}, not {context.artist_gap}."]


def _on_measures(playlist: ContextPlaylist, whole: Pool, context: Context, waiting: int) -> list[str]:
    notes = []
    count = quantity(len(whole), "tracks")
    if context.needs_tempo and playlist.coverage < 1:
        unknown = len(whole) - int(whole.known("tempo").sum())
        share = percent(playlist.coverage)
        notes.append(f"{share} of the {count} have a tempo; the other {unknown:,} can't be chosen.")
    by_unknown: dict[int, list[str]] = {}
    for curve in playlist.curves:
        if curve.unknown:
            by_unknown.setdefault(curve.unknown, []).append(curve.measure)
        elif curve.measure != "tempo" and (curve.error or 0.0) > _FAR:
            notes.append(
                f"{curve.measure.title()} is {curve.error:.2f} (of 0 to 1) from the profile on average."
            )
    for unknown, measures in by_unknown.items():
        notes.append(_unknown(unknown, measures, playlist, whole, context))
    if waiting and (by_unknown or (context.needs_tempo and playlist.coverage < 1)):
        notes.append(on_waiting(waiting))
    return notes


def _unknown(
    unknown: int, measures: list[str], playlist: ContextPlaylist, whole: Pool, context: Context
) -> str:
    """Of how many tracks these are unknown, and what they were chosen by instead."""
    count = len(playlist.tracks)
    tracks = quantity(count, "tracks")
    which = f"any of the {tracks}" if unknown == count else f"{unknown:,} of the {tracks}"
    what = " or ".join(filter(None, (", ".join(measures[:-1]), measures[-1])))
    others = [curve.measure for curve in playlist.curves if curve.unknown < unknown]
    if context.times is not None and whole.known("at_times").any():
        others.append(f"what you play {context.times.spans_in_words}")
    return f"No {what} is known of {which}: chosen by {' and '.join(others) or 'how much you play them'}."


def _halves_of_unknown_energy(playlist: ContextPlaylist) -> int:
    energy = next((curve.has for curve in playlist.curves if curve.measure == "energy"), None)
    halves = [track.factor not in (None, 1.0) for track in playlist.tracks]
    return sum(half and has is None for half, has in zip(halves, energy, strict=True)) if energy else 0


def _on_estimates(playlist: ContextPlaylist) -> list[str]:
    notes = []
    if guessed := sum((track.bpm_source or "").startswith(ESTIMATE) for track in playlist.tracks):
        notes.append(
            f"The tempo of {quantity(guessed, 'tracks')} is an estimate: the median of their artist."
        )
    if second := sum(SECOND_READING in (track.bpm_source or "") for track in playlist.tracks):
        tracks = quantity(second, "tracks count", "track counts")
        notes.append(f"{tracks} by the second reading of a tempo whose octave is open.")
    if unknown := _halves_of_unknown_energy(playlist):
        tracks = quantity(unknown, "tracks play", "track plays")
        notes.append(f"{tracks} at half or double time with unknown energy: some may be too calm.")
    if by_loudness := sum(curve.estimated for curve in playlist.curves):
        notes.append(f"The energy of {quantity(by_loudness, 'tracks')} is an estimate: how loud the file is.")
    if estimated := sum(track.seconds_estimated for track in playlist.tracks):
        minutes, seconds = divmod(round(ASSUMED_SECONDS), 60)
        tracks, each = quantity(estimated, "tracks are", "track is"), one_or_many(estimated, " each", "")
        notes.append(f"{tracks} of unknown length, assumed {minutes}:{seconds:02}{each}.")
    return notes
