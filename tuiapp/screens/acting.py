"""Actions on rows of a list: on the selected visible ones, and on hidden ones if the person confirms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.screen import ScreenResultType

from tuiapp.music import Music, copied
from tuiapp.safe import shown
from tuiapp.screens.asking import Asking
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from tuiapp.screens.pick import Pick


# The message of a key that acts on rows if there are none.
NO_LIST = "No list here now."
NOTHING_LISTED = "Nothing is listed here."
STILL_LOADING = "The list is still loading."
NO_ARTIST = "No artist or track under the cursor."


class Acting(Asking[ScreenResultType]):
    """A screen with a list, whose rows may be music."""

    MARKS: ClassVar[bool] = True  # whether rows can be selected
    ORDERED: ClassVar[bool] = False  # whether its rows are a playlist, played in order
    MUSIC: ClassVar[bool] = True  # whether rows are artists or tracks, to open and to copy

    @property
    def absent(self) -> frozenset[str]:
        """Actions of lists that are unavailable in this one."""
        marks = () if self.MARKS else ("mark", "mark_range", "mark_all")
        return frozenset((*marks, *(() if self.MUSIC else ("open", "play_next", "copy"))))

    @property
    def table(self) -> Table[Any] | None:
        """The view's list, if it has one."""
        found = self.query(Table)
        return found.first() if found else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables actions without effect: opening and copying need rows of music."""
        if action in self.absent:
            return False
        return super().check_action(action, parameters)

    def age_marks(self) -> None:
        """Mark the selections of all lists here as old, since something else began."""
        for table in self.query(Table):
            table.age_marks()

    # -- choosing --------------------------------------------------------------------------------------

    def choose(self, then: Callable[[list[str]], None], *, keep: bool = False, moves: bool = False) -> None:
        """Act on the chosen rows, by their keys, and clear the selection unless it is kept.

        With `moves` the cursor advances from a single row: a key pressed three times acts on three rows. If some of the
        selected rows are hidden, or their selection is old, the person is asked about them.
        """
        table = self.table
        if table is None:
            self.remark(NO_LIST)
            return
        here, all_of_them = table.chosen_keys, table.marks

        def act(keys: list[str]) -> None:
            if keys:
                then(keys)
                if not keep:
                    table.clear_marks()
                if moves and keys == [table.key_here]:
                    table.move_to(table.cursor + 1)
            else:
                self.remark(NOTHING_LISTED)

        if all_of_them <= set(here):
            act(here)
            return

        def answered(choice: str | None) -> None:
            if choice is not None:
                # Asked once, as long as the selection stays.
                table.marks_are_old = table.marks_are_old and choice != "all"
                act(here if choice == "here" else [*here, *(all_of_them - set(here))])

        self.app.push_screen(_about_the_rest(table), answered)

    def music_of(self, row: Any) -> Music | None:
        """The artist or track of a row, null if it is neither."""
        artist = getattr(row, "artist", None)
        return Music(artist, getattr(row, "track", None)) if isinstance(artist, str) else None

    def with_music(self, keys: list[str], then: Callable[[list[Music]], None]) -> None:
        """Act on the artists or tracks of rows, each once."""
        rows = self.table.rows_of(keys) if self.table is not None else []
        then(list(dict.fromkeys(one for row in rows if (one := self.music_of(row)) is not None)))

    # -- doing -----------------------------------------------------------------------------------------

    def judge(self, verdict: str | None) -> None:
        """Like, hide or block the artists or tracks chosen, with one undo for all of them."""

        def of(music: list[Music]) -> None:
            if music:
                self.shell.changes.judge(verdict, self.judged(music))
            else:
                self.remark("No artist or track selected.")

        self.choose(lambda keys: self.with_music(keys, of), moves=True)

    def judged(self, music: list[Music]) -> list[Music]:
        """What a verdict on these applies to: the artists, unless the view lists tracks to be judged separately."""
        return list(dict.fromkeys(Music(one.artist) for one in music))

    def action_like(self) -> None:
        self.judge("like")

    def action_hide(self) -> None:
        self.judge("hide")

    def action_block(self) -> None:
        self.judge("block")

    @property
    def music_here(self) -> Music | None:
        """The music under the cursor, if any."""
        row = self.table.row if self.table is not None else None
        return self.music_of(row) if row is not None else None

    def action_artist(self) -> None:
        """The page of the artist under the cursor."""
        if (music := self.music_here) is not None:
            self.shell.views.artist(music.artist)
        else:
            self.remark(NO_ARTIST)

    def action_related(self) -> None:
        """Artists similar to the one under the cursor."""
        if (music := self.music_here) is not None:
            self.shell.views.related(music.artist)
        else:
            self.remark(NO_ARTIST)

    def action_mix(self) -> None:
        """A new playlist of music that fits the chosen rows."""
        from tuiapp.screens.mix import mix_from

        self.choose(lambda keys: self.with_music(keys, lambda music: mix_from(self, music)))

    def action_add_to(self) -> None:
        """Add the tracks chosen, or one of each artist, to a playlist."""
        from tuiapp.screens.add_to import ask_add_to, in_short, named

        def ask(music: list[Music]) -> None:
            if music:
                ask_add_to(self.shell, in_short(music), named(music), then=self._added)

        self.choose(lambda keys: self.with_music(keys, ask), keep=True)

    def _added(self) -> None:
        if self.table is not None:
            self.table.clear_marks()

    def to_play(self, keys: list[str], then: Callable[[list[Music]], None]) -> None:
        """Act on the playable music of rows."""
        self.with_music(keys, then)

    def action_open(self) -> None:
        """Play the selected rows, or from the cursor: in a playlist all from there on. If nothing can be played, open
        the row under the cursor in the browser or the player."""
        here, config, opening = self.music_here, self.shell.preferences.config, self.shell.opening

        def play(music: list[Music]) -> None:
            if here is not None or music:
                opening.open(here, config, music)
            else:
                self.remark("No artist or track selected.")

        table = self.table
        if here is not None and not opening.plays(config):
            play([here])
        elif here is not None and table is not None and self.ORDERED and not table.marks:
            rows = table.rows_from_here
            play([one for row in rows if (one := self.music_of(row)) is not None])
        else:
            self.choose(lambda keys: self.to_play(keys, play))

    def action_play_next(self) -> None:
        """Queue the selected rows, or the one under the cursor, next."""

        def play(music: list[Music]) -> None:
            if music:
                self.shell.opening.play_next(self.shell.preferences.config, music)
            else:
                self.remark("No artist or track selected.")

        self.choose(lambda keys: self.to_play(keys, play), moves=True)

    def action_copy(self) -> None:
        """Copy the names of the chosen rows, one per line."""

        def copy(music: list[Music]) -> None:
            if music:
                self.app.copy_to_clipboard("\n".join(shown(one.name) for one in music))
                self.notify(copied(music))
            else:
                self.remark("No artist or track to copy.")

        self.choose(lambda keys: self.with_music(keys, copy))


def _about_the_rest(table: Table[Any]) -> Pick:
    """Asks whether hidden selected rows are included."""
    from tuiapp.screens.pick import Choice, Pick

    count, seen = len(table.marks), len(table.marks_in_sight)
    choices = [Choice("all", f"all {count:,} selected" if count > 1 else "the one selected")]
    if seen:
        choices.insert(0, Choice("here", f"the {seen:,} in sight"))
    elif table.row is not None:
        choices.insert(0, Choice("here", "the row under the cursor"))
    rest, old = count - seen, table.marks_are_old
    were = f"row {'was' if old else 'is'}" if rest == 1 else f"rows {'were' if old else 'are'}"
    where = "before you turned to something else" if old else "and out of sight"
    return Pick(f"{rest:,} {were} selected {where}", choices)
