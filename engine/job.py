"""Runs long work in its own process and reports in JSON lines: `python -m engine.job --data-dir DIR COMMAND ...`.

The app starts imports and training this way, since a busy Python thread would slow every key press. Standard output
carries one JSON object a line: any number of `progress`, then one `done`, `error` or `cancelled`. SIGTERM or SIGINT
asks it to stop at the next safe step; if there is none within seconds, it exits as if killed."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.community.offers import MIN_LISTENERS, SOURCES
from engine.errors import NothingYetError
from engine.job_process import Reporter, run_job
from engine.progress import ADDING_MODEL, SCANNING, Cancelled

if TYPE_CHECKING:
    from engine.community.packs import PackInfo
    from engine.job_messages import (
        AddedData,
        AddedModel,
        ExportedModel,
        FoundMusic,
        Imported,
        MatchedPlaylist,
        MeasuredTempo,
        Offered,
        SentPlaylist,
        TakenStars,
        UnusableLines,
        Updated,
    )
    from engine.session import Session


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job of the engine and return its exit code."""
    asked = _parser().parse_args(arguments)
    return run_job(asked.command, asked.data_dir, partial(_COMMANDS[asked.command], asked))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.job", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--contact", default="")
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import")
    importing.add_argument("paths", nargs="+", type=Path)
    importing.add_argument("--keep-private", action="store_true")
    for option in ("--zone", "--encoding", "--map"):
        importing.add_argument(option)
    commands.add_parser("add").add_argument("paths", nargs="+", type=Path)
    for name in ("look", "fetch"):
        fetching = commands.add_parser(name)
        fetching.add_argument("what", choices=SOURCES)
        fetching.add_argument("--url")
        fetching.add_argument("--update", default="", metavar="PACK")
    updating = commands.add_parser("update")
    updating.add_argument("newer")
    updating.add_argument("--pack", required=True)
    updating.add_argument("--level", choices=("artists", "tracks"), required=True)
    updating.add_argument("--download", action="store_true")
    updating.add_argument("--url")
    for taking in (fetching, updating):
        taking.add_argument("--min-listeners", type=int, default=MIN_LISTENERS)
    adding = commands.add_parser("add-model")
    adding.add_argument("source")
    adding.add_argument("--download", action="store_true")
    adding.add_argument("--sha256", default="")
    music = commands.add_parser("music")
    music.add_argument("what", choices=("add", "scan", "tempo"))
    music.add_argument("paths", nargs="*", type=Path)
    commands.add_parser("push").add_argument("what", choices=("look", "send"))
    commands.add_parser("stars")
    exporting = commands.add_parser("export-model")
    exporting.add_argument("path", type=Path)
    exporting.add_argument("--level", choices=("artists", "tracks"), default="artists")
    training = commands.add_parser("train")
    training.add_argument("--factors", type=int)
    training.add_argument("--free-factors", action="store_true")
    training.add_argument("--iterations", type=int, default=20)
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--no-tune", dest="tune", action="store_false")
    return parser


def _import(
    asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled
) -> Imported:
    """Import histories. Returns the report."""
    from engine.imports.table import columns_given

    reporter.expect({"importing": 1})
    return session.history.import_paths(
        asked.paths,
        keep_private=asked.keep_private,
        columns=columns_given(asked.map or ""),
        zone=asked.zone,
        encoding=asked.encoding,
        progress=partial(reporter.progress, "importing"),
        cancelled=cancelled,
    ).as_dict()


def _add(asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled) -> AddedData:
    """Add files of community data. Returns what was taken."""
    many = len(asked.paths)
    stages = {
        "reading data" if many == 1 else f"file {number} of {many}, reading data": path
        for number, path in enumerate(asked.paths, 1)
    }
    reporter.expect(dict.fromkeys(stages, 1))
    added = [
        session.packs.add(path, progress=partial(reporter.progress, stage), cancelled=cancelled)
        for stage, path in stages.items()
    ]
    return _taken(
        session,
        [pack for one in added for pack in one.packs],
        left_out=[reason for one in added for reason in one.left_out],
        bad_lines=[bad for one in added for bad in one.as_dict()["bad_lines"]],
    )


def _taken(
    session: Session,
    packs: Sequence[PackInfo],
    left_out: Sequence[str] = (),
    bad_lines: Sequence[UnusableLines] = (),
) -> AddedData:
    """What was taken of community data, as `_add` and `_fetch` report it."""
    return {
        "packs": [session.coverage.described(pack) for pack in packs],
        "tempo": session.packs.tempo_coverage().as_dict(),
        "left_out": list(left_out),
        "bad_lines": list(bad_lines),
    }


def _look(asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled) -> Offered:
    """The download on offer, and whether it is newer than the pack it would update."""
    from engine.community.fetch import Web, host_of

    source = SOURCES[asked.what]
    reporter.progress(f"waiting for {host_of(asked.url or source.url)}", 0, 0)
    with contextlib.closing(Web(contact=asked.contact, cancelled=cancelled)) as web:
        if not asked.update:
            return {"said": session.packs.offered(web, source, url=asked.url).said, "newer": True}
        pack = session.updates.updated_pack(source.level or "artists", asked.update)
        said, newer = session.updates.offered(web, source, pack, url=asked.url)
        return {"said": said, "newer": newer}


def _fetch(
    asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled
) -> AddedData:
    """Download what `_look` found, and add it."""
    from engine.community.fetch import Web

    source = SOURCES[asked.what]
    reporter.expect({"downloading": 3, "reading data": 1} if source.form == "file" else {"downloading": 1})
    with contextlib.closing(Web(contact=asked.contact, cancelled=cancelled)) as web:
        packs = session.packs.fetch(
            web,
            source,
            url=asked.url,
            min_listeners=asked.min_listeners,
            report=reporter.progress,
            cancelled=cancelled,
        )
    return _taken(session, packs)


