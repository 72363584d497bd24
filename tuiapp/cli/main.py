"""Runs the command line: the one place where errors become exit codes.

Standard output is data, standard error is narration, exit codes are a contract. No command imports Textual; only
opening the app does.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence

import click

from engine.errors import CancelledError, ClosedPipeError, DiscoverError, system_trouble
from tuiapp.cli.group import Options, cli
from tuiapp.cli.streams import safe_streams
from tuiapp.safe import shown

INTERRUPTED = 130
# Click's quotes; all other messages use “these”.
_QUOTED = re.compile(r"""(?<!\w)(?:'([^'\n]*)'|"([^"\n]*)")(?!\w)""")
# Click's words for what the other messages say in plain ones.
_OF_CLICK = (
    (re.compile(r"^Error: ", re.MULTILINE), "error: "),
    (re.compile(r"is not a valid integer(?: range)?\.$", re.MULTILINE), "is not a whole number."),
    (re.compile(r"is not a valid float(?: range)?\.$", re.MULTILINE), "is not a number."),
    *(
        (
            re.compile(rf"is not in the range {of}\.$", re.MULTILINE),
            rf"is out of range: enter a number{words}.",
        )
        for of, words in (
            (r"(\S+)<=x<=(\S+)", r" from \1 to \2"),
            (r"(\S+)<x<=(\S+)", r" above \1, at most \2"),
            (r"x>=(\S+)", r", \1 or more"),
            (r"x>(\S+)", r" above \1"),
        )
    ),
)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code. Expected failures become one line on standard error."""
    with safe_streams():
        return _run(arguments, Options())


def _run(arguments: Sequence[str], options: Options) -> int:
    if "_DISCOVER_COMPLETE" in os.environ:
        # The bash completion must be registered before any command.
        import tuiapp.cli.names  # noqa: F401 - registers itself
    try:
        result = cli.main(list(arguments), prog_name="discover", standalone_mode=False, obj=options)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        text = said.getvalue()
        if not isinstance(error, click.exceptions.NoArgsIsHelpError):  # which has lines of its own
            # An argument may contain a line end. Click strips escape sequences if it is not a terminal.
            text = text.replace(click.unstyle(error.message), shown(error.message))
        for of_click, plain in _OF_CLICK:
            text = of_click.sub(plain, text)
        click.echo(_QUOTED.sub("“\\1\\2”", text), nl=False, err=True)
        if hint := _about_extra_words(error, arguments):
            click.echo(hint, err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: nothing was lost", err=True)
        return INTERRUPTED
    except SystemExit:
        # No command exits the program. Click does if the reader (head, a closed pager) stops: not a failure.
        return 0
    except ClosedPipeError as error:
        return error.exit_code
    except DiscoverError as error:
        how = "interrupted" if isinstance(error, CancelledError) else "error"
        click.echo(f"{how}: {shown(' '.join(str(error).split()))}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the one place where a command's unexpected errors end
        click.echo(f"error: {shown(system_trouble(error) or _unexpected(options, error))}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _about_extra_words(error: click.ClickException, arguments: Sequence[str]) -> str:
    """A hint on extra arguments; empty if there are none, or none applies."""
    if "unexpected extra argument" not in error.message:
        return ""
    command = getattr(getattr(error, "ctx", None), "command", None)
    options = {
        option for one in getattr(command, "params", ()) if one.metavar == "TITLE" for option in one.opts
    }
    # Not for what is in quotes already.
    quoted = any(" " in word and word in error.message for word in arguments)
    said = [] if quoted else ["Put a name of several words in quotes."]
    said += [f"A title goes after {' or '.join(options)}."] if options else []
    return " ".join(said)


def _unexpected(options: Options, error: Exception) -> str:
    """Log an unexpected error, and say where it happened and where the log is."""
    from engine.privacy import Door
    from engine.privacy.log import note_error, where_it_happened

    log = options.folders.log
    written = note_error(Door(options.folders, private=options.private), "a command", error)
    where = f"The log is {log}; it names no music." if written else "Not logged: this session writes nothing."
    return f"Unexpected error: {where_it_happened(error)}. {where}"
