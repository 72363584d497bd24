"""Tempo and calm of audio, from its samples.

Tempo after Percival and Tzanetakis, "Streamlined Tempo Estimation Based on Autocorrelation and Cross-correlation With
Pulses" (IEEE/ACM TASLP 22(12), 2014, pp. 1765-1776), from the paper: the flux of the log spectrum, low-passed; in
windows of about 6 s the best of its autocorrelation's peaks by pulse trains; the choices of all windows are summed.
Instead of the paper's classifier, a prior around 120 bpm chooses the octave, and the other reading is kept if it is
nearly as good: which of two octaves a listener taps cannot be determined from the sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.store.music_files import LOUD, QUIET, Measured

Floats = NDArray[np.float64]
Samples = NDArray[np.float32]

RATE = 22_050  # samples per second after resampling
# Samples of a frame and between frames; with these the strength of onsets has `FRAMES` values a second.
_FRAME, _HOP = 512, 64
FRAMES = RATE / _HOP
_SLOWEST, _FASTEST = 50.0, 210.0
_WINDOW, _STEP = 2048, 128  # frames
_CANDIDATES = 10
_SPREAD = 10.0  # frames over which a window's choice is spread to neighbouring lags
_LOW_PASS, _TAPS = 7.0, 15  # Hz
# The octave: a log-normal prior, and the share of the better reading's weight from which the other one is reported too.
_USUAL, _OCTAVES = 120.0, 0.6
_NEARLY_AS_GOOD = 0.4
# There is a tempo if this share of windows agrees on it up to the octave, if the flux repeats this well at its beat,
# and if there are onsets at all. Noise reaches 0.3 and 0.1, speech 0.2 and 0.25 and a drone no onset; the least regular
# of 135 made rhythms 0.7 and 0.55 (`tests/benchmarks/tempo.py`).
_AGREEING, _REPEATING, _ONSETS = 0.35, 0.2, 1.0
_SAME = 0.04
_MIN_SECONDS = 3.0
_SILENCE = 1e-4  # of full scale
_LEVEL = 0.1  # every file is normalized to this level before its flux is computed


def sound_of(samples: Samples) -> Measured:
    """Tempo and calm of one channel (n,) at `RATE` samples per second; values are -1..1."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    if not np.isfinite(level) or level < _SILENCE or len(samples) < _FRAME:
        return Measured(None, None, 0.0, -100.0, 1.0)
    loudness = 20.0 * np.log10(level)
    strength, brightness = _onset_strength(samples * np.float32(_LEVEL / level))
    onset_rate = _onset_rate(strength)
    bpm, other = _tempo(strength) if len(samples) >= _MIN_SECONDS * RATE else (None, None)
    return Measured(bpm, other, onset_rate, float(loudness), _calm(onset_rate, float(loudness), brightness))


