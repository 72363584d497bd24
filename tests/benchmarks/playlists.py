"""How good and how quick playlists for a context are: `python -m tests.benchmarks.playlists --json [--data PATH]`.

PATH is any table `features add` reads, such as `spotify_songs.zip`; without it the sample's own table is
taken. The pool is 20,000 of its tracks, or all it has. Nobody's taste comes with such a table, so the appeal of artists
and which of them are known is drawn at random (by `--seed`); tempo, energy and length are the table's.

Each of five contexts is asked for 20, 45 and 210 minutes (about sixty tracks), a run and a walk with warm-up and
cool-down where that is longer than 20. `tempo_error` is a share, `tempo_error_bpm` in beats a minute, half and double
time counted (null where no tempo is asked for); `energy_error` the mean distance from the profile (0..1),
`energy_error_of_pool` that of all tracks that may be taken; `estimates` the tracks whose tempo or length is one, and
`estimates_share` their part of the list; `slow_halves` the tracks at half or double time farther than 0.25 from the
energy asked for; `fitting` the tracks that may be taken, `fitting_throughout` those near what is asked for at the time
when fewest are; `ms` CPU milliseconds; `greedy_objective` what the plain way reaches.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.canonical_keys import artist_key, track_key
from engine.community.feature_rows import RowCounts, read_feature_rows
from engine.playlists.candidate import ESTIMATE, Candidate
from engine.playlists.compose import compose
from engine.playlists.contexts import CONTEXTS, Context, Settings
from engine.playlists.objective import Question, objective_of, question_of
from engine.playlists.playlist import ContextPlaylist
from engine.playlists.pool import pool_of
from engine.playlists.sequence import greedy
from engine.playlists.tempo import ENERGY_FITS, tempo_fit

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "features.zip"
CONTEXTS_ASKED = ("running", "workout", "walk", "party", "sleep")
MINUTES = (20.0, 45.0, 210.0)


def asked(name: str, minutes: float) -> tuple[Context, Settings]:
    """A context and its settings at a length."""
    context = CONTEXTS[name]
    ease = 5.0 if context.eases and minutes > 20 else 0.0
    return context, replace(context.defaults, minutes=minutes, warm_up=ease, cool_down=ease)


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


def measured(
    candidates: list[Candidate], context: Context, settings: Settings, repeats: int
) -> dict[str, object]:
    """One run: the list's figures, its median time, and what the greedy way reaches on the same objective."""
    took = []
    for _ in range(repeats):
        start = time.process_time()
        playlist = compose(candidates, settings, context)
        took.append((time.process_time() - start) * 1000)
    whole = pool_of(candidates, settings.seed)
    question = question_of(whole.of(np.flatnonzero(whole.of_length(settings.minutes))), context, settings)
    plain = greedy(objective_of(question, playlist.artist_gap))
    curves = {curve.measure: curve for curve in playlist.curves}
    tempo = curves.get("tempo")
    estimates = sum(
        track.seconds_estimated or (track.bpm_source or "").startswith(ESTIMATE) for track in playlist.tracks
    )
    return {
        "context": context.name,
        "bpm": settings.bpm if context.tempo else None,
        "minutes": settings.minutes,
        "warm_up": settings.warm_up,
        "tracks": len(playlist.tracks),
        "tempo_error": round(playlist.tempo_error, 5) if tempo else None,
        "tempo_error_bpm": rounded(tempo.error) if tempo else None,
        "tempo_error_max": round(max((track.tempo_error or 0.0) for track in playlist.tracks), 5),
        "energy_error": rounded(curves["energy"].error),
        "energy_error_of_pool": rounded(energy_error(question)),
        "slow_halves": slow_halves(playlist),
        "length_error_s": round(playlist.length_error, 1),
        "new_asked": settings.new,
        "new": round(playlist.new_share, 3),
        "spacing_violations": spacing_violations(playlist, candidates),
        "estimates": estimates,
        "estimates_share": round(estimates / max(1, len(playlist.tracks)), 3),
        "ms": round(statistics.median(took), 1),
        "objective": round(playlist.objective, 4),
        "greedy_objective": round(plain.objective, 4),
        "fitting": playlist.fitting,
        "fitting_throughout": fitting_throughout(question),
    }


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def energy_error(question: Question) -> float:
    """How far the energy of tracks that fit is from the middle of what is asked for, on average."""
    wanted = float(np.nanmean(question.targets.values[question.targets.row, 1]))
    return float(np.nanmean(np.abs(question.pool.energy[question.fitting] - wanted)))


def fitting_throughout(question: Question) -> int:
    """The tracks within the tolerance and 0.25 of the energy, at the time when fewest are."""
    bpm, energy = question.targets.values[question.targets.row[::6], :2].T[:, :, None]
    pool = question.pool
    near = np.abs(energy - pool.energy) <= ENERGY_FITS
    distance, _ = tempo_fit(pool.log_bpm, bpm)
    near &= distance <= np.log2(1 + question.settings.tolerance / 100)
    return int(near.sum(axis=1).min())


def slow_halves(playlist: ContextPlaylist) -> int:
    """Tracks at half or double time whose energy is not the one asked for."""
    energy = next(curve for curve in playlist.curves if curve.measure == "energy")
    return sum(
        track.factor not in (None, 1.0) and has is not None and abs(has - wanted) > ENERGY_FITS + 1e-9
        for track, wanted, has in zip(playlist.tracks, energy.wanted, energy.has, strict=True)
    )


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
    options.add_argument("--pool", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    candidates = candidates_from(chosen.data, chosen.pool, chosen.seed)
    runs = [
        measured(candidates, *asked(name, minutes), chosen.repeats)
        for name in CONTEXTS_ASKED
        for minutes in MINUTES
    ]
    result = {
        "data": chosen.data.name,
        "pool": len(candidates),
        "coverage": round(sum(track.bpm is not None for track in candidates) / len(candidates), 4),
        "runs": runs,
        "tempo_error_mean": round(
            statistics.mean(float(str(run["tempo_error"])) for run in runs if run["tempo_error"] is not None),
            5,
        ),
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
