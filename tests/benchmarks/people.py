"""How good Discover is for people: their histories cut at their own last quarters, and what came after each guessed.

    python -m tests.benchmarks.people --history PATH... --data PATH --json

Each PATH is one person's history in any format `import` reads, a file, a folder or an archive; `--data` is community
data as `community add` reads it. Without `--history` the people are made up, out of listeners that are then left out of
the data (`tests.benchmarks.made_up_people`). All of it goes through the product: a data folder of its own for each
person, `import`, one training on the community, and what `evaluate`, Discover and solo mode give
(`engine.recommend.backtest` says how cuts are made and what is measured).

- `people`: `plays`, `artists` and `known_share`, the share of the plays that the community knows, of each; `splits`,
  the quarters measured, and what came in them; `methods` with the hits in 20 and 50 over the splits and the mean nDCG
  at 50 of what was first played at any later time, and `next` the same of what came in the quarter. `Discover as
  served` has the half-life that the quarters before each split would have had it use, `half_life` which and when.
- `total`: over all people and splits, hits as sums and nDCG as the mean over people; `best_baseline` is the one with
  the most hits at 50, `gain` what Discover has more, and `compared` each baseline by what only one of the two had in
  the quarter, with the standard error.
- `half_life`: at how many splits one would have been used, and the hits at 50 there with it and without.
- `reasons`: over the first 30 of each person's list of today, the mean share that the named groups hold, and how many
  different names come first.
- `solo`: each person's history without the community, hit@10 in the mean over the people with enough sessions; each
  person's own has the number of sessions asked.

People made up of HetRec's listeners, seeds 0 to 2, six people and 119 splits. Hits in 50 at any later time: Discover
430, 434 and 391, item neighbours 422, 422 and 302, item cosine (log plays) 427, 428 and 287, popularity 328, 286 and
181: +9.5 % over the best of them, from +.7 to +29 % by seed; in the quarter after 127, 129 and 134, 116, 129 and 103,
115, 128 and 97, 92, 87 and 57: +12.1 %. In 20 Discover has 679, item neighbours 656. A half-life would have been used
in 2 of the 119 splits (35 hits with it, 36 without). The popularity dial loses 1.9 % of the hits in 50 at -.1, 4.5 % at
-.2, 8.9 % at -.3, 16.2 % at -.4. Three groups have 83 % of a row in the mean and at least 70 % of each (50 rows of each
person), and of 30 rows 22 begin with another name. Solo mode finds .549 where sessions and recency alone find .525,
sessions .509, recency .470. Discover loses to popularity where one taste follows another that has nothing to do with it
(125 for 203), and, on seeds 0 and 2, to the cosine where all is of one obscure scene (98 for 114): the cosine has
artists with one or two listeners there, of whom neighbours with two listeners in common say nothing. Seeds 77 and 78,
on which nothing was chosen (80 splits): in 50 at any later time Discover 440 and 542, item neighbours 440 and 504, item
cosine 436 and 506, popularity 362 and 377; in the quarter after 139 and 165, 128 and 144, 126 and 142, 104 and 102; in
20 at any later time Discover has 494, item neighbours 516. The sample's listener (8 splits): in the quarter after 22,
22, 22 and 19 (with the half-life of 180 days that is now in use 33); at any later time 83, 94, 89 and 88 (130).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from engine.errors import NothingYetError
from engine.paths import Folders
from engine.recommend.backtest import HALF_LIVES
from engine.recommend.hindsight import (
    BASELINES,
    DISCOVER,
    HITS,
    LENGTHS,
    NDCG,
    Backtest,
    Comparison,
    Measures,
    half_life_taken,
    overall,
    with_half_life,
)
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.training.train import TrainingSettings
from tests.benchmarks.made_up_people import made_up

SERVED = f"{DISCOVER} as served"
DIAL = {
    f"{DISCOVER}, popularity {lean:+g}": DiscoverSettings(popularity=lean)
    for lean in (-0.4, -0.3, -0.2, -0.1, 0.1)
}
ROWS = 30
KEYS = (*(f"hits@{k}" for k in LENGTHS), NDCG)


def prepared(data: Path, folder: Path, seconds: float) -> None:
    """A data folder with the community and a model of it."""
    with Session(Folders(folder)) as session:
        session.packs.add(data, name="community")
        session.training.train(TrainingSettings(tune_seconds=seconds))


def person(history: Path, community: Path, place: Path) -> tuple[dict[str, Any], Backtest | None]:
    """One person's figures, and what the look back found, null where there was nothing to look back on."""
    shutil.copytree(community, place)
    with Session(Folders(place)) as session:
        session.history.import_paths([history])
        (plays,) = session.library.connection.execute(
            "SELECT coalesce(sum(plays), 0) FROM listens"
        ).fetchone()
        coverage = session.coverage.of()
        reports: dict[str, Any] = {
            "name": history.stem,
            "plays": int(plays),
            "artists": session.status().artists,
            "known_share": round(coverage.plays_share, 4) if coverage else 0.0,
        }
        found, why = None, ""
        try:
            found = session.evaluation.measure(also=DIAL)
        except NothingYetError as nothing:  # reported with the person's figures: they may have no dates
            why = str(nothing)
        reports["reasons"] = reasons(session)
    if found is None:
        return reports | {"splits": 0, "methods": [], "why": why}, None
    taken = half_lives_then(found)
    return reports | {
        "splits": len(found.cuts),
        "new": sum(cut.new for cut in found.cuts),
        "methods": [
            {"name": name, **_of(runs[0]), "next": _of(runs[1])}
            for name, runs in methods(found, taken).items()
        ],
        "half_life": {"now": found.half_life, "then": taken},
    }, found


