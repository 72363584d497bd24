"""Keys that are equal for different spellings of an artist's name or a track's title.

The *exact* keys survive case, accents, punctuation, Unicode forms and `&` for `and`, and keep every word, so that "Tin
Roof" and "Tin Roof - Live" stay two recordings. The *relaxed* keys also drop "The", guests ("feat. X") and version
marks ("- Remastered 2011", "(Live)"); use them only if the exact key finds nothing. A remix is another track in both.

How marks are treated depends on the script, since a mark is decoration in one and a letter in another: they are removed
from Latin and Greek; Cyrillic keeps its letters apart (й is not и) but ё becomes е, as Russians write it; Hebrew points
and Arabic vowel signs, which most writers omit, are removed; kana, Hangul and the Indic scripts keep every mark.
Invisible characters (`_UNSEEN`) are removed, except the joiner used in Persian as a word separator; the Braille blank
counts as a space. A name of punctuation alone ("!!!", "+/-") is its own key. The key is empty only for a name of spaces
and invisible characters. Names are cut at `MAX_NAME` characters, since some steps take quadratic time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from engine.version_marks import GUEST_WORDS, without_versions

# What a model recommends: artists or tracks.
Level = Literal["artists", "tracks"]
# Between artist and title in a track's name and key; no other key contains it.
SEPARATOR = "\x1f"

# Letters that Unicode does not decompose, but people do when their keyboard lacks them.
_LETTERS = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ħ": "h",
    "ı": "i",
    "ŧ": "t",
    "ё": "е",
}
# All forms of apostrophes: removed rather than replaced by a space, since "Dont" is "Don't".
_SILENT = frozenset("'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201b\u2032\uff07")
_SPECIAL = re.compile(r"[&+.,$!]")
_PLUS = re.compile(r"(?<=\w) \+ (?=\w)")
# R.E.M., N.W.A
_INITIALS = re.compile(r"\b(?:[^\W\d_]\.)+[^\W\d_](?!\w)\.?|\b(?:[^\W\d_]\.){2,}")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")  # 10,000 Maniacs
_DOLLAR = re.compile(r"(?<=[^\W\d_])\$|\$(?=[^\W\d_])")  # A$AP, Ke$ha
_BANG = re.compile(r"(?<=[^\W\d_])!(?=[^\W\d_])")  # P!nk
_POINTS = re.compile(r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670]")

# Invisible characters by Unicode's properties, listed here rather than taken from this Python's version of them, since
# keys are stored: default ignorable code points, control characters that are not blanks, format characters that do not
# enclose a number, and two drawn as nothing, Khitan's filler and the null notehead. Not the Hangul fillers, the object
# replacement character and the Braille blank, which some systems draw: a name may consist of them.
_FILLERS, _BRAILLE_BLANK = "\u115f\u1160\u3164\uffa0\ufffc", "\u2800"
_CONTROLS = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_UNSEEN = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    f"{_CONTROLS}\ufff9-\ufffb\U00013430-\U0001343f\U00016fe4\U0001d159"
)
_INVISIBLE, _UNSEEN_ALONE = re.compile(f"[{_UNSEEN}{_FILLERS}]"), re.compile(f"[{_UNSEEN}]")
# Those without effect on letters beside them, or not for a terminal. Next to a joiner, perhaps a blank, they stay.
_UNNEEDED = "\u00ad\u180e\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_NEVER_SEEN = re.compile(f"(?<!\u200c)[{_UNNEEDED}{_CONTROLS}](?!\u200c)")
_JOINER = re.compile("(?<=[\u0620-\u06ff])\u200c(?=[\u0620-\u06ff])")

_ARTIST_GUESTS = re.compile(rf"\s{GUEST_WORDS}\s.*$")

# Lower-case letters and digits with single spaces are their own key: most names, at a fifth of the cost.
_SIMPLE = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*").fullmatch

# Words in a title that mean a different performance.
_PLAYED_OTHERWISE = {
    *("live", "acoustic", "unplugged", "demo", "session", "sessions", "orchestral", "piano", "cappella"),
    *("acappella", "alternate", "alternative", "early", "rerecorded", "recorded", "version"),
}

_MEMORY = 1 << 18

# The longest known titles have about 500 characters.
MAX_NAME = 1000


@lru_cache(maxsize=_MEMORY)
def artist_key(name: str) -> str:
    """The exact key of an artist's name; empty if nothing is left.

    >>> artist_key("Café Tundra"), artist_key("CAFE TUNDRA"), artist_key("Ida + the Oaks"), artist_key("!!!")
    ('cafe tundra', 'cafe tundra', 'ida and the oaks', '!!!')
    """
    return _settled(name)


@lru_cache(maxsize=_MEMORY)
def track_key(title: str) -> str:
    """The exact key of a track's title, with every word, version marks too.

    >>> track_key("Don't Stop (Live)"), track_key("Dont Stop - live")
    ('dont stop live', 'dont stop live')
    """
    return _settled(title)


@lru_cache(maxsize=_MEMORY)
def relaxed_artist_key(name: str) -> str:
    """The exact key without "the" at either end and without guests. A name and its exact key have the same relaxed key.

    >>> relaxed_artist_key("The Beatles"), relaxed_artist_key("Beatles, The"), relaxed_artist_key("The The")
    ('beatles', 'beatles', 'the')
    """
    key = artist_key(name)
    if " f" in key:
        key = _ARTIST_GUESTS.sub("", key) or key
    while key.startswith("the ") and len(key) > 4:
        key = key[4:]
    while key.endswith(" the") and len(key) > 4:
        key = key[:-4]
    return key


@lru_cache(maxsize=_MEMORY)
def relaxed_track_key(title: str) -> str:
    """The key of a title without guests and version marks; remixes and covers are kept.

    >>> relaxed_track_key("Tin Roof (feat. DJ Møns) - Remastered 2011"), relaxed_track_key("Tin Roof [Live]")
    ('tin roof', 'tin roof')
    >>> relaxed_track_key("Live Forever"), relaxed_track_key("Tin Roof (DJ Møns Remix)")
    ('live forever', 'tin roof dj mons remix')
    """
    text = without_versions(unicodedata.normalize("NFKC", without_invisible(title[:MAX_NAME])))
    return track_key(text) or track_key(title)


def forget_keys() -> None:
    """Clear the caches, in a process that continues without looking up names."""
    for keep in (artist_key, track_key, relaxed_artist_key, relaxed_track_key):
        keep.cache_clear()


def without_invisible(text: str) -> str:
    """The text without invisible characters.

    >>> without_invisible("I \u2764\ufe0f You"), without_invisible("Bj\u00adork")
    ('I \u2764 You', 'Bjork')
    """
    return _INVISIBLE.sub("", _JOINER.sub(" ", text))


def stored_name(name: str) -> str:
    """A name as stored, of the same key: at most `MAX_NAME` long, in a line, with plain blanks and all of it seen.

    >>> stored_name("Caf\u00e9\u00a0Tundra\u200b"), stored_name(" Tin\\tRoof\\n")
    ('Caf\u00e9 Tundra', 'Tin Roof')
    """
    name = name[:MAX_NAME]
    return name if name.isprintable() else " ".join(_NEVER_SEEN.sub("", name).split())


def has_invisible(text: str | None) -> bool:
    """Whether a name contains invisible characters or a Braille blank, so that its key differs from what is seen.

    >>> has_invisible("Bj\u00adork"), has_invisible("Bjork"), has_invisible(None)
    (True, False, False)
    """
    return text is not None and (_INVISIBLE.search(text) is not None or _BRAILLE_BLANK in text)


def first_artist(names: str, ids: str = "") -> str:
    r"""The first of several credited artists, which is how listening histories name a track's artist.

    Names are separated by `;`, or by `,` with a backslash before commas that belong to a name or no space after those
    that separate. A comma with a space separates only if `ids` (a column of as many ids) says how many artists there
    are.

    >>> first_artist("Café Tundra;DJ Møns"), first_artist("Tyler, The Creator"), first_artist("Café Tundra,DJ Møns")
    ('Café Tundra', 'Tyler, The Creator', 'Café Tundra')
    >>> first_artist(r"Tyler\, The Creator, Kali", "spotify:artist:a, spotify:artist:b")
    'Tyler, The Creator'
    >>> first_artist("Tyler, The Creator,Kali"), first_artist("10,000 Ponds,Kali"), first_artist("10,000 Ponds")
    ('Tyler, The Creator', '10,000 Ponds', '10,000 Ponds')
    """
    first = names.split(";")[0].strip()
    count = len([part for part in re.split(r"[,;]", ids) if part.strip()])
    parts = re.split(r"(?<!\\),\s*", first)
    if count > 1 and (len(parts) == count or "\\," in first):
        first = parts[0]
    elif "\\," not in first:
        first = re.split(r",(?!\s|\d{3}(?!\d)|$)", first)[0]
    return first.replace("\\,", ",").strip()


def track_name(artist: str, title: str) -> str:
    """The name of a track as an item: artist and title, with any separator in them removed."""
    return f"{artist.replace(SEPARATOR, ' ')}{SEPARATOR}{title.replace(SEPARATOR, ' ')}"


def item_key(name: str) -> str:
    """The key of an item's name: an artist's, or of a `track_name` the artist's and the title's, the same for all
    versions.

    >>> item_key("The Oaks"), item_key(track_name("The Oaks", "Tin Roof - Live"))
    ('the oaks', 'the oaks\\x1ftin roof')
    """
    artist, separator, title = name.partition(SEPARATOR)
    return joined_key(artist_key(artist), title) if separator else artist_key(artist)


def joined_key(artist: str, title: str) -> str:
    """The key of a track as an item, from its artist's key and its title."""
    return f"{artist}{SEPARATOR}{relaxed_track_key(title)}"


