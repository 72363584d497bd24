"""The dials of Discover: their values, drawing, and the resulting settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from engine import defaults
from tuiapp.cells import fitted
from tuiapp.text import dial_cost

if TYPE_CHECKING:
    from engine.recommend.settings import DiscoverSettings

# Half-lives in days, from recent to all time (0: no decay).
FADING = (30.0, 60.0, 90.0, 180.0, 365.0, 730.0, 0.0)


class Dial(NamedTuple):
    """A dial from `low` to `high`, which the words at its ends name; it starts at `start`."""

    name: str
    words: tuple[str, str]
    low: float
    high: float
    start: float


DIALS = (
    Dial("familiarity", ("familiar", "new"), 0.0, 1.0, defaults.FAMILIARITY),
    Dial("popularity", ("obscure", "popular"), -1.0, 1.0, defaults.POPULARITY),
    # -1 is off the dial: the half-life that measured best for the person.
    Dial("recency", ("recent", "all time"), 0, len(FADING) - 1, -1),
    Dial("variety", ("alike", "varied"), 0.0, 1.0, defaults.VARIETY),
)
_BY_NAME = {dial.name: dial for dial in DIALS}
NOTHING_TO_RESET = "Nothing to reset."
# From this width on all are in one line.
ONE_LINE = 124
_GAP = "   "


def _needed(line: Sequence[Content], part: Content) -> int:
    """The cells of a line with one more part."""
    return sum(one.cell_length + len(_GAP) for one in line) + part.cell_length


class Dials:
    """The dials' values. `measured` is the half-life in use until the person turns that dial."""

    def __init__(self) -> None:
        self.places = {dial.name: dial.start for dial in DIALS}
        self.measured: float | None = None
        # Where the dial of popularity stood before the less known were asked for.
        self._popularity_before = defaults.POPULARITY

    def turn(self, name: str, by: float) -> str:
        """Turn a dial. At its end it stays: what is to be said of that, else nothing."""
        dial, place, before = _BY_NAME[name], self._shown(name), self.places[name]
        self.places[name] = round(max(dial.low, min(dial.high, place + by)), 2)
        return f"Already at “{dial.words[by > 0]}”." if self.places[name] == before else ""

    @property
    def at_rest(self) -> bool:
        """Whether every dial is where it starts."""
        return all(self.places[dial.name] == dial.start for dial in DIALS)

    @property
    def at_less_known(self) -> bool:
        """Whether the list is that of the less known."""
        return self.places["popularity"] == defaults.LESS_KNOWN

    @property
    def title(self) -> str:
        """What the list is called."""
        return "Less known" if self.at_less_known else "Discover"

    def toggle_less_known(self) -> None:
        """Turn the dial of popularity to the less known, or back to where it stood."""
        if self.at_less_known:
            self.places["popularity"] = self._popularity_before
        else:
            self._popularity_before = self.places["popularity"]
            self.places["popularity"] = defaults.LESS_KNOWN

    def recall(self, places: Any) -> None:
        """Take up where the dials stood, as far as that makes sense."""
        if not isinstance(places, Mapping):
            return
        for dial in DIALS:
            place = places.get(dial.name)
            if not isinstance(place, int | float) or isinstance(place, bool):
                continue
            if (dial.low <= place <= dial.high) or place == dial.start:
                self.places[dial.name] = int(place) if dial.name == "recency" else float(place)

    def settings(self, n: int) -> DiscoverSettings:
        """What they ask of Discover."""
        from engine.recommend.settings import DiscoverSettings

        recency = int(self.places["recency"])
        return DiscoverSettings(
            n=n,
            familiarity=self.places["familiarity"],
            popularity=self.places["popularity"],
            variety=self.places["variety"],
            half_life=None if recency < 0 else FADING[recency],
        )

    def drawn(self, width: int, words: str = "", count: str = "", cost: float | None = None) -> Content:
        """The dials in as few lines of `width` cells as hold them, and after them in `words` what is left out of the
        list and what the dial of popularity costs, in lines of their own where need be, and its `count`, where there is
        room."""
        lines: list[list[Content]] = [[]]
        parts = [self._dial(dial, 15 if width >= ONE_LINE + 22 else 9) for dial in DIALS]
        # In pairs if not all fit on one line.
        paired = sum(part.cell_length + len(_GAP) for part in parts) > width
        for number, part in enumerate(parts):
            if _needed(lines[-1], part) > width or (paired and number == len(parts) // 2):
                lines.append([])
            lines[-1].append(part)
        for text, style in ((words, "$warning"), (self._cost_in_words(cost), "$foreground")):
            if text and _needed(lines[-1], Content(text)) > width:
                lines.append([])
            if text:
                lines[-1].append(Content.styled(fitted(text, min(width, cell_len(text))), style))
        if _needed(lines[-1], Content(count)) <= width:
            lines[-1].append(Content.styled(count, "$foreground-muted"))
        return Content("\n").join([Content(_GAP).join(line) for line in lines])

    def _cost_in_words(self, cost: float | None) -> str:
        """That the list is the less known, and what the dial costs; empty at its default."""
        parts = [self.title.lower()] if self.at_less_known else []
        return ": ".join([*parts, *([] if cost is None else [dial_cost(cost)])])

    def _shown(self, name: str) -> float:
        """Where the knob is: for the half-life that measured best, at the nearest of the dial's."""
        place = self.places[name]
        if name != "recency" or place >= 0:
            return place
        if not self.measured:
            return len(FADING) - 1
        measured = self.measured
        return min(range(len(FADING) - 1), key=lambda index: abs(FADING[index] - measured))

    def _dial(self, dial: Dial, long: int) -> Content:
        share = (self._shown(dial.name) - dial.low) / (dial.high - dial.low)
        knob = round(share * (long - 1))
        low, high = dial.words
        return Content.assemble(
            f"{low} ",
            Content.styled("─" * knob, "$foreground-muted"),
            Content.styled("●", "bold $text-accent"),
            Content.styled("─" * (long - 1 - knob), "$foreground-muted"),
            f" {high}",
        )
