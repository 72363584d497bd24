"""Joint credits: playing "David Guetta & Sia" means knowing both artists.

A name is split only if the community data does not have it as one artist ("Simon & Garfunkel"), and a run of its parts
stays together if the data or the history has it as one. A name with a backing band ("Ida & the Oaks") is split only if
both are artists, and one with many tracks only if a part of it occurs elsewhere too.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from engine.canonical_keys import SEPARATOR, relaxed_artist_key, relaxed_item_key
from engine.community.catalog import Catalog
from engine.taste.gate import DatedTaste, Days, Taste, TasteItem

# A credit with this many tracks is an artist's own name, unless a part of it occurs elsewhere.
OWN_NAME = 5
# More parts than these are a list, not a credit.
MAX_PARTS = 12
# Words between two artists, in the languages names are credited in.
_WORDS = (
    r"x|vs|versus|b2b|and|with|meets|pres|presents|und|mit|et|avec|y|e|con|com|och|og|en|met|\u0438|\u0442\u0430"
    r"|ve|i|oraz|\xe9s|ja|\u0219i|dan|\u03ba\u03b1\u03b9|\u3068|\u548c|\u4e0e|\u8207|\ubc0f"
)
# A quick test: a name without any of these is not joint.
_JOINED = re.compile(
    rf"[;/|×、，,&+·•・＆／＋；\\]|\s(?:{_WORDS})\b|\(with\b|\b(?:feat|ft|featuring)\b", re.IGNORECASE
)
_GUESTS = re.compile(
    r"\s*+(?:[(\[]\s*+)?\b(?:(?:feat|ft|featuring|(?:in\s)?duet\swith)\b(?:\s?[.:]\s*+|\s++)|[fw]/\s*+)"
    r"|\s*+[(\[]\s*+(?:with|and|[&+])\s++",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"(?:\s*,(?!\d{{3}})\s*(?:(?:and|&)\s+)?|\s*[;/|×、，・＆／＋；\\]+\s*|(?<=\w\w)[&+](?=\w\w)"
    rf"|\s+(?:[&+·•]|(?:{_WORDS})\b\.?)\s+)"
    r"(?=(?P<band>(?:the|his|her|their|los|las|les|die|der|das|ihre?|sus?|ses|os|as|gli|de|het)\s)?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part between guest words: `spans` that may be artists, and which of them `may_be_band` of the one before."""

    text: str
    spans: tuple[tuple[int, int], ...]
    may_be_band: tuple[bool, ...]

    def run(self, first: int, last: int) -> str:
        """The text from one part to another, excluding the latter."""
        return self.text[self.spans[first][0] : self.spans[last - 1][1]].strip()


# Cached: each is needed several times.
@lru_cache(maxsize=1 << 15)
def _pieces(name: str) -> tuple[_Piece, ...]:
    """A credit split at everything that may join artists; empty if nothing does."""
    if not _JOINED.search(name):
        return ()
    found = []
    for text in _GUESTS.split(name):
        plain = text.strip(" \t)]")
        between = list(_BETWEEN.finditer(plain))
        starts = [0, *(one.end() for one in between)]
        ends = [*(one.start() for one in between), len(plain)]
        bands = (False, *(one["band"] is not None for one in between))
        found.append(_Piece(plain, tuple(zip(starts, ends, strict=True)), bands))
    parts = sum(len(piece.spans) for piece in found)
    return tuple(found) if 1 < parts <= MAX_PARTS else ()


def parts_of(name: str, is_artist: Callable[[str], bool]) -> list[str]:
    """The artists of a joint credit, empty if it is one name; runs of parts that are one artist stay together.

    >>> is_artist = {"Simon & Garfunkel", "Sia", "Ida"}.__contains__
    >>> parts_of("Simon & Garfunkel, Sia feat. David Guetta", is_artist)
    ['Simon & Garfunkel', 'Sia', 'David Guetta']
    >>> parts_of("Ida & the Oaks", is_artist)
    []
    """
    found: list[tuple[str, bool]] = []
    for piece in _pieces(name):
        count, first = len(piece.spans), 0
        while first < count:
            runs = (last for last in range(count, first + 1, -1) if is_artist(piece.run(first, last)))
            last = next(runs, first + 1)
            found.append((piece.run(first, last), piece.may_be_band[first]))
            first = last
    one_name: set[str] = set()
    for (before, _), (part, may_be_band) in pairwise(found):
        if may_be_band and not (is_artist(before) and is_artist(part)):
            one_name |= {before, part}
    return [part for part, _ in found if part not in one_name] if len(found) > 1 else []


