"""`backup`: lists and restores copies of the library."""

from __future__ import annotations

import time
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, thousands
from tuiapp.safe import shown

_BEFORE = {
    "import": "before an import",
    "forget": "before a forget",
    "upgrade": "before an upgrade",
    "restore": "before a restore",
    "damaged": "damaged",
}


def _names(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from engine.store.backups import DAMAGED, backups

    with suppress(OSError):  # nothing can be said in the middle of a line
        there = backups(context.ensure_object(Options).folders)
        return [
            CompletionItem(one.name) for one in there if one.name.startswith(begun) and one.why != DAMAGED
        ]
    return []


@cli.group()
def backup() -> None:
    """Copies of the library from before each import, forget and upgrade."""


@backup.command("list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the backups, the newest first. Anything forgotten since then was removed from them too."""
    from engine.store.backups import backups, listens_in, trouble

    found = [(one, listens_in(one), trouble(one)) for one in backups(options.folders)]
    if options.json:
        keys = [
            {
                "name": one.name,
                "made": one.made,
                "why": one.why,
                "listens": listens,
                "bytes": one.bytes,
                "trouble": bad,
            }
            for one, listens, bad in found
        ]
        print_json({"backups": keys})
        return
    if not found:
        click.echo("No backups yet: one is made before each import, forget and upgrade.")
        return
    print_table(
        ("name", "made (UTC)", "why", "listens", "size"),
        [
            (
                one.name,
                time.strftime("%Y-%m-%d %H:%M", time.gmtime(one.made)),
                _BEFORE[one.why],
                bad or thousands(listens or 0),
                f"{one.bytes / 1e6:.1f} MB",
            )
            for one, listens, bad in found
        ],
        right=frozenset({3, 4}),
    )


@backup.command("restore")
@click.argument("name", default="", shell_complete=_names)
@click.pass_obj
def restore(options: Options, name: str) -> None:
    """Restore the library from a backup.

    Without a name, from the newest intact one. The current library is backed up first, so running it again undoes
    it. Models, packs and settings stay.
    """
    from engine.privacy import Door
    from engine.store.restoring import restore

    done = restore(Door(options.folders, private=options.private), name)
    if options.json:
        print_json({"restored": done.backup.name, "before": done.before, "was_damaged": done.was_damaged})
        return
    click.echo(f"Restored {done.backup.name}, {_BEFORE[done.backup.why]}.")
    if done.before is None:
        return
    click.echo(
        f"The damaged library is kept: {shown(str(options.folders.backups / done.before))}.sqlite."
        if done.was_damaged
        else f"To undo this: discover backup restore {done.before}"
    )