def key_at(level: Level, artist: str, title: str) -> str:
    """The key of the item that a play of a track counts for in a model of this level; `artist` is the artist's key."""
    return artist if level == "artists" else joined_key(artist, title)


def relaxed_item_key(key: str) -> str:
    """An item's key with its artist's relaxed."""
    artist, separator, title = key.partition(SEPARATOR)
    return f"{relaxed_artist_key(artist)}{separator}{title}"


def relaxed_pair(artist: str, title: str) -> str:
    """One key for all versions of a song by an artist (name or key)."""
    return f"{relaxed_artist_key(artist)}\n{relaxed_track_key(title)}"


def played_alike(one: str, other: str) -> bool:
    """Whether the track keys of two versions mean the same performance, so that one can replace the other.

    >>> played_alike("tin roof", "tin roof remastered 2011"), played_alike("tin roof", "tin roof live")
    (True, False)
    """
    return not (set(one.split()) ^ set(other.split())) & _PLAYED_OTHERWISE


def artist_of(key: str) -> str:
    """The artist's part of an item's key."""
    return key.partition(SEPARATOR)[0]


class AnySpelling:
    """A set of item keys that matches any spelling of an artist's name; an artist's key matches their tracks too.

    Guests are dropped from the key looked up, never from those in the set: blocking "Ida feat. Møns" does not block
    Ida.

    >>> blocked = AnySpelling(["the oaks", joined_key("ida", "Tin Roof")])
    >>> blocked.holds("oaks"), blocked.holds(joined_key("oaks feat ida", "Waves")), blocked.holds("ida")
    (True, True, False)
    >>> blocked.holds(joined_key("the ida", "Tin Roof - Live"))
    True
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        parts = (key.partition(SEPARATOR) for key in self.keys)
        self._forms = self.keys.union(
            f"{relaxed_artist_key(artist)}{separator}{title}"
            for artist, separator, title in parts
            if not _ARTIST_GUESTS.search(artist)
        )
        self._whose = frozenset(map(artist_of, self._forms))

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def artists(self) -> frozenset[str]:
        """Keys of the artists in the set."""
        return frozenset(key for key in self.keys if SEPARATOR not in key)

    @property
    def tracks(self) -> frozenset[str]:
        """Keys of the single tracks in the set."""
        return self.keys - self.artists

    def holds(self, key: str) -> bool:
        """Whether the set matches this item key of an artist or track."""
        artist, separator, title = key.partition(SEPARATOR)
        for name in (artist, relaxed_artist_key(artist)):
            # The common case, kept cheap: most are not in the set.
            if name in self._whose and (
                name in self._forms or (separator and f"{name}{separator}{title}" in self._forms)
            ):
                return True
        return False


# Minimum score of 100 by RapidFuzz, with words in any order; below it names count as different.
_LIKE_ENOUGH = 60


def nearest(name: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Up to `n` candidates most similar to `name`, best first; for "did you mean".

    Tolerates typing errors, missing parts and another word order. 64 are preselected by their lower-case letters and
    only those compared by key, so that 100,000 names take a fraction of a second.

    >>> nearest("radiohed", ["Portishead", "Radiohead", "Radio Dept."], 1)
    ['Radiohead']
    """
    from rapidfuzz import fuzz, process  # needed only after a typing error

    key = relaxed_artist_key(name)
    if not key:
        return []
    distinct = list(dict.fromkeys(candidates))
    letters = [candidate.lower() for candidate in distinct]
    some = [place for _, _, place in process.extract(key, letters, scorer=fuzz.token_ratio, limit=64)]
    keys = {distinct[place]: relaxed_artist_key(distinct[place]) for place in some}
    return [
        name
        for _, _, name in process.extract(
            key, keys, scorer=fuzz.token_ratio, score_cutoff=_LIKE_ENOUGH, limit=n
        )
    ]


