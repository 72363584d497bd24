"""How good and how quick running playlists are: `python -m tests.benchmarks.playlists --json [--data PATH]`.

PATH is any table `features add` reads, such as `spotify_songs.zip`; without it the sample's own table is
taken. The pool is 5,000 of its tracks. Nobody's taste comes with such a table, so the appeal of artists and
which of them are known is drawn at random (by `--seed`); tempo, energy and length are the table's.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from pathlib import Path

from engine.canonical_keys import artist_key, track_key
from engine.community.feature_rows import RowCounts, read_feature_rows
from engine.playlists.candidate import Candidate
from engine.playlists.compose import compose, objective_for
from engine.playlists.contexts import CONTEXTS, Settings
from engine.playlists.playlist import ContextPlaylist
from engine.playlists.pool import pool_of
from engine.playlists.profile import profile_of
from engine.playlists.sequence import greedy

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "features.zip"
RUNS = [
    Settings(bpm=bpm, minutes=minutes, warm_up=ease, cool_down=ease, new=new)
    for bpm in (150.0, 160.0, 170.0, 180.0)
    for minutes, ease, new in (
        (20.0, 0.0, 0.3),
        (30.0, 5.0, 0.5),
        (45.0, 0.0, 0.3),
        (60.0, 10.0, 0.2),
        (90.0, 5.0, 0.3),
    )
]


def candidates_from(path: Path, size: int, seed: int) -> list[Candidate]:
    """`size` random tracks of the table, with an appeal and a known or new drawn for each artist."""
    chance = random.Random(seed)
    rows = {}
    for row in read_feature_rows(path, RowCounts()):
        rows.setdefault((artist_key(row.artist), track_key(row.track)), row)
    picked = chance.sample(sorted(rows), min(size, len(rows)))
    artists = {
        artist: (chance.random(), chance.random() < 0.6) for artist in sorted({pair[0] for pair in picked})
    }
    found = []
    for pair in picked:
        row = rows[pair]
        appeal, known = artists[pair[0]]
        found.append(
            Candidate(
                row.artist,
                row.track,
                *pair,
                row.bpm,
                path.name,
                row.energy,
                row.seconds,
                0.7 * appeal + 0.3 * chance.random(),
                known,
                row.album,
            )
        )
    return found


def measured(candidates: list[Candidate], settings: Settings, repeats: int) -> dict[str, object]:
    """One run: the list's figures, its median time, and what the greedy way reaches on the same objective."""
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        playlist = compose(candidates, settings)
        took.append((time.perf_counter() - start) * 1000)
    context = CONTEXTS["running"]
    profile = profile_of(context, settings).tempo
    assert profile is not None
    pool = pool_of(candidates, context, settings, profile)
    plain = greedy(objective_for(pool, settings, profile, playlist.artist_gap))
    return {
        "bpm": settings.bpm,
        "minutes": settings.minutes,
        "warm_up": settings.warm_up,
        "tracks": len(playlist.tracks),
        "tempo_error": round(playlist.tempo_error, 5),
        "tempo_error_max": round(max((track.tempo_error or 0.0) for track in playlist.tracks), 5),
        "length_error_s": round(playlist.length_error, 1),
        "new_asked": settings.new,
        "new": round(playlist.new_share, 3),
        "spacing_violations": spacing_violations(playlist, candidates),
        "estimates": sum(track.seconds_estimated for track in playlist.tracks),
        "ms": round(statistics.median(took), 1),
        "objective": round(playlist.objective, 4),
        "greedy_objective": round(plain.objective, 4),
        "fitting": playlist.fitting,
    }


def spacing_violations(playlist: ContextPlaylist, candidates: list[Candidate], gap: int = 5) -> int:
    """Pairs of one artist within `gap` places, and tracks that come twice, counted afresh."""
    keys = {(track.artist, track.track): (track.artist_key, track.track_key) for track in candidates}
    order = [keys[track.artist, track.track] for track in playlist.tracks]
    near = sum(
        order[first][0] == order[second][0]
        for first in range(len(order))
        for second in range(first + 1, min(first + gap + 1, len(order)))
    )
    return near + len(order) - len(set(order))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=SAMPLE)
    options.add_argument("--pool", type=int, default=5000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    candidates = candidates_from(chosen.data, chosen.pool, chosen.seed)
    runs = [measured(candidates, settings, chosen.repeats) for settings in RUNS]
    result = {
        "data": chosen.data.name,
        "pool": len(candidates),
        "coverage": round(sum(track.bpm is not None for track in candidates) / len(candidates), 4),
        "runs": runs,
        "tempo_error_mean": round(statistics.mean(float(str(run["tempo_error"])) for run in runs), 5),
        "length_error_s_max": max(abs(float(str(run["length_error_s"]))) for run in runs),
        "ms_median": statistics.median(float(str(run["ms"])) for run in runs),
        "ms_max": max(float(str(run["ms"])) for run in runs),
    }
    if chosen.json:
        print(json.dumps(result, indent=1))
        return
    for run in runs:
        print("  ".join(f"{name} {value}" for name, value in run.items()))
    print({name: value for name, value in result.items() if name != "runs"})


if __name__ == "__main__":
    main()
