"""Names compared: canonical keys for artists and tracks, and the nearest names to a misspelt one.

Two names with the same exact key are the same name written differently: case, Unicode form, accents on Latin and
Greek letters, punctuation and spacing do not count. The relaxed keys also forget what is added around a name
("The", "feat. ...", "- Remastered 2011", "(Live)"); they are for looking up what the exact key does not find,
never for merging. Standard library only.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_CACHE = 200_000
_ASCII_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_AMPERSAND = re.compile(r"\s*[&＆]\s*")
# Letters that Unicode does not decompose but people type without.
_FOLDED = str.maketrans(
    {"ø": "o", "œ": "oe", "æ": "ae", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t", "ё": "е"}
)
_APOSTROPHES = re.compile(r"['’‘ʼ`´]")
_FEATURING = re.compile(r"[\(\[]\s*(?:feat|ft|featuring|with)\b[^\)\]]*[\)\]]|\s(?:feat\.?|ft\.?|featuring)\s.*$", re.I)
_VERSION_WORDS = (
    r"remaster(?:ed)?|live|mono|stereo|version|edit|mix|deluxe|bonus track|single|album|explicit|acoustic|demo|"
    r"radio|extended|original|re-?recorded|anniversary|edition"
)
_BRACKETED_VERSION = re.compile(rf"\s*[\(\[][^\)\]]*\b(?:{_VERSION_WORDS})\b[^\)\]]*[\)\]]", re.I)
_DASHED_VERSION = re.compile(rf"\s+[-–—]\s+[^-–—]*\b(?:{_VERSION_WORDS})\b.*$", re.I)
_THE = re.compile(r"^the\s+(?=\S)|,\s*the$", re.I)


@lru_cache(maxsize=_CACHE)
def _key(name: str) -> str:
    """The exact key; not empty as long as the name holds anything but white space and control characters."""
    text = _AMPERSAND.sub(" and ", unicodedata.normalize("NFKC", name).casefold())
    if text.isascii():
        key = " ".join(_ASCII_PUNCTUATION.sub(" ", _APOSTROPHES.sub("", text)).split())
    else:
        text = _without_accents(_APOSTROPHES.sub("", text)).translate(_FOLDED)
        key = " ".join("".join(c if _is_word(c) else " " for c in text).split())
    # Names made of nothing but signs ("!!!", "+/-") are names too.
    return key or "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf", "Cs"})


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _without_accents(text: str) -> str:
    """Drop combining marks after Latin and Greek letters only: elsewhere (Japanese, Cyrillic й, Indic) they spell."""
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFD", text):
        if unicodedata.combining(character):
            if base and unicodedata.name(base, "").startswith(("LATIN", "GREEK")):
                continue
        else:
            base = character
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def artist_key(name: str) -> str:
    """The exact key of an artist's name, empty when nothing is left of it.

    >>> artist_key("Café  Tundra & The Oaks!") == artist_key("CAFE TUNDRA and the oaks")
    True
    >>> artist_key("!!!")
    '!!!'
    """
    return _key(name)


def track_key(title: str) -> str:
    """The exact key of a title; what tells one recording from another (Live, Remix, feat.) stays in it.

    >>> track_key("Tin Roof (Live)")
    'tin roof live'
    """
    return _key(title)


@lru_cache(maxsize=_CACHE)
def relaxed_artist_key(name: str) -> str:
    """The key without a leading or trailing "The" and without guests.

    >>> relaxed_artist_key("The Oaks feat. Someone")
    'oaks'
    """
    text = unicodedata.normalize("NFKC", name).strip()
    return _key(_THE.sub("", _FEATURING.sub("", text).strip())) or _key(name)


@lru_cache(maxsize=_CACHE)
def relaxed_track_key(title: str) -> str:
    """The key without guests and version marks.

    >>> relaxed_track_key("Tin Roof - Remastered 2011")
    'tin roof'
    """
    text = unicodedata.normalize("NFKC", title).strip()
    return _key(_DASHED_VERSION.sub("", _BRACKETED_VERSION.sub("", _FEATURING.sub("", text)))) or _key(title)


def nearest(name: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Up to `n` of the candidates that are most alike, best first; none that shares too little.

    >>> nearest("Burall", ["Burel", "Burial", "Moire"])
    ['Burial', 'Burel']
    """
    key = _key(name)
    by_key: dict[str, str] = {}
    for candidate in candidates:
        by_key.setdefault(_key(candidate), candidate)
    # difflib is quadratic in length but exact; a first pass by shared letter pairs bounds how many it sees.
    pairs = {key[i : i + 2] for i in range(len(key) - 1)}
    if len(by_key) > 2000 and pairs:
        ranked = sorted(by_key, key=lambda other: -sum(pair in other for pair in pairs))[:500]
    else:
        ranked = list(by_key)
    return [by_key[other] for other in difflib.get_close_matches(key, ranked, n=n, cutoff=0.6)]