def reasons(session: Session) -> dict[str, float]:
    """How much of a row the named groups hold in the mean, and how many names come first in the list's rows; empty
    where there is no list."""
    try:
        items = session.discover.list(DiscoverSettings(n=ROWS)).items
    except NothingYetError:
        return {}
    rows = [item.tastes.named for item in items if item.tastes.named]
    if not rows:
        return {}
    return {
        "named_share": round(mean(sum(taste.share for taste in named) for named in rows), 4),
        "distinct_first": len({named[0].names[:1] for named in rows}),
        "rows": len(rows),
    }


def half_lives_then(found: Backtest) -> list[float | None]:
    """The half-life that would have been used at each cut, by the quarters before it."""
    return [
        half_life_taken(found.cuts[:cut], {name: runs[:cut] for name, runs in found.next.items()}, HALF_LIVES)
        for cut in range(len(found.cuts))
    ]


def methods(
    found: Backtest, taken: Sequence[float | None]
) -> dict[str, tuple[Sequence[Measures], Sequence[Measures]]]:
    """Of each method the measures cut by cut, of any later time and of the quarter after."""
    forms = [DISCOVER if days is None else with_half_life(days) for days in taken]
    served = tuple([runs[form][cut] for cut, form in enumerate(forms)] for runs in (found.later, found.next))
    return {SERVED: (served[0], served[1])} | {
        name: (found.later[name], found.next[name]) for name in found.next
    }


def _of(runs: Sequence[Measures]) -> Measures:
    measures = overall(runs)
    return {key: int(measures[key]) if key.startswith("hits") else round(measures[key], 4) for key in KEYS}


def solo(history: Path, place: Path) -> dict[str, Any]:
    """What resurfacing measures of a history alone, on the task it serves; empty where it does not."""
    with Session(Folders(place)) as session:
        session.history.import_paths([history])
        try:
            manifest = session.training.train(TrainingSettings(tune=False))
        except NothingYetError:
            return {}
    return dict(manifest.validation.get("resurfacing") or {})


def total(people: Sequence[dict[str, Any]], found: Sequence[Backtest]) -> dict[str, Any]:
    """All people together."""
    rows = [
        {
            "name": name,
            **_together(people, name, lambda one: one),
            "next": _together(people, name, lambda one: one["next"]),
        }
        for name in (one["name"] for one in people[0]["methods"])
    ]
    by_name = {row["name"]: row for row in rows}
    beside = [name for name in BASELINES if name in by_name]
    best, after = (max(beside, key=lambda name: _at(by_name[name], which)[HITS]) for which in ("", "next"))
    return {
        "people": len(people),
        "splits": sum(one["splits"] for one in people),
        "methods": rows,
        "best_baseline": best,
        "gain": _gain(by_name, best, ""),
        "next": {"best_baseline": after, "gain": _gain(by_name, after, "next")},
        "compared": [_pooled(name, [one.compared[DISCOVER][name] for one in found]) for name in beside],
    }


