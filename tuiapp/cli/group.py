"""The group of all commands, loaded when one is asked for, and the options that every command shares.

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

if TYPE_CHECKING:
    from engine.session import Session

# The modules of this folder that register commands. By name: they import this one.
_COMMANDS = (
    "artist",
    "audit",
    "backup",
    "browse",
    "compare",
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
    """What the shared options say; commands read it as the context's object."""

    data_dir: Path | None = None
    private: bool = False
    quiet: bool = False
    json: bool = False

    @property
    def folders(self) -> Folders:
        """The data folder in use: `--data-dir`, else `DISCOVER_DATA_DIR`, else the platform's place for it."""
        # Read here and not by click: the option stands before the command and after it, and would take the variable
        # after a value given before.
        variable = os.environ.get("DISCOVER_DATA_DIR")
        if self.data_dir is not None or variable:
            return Folders(Path(self.data_dir or variable or "").expanduser().absolute())
        return _usual_folders()

    def session(self, *, private: bool | None = None) -> Session:
        """Open the library; close it by `with`. Private as the options say, unless a command knows better."""
        # Late: a command that only talks about itself loads no engine.
        from engine.session import Session

        # A command that only looks is not a private session of the person's: plays go on being logged beside it.
        return Session(
            self.folders, private=self.private if private is None else private, announced=self.private
        )


def _store(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that keeps an option's value wherever on the line it was given."""

    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.ensure_object(Options), name, value)

    return callback


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that may stand before or after any command."""
    for option in (
        click.option("--json", is_flag=True, expose_value=False, callback=_store("json"),
                     help="Print one JSON document."),
        click.option("--quiet", "-q", is_flag=True, expose_value=False, callback=_store("quiet"),
                     help="No messages on standard error."),
        click.option("--private", is_flag=True, expose_value=False, callback=_store("private"),
                     help="Private session: nothing is written."),
        click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), expose_value=False,
                     callback=_store("data_dir"), metavar="DIR",
                     help="Folder for all of discover's data.  [default: DISCOVER_DATA_DIR, else the system's place]"),
    ):  # fmt: skip
        command = option(command)
    return command


def _refuse_blank(ctx: click.Context, args: list[str]) -> None:
    """Raise UsageError where a word of the line is blank: no name, path or value is."""
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
    """A command in which every word is something."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line. Raises UsageError for a blank word."""
        # What a setting is set to may be nothing.
        if self.name != "set":
            _refuse_blank(ctx, args)
        return super().parse_args(ctx, args)


class Group(click.Group):
    """A group whose commands all take the shared options."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line. Raises UsageError where a blank word stands before the command."""
        _refuse_blank(ctx, args[:2] if args[:1] == ["--data-dir"] else args[:1])
        return super().parse_args(ctx, args)

    # Click's can be used without brackets too, or with a name; here both always take names and give a decorator.
    def command(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:  # type: ignore[override]
        """Register a command with the shared options."""
        register = super().command(*args, **kwargs)
        return lambda function: register(shared_options(function))

    def group(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], Group]:  # type: ignore[override]
        """Register a group of commands that take the shared options too."""
        kwargs["cls"] = Group
        register = super().group(*args, **kwargs)
        return lambda function: register(shared_options(function))

    def list_commands(self, context: click.Context) -> list[str]:
        """The commands' names, which are known once their modules are loaded."""
        _load_commands()
        return super().list_commands(context)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """A command, asked for when one stands on the line: the app itself starts without their modules."""
        _load_commands()
        return super().get_command(context, name)


def _print_manual(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """What `--man` does."""
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

    Without a command, opens the app; if standard output is not a terminal, prints the Discover list.
    """
    options = context.ensure_object(Options)
    if context.invoked_subcommand is not None:
        return
    if sys.stdout.isatty() and not options.json:
        context.exit(open_app(options.folders, private=options.private, own=own_beside(options.folders)))
    # Found by name, as all commands are.
    recommend = cli.get_command(context, "recommend")
    assert recommend is not None  # noqa: S101 - registered by its module
    context.invoke(recommend)


def own_beside(folders: Folders) -> Folders | None:
    """The person's own data folder where this one, named by `--data-dir`, is the demo's; null where it is their own."""
    import sample_data

    if not all((folders.packs / name).is_dir() for name in sample_data.PACKS):
        return None
    around = Folders(folders.root.parent)
    return around if folders == around.demo and around.database.exists() else _usual_folders()


def _usual_folders() -> Folders:
    """The platform's place for the data."""
    import platformdirs

    return Folders(platformdirs.user_data_path("discover", appauthor=False))


def open_app(folders: Folders, *, private: bool = False, own: Folders | None = None) -> int:
    """Open the Textual app over a data folder and return its exit code; `own` is the person's beside the demo's."""
    # What is loaded until the first paint stays, and looking through it again and again would hold that up;
    # `Garbage.begin` has it collected from then on.
    gc.disable()
    from tuiapp.app.app import run_app

    with streams_as_they_are():
        return run_app(folders, private=private, own=own)


@functools.cache
def _load_commands() -> None:
    """Import the modules that register commands; each imports the engine only inside its commands."""
    for name in _COMMANDS:
        importlib.import_module(f"tuiapp.cli.{name}")
