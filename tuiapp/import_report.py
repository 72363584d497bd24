"""What became of the files of an import, and of packs, in words both faces say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.community.offers import FEW_LISTENERS
from engine.errors import sentence
from engine.imports.record import AS_LIKE, AS_PLAYLIST, SKIPPED
from engine.wording import one_or_many, quantity
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.job_messages import AddedData, DescribedPack, ImportedFile

# What is kept other than as plays: of many and of one.
_OTHERWISE = {
    AS_LIKE: ("kept as likes", "kept as a like"),
    AS_PLAYLIST: ("kept as playlist entries", "kept as a playlist entry"),
}
# Reasons that need more words than the contract's.
_REASONS = {SKIPPED: "skipped, or played too briefly to count"}
# Unknown files that are named one by one in a report.
_MAX_NAMED = 20
_ALL = "discover import --dry-run --json PATH"


def kept_otherwise(dropped: dict[str, int]) -> list[tuple[int, str]]:
    """What of rows that are not plays was kept, and as what; taken out of `dropped`."""
    return [
        (count, one_or_many(count, *words))
        for reason, words in _OTHERWISE.items()
        if (count := dropped.pop(reason, 0))
    ]


def left_out(dropped: dict[str, int]) -> list[tuple[int, str, str]]:
    """(count, the reason as it is counted, in words) of rows that were not kept, the most first."""
    return [
        (count, reason, f"left out: {shown(_REASONS.get(reason, reason))}")
        for reason, count in sorted(dropped.items(), key=lambda pair: -pair[1])
    ]


def _kept(entries: Sequence[ImportedFile]) -> str:
    plays = sum(entry["kept"] for entry in entries)
    every: Counter[str] = Counter()
    for entry in entries:
        every.update(entry["dropped"])
    otherwise = [f"{count:,} {words}" for count, words in kept_otherwise(every)]
    return ", ".join([f"{plays:,} kept"] * bool(plays or not otherwise) + otherwise)


def files_in_words(files: Sequence[ImportedFile]) -> list[tuple[str, str]]:
    """(name, what became of it): files of one archive or folder that went alike are one entry.

    Files of no known format are named, the first of many.
    """
    alike: dict[tuple[object, ...], list[ImportedFile]] = {}
    for entry in files:
        alike.setdefault((entry["root"], entry["format"], entry["note"]), []).append(entry)
    found = []
    for (root, kind, note), entries in sorted(alike.items(), key=lambda pair: pair[0][1] is None):
        paths = [str(entry["path"]) for entry in entries]
        many = "" if len(entries) == 1 else f"{quantity(len(entries), 'files')}, "
        what = (
            f"{kind}, {many}{_kept(entries)}"
            if kind
            else ("not read" if entries[0]["unread"] else "not a listening history, ignored")
        )
        if kind is None and len(paths) > 1:
            names = ", ".join(path.removeprefix(f"{root}/") for path in paths[:_MAX_NAMED])
            more = len(paths) - _MAX_NAMED
            what += f", {many}{names}" + (f" and {more:,} more ({_ALL} lists all)" if more > 0 else "")
            what = what.replace("files, ", "files: ", 1)
        undated = sum(entry["undated"] for entry in entries)
        what += f" ({undated:,} without a date)" if undated else ""
        what += f"  {note}" if note and str(note) not in what else ""
        found.append((shown(paths[0] if len(paths) == 1 else str(root)), shown(what)))
    return found


def _knows(pack: DescribedPack) -> str:
    known = pack["known"]
    if not known:
        return ""
    here, of = (known[key] for key in (("tracks", "of_tracks") if "tracks" in known else ("artists", "of")))
    return f", {here:,} of your {of:,} among them"


def packs_in_words(added: AddedData, quoted: int | None = None) -> str:
    """Which packs were made of what was added, and how many of one's own tracks have a tempo now. Of the lines of each
    that cannot be used so many are `quoted`, each once; null for all that are known."""
    lines = [
        f"{pack['name']}: {quantity(pack['listeners'], 'listeners')}, "
        f"{quantity(pack['items'], pack['level'])}{_knows(pack)}"
        if pack["kind"] == "community"
        else f"{pack['name']}: {pack['kind']} of {quantity(pack['items'], pack['level'])}"
        for pack in added["packs"]
    ]
    lines += [
        f"{pack['name']} has {quantity(pack['listeners'], 'listeners')}, fewer than {FEW_LISTENERS}: too few to "
        f"show which {pack['level']} are similar. Add data of more listeners, or remove it: discover community "
        f"remove {pack['name']}"
        for pack in added["packs"]
        if pack["kind"] == "community" and pack["listeners"] < FEW_LISTENERS
    ]
    tempo = added["tempo"]
    if tempo["tracks"] and any(pack["kind"] == "features" for pack in added["packs"]):
        lines.append(
            f"{tempo['with_tempo']:,} of your {quantity(tempo['tracks'], 'tracks')} now have a tempo"
        )
    lines += added["left_out"]
    for bad in added["bad_lines"]:
        kinds = (
            (bad["reasons"], ("lines", "line")),
            (bad["entries"], ("entries of other lines", "entry of another line")),
        )
        lines += [
            f"{bad['pack']}: {quantity(sum(counts.values()), *what)} could not be used: "
            + ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
            for counts, what in kinds
            if counts
        ]
        lines += [text for line in bad["first"][:quoted] if (text := f"  {line['shown']}") not in lines]
    return "\n".join(shown(sentence(line)) for line in lines)
