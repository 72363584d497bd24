"""The dialog for an exclusion: its conditions, and a preview while typing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from engine.errors import DiscoverError, UnknownNameError, UsageError
from engine.wording import quantity
from tuiapp.dates import period
from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.widgets.line import Line

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.taste import Exclusion
    from engine.taste.rules import Rule

# Each field's id, label and example.
FIELDS = (
    ("artist", "artist", "any"),
    ("track", "track", "any"),
    ("hours", "time of day", "22:00-06:00, local time"),
    ("since", "from", "2019, 2019-06 or 2019-06-30"),
    ("until", "until", "2019, 2019-06 or 2019-06-30"),
    ("source", "source", "service, imported file or archive"),
    ("burst", "repeats in a row", "5: excludes all but the first of five or more"),
)
_NAMED = 6


class FieldError(UsageError):
    """A field's text is invalid; has the field, and the reason."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def rule_of(typed: Mapping[str, str]) -> Rule | None:
    """The rule of the fields; null while all are empty. Raises FieldError for the first invalid one."""
    from engine.taste.rules import Rule

    named: dict[str, Any] = {}
    for field, text in typed.items():
        text = text.strip()
        if not text:
            continue
        try:
            named[field] = _value(field, text)
            # Each by itself first, so that errors are shown under their own field; then dates against each other.
            Rule(
                **{
                    key: named[key]
                    for key in ((field,) if field != "until" else ("since", "until"))
                    if key in named
                }
            )
        except UsageError as error:
            raise FieldError(field, str(error)) from error
    return Rule(**named) if named else None


def _value(field: str, text: str) -> Any:
    if field == "hours":
        hours = tuple(part.strip().zfill(5) for part in text.replace("–", "-").split("-"))
        if len(hours) != 2:
            raise UsageError(f"“{text}” is not valid: enter two times, such as 22:00-06:00.")
        return hours
    if field in ("since", "until"):
        return period(text)[field == "until"]
    if field == "burst":
        if not text.isdecimal():
            raise UsageError(f"“{text}” is not valid: enter a number, such as 5.")
        return int(text)
    return text


class ExcludeDialog(Dialog):
    """Asks for a rule; dismissed with it, or with None. Its effect is computed while typing."""

    AUTO_FOCUS = "#artist"
    NAME: ClassVar[str] = "exclude"
    _preview_line = getters.query_one("#preview", Static)
    BINDINGS: ClassVar[list[Any]] = [
        Binding("down", "app.focus_next", show=False, priority=True, tooltip="Next field."),
        Binding("up", "app.focus_previous", show=False, priority=True, tooltip="Previous field."),
    ]
    DEFAULT_CSS = """
    ExcludeDialog .field { height: auto; }
    ExcludeDialog .field > .name { width: 20; color: $foreground-muted; }
    ExcludeDialog .field > Line { width: 1fr; }
    ExcludeDialog .error { color: $text-error; height: auto; padding: 0 0 0 21; display: none; }
    ExcludeDialog .error.-shown { display: block; }
    ExcludeDialog #preview { height: auto; min-height: 4; margin: 1 0 0 0; }
    ExcludeDialog .hint { margin: 1 0 0 0; }
    """

    def __init__(self, artist: str = "", names: list[str] | None = None) -> None:
        """`artist` fills its field; of `names` the field makes suggestions."""
        super().__init__()
        self._artist = artist
        self._wanted: Rule | None = None
        # Suggestions are drawn unescaped: only safe names.
        self._known = [name for name in names or [] if shown(name) == name]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="panel", can_focus=False):
            yield Static("Exclude plays from your taste", classes="title", markup=False)
            for field, words, example in FIELDS:
                with Horizontal(classes="field"):
                    yield Static(words, classes="name", markup=False)
                    yield Line(
                        self._artist if field == "artist" else "",
                        placeholder=example,
                        id=field,
                        suggester=SuggestFromList(self._known, case_sensitive=False)
                        if field == "artist"
                        else None,
                    )
                yield Static("", classes="error", id=f"error-{field}", markup=False)
            yield Static("", id="preview")
            yield Static(
                "enter excludes plays that match all of these; they stay in your history\n"
                "tab ↑ ↓ next field, → accept the suggestion, esc cancel",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        self._preview()

    # -- preview --------------------------------------------------------------------------

    def _typed(self) -> dict[str, str]:
        return {field: self.query_one(f"#{field}", Input).value for field, _, _ in FIELDS}

    def _rule(self) -> Rule | None:
        """The current rule; errors are shown under their field."""
        self._say_wrong(None)
        try:
            return rule_of(self._typed())
        except FieldError as error:
            self._say_wrong(error)
            return None

    def _say_wrong(self, error: FieldError | None) -> None:
        for field, _, _ in FIELDS:
            line = self.query_one(f"#error-{field}", Static)
            wrong = error is not None and error.field == field
            line.set_class(wrong, "-shown")
            line.update(shown(str(error)) if wrong else "")

    @on(Input.Changed)
    def _preview(self) -> None:
        """While a query is pending only the latest text is queried next."""
        rule = self._wanted = self._rule()
        if rule is None:
            self._preview_line.update(Content.styled("Preview appears here.", "$foreground-muted"))
            return
        self._preview_line.update(Content.styled("Checking …", "$foreground-muted"))

        def question(session: Session) -> Exclusion:
            _check(session, rule)
            return session.taste.exclude(rule, preview=True)

        def then(found: Exclusion) -> None:
            if self._wanted == rule:
                self._preview_line.update(in_words(found))

        def failed(error: DiscoverError) -> None:
            if self._wanted == rule:
                self._preview_line.update("")
                self.show_error(error)

        self.ask(question, then, group="preview", failed=failed)

    def show_error(self, error: DiscoverError) -> None:
        """Show the error under its field."""
        self._say_wrong(error if isinstance(error, FieldError) else FieldError("artist", str(error)))

    @on(Input.Submitted)
    def _done(self) -> None:
        rule = self._rule()
        if rule is None:
            return

        self.ask(lambda session: _check(session, rule), lambda _: self._close(rule), group="check")

    def _close(self, rule: Rule) -> None:
        if self.is_current:  # not closed while the names were looked up
            self.dismiss(rule)


def _check(session: Session, rule: Rule) -> None:
    """Raise FieldError if a name in the rule is unknown."""
    for field, name, known in (
        ("artist", rule.artist, session.artists.resolve),
        ("source", rule.source, session.taste.check_source),
    ):
        if name is not None:
            try:
                known(name)
            except UnknownNameError as error:
                raise FieldError(field, str(error)) from error


def in_words(found: Exclusion) -> Content:
    """A rule's effect in words."""
    listens = quantity(found.listens, "plays")
    parts: list[Content | str] = [
        Content.styled(listens if found.listens else "No plays", "bold $text-accent"),
        " would be excluded.",
    ]
    for words, names in (("leaving the top of Discover", found.leaves), ("entering", found.enters)):
        if names:
            listed = ", ".join(shown(name) for name in names[:_NAMED])
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            parts += ["\n", Content.styled(f"{words}: ", "$foreground-muted"), f"{listed}{more}"]
    if found.moves:
        parts += ["\n", Content.styled(f"{found.moves} others move", "$foreground-muted")]
    elif not (found.leaves or found.enters):
        parts += ["\n", Content.styled("the top of Discover stays the same", "$foreground-muted")]
    return Content.assemble(*parts)
