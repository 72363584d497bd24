"""The person's tastes over a library: their modes, map and drift, and the rules that keep plays out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError
from engine.names import track_key
from engine.session.discovery import Discovery
from engine.session.library import alone
from engine.taste import rules as taste_rules
from engine.taste.rules import KeptRule, Rule

if TYPE_CHECKING:
    from engine.recommend.discover import Recommender
    from engine.recommend.drift import Drift
    from engine.recommend.modes import Mode
    from engine.recommend.settings import DiscoverSettings
    from engine.recommend.taste_map import TasteMap


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a rule does: its number (null in a preview), the listens it leaves out, and how Discover's top changes.

    Of what stays on top `moves` artists change places.
    """

    id: int | None
    rule: str
    listens: int
    leaves: tuple[str, ...]
    enters: tuple[str, ...]
    moves: int


class Tastes(Discovery):
    """What the taste is made of, and what is left out of it."""

    @alone
    def modes(self, settings: DiscoverSettings | None = None) -> tuple[Mode, ...]:
        """The tastes the person's is made of, the largest first."""
        return self._of_today(settings).modes

    @alone
    def taste_map(self) -> TasteMap:
        """The person's artists in the plane. Raises NothingYetError without listens or a model."""
        from engine.recommend.taste_map import taste_map

        return taste_map(self._of_today().listener)

    @alone
    def drift(self) -> Drift:
        """The person's tastes from year to year. Raises NothingYetError without listens or a model."""
        from engine.recommend.drift import drift

        return drift(self._connection, self._of_today().listener)

    def _of_today(self, settings: DiscoverSettings | None = None) -> Recommender:
        """The list's own recommender: tastes know no day, but so nothing is worked out twice."""
        from engine.recommend.settings import DEFAULTS

        return self._recommender(self._today(settings or DEFAULTS))

    @alone
    def rules(self) -> tuple[KeptRule, ...]:
        """The rules that keep plays out of taste."""
        return taste_rules.all_rules(self._connection)

    @alone
    def check_source(self, source: str) -> None:
        """Raise UnknownNameError, with the services and files there are, where no listen came from that one."""
        taste_rules.check_source(self._connection, Rule(source=source))

    @alone
    def exclude(self, rule: Rule, *, preview: bool = False) -> Exclusion:
        """Leave plays out of taste by a rule, its artist named as it may be, or with `preview` say what that would do.

        Raises UnknownNameError for an artist or source that is not there.
        """
        rule = self._named(rule)
        taste_rules.check_source(self._connection, rule)
        number = None
        before = self._top()
        if preview:
            after = self._top((rule,))
        else:
            number = taste_rules.add_rule(self._connection, rule)
            self._forget()
            after = self._top()
        stays = [name for name in before if name in after]
        return Exclusion(
            number,
            rule.in_words(),
            taste_rules.listens_excluded(self._connection, [rule]),
            leaves=tuple(name for name in before if name not in after),
            enters=tuple(name for name in after if name not in before),
            moves=sum(before.index(name) != after.index(name) for name in stays),
        )

    @alone
    def include(self, number: int) -> str:
        """Take a rule out of force, so that its plays count again; returns it in words."""
        rule = taste_rules.remove_rule(self._connection, number)
        self._forget()
        return rule.in_words()

    @alone
    def restore_rule(self, kept: KeptRule) -> None:
        """Put a rule that was taken out of force back as it was."""
        taste_rules.restore_rule(self._connection, kept)
        self._forget()

    @alone
    def listens_excluded(self) -> int:
        """How many listens the rules leave out together."""
        return taste_rules.listens_excluded(self._connection)

    def _named(self, rule: Rule) -> Rule:
        """The rule with the keys of what it names. Raises UnknownNameError for an artist that is not there."""
        import msgspec

        if rule.artist is not None:
            name, key = self.resolve_artist(rule.artist)
            rule = msgspec.structs.replace(rule, artist=name, artist_key=key)
        if rule.track is not None:
            rule = msgspec.structs.replace(rule, track_key=track_key(rule.track))
        return rule

    def _top(self, also: Sequence[Rule] = ()) -> tuple[str, ...]:
        """The names on top of Discover, with `also` as if those rules were in force; none where there is no list."""
        from engine.recommend.settings import DEFAULTS

        try:
            # On no day: what a rule changes is told apart from what the day does.
            recommender = self._with_rules(also) if also else self._recommender(replace(DEFAULTS, day=None))
            return tuple(item.artist for item in recommender.discover(DEFAULTS, reasons=False).items)
        except NothingYetError:
            return ()

    def _with_rules(self, also: Sequence[Rule]) -> Recommender:
        from engine.recommend.discover import Recommender
        from engine.taste.gate import DatedTaste, read_dated_taste, read_taste
        from engine.taste.window import EVERYTHING

        half_life = self._measured_half_life()
        if half_life:
            dated = read_dated_taste(self._connection, EVERYTHING, also)
        else:
            dated = DatedTaste(read_taste(self._connection, EVERYTHING, also))
        recommender = Recommender.of(self._open_model(), dated, answers=self._answers(dated.taste))
        return recommender.with_decay(half_life) if half_life else recommender
