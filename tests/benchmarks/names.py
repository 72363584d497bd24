"""How well names in another spelling are found: recall and precision of the keys on real artists and variants.

Every artist of a HetRec folder is written in the ways people and services write names. A variant is looked up
as the program does it: by the exact key, and by the relaxed one only where that finds nothing. Found is right
when it leads to the artist it was made of (or to one whose name differs from it in case alone).

    python -m tests.benchmarks.names --data PATH/hetrec2011-lastfm-2k --json
"""

from __future__ import annotations

import argparse
import json
import random
import time
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.canonical_keys import artist_key, relaxed_artist_key, relaxed_track_key, track_key

Vary = Callable[[str], str]


def _plain(name: str) -> str:
    """Without marks over Latin and Greek letters; nobody leaves them out in kana or Cyrillic."""
    kept: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFD", name):
        base = base if unicodedata.combining(char) else char
        if not unicodedata.combining(char) or "\u0400" <= base < "\u1e00" or base >= "\u2000":
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def _typed(name: str) -> str:
    return "".join(char for char in name if char not in "'’.,!?").replace("-", " ")


def _the(name: str) -> str:
    if name.lower().startswith("the "):
        return name[4:]
    return f"The {name}"


def _and(name: str) -> str:
    return name.replace(" & ", " and ") if " & " in name else name.replace(" and ", " & ")


VARIANTS: dict[str, Vary] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "without accents": _plain,
    "curly apostrophes": lambda name: name.replace("'", "’"),
    "& for and": _and,
    "without punctuation": _typed,
    "the": _the,
    "the at the end": lambda name: f"{name[4:]}, The" if name.lower().startswith("the ") else name,
    "feat.": lambda name: f"{name} feat. Café Tundra",
    "full width": lambda name: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name),
}
TITLES: dict[str, Vary] = {
    "as is": lambda title: title,
    "remastered": lambda title: f"{title} - Remastered 2011",
    "year first": lambda title: f"{title} - 2009 Remaster",
    "live": lambda title: f"{title} (Live)",
    "guest": lambda title: f"{title} (feat. Café Tundra)",
    "guest without brackets": lambda title: f"{title} ft. Café Tundra",
    "radio edit": lambda title: f"{title} - Radio Edit",
    "upper case": str.upper,
    "without accents": _plain,
}


def read_artists(folder: Path) -> list[str]:
    """The distinct names of `artists.dat`."""
    lines = (folder / "artists.dat").read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    return list(
        dict.fromkeys(
            fields[1].strip() for line in lines if len(fields := line.split("\t")) >= 2 and fields[1].strip()
        )
    )


def measure(
    names: Iterable[str],
    variants: dict[str, Vary],
    exact: Callable[[str], str],
    relaxed: Callable[[str], str],
) -> dict[str, dict[str, float]]:
    """Recall and precision of each kind of variant, over the names it changes; `relaxed` is the share of finds
    that needed the relaxed key."""
    names = list(names)
    by_exact: dict[str, list[str]] = {}
    by_relaxed: dict[str, list[str]] = {}
    for name in names:
        by_exact.setdefault(exact(name), []).append(name)
        by_relaxed.setdefault(relaxed(name), []).append(name)
    result = {}
    for kind, vary in variants.items():
        asked = found = right = loosely = 0
        for name in names:
            variant = vary(name)
            if variant == name and kind != "as is":
                continue
            asked += 1
            hits = by_exact.get(exact(variant))
            if not hits:
                hits = by_relaxed.get(relaxed(variant))
                loosely += bool(hits)
            if hits:
                found += 1
                # Of several the first is taken, as the library does with the artist it knew first.
                right += hits[0].casefold() == name.casefold() or exact(hits[0]) == exact(name)
        result[kind] = {
            "asked": asked,
            "recall": right / asked if asked else 1.0,
            "precision": right / found if found else 1.0,
            "relaxed": loosely / found if found else 0.0,
        }
    return result


def merged(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    """Names that differ in more than case and accents and yet share a key."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        groups.setdefault(key(name), {}).setdefault(_plain(name).casefold(), name)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def made_up_titles(n: int, seed: int = 1) -> list[str]:
    """Titles, some of whose own words look like a version."""
    rng = random.Random(seed)
    first = ("Live", "Harbour", "Tin", "Édge", "Demo", "Acoustic", "Remix", "Glass", "With", "Feat")
    second = ("Lights", "Roof", "Forever", "of Clay", "Tide", "Session", "Letters", "Version", "Night")
    return list(
        dict.fromkeys(f"{rng.choice(first)} {rng.choice(second)} {rng.randint(1, 10_000)}" for _ in range(n))
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder with artists.dat")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    names = read_artists(asked.data)
    began = time.perf_counter()
    for name in names:
        artist_key(name)
    per_name = (time.perf_counter() - began) / len(names)
    artists = measure(names, VARIANTS, artist_key, relaxed_artist_key)
    tracks = measure(made_up_titles(5000), TITLES, track_key, relaxed_track_key)
    exact, relaxed = merged(names, artist_key), merged(names, relaxed_artist_key)

    def total(rows: dict[str, dict[str, float]], figure: str) -> float:
        return sum(row[figure] * row["asked"] for row in rows.values()) / sum(
            row["asked"] for row in rows.values()
        )

    result = {
        "artists": len(names),
        "us_per_new_name": per_name * 1e6,
        "recall": total(artists, "recall"),
        "precision": total(artists, "precision"),
        "track_recall": total(tracks, "recall"),
        "track_precision": total(tracks, "precision"),
        "merged_by_exact_key": len(exact),
        "merged_by_relaxed_key": len(relaxed),
        "by_variant": artists,
        "tracks_by_variant": tracks,
    }
    if asked.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        if not isinstance(value, dict):
            print(f"{key:>24}  {value}")
    for title, rows in (("artists", artists), ("tracks", tracks)):
        for kind, row in rows.items():
            print(
                f"{title:>8} {kind:>24}  "
                + "  ".join(f"{figure} {value:.4g}" for figure, value in row.items())
            )


if __name__ == "__main__":
    main()
