"""How fast ListenBrainz' statistics become a pack, and in how much memory, at a part of their real shape.

    python -m tests.benchmarks.community --scale 0.03 --json

`--scale 1` is the dump of September 2026: 84,850 listeners, 37.3 million pairs, 0.67 million artists, a fifth of the
pairs without an id. The archive is made up, in the published layout, packed with zstd at level 10. A child process
reads and packs it as `community add` does.
- `mb`: JSON in the member; `parse_mb_s`: of it a second of one core, unpacking and counting; `pack_s`: merging,
  pruning and writing; `peak_mb`: the child's highest memory; `pack_mb`: the pack's size; `pairs`: kept in it.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
from backports.zstd import CompressionParameter, ZstdFile

from engine.community.listenbrainz import ARTISTS
from engine.community.pack import write_pack
from engine.community.streams import opened_member

LISTENERS, NAMES, PAIRS = 84_850, 670_000, 440
_MEMBER = "listenbrainz-statistics-dump-20261001-000002/lbdump/statistics/artists_all_time.jsonl"


def make_lines(path: Path, scale: float, seed: int = 5) -> int:
    """Write made-up lines of listeners; returns the bytes."""
    rng = np.random.default_rng(seed)
    listeners, names = round(LISTENERS * scale), round(NAMES * max(scale, scale**0.5 / 2))
    entry = [
        f'"artist_name":"Café {number:x} Tundra","artist_mbid":'
        + ("null}" if number % 5 == 4 else f'"{number:08x}-0000-4000-8000-{number:012x}"}}')
        for number in range(names)
    ]
    with path.open("w", encoding="utf-8") as file:
        for listener in range(listeners):
            count = min(1000, int(rng.lognormal(5.7, 1.1)) + 1)
            # A few artists are everybody's, most are nearly nobody's.
            items = np.unique((names * rng.random(count) ** 4).astype(np.int64))
            plays = np.sort((rng.pareto(0.9, len(items)) + 1).astype(np.int64).clip(1, 200_000))[::-1]
            data = ",".join(
                f'{{"listen_count":{n},{entry[i]}'
                for i, n in zip(rng.permutation(items).tolist(), plays.tolist(), strict=True)
            )
            file.write(
                f'{{"user_id":{listener},"data":[{data}],"count":{count},"from_ts":1009843200,'
                '"to_ts":1790812800,"last_updated":1790839000}\n'
            )
    return path.stat().st_size


def make_archive(path: Path, lines: Path) -> None:
    """Pack the lines as published."""
    options = {CompressionParameter.compression_level: 10, CompressionParameter.nb_workers: 2}
    with ZstdFile(path, "wb", options=options) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        licence = tarfile.TarInfo(_MEMBER.replace("lbdump/statistics/artists_all_time.jsonl", "COPYING"))
        licence.size = 8
        tar.addfile(licence, io.BytesIO(b"CC0 1.0\n"))
        tar.add(lines, _MEMBER)


def measure(path: Path, folder: Path) -> dict[str, float]:
    """Read and pack the archive in this process."""
    import scipy.sparse  # noqa: F401 - counting needs it, reading is what is timed

    began = time.process_time()
    with path.open("rb") as file, opened_member(file, path.name, ARTISTS.suffix) as member:
        assert member is not None
        tally = ARTISTS.count(member)
        read = time.process_time()
    counted = _peak()
    content = ARTISTS.content(tally, path.name)
    write_pack(folder, content, name="b", source=path.name, date="2026-01-01")
    return {
        "mb": round(member.read / 1e6, 1),
        "parse_mb_s": round(member.read / 1e6 / (read - began), 1),
        "pack_s": round(time.process_time() - read, 1),
        "parse_peak_mb": counted,
        "peak_mb": _peak(),
        "pack_mb": round(sum(file.stat().st_size for file in folder.iterdir()) / 1e6, 1),
        "listeners": content.plays.shape[0],
        "artists": content.plays.shape[1],
        "pairs": int(content.plays.nnz),
    }


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main() -> None:
    """Make the archive and measure it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.03)
    parser.add_argument("--json", action="store_true", help="the default; here for symmetry")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.measure:
            print(json.dumps(measure(options.measure, Path(folder))))
            return
        lines, archive = Path(folder, "lines.jsonl"), Path(folder, "d.tar.zst")
        make_lines(lines, options.scale)
        make_archive(archive, lines)
        lines.unlink()
        command = [sys.executable, "-m", "tests.benchmarks.community", "--measure", str(archive)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(json.dumps({**found, "archive_mb": round(archive.stat().st_size / 1e6, 1)}, indent=2))


if __name__ == "__main__":
    main()
