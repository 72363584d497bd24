"""Why an artist or track is recommended: the share of each thing one plays, as bars, and what would be without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from engine.wording import credited, percent, percents, quantity
from tuiapp.cells import fitted
from tuiapp.own_reasons import own_reasons, with_percents
from tuiapp.safe import shown
from tuiapp.tastes import ITSELF, LIKE_THEM, against_it, names_of, percents_of
from tuiapp.text import bar, day, ordinal
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    ranked_by = [] if own is not None else _ranked_by(explanation, width)
    after = [Content(), *_what_ifs(explanation, width), *ranked_by] if roomy else []
    if own is None and tastes.of_single_items:
        rows += one_by_one(tastes, explanation.shares, width, height - len(rows) - len(after))
        return Content("\n").join([*rows, *after])
    grouped = by_taste(tastes, width) if own is None else _by_own(explanation, width)
    rows += grouped[: max(1, height - len(rows))]
    left = height - len(rows) - len(after)
    if explanation.shares and left > _SINGLES:
        rows += _singles(explanation, width, left)
    return Content("\n").join([*rows, *after])


# Single artists are listed from so many lines on that are left: a blank one, a heading, and three of them.
_SINGLES, _MOST_SINGLES = 4, 12


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
    return [*rows, *_against(tastes, width)]


def _against(tastes: TasteShares, width: int) -> list[Content]:
    return [
        Content.styled(words + _names(taste, width - len(words)), "$foreground-muted")
        for words, taste in against_it(tastes)
    ]


def _by_own(explanation: Explanation, width: int) -> list[Content]:
    """Each reason of solo mode: how much it says for it and what it is, then what speaks against it."""
    rows = []
    for share, one in with_percents(own_reasons(explanation)):
        if one.share > 0:
            drawn = Content.styled(bar(one.share, width - 7), "$text-accent")
            rows.append(Content.assemble(f"{share:>5} ", drawn))
            rows += [Content(f"      {line}") for line in _lines(one.words, width - 6)]
        else:
            lines = _lines(f"{share} {one.words}".lstrip(), width)
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
    """As many of a group's names as fit beside how many more there are; of one too long the end goes."""
    forms = [shown(names_of(taste, most)) for most in range(max(1, len(taste.names)), 0, -1)]
    forms += [names.removesuffix(LIKE_THEM) for names in forms]
    name = shown(taste.names[0]) if taste.names else forms[-1]
    more = forms[-1].removeprefix(name)
    cut = fitted(name, max(1, width - cell_len(more))).rstrip() + more
    return next((names for names in forms if cell_len(names) <= width), fitted(cut, width).rstrip())


def _singles(explanation: Explanation, width: int, height: int) -> list[Content]:
    """The single artists that say most, beside the groups and in their unit, in at most `height` lines."""
    # Of all that speaks for it, as groups are listed.
    unit = 1.0 if explanation.own is not None else 1.0 - explanation.tastes.against_in_all
    most = min(_MOST_SINGLES, height - 3)
    named, left = explanation.shares[:most], explanation.shares[most:]
    others = sum(one.share for one in left)
    said = percents([part * unit for part in (*(one.share for one in named), others, explanation.itself)])
    rest = [(quantity(len(left), "others"), said[-2])] * bool(left)
    rest += [(ITSELF, said[-1])] * bool(explanation.itself)
    heading = [Content(), Content.styled("strongest alone", "$foreground-muted")]
    bars = [(_reason(one), one.share, words) for one, words in zip(named, said, strict=False)]
    return [*heading, *_bars(bars, rest, width, of_tracks=explanation.track is not None)]


def one_by_one(tastes: TasteShares, shares: Sequence[Share], width: int, height: int) -> list[Content]:
    """The reasons of a person who plays few, in at most `height` lines: those the list names as it has them, further
    ones of the `shares`, the rest, and what speaks against it."""
    unit = 1.0 - tastes.against_in_all
    named = [(shown(names_of(taste)), taste.share) for taste in tastes.named]
    others = [(_reason(one), one.share * unit) for one in shares if one.share > 0]
    others = [(name, share) for name, share in others if name not in dict(named)]
    against = _against(tastes, width)
    most = min(_MOST_SINGLES, height - len(against) - 1)
    listed = others[: max(0, most - len(named))]
    left = max(0.0, tastes.rest - sum(share for _, share in listed))
    said = percents([*(share for _, share in named), tastes.rest], [*(share for _, share in listed), left])
    bars = [(*one, words) for one, words in zip([*named, *listed], said, strict=False)]
    rest = [("the rest", said[-1])] * (said[-1] != percent(0))
    of_tracks = any(one.track for one in shares)
    return [*_bars(bars, rest, width, of_tracks=of_tracks), *against][: max(1, height)]


def _bars(
    bars: list[tuple[str, float, str]], rest: list[tuple[str, str]], width: int, *, of_tracks: bool
) -> list[Content]:
    """A line for each (name, share, its words), and without a bar for the `rest`."""
    largest = max((share for _, share, _ in bars[:1]), default=1.0) or 1.0
    names = min(44 if of_tracks else 24, width // 2)
    cells = max(_NARROWEST_BAR, width - names - 8)
    rows = []
    for name, share, words in bars:
        drawn = Content.styled(bar(share / largest, cells), "$text-accent")
        rows.append(Content.assemble(fitted(name, names), " ", drawn, f" {words:>5}"))
    for name, words in rest:
        rows.append(Content.styled(f"{fitted(name, names + 1 + cells)} {words:>5}", "$foreground-muted"))
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