def _at(row: dict[str, Any], which: str) -> dict[str, Any]:
    return dict(row[which]) if which else row


def _gain(by_name: dict[str, dict[str, Any]], best: str, which: str) -> dict[str, float | None]:
    """What Discover, as served, has more than the best baseline, as a share."""
    ours, theirs = _at(by_name[SERVED], which), _at(by_name[best], which)
    return {key: round(ours[key] / theirs[key] - 1, 4) if theirs[key] else None for key in KEYS}


def _together(people: Iterable[dict[str, Any]], name: str, part: Any) -> dict[str, float]:
    each = [part(method) for one in people for method in one["methods"] if method["name"] == name]
    return {
        key: sum(one[key] for one in each)
        if key.startswith("hits")
        else round(mean(one[key] for one in each), 4)
        for key in KEYS
    }


def _pooled(name: str, each: Sequence[Comparison]) -> dict[str, Any]:
    one = Comparison(sum(it.found for it in each), sum(it.missed for it in each))
    return {
        "name": name,
        "found": one.found,
        "missed": one.missed,
        "standard_error": round(one.standard_error, 1),
        "verdict": one.verdict,
        "people_better": sum(it.difference > 0 for it in each),
        "people_worse": sum(it.difference < 0 for it in each),
    }


def half_life_effect(found: Sequence[Backtest]) -> dict[str, Any]:
    """At how many splits a half-life would have been used, and what it would have brought there."""
    pairs = [
        (one.later[with_half_life(days)][cut][HITS], one.later[DISCOVER][cut][HITS])
        for one in found
        for cut, days in enumerate(half_lives_then(one))
        if days is not None
    ]
    return {
        "taken": len(pairs),
        "of": sum(len(one.cuts) for one in found),
        "better": sum(with_it > without for with_it, without in pairs),
        "worse": sum(with_it < without for with_it, without in pairs),
        HITS: int(sum(with_it for with_it, _ in pairs)),
        f"{HITS} without": int(sum(without for _, without in pairs)),
    }


def report(histories: Sequence[Path], data: Path, folder: Path, seconds: float) -> dict[str, Any]:
    """The document on standard output."""
    community = folder / "community"
    prepared(data, community, seconds)
    people, found = [], []
    for number, history in enumerate(histories):
        one, back = person(history, community, folder / f"person-{number}")
        resurfaced = solo(history, folder / f"alone-{number}")
        one["solo"] = resurfaced
        print(json.dumps(one), file=sys.stderr)
        people.append(one)
        found += [back] if back is not None else []
    measured = [one for one in people if one["splits"]]
    enough = [one["solo"]["orders"] for one in people if one["solo"] and not one["solo"]["too_few"]]
    shares = [one["reasons"] for one in people if one["reasons"]]
    return {
        "people": people,
        "total": total(measured, found) if measured else None,
        "half_life": half_life_effect(found),
        "reasons": {
            key: round(mean(one[key] for one in shares), 4)
            for key in ("named_share", "distinct_first")
            if shares
        },
        "solo": [
            {"name": name, "hit@10": round(mean(orders[name]["hit@10"] for orders in enough), 4)}
            for name in (enough[0] if enough else ())
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--history", type=Path, nargs="+", default=[], help="one a person; none: made-up people"
    )
    parser.add_argument("--data", type=Path, required=True, help="community data")
    parser.add_argument("--seconds", type=float, default=60.0, help="the tuner's time")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up people")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    asked = parser.parse_args()
    missing = [path for path in (*asked.history, asked.data) if not path.exists()]
    if missing:
        parser.error(f"{missing[0]} is not there")
    with tempfile.TemporaryDirectory(prefix="people-") as place:
        data, histories = asked.data, asked.history
        if not histories:
            data, histories = made_up(data, Path(place, "histories"), asked.seed)
        document = report(histories, data, Path(place), asked.seconds)
    print(json.dumps(document, indent=None if asked.json else 2))


if __name__ == "__main__":
    main()
