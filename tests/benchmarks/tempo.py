"""Tempo of made signals: `python -m tests.benchmarks.tempo --json`.

Two sets of rhythms of known tempo and one of sounds without any, each a minute. `same_octave` and `up_to_octave` count
those within 4 %, the second with half, double and a third; `either_reading` those of which one of the two readings is
within 4 % in the very octave; `none` those found to have no tempo. `cpu_s` is the processor time of a minute of sound,
`peak_mb` the most memory this process took. With `--folder DIR` also the files there: how many have a tempo, and how
many half minutes agree with their whole, decoding included in `cpu_s`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.tempo import RATE, sound_of

Signal = NDArray[np.floating]
SECONDS = 60
SAME = 0.04


def _at(bpm: float, per_beat: int = 1) -> Iterator[tuple[int, float]]:
    """The beats of a minute, or parts of them: number and second."""
    step = 60 / bpm / per_beat
    return ((number, number * step) for number in range(int(SECONDS / step)))


class Kit:
    """Drums and notes of chance, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        at = np.arange(int(0.15 * RATE)) / RATE
        self.kick = np.sin(2 * np.pi * (50 + 80 * np.exp(-40 * at)) * at) * np.exp(-18 * at)
        self.snare = (rng.normal(0, 0.5, len(at)) + 0.4 * np.sin(2 * np.pi * 190 * at)) * np.exp(-22 * at)
        self.hat = np.diff(rng.normal(0, 0.25, len(at) + 1)) * np.exp(-90 * at)
        self.low = np.sin(2 * np.pi * 60 * at) * np.exp(-25 * at)

    def note(self, step: int, seconds: float, loud: float) -> Signal:
        at = np.arange(int(seconds * RATE)) / RATE
        hertz = 110 * 2 ** ((0, 2, 3, 5, 7, 8, 10, 12)[step % 8] / 12)
        tone = sum(np.sin(2 * np.pi * hertz * part * at) / part for part in (1, 2, 3))
        return np.asarray(loud * tone * np.minimum(1, at / 0.01) * np.exp(-2.5 * at / seconds))

    def played(
        self, events: Iterator[tuple[float, Signal]] | list[tuple[float, Signal]], noise: float = 0.01
    ) -> Signal:
        out = self.rng.normal(0, noise, SECONDS * RATE)
        for second, sound in events:
            start = int(second * RATE)
            if 0 <= start < len(out):
                part = sound[: len(out) - start]
                out[start : start + len(part)] += part
        return out


def plain(kit: Kit) -> Iterator[tuple[str, float, Signal]]:
    """Clicks, a rock beat, and one with a syncope, at 19 tempos."""
    for bpm in (55, 62, 70, 78, 85, 93, 100, 108, 117, 124, 128, 135, 140, 150, 160, 170, 174, 185, 200):
        yield "click", bpm, kit.played((at, 2 * kit.hat) for _, at in _at(bpm))
        rock = [(at, kit.low if n % 2 == 0 else kit.snare) for n, at in _at(bpm)]
        rock += [(at, kit.hat) for _, at in _at(bpm, 2)]
        yield "rock", bpm, kit.played(rock)
        yield (
            "syncope",
            bpm,
            kit.played(rock + [(at + 45 / bpm, kit.low) for n, at in _at(bpm) if n % 4 == 2]),
        )


