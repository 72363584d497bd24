"""Why an artist or track is recommended: the share of each thing one plays, as bars, and what would be without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from engine.wording import credited, percent, percents, quantity
from tuiapp.cells import fitted
from tuiapp.own_reasons import own_reasons, with_percents
from tuiapp.safe import shown
from tuiapp.tastes import ITSELF, LIKE_THEM, names_of, percents_of
from tuiapp.text import bar, day, ordinal
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.recommend.lists import Explanation, Share, TasteShare, TasteShares

_NARROWEST_BAR = 6


class Waiting(NamedTuple):
    """The placeholder of an explanation: loading, or `text` says why there is none."""

    artist: str
    text: str = "…"
    track: str | None = None


class WhyPanel(Drawn["Explanation | Waiting"]):
    """An explanation, or its placeholder."""

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
    """What is explained: the artist, or the track and whose it is."""
    if explanation.track is None:
        return Content.styled(shown(explanation.artist), "bold $text-accent")
    return Content.assemble(
        Content.styled(shown(explanation.track), "bold $text-accent"), f" by {shown(explanation.artist)}"
    )


def why(explanation: Explanation, width: int, height: int) -> Content:
    """An explanation as bars, as much of it as the height allows: by group, then by single artist."""
    roomy = height > 10
    own = explanation.own
    counted_by = quantity(explanation.listeners, "listeners")
    if own is not None:
        counted_by = quantity(own.sessions, "sessions")
    if explanation.plays:
        counted_by += f", {quantity(explanation.plays, 'plays')}"
    heading, counted = _name(explanation), Content.styled(counted_by, "$foreground-muted")
    rows = (
        [Content.assemble(heading, "  ", counted)]
        if heading.cell_length + 2 + counted.cell_length <= width
        else [heading, counted]
    )
    if roomy:
        if explanation.tags:
            rows.append(
                Content.styled(", ".join(shown(tag) for tag in explanation.tags), "$foreground-muted")
            )
        rows.append(Content())
        if explanation.shares or explanation.itself:
            rows.append(Content.styled("because of", "$foreground-muted"))
    tastes = explanation.tastes
    if own is not None:
        grouped, ranked_by = _by_own(explanation, width), []
    else:
        grouped = [] if tastes.of_single_items else by_taste(tastes, width)
        ranked_by = _ranked_by(explanation, width)
    after = [Content(), *_what_ifs(explanation, width), *ranked_by] if roomy else []
    rows += grouped[: max(1, height - len(rows))]
    left = height - len(rows) - len(after)
    if explanation.shares and (left > _SINGLES or not grouped):
        rows += _singles(explanation, width, max(1, left), beside=bool(grouped))
    return Content("\n").join([*rows, *after])


# Single artists are listed from so many lines on that are left: a blank one, a heading, and three of them.
_SINGLES = 4


def by_taste(tastes: TasteShares, width: int) -> list[Content]:
    """Each group that is named in two lines, then the rest and what speaks against it."""
    rows = []
    *shares, rest = percents_of(tastes)
    for taste, share in zip(tastes.named, shares, strict=True):
        drawn = Content.styled(bar(taste.share, width - 7), "$text-accent")
        rows += [Content.assemble(f"{share:>5} ", drawn)]
        rows.append(Content(f"      {_names(taste, width - 6)}"))
    if rest != percent(0):
        rows.append(Content.styled(f"{rest:>5} the rest", "$foreground-muted"))
    for taste in tastes.against:
        against = f"against it {percent(taste.share)} "
        against += _names(taste, width - len(against))
        rows.append(Content.styled(against, "$foreground-muted"))
    return rows


def _by_own(explanation: Explanation, width: int) -> list[Content]:
    """Each reason of solo mode: how much it says for it and what it is, then what speaks against it."""
    rows = []
    for share, one in with_percents(own_reasons(explanation)):
        if one.share > 0:
            drawn = Content.styled(bar(one.share, width - 7), "$text-accent")
            rows.append(Content.assemble(f"{share:>5} ", drawn))
            rows += [Content(f"      {line}") for line in _lines(one.words, width - 6)]
        else:
            lines = _lines(f"{share} {one.words}", width)
            rows += [Content.styled(line, "$foreground-muted") for line in lines]
    return rows


def _lines(words: str, width: int) -> list[str]:
    """Words in as many lines as they need, broken at spaces; one that is longer than a line is cut."""
    lines = [""]
    for word in shown(words).replace(" %", "\u00a0%").split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, width).rstrip())
    return [line for line in lines if line]


def _names(taste: TasteShare, width: int) -> str:
    """As many of a group's names as fit beside how many more there are; the last is cut."""
    forms = [shown(names_of(taste, most)) for most in range(max(1, len(taste.names)), 0, -1)]
    forms += [names.removesuffix(LIKE_THEM) for names in forms]
    return next((names for names in forms if cell_len(names) <= width), fitted(forms[-1], width))


