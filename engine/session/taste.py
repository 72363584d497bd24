"""The person's taste over a library: its modes, map and drift, and the rules that exclude plays."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.canonical_keys import artist_key, track_key
from engine.errors import NothingYetError
from engine.session.library import Change, Library, Service, synchronized
from engine.store.play import DAY
from engine.taste import rules as taste_rules
from engine.taste.rules import KeptRule, Rule
from engine.wording import quantity

if TYPE_CHECKING:
    from engine.recommend.drift import Drift
    from engine.recommend.modes import Mode
    from engine.recommend.settings import DiscoverSettings
    from engine.recommend.taste_map import TasteMap
    from engine.session.artists import Artists
    from engine.session.discover import Discover
    from engine.taste.gate import Taste, TasteItem


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The effect of a rule: its number (null in a preview), the listens it excludes, and how Discover's top changes.

    Of those that stay on top `moves` artists move.
    """

    id: int | None
    rule: str
    listens: int
    leaves: tuple[str, ...]
    enters: tuple[str, ...]
    moves: int


class Tastes(Service):
    """The taste's artists and modes, and its exclusions."""

    def __init__(self, library: Library, artists: Artists, discover: Discover) -> None:
        super().__init__(library)
        self._artists = artists
        self._discover = discover

    @synchronized
    def read(self) -> Taste:
        """What a model may know of the person."""
        from engine.taste.gate import read_taste

        return read_taste(self.library.connection)

    @synchronized
    def ahead(self) -> str:
        """What to say of plays in the taste that are dated in the future, empty without: beside them all others count
        as older than they are."""
        from engine.store.history import dated_after

        moment = int(time.time()) + DAY
        found = dated_after(self.library.connection, moment)
        if found is None or all((item.last_played or 0) <= moment for item in self.read().items):
            return ""
        number, *dates = found
        first, last = (datetime.datetime.fromtimestamp(at, datetime.UTC).date().isoformat() for at in dates)
        return (
            f"{quantity(number, 'plays are', 'play is')} dated in the future: a clock was wrong. All others count as "
            f"older than they are. Exclude that time: discover taste exclude --from {first} --to {last}"
        )

    @synchronized
    def modes(self, settings: DiscoverSettings | None = None) -> tuple[Mode, ...]:
        """The person's tastes, largest first."""
        return self._discover.recommender_of_today(settings).modes

    @synchronized
    def map(self) -> TasteMap:
        """The person's artists in the plane. Raises NothingYetError without listens or a model."""
        from engine.recommend.taste_map import taste_map

        return taste_map(self._discover.recommender_of_today().listener)

    @synchronized
    def drift(self) -> Drift:
        """The person's tastes from year to year. Raises NothingYetError without listens or a model."""
        from engine.recommend.drift import drift

        return drift(self.library.connection, self._discover.recommender_of_today().listener)

    @synchronized
    def standings(self) -> dict[str, list[TasteItem]]:
        """The person's `fading` (once much played) and `overdue` artists, most played first."""
        from engine.recommend.rediscovery import standings
        from engine.taste.window import EVERYTHING

        dated = self._discover.dated_taste(EVERYTHING)
        found: dict[str, list[TasteItem]] = {"fading": [], "overdue": []}
        for key, standing in standings(dated.days).items() if dated.days is not None else ():
            if key in dated.taste.by_key and standing != "deep cut":
                found["overdue" if standing == "overdue" else "fading"].append(dated.taste.by_key[key])
        return {
            name: sorted(items, key=lambda item: (-item.plays, item.key)) for name, items in found.items()
        }

    # -- rules --------------------------------------------------------------------------------------------

    @synchronized
    def rules(self) -> tuple[KeptRule, ...]:
        """The rules that exclude plays from taste."""
        return taste_rules.all_rules(self.library.connection)

    @synchronized
    def check_source(self, source: str) -> None:
        """Raise UnknownNameError, listing the services and files, if no listen came from that one."""
        taste_rules.check_source(self.library.connection, Rule(source=source))

    @synchronized
    def exclude(self, rule: Rule, *, preview: bool = False) -> Exclusion:
        """Exclude plays from taste by a rule, its artist in any spelling, or with `preview` only report the effect.

        Raises UnknownNameError for an unknown artist or source.
        """
        connection = self.library.connection
        rule = self.with_keys(rule)
        taste_rules.check_source(connection, rule)
        number = None
        before = self._top()
        if preview:
            after = self._top((rule,))
        else:
            number = taste_rules.add_rule(connection, rule)
            self.library.changed(Change.TASTE)
            after = self._top()
        stays = [name for name in before if name in after]
        return Exclusion(
            number,
            rule.in_words(),
            taste_rules.listens_excluded(connection, [rule]),
            leaves=tuple(name for name in before if name not in after),
            enters=tuple(name for name in after if name not in before),
            moves=sum(before.index(name) != after.index(name) for name in stays),
        )

    @synchronized
    def include(self, number: int) -> str:
        """Remove a rule, so that its plays count again; returns it in words."""
        rule = taste_rules.remove_rule(self.library.connection, number)
        self.library.changed(Change.TASTE)
        return rule.in_words()

    @synchronized
    def restore_rule(self, kept: KeptRule) -> None:
        """Restore a removed rule."""
        taste_rules.restore_rule(self.library.connection, kept)
        self.library.changed(Change.TASTE)

    @synchronized
    def listens_excluded(self, rule: Rule | None = None) -> int:
        """How many listens the rules in force exclude together, or how many one rule matches."""
        rules = None if rule is None else [self.with_keys(rule)]
        return taste_rules.listens_excluded(self.library.connection, rules)

    @synchronized
    def with_keys(self, rule: Rule, *, unknown: bool = False) -> Rule:
        """The rule with keys in place of names. Raises UnknownNameError for an unknown artist, unless `unknown` is
        allowed."""
        import msgspec

        if rule.artist is not None and rule.artist_key is None:
            name, key = (
                (rule.artist, artist_key(rule.artist)) if unknown else self._artists.resolve(rule.artist)
            )
            rule = msgspec.structs.replace(rule, artist=name, artist_key=key)
        if rule.track is not None:
            rule = msgspec.structs.replace(rule, track_key=track_key(rule.track))
        return rule

    def _top(self, also: Sequence[Rule] = ()) -> tuple[str, ...]:
        """The names on top of Discover, with `also` as if in force; empty without a list."""
        from engine.recommend.settings import DEFAULTS

        try:
            # Without a day: the daily shuffle must not count as the rule's effect.
            recommender = (
                self._discover.recommender_with_rules(also)
                if also
                else self._discover.recommender(replace(DEFAULTS, day=None))
            )
            return tuple(item.artist for item in recommender.discover(DEFAULTS, reasons=0).items)
        except NothingYetError:
            return ()
