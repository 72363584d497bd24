"""`doctor` and `config`: how things stand, and where they are."""

from __future__ import annotations

import platform
from typing import Any

import click

from engine import __version__
from engine.errors import DiscoverError
from tuiapp.cli import Options, cli
from tuiapp.output import print_json, thousands

_LIBRARIES = ("textual", "numpy", "scipy", "numba", "annoy", "msgspec", "click")


@cli.command()
@click.pass_obj
def doctor(options: Options) -> None:
    """Versions, folders, sizes, integrity, and what to do next."""
    report = _report(options)
    if options.json:
        print_json(report)
        return
    for name, value in report.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, entry in value.items():
                click.echo(f"  {key:<14} {entry}")
        elif isinstance(value, list):
            click.echo(f"{name}:")
            for entry in value:
                click.echo(f"  - {entry}")
        else:
            click.echo(f"{name}: {value}")


def _report(options: Options) -> dict[str, Any]:
    from importlib import metadata

    from engine.session import Session

    folders = options.folders
    report: dict[str, Any] = {
        "discover": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "data folder": str(folders.root),
    }
    advice: list[str] = []
    try:
        session = Session(folders, private=options.private)
    except DiscoverError as error:
        return report | {"library": f"cannot be opened: {error}", "next": [str(error)]}
    try:
        report["library"] = _library(session, advice)
        report["packs"] = {
            pack.name: f"{pack.kind}, {thousands(pack.items)} items" for pack in session.packs()
        }
        report["model"] = _model(session, advice)
    finally:
        session.close()
    report["size"] = {
        name: f"{_size(path) / 1e6:.1f} MB"
        for name, path in (
            ("library", folders.database),
            ("packs", folders.packs),
            ("models", folders.models),
            ("cache", folders.cache),
        )
    }
    if folders.root.exists() and folders.root.stat().st_mode & 0o077:
        advice.append(f"Others on this machine can see into the data folder: chmod 700 {folders.root}")
    report["next"] = advice or ["Nothing: all is well."]
    return report


def _library(session: Any, advice: list[str]) -> dict[str, Any]:
    status = session.status()
    integrity = session.check_library()
    if integrity != "ok":
        advice.append("The library is damaged. Restore a backup, or move it away and import again.")
    if not status.listens:
        advice.append("Import your history: discover import PATH.")
    return {
        "listens": status.listens,
        "artists": status.artists,
        "tracks": status.tracks,
        "integrity": integrity,
    }


def _model(session: Any, advice: list[str]) -> Any:
    try:
        manifest = session.model()
        problems = session.check_model() if manifest else []
    except DiscoverError as error:
        advice.append(str(error))
        return f"cannot be used: {error}"
    if manifest is None:
        advice.append("Train a model: discover train.")
        return "none yet"
    advice += problems
    return {
        "trained": manifest.trained,
        "from": ", ".join(manifest.packs) or "your own sessions",
        "artists": manifest.items,
        "recall": manifest.index.get("recall"),
        "files": "as written" if not problems else "damaged",
    }


def _size(path: Any) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0


@cli.group(invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """The folder in use; `config path` prints where the settings file is."""
    if context.invoked_subcommand is not None:
        return
    options = context.ensure_object(Options)
    settings = {"data_dir": str(options.folders.root), "private": options.private}
    if options.json:
        print_json({"settings": settings})
        return
    for name, value in settings.items():
        click.echo(f"{name} = {value}")


@config.command()
@click.pass_obj
def path(options: Options) -> None:
    """Where the settings file is."""
    if options.json:
        print_json({"path": str(options.folders.config)})
        return
    click.echo(str(options.folders.config))
