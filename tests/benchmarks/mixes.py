"""How good mixes and bridges are, and how quick: `python -m tests.benchmarks.mixes --json [--data-dir DIR]`.

DIR is a library with a model, such as one's own; nothing is written there. Without it the demo is created. A mix of
90 minutes is asked for from each of some artists, played ones and others, without drift and with a drift of 0.7; a
bridge of 60 minutes between each two that follow. `near` is the mean likeness (`engine.model.similarity`) of the
tracks' artists to the seed; `near_first` and `near_last` that of the first and the last third; `near_best` that of
the most alike artists, as many as the mix has, `near_all` of all. `artists` is the share of tracks whose artist comes
for the first time, `new` that of tracks not played before. Of bridges `step` is the mean likeness of neighbours,
`step_least` the least. `spacing_violations` are pairs of one artist within five places, in bridges anywhere.
`length_error_s` is the mean, `ms` the median of CPU milliseconds, opening and reading the pool included. All are
means over the seeds.

The demo, 40 seeds, one sequencer for all; in brackets when each had a search of its own (the next best track, again and
again; Viterbi along the way). The weights of the sequencer were chosen on these seeds. Mixes: `near` .484 (.487), of
its `near_best` 97.8 % (97.8), first third .497 (.498), last .470 (.471), `length_error_s` 0.2 (61), ms 293 and 308
(257). With drift: .480 (.477), .508 (.500), .461 (.452), 39 (72), ms 1,033 (615). Bridges: `step` .566 (.563), least
.337 (.341), 2.4 s (90), ms 172 to 235 (181). Spacing 0 everywhere. The times are of a busy machine, not of one run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engine.canonical_keys import artist_key
from engine.paths import Folders
from engine.playlists.mix import Mix, MixSettings, seconds_of
from engine.session import Session
from sample_data import demo

MINUTES, BRIDGE_MINUTES, GAP = 90.0, 60.0, 5


class Likeness:
    """How alike artists are by the model, by their names."""

    def __init__(self, session: Session) -> None:
        self._model = session.models.open()

    def to(self, seed: str, names: Sequence[str]) -> list[float]:
        """Of each that the model knows to the seed."""
        ids = self._model.catalog.ids_of([artist_key(name) for name in [seed, *names]])
        places = np.array([ids[key] for name in names if (key := artist_key(name)) in ids])
        return np.asarray(self._model.similarity.of(ids[artist_key(seed)], places)).tolist()

    def of_all(self, seed: str) -> list[float]:
        """Of all artists to the seed, the most alike first, without it."""
        number = self._model.catalog.ids_of([artist_key(seed)])[artist_key(seed)]
        every = np.delete(np.arange(self._model.catalog.size), number)
        return sorted(np.asarray(self._model.similarity.of(number, every)).tolist(), reverse=True)


def asked_of(session: Session, count: int, seed: int) -> list[str]:
    """Artists to start from, half of them much played, half of them not played, with tracks known of each."""
    chance = random.Random(seed)
    played = [one.artist for one in session.history.stats().top_artists]
    keys = {artist_key(name) for name in played}
    catalog = session.models.open().catalog
    other = [item.name for item in catalog.items(range(catalog.size)).values() if item.key not in keys]
    return chance.sample(played, min(count // 2, len(played))) + chance.sample(sorted(other), count // 2)


def timed(make: Callable[[], Mix]) -> tuple[Mix, float]:
    start = time.process_time()
    made = make()
    return made, (time.process_time() - start) * 1000


def violations(artists: Sequence[str], gap: int) -> int:
    return sum(
        one == other for place, one in enumerate(artists) for other in artists[place + 1 : place + 1 + gap]
    )


def mixes(session: Session, likeness: Likeness, seeds: Sequence[str], drift: float) -> dict[str, float]:
    """The figures of mixes from each of the seeds."""
    rows = []
    for number, seed in enumerate(seeds):
        settings = MixSettings(minutes=MINUTES, drift=drift, seed=number)
        made, took = timed(
            lambda seed=seed, settings=settings: session.mixes.mix(session.seeds.of([seed]), settings)
        )
        artists = [artist_key(track.artist) for track in made.tracks]
        others = [track.artist for track in made.tracks if artist_key(track.artist) != artist_key(seed)]
        near = likeness.to(seed, others)
        third = max(1, len(near) // 3)
        every = likeness.of_all(seed)
        rows.append(
            {
                "tracks": len(artists),
                "near": statistics.mean(near),
                "near_first": statistics.mean(near[:third]),
                "near_last": statistics.mean(near[-third:]),
                "near_best": statistics.mean(every[: len(artists)]),
                "near_all": statistics.mean(every),
                "artists": len(set(artists)) / len(artists),
                "new": statistics.mean(not track.known for track in made.tracks),
                "spacing_violations": violations(artists, GAP),
                "repeats": len(made.tracks) - len({(track.artist, track.track) for track in made.tracks}),
                "length_error_s": abs(seconds_of(made.tracks) - MINUTES * 60),
                "ms": took,
            }
        )
    return means(rows)


def bridges(session: Session, likeness: Likeness, seeds: Sequence[str]) -> dict[str, float]:
    """The figures of bridges from each of the seeds to the next."""
    rows = []
    for number, (start, end) in enumerate(itertools.pairwise(seeds)):
        settings = MixSettings(minutes=BRIDGE_MINUTES, seed=number)
        made, took = timed(lambda a=start, b=end, settings=settings: session.bridges.bridge(a, b, settings))
        names = [track.artist for track in made.tracks]
        steps = [likeness.to(a, [b])[0] for a, b in itertools.pairwise(names)]
        rows.append(
            {
                "tracks": len(names),
                "step": statistics.mean(steps),
                "step_least": min(steps),
                "step_at_once": likeness.to(start, [end])[0],
                "spacing_violations": violations([artist_key(name) for name in names], len(names)),
                "length_error_s": abs(seconds_of(made.tracks) - BRIDGE_MINUTES * 60),
                "ms": took,
            }
        )
    return means(rows)


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {
        name: round((statistics.median if name == "ms" else statistics.mean)([row[name] for row in rows]), 4)
        for name in rows[0]
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data-dir", type=Path)
    options.add_argument("--seeds", type=int, default=40)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folders = Folders(chosen.data_dir or Path(place))
        if not chosen.data_dir:
            with Session(folders) as session:
                demo.prepare(session, lambda *_: None)
        with Session(folders, private=True) as session:
            likeness, seeds = Likeness(session), asked_of(session, chosen.seeds, chosen.seed)
            result = {
                "seeds": len(seeds),
                "mixes": {str(drift): mixes(session, likeness, seeds, drift) for drift in (0.0, 0.7)},
                "bridges": bridges(session, likeness, seeds),
            }
    print(json.dumps(result, indent=1 if chosen.json else None))


if __name__ == "__main__":
    main()
