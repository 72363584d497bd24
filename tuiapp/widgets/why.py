"""Why an artist or track is recommended: the share of each thing one plays, as bars, and what would be without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.text import bar, day, ordinal, percent
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.recommend.lists import Explanation, Share

_NARROWEST_BAR = 6


@dataclass(frozen=True)
class Waiting:
    """What stands in an explanation's place: it is asked for, or `text` says why there is none."""

    artist: str
    text: str = "…"
    track: str | None = None


class WhyPanel(Drawn["Explanation | Waiting"]):
    """An explanation, or what stands in its place."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(_drawn, id=id)

    @property
    def shown_item(self) -> tuple[str, str | None] | None:
        """The artist, or artist and track, it shows or waits for."""
        return (self._data.artist, self._data.track) if self._data is not None else None


def _drawn(explanation: Explanation | Waiting, width: int, height: int) -> Content:
    if not isinstance(explanation, Waiting):
        return why(explanation, width, height)
    return Content.assemble(
        _name(explanation), "\n", Content.styled(shown(explanation.text), "$foreground-muted")
    )


def _name(explanation: Explanation | Waiting) -> Content:
    """What is told of: the artist, or the track and whose it is."""
    if explanation.track is None:
        return Content.styled(shown(explanation.artist), "bold $text-accent")
    return Content.assemble(
        Content.styled(shown(explanation.track), "bold $text-accent"), f" by {shown(explanation.artist)}"
    )


def why(explanation: Explanation, width: int, height: int) -> Content:
    """An explanation as bars, as much of it as the height allows. Bars compare single artists; the rest is a number."""
    roomy = height > 10
    most = max(1, min(12, height - (13 if roomy else 2)))
    largest = max((share.share for share in explanation.shares[:1]), default=1.0) or 1.0
    names = min(24 if explanation.track is None else 44, width // 2)
    cells = max(_NARROWEST_BAR, width - names - 8)
    counted_by = f"{explanation.listeners:,} listener{'' if explanation.listeners == 1 else 's'}"
    if explanation.plays:
        counted_by += f", {explanation.plays:,} play{'' if explanation.plays == 1 else 's'}"
    heading, counted = _name(explanation), Content.styled(counted_by, "$foreground-muted")
    rows: list[Content | str] = (
        [Content.assemble(heading, "  ", counted)]
        if heading.cell_length + 2 + counted.cell_length <= width
        else [heading, counted]
    )
    if roomy:
        if explanation.tags:
            rows.append(
                Content.styled(", ".join(shown(tag) for tag in explanation.tags), "$foreground-muted")
            )
        rows += ["", Content.styled("because of", "$foreground-muted")]
    for share in explanation.shares[:most]:
        drawn = Content.styled(bar(share.share / largest, cells), "$text-accent")
        rows.append(
            Content.assemble(fitted(_reason(share), names), " ", drawn, f" {percent(share.share):>5}")
        )
    if rest := explanation.shares[most:]:
        others = fitted(f"{len(rest)} other{'s' if len(rest) > 1 else ''}", names + 1 + cells)
        rows.append(Content.styled(f"{others} {percent(sum(s.share for s in rest)):>5}", "$foreground-muted"))
    if roomy:
        rows += ["", *_what_ifs(explanation), *_ranked_by(explanation, width)]
    return Content("\n").join(row if isinstance(row, Content) else Content(row) for row in rows)


def _reason(share: Share) -> str:
    """Whose share it is: the artist, or the track and by whom it is."""
    return shown(share.artist if share.track is None else f"{share.track} – {share.artist}")


def _what_ifs(explanation: Explanation) -> list[Content]:
    now = ordinal(explanation.rank) if explanation.rank else "not listed"
    rows = []
    for one in explanation.without[:3]:
        after = ordinal(one.rank) if one.rank else "not listed"
        name = shown(one.track or one.artist)
        rows.append(Content.styled(f"without {name}: {now} → {after}", "$foreground-muted"))
    if explanation.last_alike is not None:
        name, when = explanation.last_alike
        rows.append(Content.styled(f"last played {shown(name)} on {day(when)}", "$foreground-muted"))
    return rows


_MEMBERS = {
    "factors": "taste match",
    "closeness": "similar artists",
    "neighbours": "shared listeners",
    "artist": "your plays of the artist",
    "popularity": "popularity",
    "recency": "recently played",
    "today": "daily shuffle",
}


def _ranked_by(explanation: Explanation, width: int) -> list[Content]:
    """What else made the score, each as its share: in a line or two."""
    if len(explanation.members) < 2:
        return []
    shares = sorted(explanation.members.items(), key=lambda member: -abs(member[1]))
    shown_item = [
        f"{_MEMBERS.get(name, name)} {percent(share)}" for name, share in shares if abs(share) >= 0.005
    ]
    lines, line = [], "ranked by"
    for part in shown_item:
        if len(line) + len(part) + 3 > width:  # ", " before it and a comma after it
            lines.append(line + ",")
            line = f"  {part}"
        else:
            line += f" {part}" if line == "ranked by" else f", {part}"
    return [Content.styled(text, "$foreground-muted") for text in ("", *lines, line)]