def _settled(text: str) -> str:
    """Fold until nothing changes, so that the key of a key is itself. ASCII letters need one pass."""
    key = _fold(text[:MAX_NAME])
    for _ in range(4):
        if key.isascii():
            break
        again = _fold(key)
        if again == key:
            break
        key = again
    return key[:MAX_NAME].rstrip()


def _fold(text: str) -> str:
    if text.isascii():
        folded = text.lower()
        if _SIMPLE(folded):
            return folded
        if not folded.isprintable():
            folded = without_invisible(folded)
    else:
        folded = unicodedata.normalize("NFKC", without_invisible(text)).casefold()
        folded = unicodedata.normalize("NFKC", folded)
    if _SPECIAL.search(folded):
        folded = _plain(folded)
    key = " ".join(folded.translate(_WRITTEN).split())
    # If only marks, or nothing, is left, as for a name of punctuation or symbols, it is kept as written.
    return key if any(map(str.isalnum, key)) else _as_written(text)


def _plain(folded: str) -> str:
    """Replace the signs used for letters or words. Each test is far cheaper than its pattern."""
    if "&" in folded:
        folded = folded.replace("&", " and ")
    if " + " in folded:
        folded = _PLUS.sub(" and ", folded)
    if "." in folded:
        folded = _INITIALS.sub(lambda found: found[0].replace(".", "") + " ", folded)
    if "," in folded:
        folded = _THOUSANDS.sub("", folded)
    if "$" in folded:
        folded = _DOLLAR.sub("s", folded)
    return _BANG.sub("i", folded) if "!" in folded else folded


def _as_written(text: str) -> str:
    for seen in (without_invisible(text).replace(_BRAILLE_BLANK, " "), _UNSEEN_ALONE.sub("", text)):
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
        if key := " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in plain).split()):
            return key
    return ""


class _Written(dict[int, str]):
    """How each character is written in a key, computed on first use."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = written = _written(char)
        return written


def _written(char: str) -> str:
    if char in _SILENT or "\u0300" <= char <= "\u036f" or _POINTS.match(char):
        return ""
    if char in _LETTERS:
        return _LETTERS[char]
    parts = unicodedata.normalize("NFD", char)
    base = parts[0]
    if len(parts) > 1 and (base < "\u0400" or "\u1e00" <= base < "\u2000"):
        return _LETTERS.get(base, base)
    return char if char.isalnum() or unicodedata.category(char)[0] == "M" else " "


_WRITTEN = _Written()
