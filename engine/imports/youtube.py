"""YouTube Music's watch history from Google Takeout, what is not music is left out.

Every row is a start; the time played is not given, so a song followed by another within 30 seconds counts as skipped.
Facts: FORMATS.md, YouTube.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO

import msgspec

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Names, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import iso
from engine.imports.youtube_verbs import Verbs, plain, what_else

_VIDEO_ID = re.compile(r"[?&]v=([\w-]{11})")
_SKIPPED_WITHIN = 30
_ANY_VIDEO = re.compile(r"/shorts/|youtu\.be/|/live/|/embed/")
# "From Google Ads" in the language of the account, not "your Google Account".
_ADVERT = re.compile(
    r"(?=.*google)(?=.*(\bads?\b|anzeige|annonce|anunci|anúnci|annunci|advertentie|reklam|reclam|mainos|hirdetés|oglas"
    r"|広告|광고|广告|廣告|реклам|оглас|διαφημ|إعلان|מודע|विज्ञापन|โฆษณา|quảng cáo|iklan))",
    re.IGNORECASE | re.DOTALL,
)
# What YouTube adds to an artist's own channel, in the language of the account.
TOPIC = re.compile(
    r"\s[-–—]\s(topic|thema|thème|sujet|tema|temat|téma|tópico|tópic|argomento|onderwerp|emne|ämne|aihe|téma"
    r"|subiect|тема|θέμα|konu|موضوع|נושא|トピック|주제|主題|主题|หัวข้อ|chủ đề|topik|paksa)$",
    re.IGNORECASE,
)
# Channels used for unknown artists: uploads, and releases of artists without a channel.
_NOBODYS = ("music library uploads", "release")
_DASH = re.compile(r"\s+[-\u2013\u2014]\s+")


class Named(msgspec.Struct, gc=False):
    """A channel, or a detail such as `From Google Ads`."""

    name: str | None = None


class Row(msgspec.Struct, gc=False, rename="camel"):
    """A watched video."""

    header: str | None = None
    title: str | None = None
    title_url: str | None = None
    subtitles: list[Named] | None = None
    time: str | None = None
    details: list[Named] | None = None


@dataclass(slots=True)
class Watched:
    """A row of either form, its title with the verb. `at` is in seconds, None when unreadable; `reason` says why
    it is not a play; `link` is the title alone, where the form marks it."""

    header: str
    title: str
    url: str
    channel: str
    at: int | None
    advert: bool = False
    reason: str = ""
    link: str = ""


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`watch-history.json`."""
    found: list[Watched | Dropped] = []
    for batch in Records(Row).of_array(stream):
        for row in batch:
            if isinstance(row, Broken):
                found.append(Dropped(reasons.BROKEN, cut=row.cut))
                continue
            channel = (row.subtitles[0].name or "") if row.subtitles else ""
            advert = any(is_advert(detail.name or "") for detail in row.details or ())
            title = plain(row.title or "")
            found.append(
                Watched(row.header or "", title, row.title_url or "", channel, iso(row.time or ""), advert)
            )
    yield from records(found, options.names)


def records(found: Sequence[Watched | Dropped], library: Names) -> Iterator[Record]:
    """The records of one file in its order; what could not be read is handed on in its place. `library` names songs
    by the ids of their videos."""
    rows = [one for one in found if isinstance(one, Watched)]
    verbs = Verbs({one.title: one.channel for one in rows if one.channel and not _leads_elsewhere(one.url)})
    for one in rows:
        title = verbs.title(one.title)
        if one.advert:
            one.reason = reasons.ADVERT
        elif title is None or _leads_elsewhere(one.url):
            one.reason = what_else(one.title, one.url)
        elif not _is_music(one):
            one.reason = reasons.VIDEO
        else:
            one.title = one.link or title
    music = [one for one in rows if not one.reason]
    starts = sorted({one.at for one in music if one.at is not None})
    following = dict(pairwise(starts))
    shared = Counter(one.at for one in music)
    for row in found:
        if isinstance(row, Dropped):
            yield row
        elif row.reason:
            yield Dropped(row.reason)
        elif row.at is None:
            yield Dropped(reasons.NO_TIME)
        else:
            video = _VIDEO_ID.search(row.url)
            ids: Ids = (("youtube", video[1]),) if video else ()
            artist, title = _names(row)
            if artist.casefold() in _NOBODYS:
                named = library.get(ids[0]) if ids else None
                if named is None:
                    yield Dropped(reasons.NO_ARTIST)
                    continue
                artist, title = named
            if not artist or not title or title.startswith("https://"):
                yield Dropped(reasons.NO_NAMES)
                continue
            soon = following.get(row.at, row.at + 3600) - row.at < _SKIPPED_WITHIN and shared[row.at] == 1
            yield Play(artist, title, row.at, ids=ids, skip=soon)


def is_advert(detail: str) -> bool:
    """Whether a row's detail says that it came from an advert."""
    return _ADVERT.match(detail) is not None


def _leads_elsewhere(url: str) -> bool:
    """Whether an address is one of this service's, but of no video."""
    return "/" in url and _VIDEO_ID.search(url) is None and _ANY_VIDEO.search(url) is None


def _is_music(one: Watched) -> bool:
    return one.header == "YouTube Music" or TOPIC.search(one.channel) is not None


def _names(one: Watched) -> tuple[str, str]:
    """Artist and title: the channel of a Topic, else the left part of `Artist - Title`, else the channel."""
    channel = TOPIC.sub("", one.channel)
    if channel != one.channel and channel.casefold() not in _NOBODYS:
        return channel, one.title
    parts = _DASH.split(one.title.strip(), maxsplit=1)
    if len(parts) == 2 and all(parts):
        return parts[0], parts[1]
    return channel.removesuffix("VEVO").rstrip(), one.title


def sniff(head: Head) -> bool:
    """An array of rows with `header` and `time`."""
    return head.json == "array" and head.has_keys("header", "time", "title")


FORMATS = (
    Format(
        "youtube",
        "YouTube Music watch history",
        "youtube",
        sniff,
        parse,
        marks=("header", "titleUrl", "time"),
        order=30,
        wants_names=True,
    ),
)
