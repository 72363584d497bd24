"""The group of all commands, loaded on demand, and the options that every command shares.

Standard output is data, standard error is narration, exit codes are a contract. No command here imports
Textual; only opening the app does.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine import __version__
from engine.paths import Folders
from tuiapp.cli.streams import streams_as_they_are
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Session

# The modules of this folder that register commands. By name, since they import this one.
_COMMANDS = (
    "artist",
    "audit",
    "backup",
    "browse",
    "compare",
    "config",
    "contexts",
    "demo",
    "doctor",
    "evaluate",
    "feedback",
    "forget",
    "import_history",
    "library",
    "listen",
    "mix",
    "models",
    "packs",
    "played",
    "playlist_edits",
    "playlists",
    "push",
    "recommend",
    "stars",
    "stats",
    "taste",
    "train",
)


@dataclass
class Options:
    """The shared options; commands get them as the context's object."""

    data_dir: Path | None = None
    private: bool = False
    quiet: bool = False
    json: bool = False

    @property
    def folders(self) -> Folders:
        """The data folder in use: `--data-dir`, else `DISCOVER_DATA_DIR`, else the platform's default."""
        # Read here and not by click: the option is accepted before and after the command, and click would let the
        # variable override an option before it.
        variable = os.environ.get("DISCOVER_DATA_DIR")
        if self.data_dir is not None or variable:
            return Folders(Path(self.data_dir or variable or "").expanduser().absolute())
        return _usual_folders()

    def session(self, *, private: bool | None = None) -> Session:
        """Open the library, as a context manager. Private by the options, unless a command overrides it."""
        # Late: `--help` and `--version` load no engine.
        from engine.session import Session

        # A read-only command is not announced as a private session: plays are still logged meanwhile.
        session = Session(
            self.folders, private=self.private if private is None else private, announced=self.private
        )
        for warning in () if self.quiet else session.library.warnings:
            click.echo(shown(warning), err=True)
        return session

    def reading(self) -> Session:
        """Open the library for a command that only reads, as `session` does. Without one, or where it may not be
        written, as a private session does, which writes nothing; other processes are told of none."""
        from engine.errors import PrivateSessionError
        from engine.privacy.database_file import is_read_only, must_be_written

        database = self.folders.database
        if self.private or (database.exists() and not is_read_only(database)):
            return self.session()
        if not database.exists():
            return self.session(private=True)
        try:
            session = self.session(private=True)
        except PrivateSessionError as error:
            raise must_be_written(self.folders) from error
        if not self.quiet:
            click.echo(shown(f"{self.folders.root} is read-only: nothing new is kept."), err=True)
        return session


def _store(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that stores an option's value wherever on the line it is given."""

    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.ensure_object(Options), name, value)

    return callback


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that may be given before or after any command."""
    for option in (
        click.option("--json", is_flag=True, expose_value=False, callback=_store("json"),
                     help="Print one JSON document."),
        click.option("--quiet", "-q", is_flag=True, expose_value=False, callback=_store("quiet"),
                     help="No messages on standard error."),
        click.option("--private", is_flag=True, expose_value=False, callback=_store("private"),
                     help="Private session: nothing is written."),
        # Whether it may be read is said as of a folder that the variable names.
        click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False, readable=False), expose_value=False,
                     callback=_store("data_dir"), metavar="DIR",
                     help="Folder for all of discover's data.  [default: DISCOVER_DATA_DIR, else the usual folder]"),
    ):  # fmt: skip
        command = option(command)
    return command


def _refuse_blank(ctx: click.Context, args: list[str]) -> None:
    """Raise UsageError if an argument is blank: no name, path or value is."""
    if any(not word.strip() for word in args):
        raise click.UsageError("A word on the line is blank, where a name, a path or a value belongs.", ctx)


# The same in every command that lists music.
from_library_option = click.option(
    "--from-library",
    is_flag=True,
    default=None,
    help="Only music you have: files in the folders of `library add` or, without any, what you played or kept.",
)


class Command(click.Command):
    """A command that refuses blank arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line. Raises UsageError for a blank word."""
        # A setting's value may be empty.
        if self.name != "set":
            _refuse_blank(ctx, args)
        return super().parse_args(ctx, args)


class Group(click.Group):
    """A group whose commands all take the shared options."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line. Raises UsageError for a blank word before the command."""
        _refuse_blank(ctx, args[:2] if args[:1] == ["--data-dir"] else args[:1])
        return super().parse_args(ctx, args)

    # Click's can be used without brackets too, or with a name; here both always take names and give a decorator.
    def command(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:  # type: ignore[override]
        """Register a command with the shared options."""
        register = super().command(*args, **kwargs)
        return lambda function: register(shared_options(function))

    def group(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], Group]:  # type: ignore[override]  # as above
        """Register a group of commands that take the shared options too."""
        kwargs["cls"] = Group
        register = super().group(*args, **kwargs)
        return lambda function: register(shared_options(function))

    def list_commands(self, context: click.Context) -> list[str]:
        """The commands' names, which are known once their modules are loaded."""
        _load_commands()
        return super().list_commands(context)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Look up a command, only if one is on the line: the app itself starts without their modules."""
        _load_commands()
        return super().get_command(context, name)


def _print_manual(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """The callback of `--man`."""
    if asked and not context.resilient_parsing:
        from tuiapp.cli.manual import manual

        click.echo(manual(context), nl=False)
        context.exit()


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="discover")
@click.option(
    "--man",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_manual,
    help="Show the man page's source: discover --man | man -l -",
)
@shared_options
@click.pass_context
def cli(context: click.Context) -> None:
    """Discover music from your own listening history, on your own machine.

    Without a command, opens the app; without a terminal, prints the Discover list.
    """
    options = context.ensure_object(Options)
    if context.invoked_subcommand is not None:
        return
    if opens_app(options):
        context.exit(open_app(options.folders, private=options.private, own=own_beside(options.folders)))
    # Found by name, as all commands are.
    recommend = cli.get_command(context, "recommend")
    assert recommend is not None  # noqa: S101 - registered by its module
    context.invoke(recommend)


def opens_app(options: Options) -> bool:
    """Whether a command that opens the app where it is at a terminal does so: not where it could read no keys."""
    if options.json or not sys.stdout.isatty():
        return False
    if not sys.stdin.isatty():
        if not options.quiet:
            text = "Without the app, which reads its keys from standard input: that is no terminal here."
            click.echo(text, err=True)
        return False
    return True


def own_beside(folders: Folders) -> Folders | None:
    """The person's own data folder if this one, given by `--data-dir`, is the demo's; else null."""
    import sample_data

    if not all((folders.packs / name).is_dir() for name in sample_data.PACKS):
        return None
    around = Folders(folders.root.parent)
    return around if folders == around.demo and around.database.exists() else _usual_folders()


def _usual_folders() -> Folders:
    """The platform's default data folder."""
    import platformdirs

    return Folders(platformdirs.user_data_path("discover", appauthor=False))


def open_app(folders: Folders, *, private: bool = False, own: Folders | None = None) -> int:
    """Open the Textual app over a data folder and return its exit code; `own` is the person's beside the demo's."""
    # No collection until the first paint, which it would delay; `Garbage.begin` enables it.
    gc.disable()
    from tuiapp.app.app import run_app

    with streams_as_they_are():
        return run_app(folders, private=private, own=own)


@functools.cache
def _load_commands() -> None:
    """Import the modules that register commands; each imports the engine only inside its commands."""
    for name in _COMMANDS:
        importlib.import_module(f"tuiapp.cli.{name}")
