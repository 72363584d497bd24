"""Taste: the artists that count most; beside them your tastes on a map, how they drift, and the exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from engine.errors import NothingYetError
from engine.wording import credited, quantity
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.screens.acting import NO_ARTIST
from tuiapp.screens.mix import mix_of_taste
from tuiapp.screens.several_lists import SeveralLists
from tuiapp.screens.taste_tables import first_with_rows, marks_table, modes_table, rules_table, top_table
from tuiapp.widgets.drift import DriftPanel
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table
from tuiapp.widgets.taste_map import Pointed, TasteMapPanel

if TYPE_CHECKING:
    from engine.errors import DiscoverError
    from engine.recommend.drift import Drift
    from engine.recommend.modes import Mode
    from engine.recommend.taste_map import TasteMap
    from engine.session import Session
    from engine.session.taste import Exclusion
    from engine.store.feedback import Feedback
    from engine.taste.coverage import Coverage
    from engine.taste.gate import Taste, TasteItem
    from engine.taste.rules import KeptRule, Rule

    # One's taste, what was said of artists and tracks, the rules, how many listens they leave out, the coverage, and
    # of an empty library its newest backup, in a sentence.
    _Own = tuple[Taste, Sequence[Feedback], Sequence[KeptRule], int, Coverage | None, str]

# The tastes are a panel of their own only where they do not fit below the map.
PANELS = ("map", "tastes", "drift", "rules")
# The width from which `-wide` holds (`View.HORIZONTAL_BREAKPOINTS`).
WIDE = 100
_TRAIN = "○ No model yet\n\nPress {view} and {train} to train one, and see your tastes on a map and over the years."


class TasteView(SeveralLists):
    """The weights a model sees, the tastes they make, and the rules and verdicts that change them."""

    NAME: ClassVar[str] = "taste"
    _top: getters.query_one[Table[TasteItem]] = getters.query_one("#top", Table)
    _modes: getters.query_one[Table[tuple[int, Mode]]] = getters.query_one("#modes", Table)
    _rules: getters.query_one[Table[KeptRule]] = getters.query_one("#rules", Table)
    _marks: getters.query_one[Table[Feedback]] = getters.query_one("#marks", Table)
    _map_panel = getters.query_one(TasteMapPanel)
    _drift_panel = getters.query_one(DriftPanel)
    _missing = getters.query_one("#missing", Static)
    _left_out = getters.query_one("#left-out", Static)
    _said = getters.query_one("#said", Static)
    _own_caption = getters.query_one(".of-own", Static)
    _caption = getters.query_one("#panels", Static)

    def __init__(self) -> None:
        super().__init__()
        self._panel = "map"
        self._map: TasteMap | None = None
        self._mode_of: dict[str, int] = {}
        # Keys of what the community data does not know: it counts for nothing.
        self._unknown: set[str] = set()
        self._drift_is_old = True
        self._at = "#top"

    def compose_body(self) -> ComposeResult:
        with Container(id="body", classes="body"):
            with Vertical(id="own"):
                yield Static("your taste", classes="caption of-own", markup=False)
                yield top_table(self._mode_of, self._unknown)
            with Vertical(id="side"):
                yield Static(id="panels")
                yield Static(id="missing", markup=False)
                yield TasteMapPanel(id="map")
                yield modes_table()
                yield DriftPanel(id="drift")
                yield Static(id="left-out", classes="caption of-rules", markup=False)
                yield rules_table()
                yield Static(id="said", classes="caption of-rules", markup=False)
                yield marks_table()
        yield Notice()

    def load(self) -> None:
        self.ask(_own, self._show_list, group="list")
        self.ask(_tastes, self._show_tastes, group="tastes", failed=self._no_tastes)
        self._drift_is_old = True
        self._show_panel()

    def _no_tastes(self, error: DiscoverError) -> None:
        """Without a model there are no tastes; the rest of the view is unaffected."""
        nothing = isinstance(error, NothingYetError)
        again = "" if nothing else f"\n\nPress {self.key('retry')} to try again."
        self._show_missing(
            f"{'○' if nothing else '✗'} No tastes to show\n\n{shown(self.in_keys(error))}{again}"
        )

    def _show_missing(self, text: str) -> None:
        self.add_class("-untrained")
        self._missing.update(text)
        self._map = None
        self._mode_of.clear()
        self._modes.show([])
        self._show_caption()

    def _show_list(self, own: _Own) -> None:
        taste, marks, rules, left_out, coverage, backup = own
        items = sorted(taste.items, key=lambda item: (-item.weight, item.key))
        self._unknown.clear()
        self._unknown.update(coverage.unknown if coverage else ())
        unknown = f", {len(self._unknown):,} not known" if self._unknown else ""
        self.set_status(f"your taste: {quantity(len(items), 'artists')}{unknown}")
        self._marks.show(marks)
        self._rules.show(rules)
        self._said_lists()
        said = f"excluded: {quantity(left_out, 'plays')}" if rules else "no exclusions"
        self._left_out.update(said)
        self._said.update("your likes, hides and blocks" if marks else "no likes, hides or blocks")
        self._own_caption.update("your taste" if items else "your taste is empty")
        top = self._top
        first_time = not top.counts[1]
        top.show(items, cursor_key=self.shell.remembering.cursor(self.NAME) if first_time else None)
        if not (items or marks or rules):
            self.set_state("empty", "Your taste is empty", self.first_step(backup))
            return
        self.set_state("")
        if first_time and self.focused is None:
            top.focus()
        self.listed()

    def _said_lists(self) -> Table[Any]:
        return first_with_rows(self._rules, self._marks, otherwise=self._top)

    def _show_tastes(self, tastes: tuple[Sequence[Mode], TasteMap] | None) -> None:
        if tastes is None:
            self._show_missing(_TRAIN.format(view=self.key("view_model"), train=self.key("model.train")))
            return
        modes, found = tastes
        self.remove_class("-untrained")
        self._show_caption()
        self._map = found
        self._mode_of.clear()
        self._mode_of.update((artist.key, artist.mode) for artist in found.artists)
        self._modes.show(list(enumerate(modes, 1)))
        # Anew, since the artists may be sorted by their taste.
        top = self._top
        top.show(top.rows)
        self._point()

    # -- panels ----------------------------------------------------------------------------------------

    def _panels(self) -> tuple[str, ...]:
        wide = self.size.width >= WIDE
        return tuple(name for name in PANELS if not (wide and name == "tastes"))

    def action_next_panel(self) -> None:
        """On to the next panel; the keys stay with the artists, or go to the panel's first list."""
        if self.says_nothing_is_listed():
            return
        panels = self._panels()
        here = panels.index(self._panel) if self._panel in panels else 0
        self.action_panel(panels[(here + 1) % len(panels)])

    def action_panel(self, name: str) -> None:
        self._panel = name
        self._show_panel()
        if self._at != "#top":
            panels: dict[str, Table[Any]] = {"tastes": self._modes, "rules": self._said_lists()}
            panels.get(name, self._top).focus()

    def _show_panel(self) -> None:
        for name in PANELS:
            self.set_class(name == self._panel, f"-{name}")
        if self._panel == "drift" and self._drift_is_old:
            self._drift_is_old = False
            self.ask(_drift, self._drift_panel.show, group="drift", failed=self._no_tastes)
        self._show_caption()

    def _show_caption(self) -> None:
        panels = self._panels()
        here = self._panel if self._panel in panels else panels[0]
        parts: list[Content | str] = []
        for name in panels:
            # A link has one colour for all its states: where one is, is none.
            title = "exclusions" if name == "rules" else name
            link = Content.from_markup(f"[@click=screen.panel('{name}')]{title}[/]")
            parts += [Content.styled(title, "bold $text-accent") if name == here else link, " · "]
        # The map has a list where there is room below it, the years have none.
        listed = here in ("tastes", "rules") or (here == "map" and "tastes" not in panels)
        if self.has_class("-untrained"):
            listed = here == "rules"
        to_it = ", tab to its list" if self.size.width >= 64 else ", tab to it"
        parts[-1] = f"   {self.key('taste.next_panel')} next{to_it if listed else ''}"
        self._caption.update(Content.assemble(*parts))

    def on_resize(self) -> None:
        self._show_caption()

    def _point(self) -> None:
        """The map points to what is under the cursor: an artist and its taste, or a taste."""
        row = self.table.row
        artist = row.key if row is not None and self._at == "#top" else None
        taste = row[0] if row is not None and self._at == "#modes" else self._mode_of.get(artist or "")
        panel = self._map_panel
        panel.show(Pointed(self._map, artist, taste) if self._map is not None else None)

    @on(Table.Highlighted)
    def _highlighted(self, message: Table.Highlighted) -> None:
        if f"#{message.table.id}" == self._at:
            self._point()

    def another_list(self) -> None:
        self._keys.called = {"artist": "discover"} if self._at == "#modes" else {}
        self._point()

    # -- going on to Discover and Related --------------------------------------------------------------

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_artist()

    def action_artist(self) -> None:
        """From a taste to Discover for it alone, from an artist to their page."""
        if self._at == "#modes":
            self.action_discover_taste()
        else:
            super().action_artist()

    def music_of(self, row: Any) -> Music | None:
        from engine.taste.gate import TasteItem

        return Music(row.name) if isinstance(row, TasteItem) else super().music_of(row)

    def action_discover_taste(self) -> None:
        row = self.table.row
        number = None
        if row is not None:
            number = row[0] if self._at == "#modes" else self._mode_of.get(getattr(row, "key", ""))
        if number is not None and self._map is not None:
            self.shell.views.taste(number, self._map.tastes[number - 1].name)
        else:
            self.remark("This is not part of any taste.")

    def action_mix(self) -> None:
        """The daily mix of a taste, or a mix from the artists chosen."""
        row = self.table.row
        if self._at == "#modes" and row is not None:
            mix_of_taste(self, row[0], row[1].name)
        else:
            super().action_mix()

    def action_browse(self) -> None:
        """From a taste, or an artist, to what else there is of the genre."""
        row = self.table.row
        if isinstance(row, tuple):
            mode = row[1]
            self.shell.views.browse(mode.tags, mode.artists[0])
        elif row is not None and (music := self.music_of(row)) is not None:
            self.shell.views.browse((), music.artist)
        else:
            self.remark(NO_ARTIST)

    def action_travel(self) -> None:
        from tuiapp.screens.as_of import AskDate

        def go(text: str | None) -> None:
            if text is not None:
                self.shell.views.as_of(text)

        self.app.push_screen(AskDate(), go)

    def action_stars(self) -> None:
        self.shell.jobs.ask_stars()

    # -- rules and verdicts ----------------------------------------------------------------------------

    def action_new(self) -> None:
        from tuiapp.screens.exclude import ExcludeDialog

        top = self._top
        row = top.row if self._at == "#top" else None
        names = [item.name for item in top.rows]
        dialog = ExcludeDialog(row.name if row is not None else "", names)
        self.app.push_screen(dialog, self._exclude)

    def _exclude(self, rule: Rule | None) -> None:
        if rule is None:
            return
        self.shell.changes.edit_each(
            f"excluding {rule.in_words()}",
            (rule,),
            lambda session, rule: session.taste.exclude(rule),
            lambda session, made: session.taste.include(made.id or 0),
            self._excluded,
        )

    def _excluded(self, made: Sequence[Exclusion] | None) -> None:
        for done in made or ():
            plays = quantity(done.listens, "plays")
            self.notify(f"{plays} excluded: {done.rule}. {self.key('undo')} undoes it.")

    def action_remove(self) -> None:
        """Remove the rules selected or under the cursor, or the likes, hides and blocks there."""
        self.choose(self._clear)

    def _clear(self, keys: list[str]) -> None:
        if self._at == "#rules":
            self._include(self._rules.rows_of(keys))
            self._rules.drop(keys)
            self._said_lists()
        elif self._at == "#marks":
            self._clear_verdicts(self._marks.rows_of(keys))
            self._marks.drop(keys)
            self._said_lists()
        elif self._at == "#top":
            names = {row.name for row in self._top.rows_of(keys)}
            said = [mark for mark in self._marks.rows if mark.artist in names and not mark.track]
            if not said:
                self.remark("It has no like, hide or block.")
            self._clear_verdicts(said)

    def _clear_verdicts(self, said: list[Feedback]) -> None:
        """Clear verdicts on artists and tracks, with one undo for all of them."""
        if not said:
            return
        names = [credited(mark.artist, mark.track) for mark in said]
        what = names[0] if len(names) == 1 else f"{len(names)} likes, hides and blocks"
        self.shell.changes.edit_each(
            f"clearing {what}",
            said,
            lambda session, mark: session.verdicts.replace(None, mark.artist, mark.track) or mark,
            lambda session, mark: session.verdicts.undo(None, ((mark.artist, mark.track), mark)),
            self.shell.changes.says(f"Cleared: {what}."),
        )

    def _include(self, rules: list[KeptRule]) -> None:
        if not rules:
            return
        words = rules[0].rule.in_words() if len(rules) == 1 else f"{len(rules)} exclusions"
        self.shell.changes.edit_each(
            f"including {words}",
            rules,
            _included,
            lambda session, kept: session.taste.restore_rule(kept),
            self.shell.changes.says(f"Included again: {words}."),
        )

    # -- remembering -----------------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        row = self._top.row
        return super().remembered() | {
            "panel": self._panel,
            "cursor": row.key if row is not None else None,
        }

    def recall(self, state: dict[str, Any]) -> None:
        if state.get("panel") in PANELS:
            self._panel = state["panel"]
        super().recall(state)


def _own(session: Session) -> _Own:
    taste = session.taste.read()
    return (
        taste,
        session.verdicts.all(),
        session.taste.rules(),
        session.taste.listens_excluded(),
        session.coverage.of(),
        "" if taste.items else session.status().backup,
    )


def _tastes(session: Session) -> tuple[Sequence[Mode], TasteMap] | None:
    """The tastes and their map, null without a model."""
    return (session.taste.modes(), session.taste.map()) if session.models.manifest() else None


def _drift(session: Session) -> Drift | None:
    """How they drift, null without a model."""
    return session.taste.drift() if session.models.manifest() else None


def _included(session: Session, kept: KeptRule) -> KeptRule:
    session.taste.include(kept.id)
    return kept