def varied(kit: Kit) -> Iterator[tuple[str, float, Signal]]:
    """Half-time, house with chords, swing, waltz, an arpeggio that drifts by 2 %, and a beat in noise, at 13 tempos."""
    for bpm in (64, 76, 88, 97, 104, 112, 121, 132, 145, 158, 168, 180, 192):
        beat = 60 / bpm
        hats = [(at, kit.hat) for _, at in _at(bpm, 2)]
        slow = [(at, (kit.kick, kit.snare)[n % 4 // 2]) for n, at in _at(bpm) if n % 2 == 0]
        yield "half-time", bpm, kit.played(hats + slow)
        chords = [(at, kit.note(n // 8, 7.5 * beat, 0.15)) for n, at in _at(bpm) if n % 8 == 0]
        yield "house", bpm, kit.played(hats + chords + [(at, kit.kick) for _, at in _at(bpm)])
        swing = [(at + part * beat, kit.hat) for _, at in _at(bpm) for part in (0, 2 / 3)]
        swing += [(at, kit.note(n, 0.9 * beat, 0.2)) for n, at in _at(bpm)]
        yield "swing", bpm, kit.played(swing + [(at, kit.snare / 2) for n, at in _at(bpm) if n % 2])
        yield "waltz", bpm, kit.played((at, kit.snare / 2 if n % 3 else kit.kick) for n, at in _at(bpm))
        bent = [(at + 0.6 * np.sin(at / 10) * beat, n) for n, at in _at(bpm, 2)]
        yield "arpeggio", bpm, kit.played((at, kit.note(3 * n, 0.6 * beat, 0.25)) for at, n in bent)
        yield (
            "in noise",
            bpm,
            kit.played([(at, (kit.kick, kit.snare)[n % 2] / 2) for n, at in _at(bpm)], 0.15),
        )


def without(kit: Kit) -> Iterator[tuple[str, None, Signal]]:
    """Noise, drops at random, speech-like bursts, slow notes at no time, drones, silence: no tempo in any."""
    rng, count = kit.rng, SECONDS * RATE
    for _ in range(4):
        white = rng.normal(0, 0.2, count)
        yield "white noise", None, white
        spectrum = np.fft.rfft(white)
        pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), count)
        yield "pink noise", None, 0.8 * pink / np.abs(pink).max()
        for each_second in (1, 2, 4, 8):
            drops = sorted(rng.uniform(0, SECONDS, each_second * SECONDS))
            yield "drops", None, kit.played((at, 2 * kit.hat) for at in drops)
        words, at = [], 0.0
        while at < SECONDS:
            long = rng.uniform(0.08, 0.35)
            voice = np.sin(2 * np.pi * rng.uniform(90, 220) * np.arange(int(long * RATE)) / RATE)
            words.append((at, rng.uniform(0.05, 0.3) * voice * np.hanning(len(voice))))
            at += long + (rng.exponential(0.3) if rng.random() < 0.2 else rng.uniform(0, 0.08))
        yield "speech", None, kit.played(words, 0.005)
        notes = np.cumsum(rng.uniform(0.5, 2.5, 60))
        yield (
            "rubato",
            None,
            kit.played((at, kit.note(n, 2.0, 0.2)) for n, at in enumerate(notes) if at < SECONDS),
        )
    time_ = np.arange(count) / RATE
    yield "drone", None, sum(0.1 * np.sin(2 * np.pi * hertz * time_) for hertz in (110, 165, 220))
    yield "silence", None, np.zeros(count)


def _near(found: float | None, bpm: float, factors: tuple[float, ...] = (1.0,)) -> bool:
    return found is not None and any(abs(found * factor / bpm - 1) < SAME for factor in factors)


def measured(signals: Iterator[tuple[str, float | None, Signal]]) -> dict[str, Any]:
    """What was found of a set."""
    counts = {"signals": 0, "same_octave": 0, "either_reading": 0, "up_to_octave": 0, "none": 0}
    took = 0.0
    for _name, bpm, signal in signals:
        samples = signal.astype(np.float32)
        began = time.process_time()
        sound = sound_of(samples)
        took += time.process_time() - began
        counts["signals"] += 1
        counts["none"] += sound.bpm is None
        if bpm is not None:
            counts["same_octave"] += _near(sound.bpm, bpm)
            counts["either_reading"] += _near(sound.bpm, bpm) or _near(sound.other_bpm, bpm)
            counts["up_to_octave"] += _near(sound.bpm, bpm, (1 / 3, 0.5, 1, 2, 3))
    return {**counts, "cpu_s": took / counts["signals"]}


def of_folder(folder: Path) -> dict[str, Any]:
    """How often the half minutes of real files agree with their whole, but for the octave."""
    files = with_tempo = halves = agreeing = 0
    began = time.process_time()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".ogg", ".mp3", ".flac", ".wav", ".opus"):
            samples = decode(str(path))
            whole = sound_of(samples).bpm
            files, with_tempo = files + 1, with_tempo + (whole is not None)
            if whole is not None:
                parts = [samples[: len(samples) // 2], samples[len(samples) // 2 :]]
                halves += 2
                agreeing += sum(_near(sound_of(part).bpm, whole, (0.5, 1, 2)) for part in parts)
    took = (time.process_time() - began) / max(1, files)
    return {"files": files, "with_tempo": with_tempo, "halves": halves, "agreeing": agreeing, "cpu_s": took}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    document: dict[str, Any] = {
        "plain": measured(plain(Kit(0))),
        "varied": measured(varied(Kit(1))),
        "without": measured(without(Kit(2))),
    }
    if asked.folder is not None:
        document["folder"] = of_folder(asked.folder)
    document["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