def with_parts(catalog: Catalog, dated: DatedTaste) -> DatedTaste:
    """The taste with what was played of joint credits counted for each of their parts the catalog knows."""
    joint = _joint(catalog, dated.taste)
    if not joint:
        return dated
    taste = dated.taste
    items = dict(taste.by_key)
    named = catalog.ids_of(list(joint))
    names = catalog.items(list(named.values()))
    for key, credited in joint.items():
        played = [taste.by_key[one] for one in credited]
        there = taste.by_key.get(key)
        if there is None:
            artist = names[named[key]]
            there = TasteItem(key, artist.artist, 0.0, None, track=artist.track)
        dates = [one.last_played for one in (there, *played) if one.last_played is not None]
        plays = there.plays + sum(one.plays for one in played)
        items[key] = replace(there, plays=plays, last_played=max(dates, default=None))
    days = None if dated.days is None else _days_with_parts(dated.days, joint)
    return DatedTaste(taste.of_items(items.values()), days)


def _joint(catalog: Catalog, taste: Taste) -> dict[str, list[str]]:
    """Key of an artist, or track, of the catalog -> keys of the taste's items that are joint credits with it."""
    several = [item for item in taste.items if _pieces(item.name)]
    if not several:
        return {}
    # A relaxed key drops guests: with guests it would mean the first artist alone.
    own = {relaxed_item_key(item.key): item.key for item in taste.items if not _GUESTS.search(item.name)}
    ids = catalog.ids_spelled_alike({form for item in several for form in _forms(item)})
    parts: dict[str, list[str]] = {}
    for item in several:
        whole = _form(item.name, item)
        artists = {form for form in _forms(item) if form in ids or (form in own and form != whole)}
        if _GUESTS.search(item.name) or whole not in ids:
            names = parts_of(item.name, partial(_is_among, artists, item))
            parts[item.key] = [_form(name, item) for name in names]
    standing = Counter(form for some in parts.values() for form in set(some))
    wanted = {form for some in parts.values() for form in some}
    known = catalog.items([number for form in wanted for number in ids.get(form, ())])
    found: dict[str, list[str]] = defaultdict(list)
    for item in several:
        some = parts.get(item.key, [])
        elsewhere = any(standing[form] > 1 or form in own for form in some)
        if item.tracks >= OWN_NAME and not elsewhere and not _GUESTS.search(item.name):
            continue
        for form in dict.fromkeys(some):
            if form in ids:
                # Of several spellings the one with the most listeners.
                key = (
                    own.get(form) or max((known[one] for one in ids[form]), key=lambda one: one.listeners).key
                )
                if key != item.key and key not in taste.unwanted:
                    found[key].append(item.key)
    return dict(found)


def _is_among(forms: set[str], item: TasteItem, name: str) -> bool:
    return _form(name, item) in forms


def _form(name: str, item: TasteItem) -> str:
    """The relaxed key of an artist, where items are tracks of their track of that title."""
    return relaxed_artist_key(name) + "".join(item.key.partition(SEPARATOR)[1:])


def _forms(item: TasteItem) -> set[str]:
    """The relaxed keys of a credit and of every run of its parts."""
    runs = (
        piece.run(first, last)
        for piece in _pieces(item.name)
        for first in range(len(piece.spans))
        for last in range(first + 1, len(piece.spans) + 1)
    )
    return {_form(name, item) for name in (item.name, *runs)}


def _days_with_parts(days: Days, joint: dict[str, list[str]]) -> Days:
    """Plays by day, those of joint credits under their parts too."""
    number = {key: place for place, key in enumerate(days.keys)}
    items, rows = [days.item], [np.arange(len(days.item))]
    for key, credited in joint.items():
        place = number.setdefault(key, len(number))
        wanted = [number[one] for one in credited if one in number]
        more = np.flatnonzero(np.isin(days.item, wanted))
        items.append(np.full(len(more), place, dtype=np.int64))
        rows.append(more)
    every = np.concatenate(rows)
    return Days(tuple(number), np.concatenate(items), days.age[every], days.plays[every])
