"""How fast ListenBrainz' statistics become a pack, and a model, and in how much memory, at a part of their real shape.

    python -m tests.benchmarks.community --scale 0.03 --json

`--scale 1` is the dump of September 2026: 84,850 listeners, 37.3 million pairs, 0.67 million artists, a fifth of the
pairs without an id; with `--level tracks` 46 million pairs and 4.9 million recordings. The archive is made up, in the
published layout, packed with zstd at level 10. A child process reads and packs it as `community add` does, another
trains on the pack as `train` does.
- `mb`: JSON in the member; `parse_mb_s`: of it a second of one core, unpacking and counting; `pack_s`: merging,
  pruning and writing; `peak_mb`: the child's highest memory; `pack_mb`: the pack's size; `pairs_read`: in the member,
  `pairs`: kept.
- `train_s`: of training, tuning included, by the wall, and `parts` of it by stage; `train_cpu_s`: on all cores, with
  one BLAS thread as `discover` sets it (`tuiapp.__main__`);
  `train_peak_mb`: that child's highest memory; `index_s`: of building and calibrating the index; `still`: the longest
  CPU seconds in which the progress said nothing new, by the stage that was reported before.
- `query_ms`: median of listeners of the pack, each folded into every member and the index's best 100 found.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from backports.zstd import CompressionParameter, ZstdFile

from engine.canonical_keys import Level
from engine.community.listenbrainz import ARTISTS, TRACKS
from engine.community.pack import write_pack
from engine.community.streams import opened_member
from engine.paths import Folders
from engine.privacy import Door

QUERIES = 50
LISTENERS, NAMES = 84_850, {"artists": 670_000, "tracks": 4_900_000}
_FOLDER = "listenbrainz-statistics-dump-20261001-000002/"


def _artist(number: int) -> str:
    mbid = "null" if number % 5 == 4 else f'"{number:08x}-0000-4000-8000-{number:012x}"'
    return f'"artist_name":"Café {number:x} Tundra","artist_mbid":{mbid}}}'


def _recording(number: int) -> str:
    """A sixth has no id, as in the dump; an artist has seven titles."""
    by, mbid = f"Café {number // 7:x} Tundra", f'"{number // 7:08x}-0000-4000-8000-{number // 7:012x}"'
    line = f'"track_name":"Snow on {number:x} Roofs","artist_name":"{by}","release_name":"Out of {number // 9:x}",'
    if number % 6 == 5:
        return (
            line + '"recording_mbid":null,"artist_mbids":[],"release_mbid":null,"artists":null,"caa_id":null}'
        )
    credited = f'[{{"artist_credit_name":"{by}","join_phrase":"","artist_mbid":{mbid}}}]'
    return (
        f'{line}"recording_mbid":"{number:08x}-0000-4000-9000-{number:012x}","artist_mbids":[{mbid}],'
        f'"release_mbid":{mbid},"artists":{credited},"caa_id":{number},"caa_release_mbid":{mbid}}}'
    )


def make_lines(path: Path, scale: float, level: str = "artists", seed: int = 5) -> int:
    """Write made-up lines of listeners; returns the bytes."""
    rng = np.random.default_rng(seed)
    listeners, names = round(LISTENERS * scale), round(NAMES[level] * max(scale, scale**0.5 / 2))
    entry = list(map(_artist if level == "artists" else _recording, range(names)))
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


def make_archive(path: Path, lines: Path, level: str = "artists") -> None:
    """Pack the lines as published."""
    statistics = ARTISTS if level == "artists" else TRACKS
    member = f"{_FOLDER}lbdump/statistics{statistics.suffix}"
    options = {CompressionParameter.compression_level: 10, CompressionParameter.nb_workers: 2}
    with ZstdFile(path, "wb", options=options) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        licence = tarfile.TarInfo(f"{_FOLDER}COPYING")
        licence.size = 8
        tar.addfile(licence, io.BytesIO(b"CC0 1.0\n"))
        tar.add(lines, member)


def measure(path: Path, data: Path, level: str) -> dict[str, float]:
    """Read and pack the archive in this process, into the data folder."""
    import scipy.sparse  # noqa: F401 - counting needs it, reading is what is timed

    began = time.process_time()
    kind = ARTISTS if level == "artists" else TRACKS
    with path.open("rb") as file, opened_member(file, path.name, kind.suffix) as member:
        assert member is not None
        tally = kind.count(member)
        read = time.process_time()
    counted = _peak()
    tally.close_block()
    pairs = sum(block.nnz for block in tally.blocks)
    content = kind.content(tally, path.name)
    door = Door(Folders(data))
    with door.new_folder(door.folders.packs / "b") as folder:
        write_pack(folder, content, name="b", source=path.name, date="2026-01-01")
    return {
        "mb": round(member.read / 1e6, 1),
        "parse_mb_s": round(member.read / 1e6 / (read - began), 1),
        "pack_s": round(time.process_time() - read, 1),
        "parse_peak_mb": counted,
        "peak_mb": _peak(),
        "pack_mb": round(sum(file.stat().st_size for file in (door.folders.packs / "b").iterdir()) / 1e6, 1),
        "listeners": content.plays.shape[0],
        "items": content.plays.shape[1],
        "pairs_read": pairs,
        "pairs": int(content.plays.nnz),
    }


def measure_training(data: Path, level: Level) -> dict[str, Any]:
    """Train on the pack in this process, and ask the model."""
    from engine.community.packs import community_packs
    from engine.store.database import open_library
    from engine.training.artifact import open_model
    from engine.training.train import TrainingSettings, Update, train

    door = Door(Folders(data))
    connection = open_library(door)
    began, processor = time.perf_counter(), time.process_time()
    still: dict[str, float] = {}
    last, since = Update("starting", 0, 0), processor

    def moved(update: Update) -> None:
        nonlocal last, since
        if update != last:
            now = time.process_time()
            still[last.stage] = max(still.get(last.stage, 0.0), round(now - since, 2))
            last, since = update, now

    manifest = train(door, connection, TrainingSettings(level=level), progress=moved)
    found: dict[str, Any] = {
        "train_s": round(time.perf_counter() - began, 1),
        "train_cpu_s": round(time.process_time() - processor, 1),
        "train_peak_mb": _peak(),
        "parts": manifest.parts,
        "still": still,
        "index_s": round(manifest.parts["index"], 1),
    }
    connection.close()
    model = open_model(door.folders, level)
    plays = community_packs(door.folders, level)[0].matrix()
    taken = []
    for row in np.random.default_rng(0).choice(plays.shape[0], QUERIES).tolist():
        own = slice(plays.indptr[row], plays.indptr[row + 1])
        ids, counts = plays.indices[own].astype(np.int64), plays.data[own].astype(np.float64)
        began = time.perf_counter()
        folded = model.members.fold_in(ids, manifest.confidence.of(counts), counts)
        model.index.best(folded.factors.vector.astype(np.float32), 100, exclude=ids)
        taken.append((time.perf_counter() - began) * 1e3)
    model.close()
    return found | {"query_ms": round(statistics.median(taken), 2)}


def _peak() -> float:
    """Of this process; what Linux tells of usage begins with what the process that started it had."""
    if sys.platform == "linux":
        found = Path("/proc/self/status").read_text().splitlines()
        (line,) = (line for line in found if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main() -> None:
    """Make the archive and measure it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.03)
    parser.add_argument("--level", choices=NAMES, default="artists")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.data:
        packing = options.measure is not None
        print(
            json.dumps(
                measure(options.measure, options.data, options.level)
                if packing
                else measure_training(options.data, options.level)
            )
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        lines, archive = Path(folder, "lines.jsonl"), Path(folder, "d.tar.zst")
        make_lines(lines, options.scale, options.level)
        make_archive(archive, lines, options.level)
        lines.unlink()
        command = [sys.executable, "-m", "tests.benchmarks.community", "--level", options.level]
        command += ["--data", str(Path(folder, "data"))]
        found = {"archive_mb": round(archive.stat().st_size / 1e6, 1)}
        for asked in (["--measure", str(archive)], []):
            done = subprocess.run(
                [*command, *asked],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )
            found |= json.loads(done.stdout)
        print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
