"""Guests and version marks in a title: in brackets, after a dash, or after "feat."."""

from __future__ import annotations

import re

GUEST_WORDS = r"(?:feat|ft|featuring)"
_VERSION = (
    r"(?:remaster(?:ed)?|live|mono|stereo|demo|acoustic|unplugged|deluxe|expanded|anniversary|bonus(?:\s+track)?"
    r"|explicit|clean|(?:single|album|radio|original|extended|full|short|lp|ep|studio|alternate|alternative"
    r"|orchestral|piano|video|main|early|long|instrumental|taylor[’']?s)\s+(?:version|edit|mix|take|cut)"
    r"|re-?recorded|version|edit|original\s+mix|instrumental|a\s?cappella|sessions?)"
)
_ANY = re.compile(r"[(\[]|\s(?:[-\u2013\u2014]\s|f)", re.IGNORECASE)  # most titles have none
# Each pattern is linear in the title's length: no quantifier overlaps the one beside it.
_BRACKET = re.compile(r"(?<!\s)\s*+[(\[]([^()\[\]]*+)[)\]]")
_DASH = re.compile(r"(?<!\s)\s++[-\u2013\u2014]\s++")
_MARK = re.compile(rf"^\s*+(?:{GUEST_WORDS}\b|with\s|from\s|recorded\s)|\b{_VERSION}\b", re.IGNORECASE)
_GUESTS = re.compile(rf"(?<!\s)\s++{GUEST_WORDS}\b\.?\s.*$", re.IGNORECASE)
_REMIX = re.compile(r"\b(?:re-?mix(?:ed)?|bootleg|mash-?up|karaoke|cover|tribute)\b", re.IGNORECASE)


def without_versions(title: str) -> str:
    """The title without guests and version marks; remixes and covers are kept.

    >>> without_versions("Tin Roof (feat. Ida) - Remastered 2011"), without_versions("Tin Roof (Ida Remix)")
    ('Tin Roof', 'Tin Roof (Ida Remix)')
    """
    before = None if _ANY.search(title) else title
    while before != title:
        before = title
        for find in (_bracket, _behind_dash, _guests):
            begin, end = find(title)
            if begin < end and not _REMIX.search(title[begin:end]):
                title = title[:begin] + title[end:]
    return title


def _bracket(text: str) -> tuple[int, int]:
    """The span of the first bracket with guests or a version; (0, 0) if there is none."""
    for found in _BRACKET.finditer(text):
        if _MARK.search(found[1]):
            return found.span()
    return 0, 0


def _behind_dash(text: str) -> tuple[int, int]:
    """The position of the last dash, if what follows it is guests or a version."""
    begin = end = 0
    for found in _DASH.finditer(text):
        begin, end = found.span()
    return (begin, len(text)) if end and _MARK.search(text[end:]) else (0, 0)


def _guests(text: str) -> tuple[int, int]:
    """The position of guests named without a bracket or dash."""
    found = _GUESTS.search(text)
    return found.span() if found else (0, 0)
