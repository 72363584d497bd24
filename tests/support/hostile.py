"""Names that would paint, click or write over the screen if they were trusted."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Any

from tests.support.driving import screen_text
from tests.support.models import names
from tests.support.places import ITEMS
from tuiapp.safe import shown

TITLES = (
    "Aone [/intro]",
    "Atwo [Remastered 2011]",
    "Athree [@click=app.quit]hi[/]",
    "Afour [b",
    "Afive \x1b]0;owned\x07",
    "Asix \x9b31m red",
    "Aseven abc\u202edef",
    "Aeight 日本語のとても長い名前のアーティスト" * 4,
    "Anine 👩\u200d🚀 👨\u200d👩\u200d👧\u200d👦",
    "Aten [red]x[/red] $accent {x} \\[b]",
)

# Each with a plain word in front, so that one can tell it was drawn at all.
# The first are played, a like, a block, and in the lists of new ones: wherever names are drawn, these are.
CALLED = [*names(ITEMS)]
for _n, _title in enumerate(TITLES):
    for _block in range(3):
        CALLED[3 * _n + _block + (3 if _block else 0)] = f"{_title} {_block}"
CALLED[33], CALLED[34] = f"{TITLES[0]} liked", f"{TITLES[4]} blocked"
# What a player, a shell or an address would take for something else than a name.
HOSTILE_WORDS = (
    *TITLES, "--script=/tmp/x.lua", "-o", "/etc/passwd", "@file", "http://evil.example/x", "a b; rm -rf ~", "$(id)",
    "`id`", "'\"", "{query}", "{track} {artist}", "\x00\n\r", "../../x", "C:\\x", "&q=other#frag?x=%00", "",
)  # fmt: skip
# Titles and clipboards to set, links, colours, lines of one's own, letters that run backwards or are not seen, markup,
# formulas, options and places of a template.
PIECES = (
    "\x1b]0;owned\x07", "\x1b]52;c;eA==\x07", "\x1b]8;;http://evil.example\x1b\\", "\x1b[2J", "\x1bP+q\x1b\\",
    "\x9b31m", "\x9d0;t\x9c", "\x90q\x9c", "\x7f", "\x00", "\b\b", "\r", "\r\nerror: forged", "\n#EXTINF:1,x",
    "\x85", "\v", "\f", "\u2028", "\u2029", "\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u061c", "\ufeff",
    "\U000e0041", "\ufff9", "[/b]", "[@click=app.quit]q[/]", "=1+1", "@SUM(A1)", "+cmd|'/C calc'!A0", "-o", "--yes",
    "{query}", "{artist}", "$(id)", "`id`", "'\"", ";", "</title><a>", "&amp;", "../..", "日本",
    "e\u0301", "👩\u200d🚀",
)  # fmt: skip


# What a terminal obeys, or sets letters by; not asked of what makes it safe. Two joiners spell words.
OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0001-\U000e007f]"
)


def hostile(rng: random.Random) -> str:
    """A text of some of these, in any order."""
    return "".join(rng.sample(PIECES, rng.randint(2, 6)))


HOSTILE_TITLE = "Tsong [/b] [@click=app.quit]q[/] \x1b[31m\u202e"


def assert_safe(app: Any, *names_in_sight: str) -> None:
    """Nothing on the terminal is a control, and names are there to the letter (as far as they fit)."""
    text = screen_text(app)
    for character in text.replace("\n", ""):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}, repr(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", repr(character)
    for name in names_in_sight:
        assert shown(name) in text, f"{name!r} is not shown as it is in:\n{text}"
    assert app.return_code is None
