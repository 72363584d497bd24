"""`doctor`: checks and repairs."""

from __future__ import annotations

import contextlib
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import click

from engine import __version__
from engine.community.pack_names import data_in_words
from engine.errors import DiscoverError, UsageError, sentence, system_trouble
from engine.paths import size_of
from engine.wording import IMPORT, TOO_FEW_ALONE, quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, progress_bar, say
from tuiapp.safe import shown
from tuiapp.text import came_from

if TYPE_CHECKING:
    from engine.community.packs import PackInfo
    from engine.paths import Folders
    from engine.session import Session
    from engine.session.damage import Damage
    from engine.session.repair import Retraining
    from engine.taste.coverage import Coverage

_LIBRARIES = ("textual", "numpy", "scipy", "annoy", "msgspec", "click", "tomlkit")


@cli.command()
@click.option(
    "--installed",
    is_flag=True,
    help="Instead, list what is installed with Discover, with licences, and whether its files were changed.",
)
@click.option(
    "--repair",
    is_flag=True,
    help=(
        "First repair what can be repaired: keep what is readable of the library or restore its last backup, restore "
        "settings, rebuild an index, delete derived files. Asks before it trains."
    ),
)
@click.option("--yes", is_flag=True, help="With --repair, train without asking if that repairs a model.")
@click.pass_obj
def doctor(options: Options, installed: bool, repair: bool, yes: bool) -> None:
    """Check versions, folders, sizes and integrity, and list what to do next.

    Fails if the library cannot be opened, or is not whole.
    """
    if installed and repair:
        raise UsageError("--installed only lists what is installed: use it without --repair.")
    if yes and not repair:
        raise UsageError("--yes goes with --repair.")
    if installed:
        _list_installed(options)
        return
    mended = _mended(options, yes) if repair else []
    report, found = _report(options)
    library = report["library"]
    whole = not isinstance(library, str) and library["integrity"] == "ok"
    if repair:
        left = found or not whole
        report = {
            "mended": mended or ["Nothing was repaired: see “next”." if left else "Nothing to repair."]
        } | report
    if options.json:
        print_json(report | {"coverage": [_as_dict(one) for one in report["coverage"]]})
    else:
        _print(dict(report))
    if not whole:
        what = library if isinstance(library, str) else f"is not whole: {library['integrity']}"
        raise DiscoverError(sentence(f"The library {what}"))


def _print(report: dict[str, Any]) -> None:
    coverage: list[Coverage] = report["coverage"]
    report["coverage"] = [shown(one.in_words()) for one in coverage]
    if not coverage:
        del report["coverage"]
    # What to do comes before the details.
    for name, value in {"next": report.pop("next"), **report}.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, entry in value.items():
                click.echo(shown(f"  {key:<14} {entry}"))
        elif isinstance(value, list):
            click.echo(f"{name}:")
            for entry in value:
                click.echo(shown(f"  - {entry}"))
        else:
            click.echo(shown(f"{name}: {value}"))


def _list_installed(options: Options) -> None:
    from tuiapp.cli.supply import installed

    found = installed(check=True)
    if options.json:
        rows = [
            {"name": one.name, "version": one.version, "licence": one.licence, "altered": one.altered}
            for one in found
        ]
        print_json({"installed": rows})
    else:
        print_table(
            ("name", "version", "licence"),
            [(one.name, one.version, one.licence or "not named") for one in found],
        )
    if bad := [f"{one.name}: {file}" for one in found for file in one.altered]:
        raise DiscoverError(
            f"{quantity(len(bad), 'files')} not as installed, the first: {bad[0]}. Install it again: "
            "pip install --force-reinstall --no-deps NAME."
        )


def _mended(options: Options, yes: bool) -> list[str]:
    """Repair, and train if that repairs the rest and the person agrees; returns what was done, in sentences."""
    from engine.privacy import Door
    from engine.session.repair import REPAIRING, repair, retrainings, telling
    from tuiapp.settings.mending import mend

    door = Door(options.folders, private=options.private)
    with progress_bar(options, REPAIRING) as bar:
        done = mend(door) + repair(door, bar)
    for one in retrainings(options.folders):
        if yes or _agreed(options, one.in_words()):
            with telling(done):
                done.append(_trained(options, one))
    return done


