"""Sound out of a file: one channel at the rate tempo is measured at, a minute from its middle.

libsndfile, by the package soundfile (the extra `audio`), reads WAV, AIFF, FLAC, Ogg, Opus and MP3; for AAC, WMA and
others an installed ffmpeg is asked. Neither is loaded by anything else.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np

from engine.audio.tempo import RATE, Samples
from engine.errors import DiscoverError, UnreadableFileError

if TYPE_CHECKING:
    from types import ModuleType

SECONDS = 60.0  # of sound that are measured
# Decoding a minute takes a second or two; what takes this long hangs.
_PATIENCE = 120.0
_MAX_CHANNELS = 32
_BLOCK = 1 << 18  # frames
UNREADABLE = "sound that cannot be decoded"
# Of another format or damaged, libsndfile does not say; either way only ffmpeg might read it.
NEEDS_FFMPEG = "sound that cannot be decoded without ffmpeg, which is not installed"


def reader() -> ModuleType:
    """The package that decodes. Raises DiscoverError, saying what to install."""
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

    `seconds` is the length of the file where it is known, for formats that do not say. Raises UnreadableFileError,
    saying why it cannot be decoded.
    """
    sound = reader()
    try:
        with sound.SoundFile(path) as file:
            return _resampled(_middle(file), file.samplerate)
    except (sound.SoundFileError, RuntimeError, ValueError, MemoryError):
        # Damaged where libsndfile gives up, ffmpeg may go on.
        return _by_ffmpeg(path, seconds)


def _middle(file: object) -> Samples:
    """The minute in the middle, the channels' mean; what a truncated file still has of it."""
    rate, frames = file.samplerate, file.frames  # type: ignore[attr-defined]  # soundfile has no types
    wanted = int(SECONDS * rate)
    if not 0 < rate <= 1_000_000 or file.channels > _MAX_CHANNELS:  # type: ignore[attr-defined]
        raise ValueError("no rate of sound")
    if frames > wanted:
        file.seek((frames - wanted) // 2)  # type: ignore[attr-defined]
    parts, left = [], wanted
    while left > 0:
        # In blocks: a header may promise more than there is.
        block = file.read(min(left, _BLOCK), dtype="float32", always_2d=True)  # type: ignore[attr-defined]
        if not len(block):
            break
        parts.append(block.mean(axis=1, dtype=np.float32))
        left -= len(block)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _resampled(samples: Samples, rate: int) -> Samples:
    """The same sound at `RATE`: means of the samples that fall together, or values between; what is above half the
    rate is not part of a beat."""
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
    # A list of addresses under a name of music must not send it to the network.
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