def _singles(explanation: Explanation, width: int, height: int, *, beside: bool) -> list[Content]:
    """The single artists that say most, in at most `height` lines; `beside` groups, in the groups' unit."""
    # Of all that speaks for it, as groups are listed; without groups of the sum.
    unit = 1.0 - explanation.tastes.against_in_all if beside and explanation.own is None else 1.0
    rows = [Content(), Content.styled("most of one alone", "$foreground-muted")] if beside else []
    most = max(1, min(12, height - len(rows) - 1))
    named, left = explanation.shares[:most], explanation.shares[most:]
    *said, others, own = percents(
        [
            part * unit
            for part in (*(one.share for one in named), sum(one.share for one in left), explanation.itself)
        ]
    )
    largest = max((share.share for share in explanation.shares[:1]), default=1.0) or 1.0
    names = min(24 if explanation.track is None else 44, width // 2)
    cells = max(_NARROWEST_BAR, width - names - 8)
    for share, percent_of_it in zip(named, said, strict=True):
        drawn = Content.styled(bar(share.share / largest, cells), "$text-accent")
        rows.append(Content.assemble(fitted(_reason(share), names), " ", drawn, f" {percent_of_it:>5}"))
    rest = [(quantity(len(left), "others"), others)] * bool(left)
    rest += [(ITSELF, own)] * bool(explanation.itself)
    rows += (
        Content.styled(f"{fitted(what, names + 1 + cells)} {share:>5}", "$foreground-muted")
        for what, share in rest
    )
    return rows


def _reason(share: Share) -> str:
    """Whose share it is: the artist, or the track and by whom it is."""
    return shown(credited(share.artist, share.track))


def _what_ifs(explanation: Explanation, width: int) -> list[Content]:
    def named(before: str, name: str, after: str) -> Content:
        """In one line: of a long name the end goes."""
        left = max(1, width - cell_len(before + after))
        return Content.styled(f"{before}{fitted(shown(name), left).rstrip()}{after}", "$foreground-muted")

    now = ordinal(explanation.rank) if explanation.rank else "not listed"
    rows = []
    for one in explanation.without[:3]:
        after = ordinal(one.rank) if one.rank else "not listed"
        rows.append(named("without ", credited(one.artist, one.track), f": {now} → {after}"))
    if explanation.last_alike is not None:
        name, when = explanation.last_alike
        rows.append(named("last played ", name, f" on {day(when)}"))
    return rows


_MEMBERS = {
    "factors": "taste match",
    "closeness": "similar artists",
    "neighbours": "shared listeners",
    "artist": "your plays of the artist",
    "popularity": "popularity",
    "today": "daily shuffle",
}


def _ranked_by(explanation: Explanation, width: int) -> list[Content]:
    """What else made the score, each as its share: in a line or two."""
    if len(explanation.members) < 2:
        return []
    shares = sorted(explanation.members.items(), key=lambda member: -abs(member[1]))
    shown_item = [
        f"{_MEMBERS.get(name, name)} {said}"
        for (name, share), said in zip(shares, percents([share for _, share in shares]), strict=True)
        if abs(share) >= 0.005
    ]
    lines, line = [], "ranked by"
    for part in shown_item:
        if len(line) + len(part) + 3 > width:  # ", " before it and a comma after it
            lines.append(line + ",")
            line = f"  {part}"
        else:
            line += f" {part}" if line == "ranked by" else f", {part}"
    return [Content.styled(text, "$foreground-muted") for text in ("", *lines, line)]
