"""Names of packs: one name space for all kinds, in which kinds do not replace each other."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from engine.canonical_keys import Level
from engine.community.offers import LISTENBRAINZ
from engine.paths import Folders, bytes_of
from engine.wording import month_of

MANIFEST_FILE = "manifest.json"
# Sources of packs that are makers of data, not files.
MAKERS = frozenset({LISTENBRAINZ})


def pack_name(text: str) -> str:
    """A name that is safe as a folder: at most 60 lower case letters, digits, dots and dashes.

    >>> pack_name("My Songs_2024!"), pack_name("../out")
    ('my-songs-2024', 'out')
    """
    return re.sub(r"[^a-z0-9.]+", "-", text.lower())[:60].strip("-.") or "pack"


def name_of_file(path: Path) -> str:
    """What a pack is called after: a folder's name, or a file's without its endings."""
    resolved = path.resolve()
    if resolved.is_dir():
        return resolved.name
    return re.sub(r"(\.(csv|tsv|txt|jsonl|xz|tar|zip|gz|zst))+$", "", resolved.name, flags=re.IGNORECASE)


def name_for(folders: Folders, wanted: str, kind: str, level: Level) -> str:
    """The name for a pack of this kind and level: the wanted one, with the kind added where that is another's.

    A pack of the same kind and level under either of these is the one to replace.
    """
    label, own = pack_name(wanted), level if kind == "community" else kind
    # A name may be of an earlier version, which allowed capitals and underscores.
    there = {pack_name(folder.name): folder.name for folder in folders.packs.glob("[!.]*")}
    candidates = (
        label,
        f"{label}-{own}",
        *(f"{label}-{own}-{number}" for number in range(2, len(there) + 2)),
    )
    held = {name: _held(folders.packs / there[name]) for name in candidates if name in there}
    for name in candidates:
        if held.get(name) == (kind, level):
            return there[name]
    return next(there.get(name, name) for name in candidates if held.get(name) is None)


def data_in_words(names: Sequence[str], source: str, collected: str) -> str:
    """What community data is called: who made it, where its packs say that and not a file, else its packs' `names`; and
    the month it was collected in, where that is known.

    `source` and `collected` are what the packs say of themselves, as `packs.joined` has them.

    >>> data_in_words(["listenbrainz"], "ListenBrainz", "2026-10-01")
    'ListenBrainz, October 2026'
    >>> data_in_words(["lastfm", "mine"], "hetrec2011-lastfm-2k.zip, plays.csv", "2011")
    'lastfm and mine, 2011'
    """
    sources = source.split(", ")
    if set(sources) <= MAKERS:
        called: Sequence[str] = sources
    elif len(sources) == len(names):
        called = [one if one in MAKERS else name for one, name in zip(sources, names, strict=True)]
    else:
        called = names
    days = dict.fromkeys(map(month_of, filter(None, collected.split(", "))))
    return ", ".join(filter(None, (" and ".join(dict.fromkeys(called)), *days)))


def _held(folder: Path) -> tuple[str, str] | None:
    """The kind and level of the pack in a folder; null where that cannot be read, and so may be replaced."""
    try:
        manifest = json.loads(bytes_of(folder / MANIFEST_FILE))
        return str(manifest["kind"]), str(manifest.get("level", "tracks"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