def _agreed(options: Options, what: str) -> bool:
    """Ask before training; without a terminal the report says what helps."""
    if not sys.stdin.isatty():
        return False
    say(options, shown(what))
    return click.confirm("Train now?", err=True)


def _trained(options: Options, what: Retraining) -> str:
    from engine.progress import TRAINING
    from engine.training.train import TrainingSettings

    settings = TrainingSettings(level=what.level)
    if what.factors is not None:
        settings = replace(settings, factors=what.factors)
    with options.session() as session, progress_bar(options, TRAINING) as bar:
        made = session.training.train(
            settings, progress=lambda update: bar(update.stage, update.done, update.total)
        )
    return f"A model of {quantity(made.items, made.level)} was trained."


def _as_dict(coverage: Coverage) -> dict[str, Any]:
    return coverage.as_dict() | {"pack": ", ".join(coverage.packs)}


def _report(options: Options) -> tuple[dict[str, Any], list[Damage]]:
    """The sections of the report, and the damage they tell of: all of every pack and model is read for it."""
    from importlib import metadata

    from engine.community.packs import read_packs
    from engine.privacy.database_file import is_read_only
    from engine.session.damage import damage
    from tuiapp.cli.supply import system_libraries

    folders = options.folders
    report: dict[str, Any] = {
        "discover": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "below python": system_libraries(),
        "data folder": str(folders.root),
    }
    advice: list[str] = []
    report["settings"] = _settings(options, advice)
    report["log"] = _log(options)
    report["backups"] = _backups(options, advice)
    try:
        opened = options.reading()
    except DiscoverError as error:
        found = damage(folders)
        advice += [str(error), *(one.said for one in found)]
        report["library"] = f"cannot be opened: {error}"
        with contextlib.suppress(OSError):
            report["packs"] = _in_lines(read_packs(folders), advice)
        return report | {"coverage": [], "next": advice}, found
    with opened as session:
        found = damage(folders, session.library.connection)
        report |= _data(session, found, advice)
    if is_read_only(folders.database):
        advice.append(f"{folders.root} is read-only: it can be looked at, and nothing new is kept.")
    report["size"] = _sizes(folders)
    if folders.root.exists() and folders.root.stat().st_mode & 0o077:
        advice.append(f"Other users can read the data folder: chmod 700 {folders.root}")
    report["next"] = advice or ["Nothing: all good."]
    return report, found


def _data(session: Session, found: list[Damage], advice: list[str]) -> dict[str, Any]:
    """The sections on the library, packs and models, of which `found` is damaged."""
    folders = session.library.folders
    advice += [one.said for one in found]
    report: dict[str, Any] = {}
    if session.library.forgetting_is_held_up():
        advice.append(
            "A forget is not finished: old bytes are still in the library's file, or in backups. Close other programs "
            "that have the library open, see that all of the data folder may be written, then run any discover command."
        )
    elif session.library.was_forgetting:
        report["forget"] = "one that was interrupted has been finished"

    def section_of(section: Callable[[Session, list[str]], Any], otherwise: Any) -> Any:
        """A section of the report, or the error in its place if data is damaged."""
        try:
            return section(session, advice)
        except (DiscoverError, OSError) as error:
            said = str(error) if isinstance(error, DiscoverError) else system_trouble(error)
            if not said:
                raise
            if said not in advice:
                advice.append(said)
            return otherwise

    broken = any(one.path.is_relative_to(folders.models) for one in found)
    report["library"] = section_of(_library, "cannot be read")
    report["packs"] = section_of(_packs, "cannot be read")
    report["model"] = section_of(partial(_model, broken=broken), "cannot be used")
    report["coverage"] = section_of(_coverage, [])
    return report


def _sizes(folders: Folders) -> dict[str, str]:
    return {
        name: f"{size_of(path) / 1e6:.1f} MB"
        for name, path in (
            ("library", folders.database),
            ("backups", folders.backups),
            ("packs", folders.packs),
            ("models", folders.models),
            ("downloads", folders.downloads),
            ("cache", folders.cache),
        )
    }


