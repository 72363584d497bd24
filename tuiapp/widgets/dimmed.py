"""Fast dimming below a dialog: once per distinct style of a screen, not per segment."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.events import Resize, ScreenResume
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, ScreenResultType

from tuiapp.widgets.closing import ClosedOnce


class _Dimmed(BackgroundScreen):
    @classmethod
    def process_segments(cls, segments: Iterable[Segment], color: Color) -> Iterable[Segment]:
        for segment in segments:
            text, style, control = segment
            yield segment if control else Segment(text, _dimmed(style or Style.null(), color))


@lru_cache(maxsize=4096)
def _dimmed(style: Style, color: Color) -> Style | None:
    (segment,) = BackgroundScreen.process_segments([Segment(" ", style)], color)
    return segment.style


class Dimming(ClosedOnce[ScreenResultType], ModalScreen[ScreenResultType]):
    """A dialog with a translucent background that looks like Textual's, drawn faster."""

    def render(self) -> RenderableType:
        drawn = super().render()
        return _Dimmed(drawn.screen, drawn.color) if type(drawn) is BackgroundScreen else drawn

    def on_screen_resume(self, event: ScreenResume) -> None:
        # Its styles were computed when it was created, as for a view.
        event.refresh_styles = False

    def on_resize(self, event: Resize) -> None:
        # Textual would lay out a new dialog, and everything below it, a second time on its first resize.
        if event.size == self.outer_size:
            event.prevent_default()
