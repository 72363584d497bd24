"""Playlists that tests of their files share: an evening of two tracks, and titles no format expects."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import strategies as st

from engine.playlists.playlist import PlaylistTrack

RECORDING = "11111111-2222-4333-8444-555555555555"
SPOTIFY = "1a2B3c4D5e6F7g8H9i0J1k"

HARBOUR = PlaylistTrack(
    "Café Tundra",
    "Harbour Lights",
    "Slow Ferry",
    104.0,
    "pack",
    228.205,
    True,
    170.0,
    2.0,
    ids=(
        ("file", "/music/Café Tundra/01 Harbour Lights.flac"),
        ("mb_recording", RECORDING),
        ("spotify", SPOTIFY),
        ("isrc", "DKABC2300001"),
    ),
)
TIN_ROOF = PlaylistTrack("Ida & the Oaks", "Tin Roof", "Weather Songs", known=False)
EVENING = [HARBOUR, TIN_ROOF]

# Classes of letters that embed, override and isolate, or end that (UAX 9).
REORDERS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
NASTY = [
    "&", "<b>", '"quoted"', "]]>", "line\nbreak", "tab\tstop", "\r\n", "#EXTM3U", "=1+1", "-", " - ",
    "\u0000", "a\u0000b", "\u2028", "\x85", "\ufffe", "\ud800", "👩‍🎤", "שלום", "e\u0301", "'", ",", ";",
    "[playlist]", "\\", "../../etc", "%s", "", "\u202e", "\u202efdp.\u202c", "\u2067", "\u202e=1+1",
    "'=1+1", "'-", "''@", "undefined", "\\,",
]  # fmt: skip
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=12), st.lists(st.sampled_from(NASTY)).map("".join))
tracks = st.builds(
    PlaylistTrack,
    artist=texts,
    track=texts,
    album=st.one_of(st.none(), texts),
    bpm=st.one_of(st.none(), st.floats(40, 250)),
    seconds=st.one_of(st.none(), st.floats(1, 10_000)),
    seconds_estimated=st.booleans(),
    ids=st.lists(
        st.tuples(
            st.sampled_from(["file", "spotify", "mb_recording", "isrc", "other"]),
            st.one_of(texts, st.sampled_from([f"/music/{name}.mp3" for name in ("a", "#b", " c", "d e")])),
        ),
        max_size=3,
    ).map(tuple),
)


def one_line(text: str | None) -> str:
    """What a title must come back as: the same characters but for line ends, controls, halves of pairs and what
    reorders letters."""
    ordered = "".join(c for c in text or "" if unicodedata.bidirectional(c) not in REORDERS)
    marked = "".join("\0" if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in ordered)
    halved = "".join("\ufffd" if unicodedata.category(c) == "Cs" else c for c in marked)
    return re.sub("\0+", " ", halved).strip()


def named(track: PlaylistTrack) -> str:
    names = [one_line(track.artist), one_line(track.track)]
    return " - ".join(names) if all(names) else "".join(names)