def _onset_strength(samples: Samples) -> tuple[Floats, float]:
    """The low-passed flux of the log spectrum: (frames,); and the mean frequency of the spectrum in Hz."""
    window = np.hamming(_FRAME).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    flux = np.empty(len(frames))
    spectrum = np.zeros(_FRAME // 2 + 1)
    before = None
    for start in range(0, len(frames), 2048):
        size = np.abs(np.fft.rfft(frames[start : start + 2048] * window, axis=1))
        spectrum += size.sum(axis=0)
        size = np.log1p(size * (1000.0 / _FRAME))
        rises = np.diff(size, axis=0, prepend=size[:1] if before is None else before)
        flux[start : start + len(size)] = np.maximum(rises, 0.0).sum(axis=1)
        before = size[-1:]
    lags = np.arange(_TAPS) - _TAPS // 2
    taps = np.sinc(2 * _LOW_PASS / FRAMES * lags) * np.hamming(_TAPS)
    brightness = float(spectrum @ np.fft.rfftfreq(_FRAME, 1 / RATE) / spectrum.sum())
    return np.convolve(flux, taps / taps.sum(), "same"), brightness


def _onset_rate(strength: Floats) -> float:
    """Onsets per second: peaks that stand out from the second around them."""
    around = int(FRAMES) | 1
    # The first and last frames contain the signal's edge.
    padded = np.pad(strength, around // 2, mode="edge")
    mean = np.convolve(padded, np.ones(around) / around, "valid")
    near = int(0.06 * FRAMES)
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(strength, near, mode="edge"), 2 * near + 1).max(
        axis=1
    )
    above = max(2.0, 0.1 * _contrast(strength))
    peaks = (strength == highest) & (strength > mean + above)
    return float(peaks.sum() / (len(strength) / FRAMES))


def _contrast(strength: Floats) -> float:
    """How far the strongest onsets stand out from the median."""
    high, middle = np.percentile(strength, (98, 50))
    return float(high - middle)


def _calm(onset_rate: float, loudness: float, brightness: float) -> float:
    """The mean of three: no onsets to six a second, quiet to loud, 500 to 4,000 Hz on average."""
    quiet = (LOUD - loudness) / (LOUD - QUIET)
    parts = (1.0 - onset_rate / 6.0, quiet, np.log2(4_000.0 / max(brightness, 1.0)) / 3.0)
    return float(np.mean(np.clip(parts, 0.0, 1.0)))


def _tempo(strength: Floats) -> tuple[float | None, float | None]:
    """Beats per minute, and the reading in the other octave; null without one."""
    if _contrast(strength) < _ONSETS:
        return None, None
    if len(strength) < _WINDOW:
        strength = np.pad(strength, (0, _WINDOW - len(strength)), mode="median")
    chosen = _window_lags(strength)
    if not len(chosen):
        return None, None
    lags = np.arange(int(chosen.max()) + 60)
    lag = int(np.exp(-0.5 * ((lags - chosen[:, None]) / _SPREAD) ** 2).sum(axis=0).argmax())
    octaves = np.array([lag / 2, lag, lag * 2])
    agreeing = (np.abs(chosen[:, None] / octaves - 1.0) < _SAME).any(axis=1).mean()
    repeats = _repeats(strength)
    weights: dict[float, float] = {}
    best = 0.0
    for at in octaves:
        found, how_well = _peak_near(repeats, at)
        best = max(best, how_well)
        bpm = 60.0 * FRAMES / found
        prior = np.exp(-0.5 * (np.log2(bpm / _USUAL) / _OCTAVES) ** 2)
        weights[bpm] = float(np.sqrt(max(how_well, 0.0)) * prior)
    if agreeing < _AGREEING or best < _REPEATING:
        return None, None
    first, second, _ = sorted(weights, key=weights.__getitem__, reverse=True)
    return first, second if weights[second] >= _NEARLY_AS_GOOD * weights[first] else None


def _window_lags(strength: Floats) -> NDArray[np.int64]:
    """The lag, in frames, each window chooses for a beat: of its best peaks the one whose pulses meet most onsets."""
    shortest, longest = int(FRAMES * 60 / _FASTEST), int(np.ceil(FRAMES * 60 / _SLOWEST))
    windows = np.lib.stride_tricks.sliding_window_view(strength, _WINDOW)[::_STEP]
    spectrum = np.abs(np.fft.rfft(windows, 2 * _WINDOW, axis=1)) ** 0.5
    alike = np.fft.irfft(spectrum, axis=1)[:, :_WINDOW]
    quarter = np.arange(1, _WINDOW // 4)
    alike[:, quarter] += alike[:, 2 * quarter] + alike[:, 4 * quarter]
    middle = alike[:, shortest : longest + 1]
    is_peak = (middle > alike[:, shortest - 1 : longest]) & (middle >= alike[:, shortest + 1 : longest + 2])
    heights = np.where(is_peak, middle, -np.inf)
    places = np.argsort(-heights, axis=1)[:, :_CANDIDATES]
    there = np.isfinite(np.take_along_axis(heights, places, axis=1))
    lags = places + shortest
    highest, spread = np.zeros(lags.shape), np.zeros(lags.shape)
    for lag in np.unique(lags[there]):
        rows, columns = np.nonzero((lags == lag) & there)
        met = _pulses(windows[rows], int(lag))
        highest[rows, columns], spread[rows, columns] = met.max(axis=1), met.var(axis=1)
    scores = _shares(highest) + _shares(spread)
    scores[~there] = -1.0
    best = np.take_along_axis(lags, scores.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.asarray(best[there.any(axis=1)], dtype=np.int64)


def _pulses(windows: Floats, lag: int) -> Floats:
    """Correlation of four-pulse trains with (n, frames) windows, for each phase of a beat of `lag` frames: (n, lag)."""
    phases = np.arange(lag)
    met = np.zeros((len(windows), lag))
    for multiple, weight in ((1.0, 1.0), (2.0, 0.5), (1.5, 0.5)):
        for beat in range(4):
            at = _WINDOW - 1 - phases - round(beat * lag * multiple)
            inside = at >= 0
            met[:, inside] += weight * windows[:, at[inside]]
    return met


def _shares(values: Floats) -> Floats:
    """Each row's values as shares of their sum."""
    return np.asarray(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12))


def _repeats(strength: Floats) -> Floats:
    """Normalized autocorrelation of the onset strength: 1 at lag 0, about 0 where it does not repeat."""
    centred = strength - strength.mean()
    count = len(centred)
    power = np.abs(np.fft.rfft(centred, 2 * count)) ** 2
    alike = np.fft.irfft(power)[:count]
    return np.asarray(alike / max(alike[0], 1e-12) * count / (count - np.arange(count)))


def _peak_near(repeats: Floats, lag: float) -> tuple[float, float]:
    """The lag of the autocorrelation's peak within 3 % of `lag`, to a fraction of a frame, and its height."""
    reach = max(2, int(lag * 0.03))
    start, end = int(lag) - reach, min(int(lag) + reach + 1, len(repeats) - 1)
    if start < 1 or end <= start:
        return lag, 0.0
    place = start + int(repeats[start:end].argmax())
    left, here, right = repeats[place - 1 : place + 2]
    bend = left - 2 * here + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return place + float(np.clip(shift, -0.5, 0.5)), float(here)
