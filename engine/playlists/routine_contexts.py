"""A routine as a context: named by when it is and by what is played then, with the tempo and energy it has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.playlists.contexts import Context, Points, Settings, Weights
from engine.recommend.routines import Guessed, Routine
from engine.wording import percent

# Minimum tracks with a tempo for a routine to have a tempo range.
MIN_WITH_TEMPO = 15
# A word describes a routine if its share is so many times the usual one, by two artists or more.
_LIFT = 1.3
_NAMES = 2  # artists a routine is named after if no word describes it
_STEP = 5  # tempos are rounded to this, in beats a minute
_MINUTES = (20, 120)


@dataclass(frozen=True, slots=True)
class OwnContext:
    """A context of the person's own: `sessions` at its times, `artists` that stand out then, how well it guesses."""

    context: Context
    sessions: int
    artists: tuple[str, ...]
    guessed: Guessed

    @property
    def in_words(self) -> str:
        """How well it guesses, in a sentence."""
        return (
            f"Found in {self.sessions:,} sessions: of the last {self.guessed.asked:,} it guesses "
            f"{percent(self.guessed.then)} of what you came to play, all of your history "
            f"{percent(self.guessed.always)}."
        )


@dataclass(frozen=True)
class Sound:
    """How the plays of a routine sound: `bpm` and `energy` of those of which it is known, one a play."""

    bpm: Sequence[float]
    energy: Sequence[float]
    tracks: int


def own_context(
    routine: Routine,
    artists: Sequence[str],
    words: Sequence[tuple[str, ...]],
    plays: Mapping[int, int],
    usual: Mapping[int, int],
    sound: Sound,
    minutes: float,
) -> OwnContext:
    """The context of a routine.

    `artists` and their `words` are by item, `plays` of items in it, `usual` ones at any time; a session has `minutes`.
    """
    names = tuple(artists[item] for item in routine.items.tolist())
    word = _word(words, plays, usual)
    what = [word or " and ".join(names[:_NAMES])]
    tempo: Points = ()
    settings = Settings(minutes=round(float(np.clip(minutes, *_MINUTES)) / 5) * 5, new=0.2)
    if sound.tracks >= MIN_WITH_TEMPO and len(sound.bpm):
        low, middle, high = np.percentile(sound.bpm, (25, 50, 75))
        what.append(f"{round(low / _STEP) * _STEP}-{round(high / _STEP) * _STEP} bpm")
        tolerance = float(np.clip((high - low) / 2 / middle * 100, 4, 25))
        tempo = ((0.0, 1.0), (1.0, 1.0))
        settings = replace(settings, bpm=float(round(middle)), tolerance=round(tolerance))
    energy: Points = ()
    if sound.tracks >= MIN_WITH_TEMPO and len(sound.energy):
        level = round(float(np.median(sound.energy)), 2)
        energy = ((0.0, level), (1.0, level))
    times = routine.times
    context = Context(
        name=times.name,
        title=times.words.capitalize(),
        asks=", ".join(part for part in what if part),
        defaults=settings,
        tempo=tempo,
        energy=energy,
        times=times,
        weights=Weights(tempo=0.3, energy=0.3, times=1.5),
    )
    return OwnContext(context, len(routine.sessions), names[:5], routine.guessed)


def _word(words: Sequence[tuple[str, ...]], plays: Mapping[int, int], usual: Mapping[int, int]) -> str:
    """The word that there is most more of than at any time; empty where none is."""

    def shares(counts: Mapping[int, int]) -> tuple[dict[str, float], Counter[str]]:
        said: dict[str, float] = defaultdict(float)
        total, artists = 0.0, Counter[str]()
        for item, count in counts.items():
            for rank, word in enumerate(words[item]):
                said[word] += count / (1 + rank)
                artists[word] += 1
                total += count / (1 + rank)
        return {word: count / total for word, count in said.items()}, artists

    here, artists = shares(plays)
    everywhere, _ = shares(usual)
    found = {
        word: share * np.log(share / everywhere[word])
        for word, share in here.items()
        if artists[word] > 1 and word in everywhere and share >= _LIFT * everywhere[word]
    }
    return max(found, key=lambda word: (found[word], word)) if found else ""
