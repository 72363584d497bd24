"""The message in place of a list: loading, empty, no match, or an error."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown

_TONES = {"loading": "$foreground-muted", "empty": "bold", "nomatch": "bold", "error": "bold $error"}
_GLYPHS = {"loading": "…", "empty": "○", "nomatch": "∅", "error": "✗"}


class Notice(Static):
    """One paragraph; `state` is loading, empty, nomatch or error, or empty to hide it."""

    DEFAULT_CSS = """
    Notice { height: 1fr; padding: 1 4; display: none; }
    Notice.-shown { display: block; }
    """

    def set_state(self, state: str, title: str = "", text: str | Content = "") -> None:
        """Show a state, or with an empty one hide."""
        self.set_class(bool(state), "-shown")
        if state:
            heading = Content.styled(f"{_GLYPHS[state]} {shown(title)}", _TONES[state])
            self.update(
                Content.assemble(heading, "\n\n", text if isinstance(text, Content) else _lines(text))
            )


def _lines(text: str) -> str:
    """Several lines, each made safe."""
    return "\n".join(shown(line) for line in text.splitlines())