def _settings(options: Options, advice: list[str]) -> str:
    from tuiapp.settings.config import read

    found = read(options.folders.config)
    advice += [f"Fix the settings file: {problem}" for problem in found.problems]
    if not options.folders.config.exists():
        return "defaults; no file yet"
    wrong = f", {len(found.problems)} ignored" if found.problems else ""
    return f"{options.folders.config}: {len(found.values)} set{wrong}"


def _log(options: Options) -> str:
    log = options.folders.log
    return f"{log}: errors logged" if log.exists() else "no errors logged"


def _backups(options: Options, advice: list[str]) -> dict[str, str]:
    from engine.store.backups import BROKEN, DAMAGED, backups, trouble

    try:
        there = backups(options.folders)
    except OSError as error:
        advice.append(system_trouble(error) or str(error))
        return {}
    found = {}
    for one in there:
        bad = DAMAGED if one.why == DAMAGED else trouble(one)
        if bad and one.why != DAMAGED:
            advice.append(f"{one.path} is {bad}{': remove it' * (bad == BROKEN)}.")
        found[one.name] = f"{one.bytes / 1e6:.1f} MB, {bad or 'whole'}"
    return found


def _packs(session: Session, advice: list[str]) -> dict[str, str]:
    lines = _in_lines(session.packs.with_damaged(), advice)
    advice += session.packs.of_earlier_versions()
    return lines


def _in_lines(packs: tuple[list[PackInfo], dict[str, str]], advice: list[str]) -> dict[str, str]:
    found, damaged = packs
    # Of those that were whole a moment before.
    advice += [said for said in damaged.values() if said not in advice]
    return {pack.name: f"{pack.kind}, {quantity(pack.items, 'items')}" for pack in found}


def _library(session: Session, advice: list[str]) -> dict[str, Any]:
    counts = session.history.counts()
    integrity = session.library.check()
    if orphans := session.library.orphans():
        integrity = f"{quantity(orphans, 'rows')} without their track or file"
        advice.append(
            f"{quantity(orphans, 'plays or other rows', 'play or other row')} lost the track or file they "
            "belong to. Restore a backup, or import your history again."
        )
    if not counts.listens:
        from engine.store.backups import offer

        if there_is := offer(session.folders):
            advice.append(there_is)
        advice.append(IMPORT)
    # Damage is another matter, which is named already.
    if integrity == "ok" and (ahead := session.taste.ahead()):
        advice.append(ahead)
    return {
        "listens": counts.listens,
        "artists": counts.artists,
        "tracks": counts.tracks,
        "integrity": integrity,
    }


def _model(session: Session, advice: list[str], *, broken: bool) -> Any:
    manifest, of_tracks = session.models.manifest(), session.models.manifest("tracks")
    removed, joined = session.models.removed_packs(), session.models.much_joined()
    tracks = any(pack.kind == "community" and pack.level == "tracks" for pack in session.packs.all())
    if of_tracks is None and tracks:
        advice.append("Train a model of tracks: discover train --level tracks.")
    advice += removed + joined + session.models.of_earlier_versions()
    advice += session.models.not_in_use()
    if manifest is None:
        status = session.status()
        community = any(pack.kind == "community" for pack in status.packs)
        alone = status.too_few_alone and not community
        advice.append(TOO_FEW_ALONE if alone else "Train a model: discover train.")
        return "none yet"
    return {
        "trained": manifest.trained,
        "from": data_in_words(manifest.packs, manifest.source, manifest.collected) or "your own listening",
        "file": came_from(origin.name, origin.added) if (origin := manifest.origin) else "trained here",
        "artists": manifest.items,
        "tracks": of_tracks.items if of_tracks else "no model",
        "recall": manifest.index.get("recall"),
        "files": "damaged" if broken else "intact",
    }


def _coverage(session: Session, advice: list[str]) -> list[Coverage]:
    """The coverage; if it is low, the first thing to do."""
    from engine.canonical_keys import Level

    found = [of for level in get_args(Level) if (of := session.coverage.of(level)) is not None]
    advice[:0] = [shown(f"{one.in_words()} {one.advice}") for one in found if one.low]
    return found
