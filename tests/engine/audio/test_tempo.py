"""Tempo of made signals is found up to the octave, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.tempo import RATE, sound_of
from tests.support.audio import clicks, loop

Signal = np.ndarray[tuple[int], np.dtype[np.float32]]
SECONDS = 12.0


def alike(found: float | None, bpm: float, *factors: float) -> bool:
    return found is not None and any(abs(found * factor / bpm - 1) < 0.04 for factor in factors)


@pytest.mark.parametrize("bpm", [62, 100, 128, 170])
@pytest.mark.parametrize("made", [clicks, loop])
def test_a_beat_is_found_up_to_the_octave(made, bpm: float) -> None:  # type: ignore[no-untyped-def]  # a function of the signal
    sound = sound_of(made(bpm, SECONDS).astype(np.float32))
    assert alike(sound.bpm, bpm, 0.5, 1, 2)
    # To a part of a per cent, where runners notice a few.
    assert abs(np.log2(sound.bpm / bpm) - round(np.log2(sound.bpm / bpm))) < 0.01
    if sound.other_bpm is not None:
        assert alike(sound.other_bpm, bpm, 0.5, 1, 2)
        assert not alike(sound.other_bpm, sound.bpm, 1)
    onsets = sound.onset_rate / (bpm / 60)
    # Between two loud beats a light one may not stand out.
    assert 0.9 < onsets < 1.1 if made is clicks else 1.4 < onsets < 2.1


def test_of_two_octaves_the_usual_one_is_said_and_the_other_kept() -> None:
    slow = sound_of(clicks(62, SECONDS).astype(np.float32))
    assert (alike(slow.bpm, 62, 1), slow.other_bpm) == (True, None), "nothing sounds between the beats"
    fast = sound_of(clicks(185, SECONDS).astype(np.float32))
    assert alike(fast.bpm, 92.5, 1)
    assert alike(fast.other_bpm, 185, 1)


def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 0.2, int(SECONDS * RATE))


def rain(rng: np.random.Generator) -> np.ndarray:
    """Drops at random."""
    out = rng.normal(0, 0.005, int(SECONDS * RATE))
    drop = rng.normal(0, 0.5, RATE // 20) * np.exp(-np.arange(RATE // 20) / RATE * 40)
    for at in rng.integers(0, len(out) - len(drop), int(4 * SECONDS)):
        out[at : at + len(drop)] += drop
    return out


def drone(_rng: np.random.Generator) -> np.ndarray:
    time = np.arange(int(SECONDS * RATE)) / RATE
    return sum(0.1 * np.sin(2 * np.pi * hertz * time) for hertz in (110, 165, 220))


@pytest.mark.parametrize("made", [noise, rain, drone])
@pytest.mark.parametrize("seed", [0, 1])
def test_what_has_no_beat_has_no_tempo(made, seed: int) -> None:  # type: ignore[no-untyped-def]  # a function of the signal
    sound = sound_of(made(np.random.default_rng(seed)).astype(np.float32))
    assert (sound.bpm, sound.other_bpm) == (None, None)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(10),
        np.zeros(RATE * 5),
        clicks(120, 0.1),
        np.full(RATE * 5, np.nan),
        np.ones(RATE * 5),
    ],
)
def test_silence_and_scraps_have_no_tempo(samples: np.ndarray) -> None:
    sound = sound_of(samples.astype(np.float32))
    assert sound.bpm is None
    assert 0 <= sound.calm <= 1
    assert np.isfinite([sound.onset_rate, sound.loudness]).all()


def test_calm_falls_with_onsets_and_loudness_but_tempo_stays() -> None:
    soft, loud = (loop(120, SECONDS).astype(np.float32) * np.float32(level) for level in (0.01, 1.0))
    quiet, noisy = sound_of(soft), sound_of(loud)
    slow = sound_of(clicks(60, SECONDS).astype(np.float32) * np.float32(0.3))
    assert quiet.loudness < noisy.loudness - 25
    assert quiet.calm > noisy.calm
    assert slow.calm > noisy.calm
    assert quiet.bpm == pytest.approx(noisy.bpm, rel=0.01)
