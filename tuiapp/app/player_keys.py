"""The keys of what plays, which work wherever the person is; and what is said of a key that does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import reactive

from tuiapp.textual_internals import Guarded

if TYPE_CHECKING:
    from textual.events import Key

    from engine.live.mpv import Now
    from tuiapp.app.hearing import Hearing
    from tuiapp.settings.keys import Keymap

_ACTIONS = ("pause", "next_song", "stop_playing", "seek", "queue", "louder")


class PlayerKeys(Guarded):
    """An app with keys for what plays in it."""

    hearing: Hearing
    keymap: Keymap
    # What plays here. Who draws it watches it: the app would paint its whole screen anew.
    playing: reactive[Now | None] = reactive(None, always_update=True, repaint=False)

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing here."""
        from tuiapp.app.unable import why_not

        if why := why_not(self, event.key):
            self.notify(why)

    def action_pause(self) -> None:
        self.hearing.pause()

    def action_next_song(self) -> None:
        self.hearing.next()

    def action_stop_playing(self) -> None:
        self.hearing.end()

    def action_louder(self, by: int) -> None:
        self.hearing.louder(by)

    def action_queue(self) -> None:
        self.hearing.show_queue()

    def action_seek(self, seconds: int) -> None:
        self.hearing.seek(seconds)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key is dead: only what plays can be paused."""
        if action.partition("(")[0] in _ACTIONS:
            return self.playing is not None
        return super().check_action(action, parameters)
