"""Decodes audio files: one channel, the sample rate tempo is measured at, the middle minute.

libsndfile, by the package soundfile (the extra `audio`), reads WAV, AIFF, FLAC, Ogg, Opus and MP3; AAC, WMA and others
need an installed ffmpeg. Nothing else loads either."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.audio.tempo import RATE, Samples
from engine.errors import DiscoverError, UnreadableFileError

if TYPE_CHECKING:
    from types import ModuleType

SECONDS = 60.0  # of sound that are measured
# Seconds after which decoding a minute, which takes one or two, counts as hung.
_PATIENCE = 120.0
_MAX_CHANNELS = 32
_BLOCK = 1 << 18  # frames
UNREADABLE = "sound that cannot be decoded"
# libsndfile does not distinguish an unknown format from damage; in both cases ffmpeg might read it.
NEEDS_FFMPEG = "sound that cannot be decoded without ffmpeg, which is not installed"


def reader() -> ModuleType:
    """The decoding package. Raises DiscoverError with what to install."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise DiscoverError(
            "Measuring tempo needs the package soundfile: pip install 'discover-music[audio]'. Tempo in tags is read "
            "without it."
        ) from error
    return soundfile  # type: ignore[no-any-return]  # it comes without types


def decode(path: str, seconds: float | None = None) -> Samples:
    """The minute in the middle of a file (all of one that is shorter) as (samples,) float32 of one channel at `RATE`.

    `seconds` is the file's length if known, for formats that do not state it. Raises UnreadableFileError with the
    reason."""
    sound = reader()
    try:
        with sound.SoundFile(path) as file:
            return _resampled(_middle(file), file.samplerate)
    except (sound.SoundFileError, RuntimeError, ValueError, MemoryError):
        # ffmpeg may decode what libsndfile gives up on.
        return _by_ffmpeg(path, seconds)


def _middle(file: Any) -> Samples:
    """The middle minute, averaged over channels, or as much as a truncated file has of it."""
    rate, frames = file.samplerate, file.frames
    wanted = int(SECONDS * rate)
    if not 0 < rate <= 1_000_000 or file.channels > _MAX_CHANNELS:
        raise ValueError("no rate of sound")
    if frames > wanted:
        file.seek((frames - wanted) // 2)
    parts, left = [], wanted
    while left > 0:
        # In blocks: a header may state more than the file holds.
        block = file.read(min(left, _BLOCK), dtype="float32", always_2d=True)
        if not len(block):
            break
        parts.append(block.mean(axis=1, dtype=np.float32))
        left -= len(block)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _resampled(samples: Samples, rate: int) -> Samples:
    """Resampled to `RATE` by averaging or interpolation; aliasing above half the rate does not matter for beats."""
    if rate == RATE or not len(samples):
        return samples
    whole = rate // RATE
    if whole > 1:
        samples = samples[: len(samples) // whole * whole].reshape(-1, whole).mean(axis=1, dtype=np.float32)
        rate //= whole
        if rate == RATE:
            return samples
    places = np.arange(int(len(samples) * RATE / rate)) * (rate / RATE)
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), dtype=np.float32)


def _by_ffmpeg(path: str, seconds: float | None) -> Samples:
    program = shutil.which("ffmpeg")
    if program is None:
        raise UnreadableFileError(NEEDS_FFMPEG)
    start = max(0.0, ((seconds or 0.0) - SECONDS) / 2)
    # A playlist of addresses with an audio file's name must not make ffmpeg use the network.
    line = [
        *(program, "-v", "quiet", "-nostdin", "-protocol_whitelist", "file", "-ss", f"{start:.3f}"),
        *("-i", f"file:{path}", "-map", "0:a:0", "-t", f"{SECONDS:.0f}"),
        *("-ac", "1", "-ar", str(RATE), "-f", "f32le", "pipe:1"),
    ]
    try:
        done = subprocess.run(line, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnreadableFileError(UNREADABLE) from error
    samples = np.frombuffer(done.stdout[: len(done.stdout) // 4 * 4], dtype="<f4").astype(np.float32)
    if not len(samples):
        raise UnreadableFileError(UNREADABLE)
    return np.nan_to_num(np.clip(samples, -1.0, 1.0))
