"""`config`: settings."""

from __future__ import annotations

import click

from engine.errors import UsageError, sentence
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import settings
from tuiapp.cli.output import print_json, print_table, say
from tuiapp.safe import shown


@cli.group(invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Show the settings and where each comes from; `config set` and `config unset` change them."""
    if context.invoked_subcommand is not None:
        return
    from tuiapp.settings.config import read, setting_named
    from tuiapp.settings.registry import SETTINGS

    options = context.ensure_object(Options)
    found = read(options.folders.config)
    if options.json:
        values = {key: found[key] for key in dict.fromkeys([*SETTINGS, *found.values])}
        print_json(
            {
                "settings": {"data_dir": str(options.folders.root), "private": options.private} | values,
                "from_file": sorted(found.values),
                "problems": list(found.problems),
                "notes": list(found.notes),
            }
        )
        return
    click.echo(f"data_dir = {shown(str(options.folders.root))}\nprivate = {str(options.private).lower()}\n")
    print_table(
        ("setting", "value", "from"),
        [
            (key, setting_named(key).shown(found[key]), found.where(key))
            for key in dict.fromkeys([*SETTINGS, *found.values])
        ],
    )
    for said in (*found.problems, *found.notes):
        click.echo(shown(said), err=True)


@config.command()
@click.pass_obj
def path(options: Options) -> None:
    """Show the path of the settings file."""
    if options.json:
        print_json({"path": str(options.folders.config)})
        return
    click.echo(shown(str(options.folders.config)))


@config.command("set")
@click.argument("key", shell_complete=settings)
@click.argument("value")
@click.pass_obj
def set_(options: Options, key: str, value: str) -> None:
    """Change one setting in the file; keeps everything else, comments too.

    For example: discover config set open.service Bandcamp
    """
    _change(options, key, value)


@config.command()
@click.argument("key", shell_complete=settings)
@click.pass_obj
def unset(options: Options, key: str) -> None:
    """Remove a setting from the file, back to its default."""
    _change(options, key, None)


def _change(options: Options, key: str, text: str | None) -> None:
    from engine.privacy import Door
    from tuiapp.settings import config_file
    from tuiapp.settings.config import read, setting_named

    try:
        setting = setting_named(key)
        try:
            value = None if text is None else setting.typed(text)
        except ValueError as error:
            raise ValueError(f"{key}: “{text}” is not valid: enter {error}") from None
        if text is not None:
            # A valid key may be taken by another action.
            read(options.folders.config).with_values({key: value})
    except ValueError as error:
        raise UsageError(sentence(str(error))) from error
    config_file.write(Door(options.folders, private=options.private), {key: value})
    found = read(options.folders.config)
    if options.json:
        print_json({"setting": key, "value": found[key], "from": found.where(key)})
    else:
        say(options, f"{key} = {shown(setting.shown(found[key]))} ({found.where(key)})")
