"""Names that would paint, click or write over the screen if they were trusted."""

from __future__ import annotations

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