def _update(asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled) -> Updated:
    """Update a pack from a named download or a file. Returns what is new."""
    from engine.community.fetch import Web

    reporter.expect({"downloading" if asked.download else "reading data": 5, "joining": 1})
    with contextlib.closing(Web(contact=asked.contact, cancelled=cancelled)) as web:

        def take(name: str) -> None:
            if asked.download:
                session.packs.fetch(
                    web,
                    SOURCES[asked.newer],
                    url=asked.url,
                    min_listeners=asked.min_listeners,
                    name=name,
                    report=reporter.progress,
                    cancelled=cancelled,
                )
            else:
                reading = partial(reporter.progress, "reading data")
                session.packs.add(Path(asked.newer), name=name, progress=reading, cancelled=cancelled)

        news = session.updates.update(
            asked.level, take, name=asked.pack, report=reporter.progress, cancelled=cancelled
        )
    said = news.in_words()
    return {"pack": news.pack.name, "said": said, "rebuild": news.rebuild, "newer": not news.unchanged}


def _export_model(
    asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled
) -> ExportedModel:
    """Write the model in use to a file."""
    reporter.expect({"exporting": 1})
    made = session.model_files.export(asked.path, asked.level, report=reporter.progress, cancelled=cancelled)
    return {"file": made.file, "bytes": made.bytes, "sha256": made.sha256}


def _train(asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled) -> Any:
    """Train every level that has data. Returns the manifests."""
    import msgspec

    from engine.training.train import TrainingSettings, Update, parts_of

    def training(update: Update) -> None:
        reporter.progress(update.stage_of(level), update.done, update.total, update.loss)

    manifests = []
    levels = session.training.levels()
    reporter.expect(parts_of(levels))
    for level in levels:
        settings = TrainingSettings(
            factors=asked.factors,
            free_factors=asked.free_factors,
            iterations=asked.iterations,
            seed=asked.seed,
            tune=asked.tune,
            level=level,
        )
        try:
            manifests.append(session.training.train(settings, progress=training, cancelled=cancelled))
        except NothingYetError as missing:
            nothing = missing
    if not manifests:
        raise nothing
    return msgspec.to_builtins(manifests)


def _add_model(
    asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled
) -> AddedModel:
    """Install a model from a file or an https address."""
    from engine.community.fetch import Web
    from engine.session.model_files import described

    before = session.model_files.in_use()
    if asked.download:
        reporter.expect({"downloading": 100, **ADDING_MODEL})
        instead = "discover model add FILE"
        with contextlib.closing(Web(contact=asked.contact, cancelled=cancelled, instead=instead)) as web:
            manifest = session.model_files.fetch(
                web, asked.source, sha256=asked.sha256, report=reporter.progress, cancelled=cancelled
            )
    else:
        reporter.expect(ADDING_MODEL)
        manifest = session.model_files.add(
            Path(asked.source), sha256=asked.sha256, report=reporter.progress, cancelled=cancelled
        )
    origin = manifest.origin
    assert origin is not None  # noqa: S101 - it was added
    return {**described(manifest, origin.bytes, origin.sha256), "already": manifest.id in before}


def _music(
    asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled
) -> FoundMusic | MeasuredTempo:
    """Add or rescan music folders, or measure their tempo. Returns the report."""
    from engine.audio.scan import all_left_out

    music = session.music
    if asked.what == "tempo":
        reporter.expect({"measuring tempo": 1})
        measured = music.measure(report=reporter.progress, cancelled=cancelled)
        return {
            "tempo": {
                "measured": measured.measured,
                "with_tempo": measured.with_tempo,
                "left_out": measured.left_out,
            },
            "agreement": music.agreement().in_words(),
        }
    reporter.expect(SCANNING)
    look = music.add if asked.what == "add" else music.scan
    found = [look(path, report=reporter.progress, cancelled=cancelled) for path in asked.paths]
    names = {str(path.expanduser().absolute()) for path in asked.paths}
    folders = [one for one in music.folders() if one.path in names] or music.folders()
    counts = music.counts()
    return {
        "files": sum(one.files for one in folders),
        "left_out": all_left_out(report for one in found for report in one.values()),
        "unmeasured": sum(one.files - one.measured for one in music.folders()),
        "matched": counts.matched,
        "tracks": counts.tracks,
    }


def _ask_server(
    asked: argparse.Namespace, session: Session, reporter: Reporter, cancelled: Cancelled
) -> MatchedPlaylist | SentPlaylist | TakenStars:
    """Match a playlist on the person's own server, send it, or fetch what they starred there.

    The request comes on standard input, where no other program sees it (`engine.session.pushing`, `starring`).
    """
    from engine.community.fetch import Web
    from engine.session import pushing, starring

    task = json.load(sys.stdin)
    with contextlib.closing(Web(contact=asked.contact, cancelled=cancelled)) as web:
        if asked.command == "stars":
            return starring.take(session.stars, task, web, reporter.progress)
        if asked.what == "look":
            return pushing.look(session.pushing, task, web, reporter.progress)
        return pushing.send(session.pushing, task, web, reporter.progress)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Session, Reporter, Callable[[], bool]], Any]] = {
    "import": _import,
    "add": _add,
    "look": _look,
    "fetch": _fetch,
    "update": _update,
    "add-model": _add_model,
    "export-model": _export_model,
    "music": _music,
    "push": _ask_server,
    "stars": _ask_server,
    "train": _train,
}


if __name__ == "__main__":
    sys.exit(main())
