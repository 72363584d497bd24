"""Model: the models in use, their quality, packs, and training with its loss."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.screens.view import View
from tuiapp.text import age
from tuiapp.widgets.columns import Column
from tuiapp.widgets.facts import facts, in_short, own_past
from tuiapp.widgets.loss import LossCurve, Losses
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.community.packs import PackInfo
    from engine.recommend.hindsight import Backtest
    from engine.session import Status
    from engine.store.music_files import MusicFolder
    from engine.taste.coverage import Coverage
    from engine.training.manifest import ModelManifest
    from tuiapp.job import Job


# A pack that was removed is kept no longer.
_UNTIL = " until you quit"
# The label of a music folder among the packs.
FILES = "files"


def _of(pack: PackInfo) -> str:
    """A pack's kind: artists, tracks, or track features."""
    return pack.level if pack.kind == "community" else pack.kind


def _as_row(folder: MusicFolder) -> PackInfo:
    """A music folder as a row of the table of packs."""
    from engine.community.packs import PackInfo

    day = datetime.datetime.fromtimestamp(folder.scanned).date().isoformat() if folder.scanned else ""
    return PackInfo(Path(folder.path).name, FILES, "", 0, folder.files, 0, folder.path, day, folder.bytes)


def _key(row: PackInfo) -> str:
    return row.source if row.kind == FILES else row.name


def _counted(pack: PackInfo) -> str:
    """When a pack's data was collected; if unknown, the day it was added."""
    return pack.collected or pack.date


class ModelView(View):
    """Packs, music folders, training, quality."""

    NAME: ClassVar[str] = "model"
    _packs: getters.query_one[Table[PackInfo]] = getters.query_one("#packs", Table)
    _loss = getters.query_one(LossCurve)
    _facts = getters.query_one("#facts", Static)
    MARKS: ClassVar[bool] = False
    MUSIC: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._today = 0
        self._known: dict[str, Coverage | None] = {}
        self._models: list[ModelManifest] = []
        self._hindsight: Backtest | None = None
        self._ranking = ""
        self._outdated = ""
        self._detailed = False
        self._folders: tuple[MusicFolder, ...] = ()

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            with VerticalScroll(id="details", classes="body"):
                yield Static(id="facts")
            yield LossCurve(id="loss").add_class("body")
            yield Notice()
            yield Table["PackInfo"](
                (
                    Column("pack", lambda row: row.name, 14, share=2, order=lambda row: row.name),
                    Column("of", _of, 9, order=_of),
                    Column("listeners", lambda row: f"{row.listeners:,}" if row.listeners else "", 9, right=True,
                           order=lambda row: -row.listeners),
                    Column("your plays", self._share_known, 10, right=True, order=self._least_known, least=50),
                    Column("items", lambda row: f"{row.items:,}", 7, right=True, order=lambda row: -row.items,
                           least=60),
                    Column("age", self._age, 9, right=True, order=_counted, least=70),
                    Column("size", lambda row: f"{row.bytes / 1e6:.1f} MB", 9, right=True,
                           order=lambda row: -row.bytes, least=82),
                ),
                key=_key,
                words=lambda row: f"{row.name} {_of(row)}",
                id="packs",
                markable=False,
            )  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        self.watch(self.app, "job", self._draw_training, init=False)

    def _draw_training(self, job: Job | None) -> None:
        if job is not None and job.losses:
            self._loss.show(Losses(tuple(job.losses), job.total))

    def load(self) -> None:
        self.ask(
            lambda session: (
                session.status(),
                session.discover.today(),
                session.evaluation.last(),
                session.comparisons.in_force().name,
                session.music.folders(),
            ),
            self._show,
            group="list",
        )

    def _age(self, row: PackInfo) -> str:
        """The age of a pack's data; if collected over a year or several, the year."""
        counted = _counted(row)
        return age(counted, self._today) or counted

    def _share_known(self, row: PackInfo) -> str:
        """The coverage of a pack; empty if it does not apply, or is not known yet."""
        known = self._known.get(row.name)
        return known.percent if known is not None else ""

    def _least_known(self, row: PackInfo) -> float:
        known = self._known.get(row.name)
        return -known.plays_share if known is not None else 1.0

    def _show_known(self, known: dict[str, Coverage | None]) -> None:
        self._known = known
        self._packs.drop([])

    def _show(self, answer: tuple[Status, int, Backtest | None, str, tuple[MusicFolder, ...]]) -> None:
        status, self._today, self._hindsight, self._ranking, self._folders = answer
        table = self._packs
        # Computed from all plays: the list does not wait for it.
        self.ask(
            lambda session: {pack.name: session.coverage.of_pack(pack) for pack in status.packs},
            self._show_known,
            group="known",
        )
        first_time = not table.counts[1]
        table.show((*status.packs, *map(_as_row, self._folders)))
        if first_time:
            self.focus_list(table)
        self._models = [model for model in (status.model, status.track_model) if model is not None]
        self._outdated = shown(status.outdated)
        if not self._models:
            train, add = self.key("model.train"), self.key("model.add_pack")
            alone = (
                f"{self.key('import')} to import more: what you have is too little to train on"
                if status.too_few_alone
                else f"{train} to train on your own listening only"
            )
            text = (
                f"Press {train} to train on the packs below."
                if status.packs
                else f"Press {add} to add community data, or {alone}."
            )
            damaged = f"{self.in_keys(self._outdated)}\n\n" if self._outdated else ""
            self.set_state("empty", "No model yet", damaged + text)
            self.set_status("")
            return
        self.set_state("")
        self._show_models()
        first = self._models[0]
        self._loss.show(Losses(tuple(first.loss)))
        when = age(first.trained, self._today)
        self.set_status(f"trained {when}" + ("" if when == "today" else " ago"))

    def _show_models(self) -> None:
        """Show the models in short, or with all figures."""
        wide = self.size.width >= 100
        width = (self.size.width // 2 if wide else self.size.width) - 7
        parts = [(facts if self._detailed else in_short)(model, width) for model in self._models]
        if self._hindsight is not None:
            parts.append(own_past(self._hindsight, width, self._ranking, detailed=self._detailed))
        text = Content("\n\n").join(parts)
        if self._outdated:
            again = f"! {self.in_keys(self._outdated)}\n\n"
            text = Content.assemble(Content.styled(again, "bold $text-warning"), text)
        if not self._detailed:
            hint = f"\n\n{self.key('model.details')} for details"
            text = Content.assemble(text, Content.styled(hint, "$foreground-muted"))
        self._facts.update(text)

    def on_resize(self) -> None:
        """Redraw the models for the new size."""
        if self._models:
            self.call_after_refresh(self._show_models)

    # -- doing -----------------------------------------------------------------------------------------

    def action_train(self) -> None:
        self._train("train")

    def action_train_free(self) -> None:
        self._train("train", "--free-factors")

    def _train(self, *arguments: str) -> None:
        """Start training; if the model's pack was removed, only after confirmation."""

        def start() -> None:
            self.shell.jobs.start("Training", *arguments)

        def asked(lost: str) -> None:
            if not lost:
                start()
                return
            from tuiapp.screens.pick import Choice, Pick

            question = Pick("Train on your own listening?", [Choice("train", "Train")], more=shown(lost))
            self.app.push_screen(question, lambda choice: None if choice is None else start())

        if self.shell.jobs.obstacle("Training"):
            start()
            return
        # Training repairs a damaged model.
        self.ask(
            lambda session: session.models.lost_by_training("artists"),
            asked,
            group="train",
            failed=lambda _error: start(),
        )

    def action_details(self) -> None:
        """All figures of the models, or the short form again."""
        self._detailed = not self._detailed
        if self._models:
            self._show_models()
        else:
            self.remark(f"No model yet: {self.key('model.train')} trains one.")

    def action_compare(self) -> None:
        """Compare two rankings."""
        from tuiapp.screens.compare import ask_compare

        ask_compare(self.shell)

    def action_export(self) -> None:
        self.shell.jobs.ask_model_export()

    def action_add_pack(self) -> None:
        self.shell.jobs.ask_pack()

    def action_update_pack(self) -> None:
        row = self._packs.row
        if row is None:
            self.remark(f"No packs here yet: {self.key('model.add_pack')} adds one.")
        elif row.kind == FILES:
            unmeasured = sum(one.files - one.measured for one in self._folders)
            self.shell.jobs.ask_music_files(row.source, unmeasured)
        else:
            self.shell.jobs.ask_update(row)

    def action_remove_pack(self) -> None:
        row = self._packs.row
        if row is not None and row.kind == FILES:
            self._remove_music(row)
        elif row is None:
            self.remark(f"No packs here yet: {self.key('model.add_pack')} adds one.")
        else:
            name = row.name
            self._packs.drop([name])
            self.shell.changes.edit_each(
                f"removing {name}",
                (name,),
                lambda session, name: session.packs.stash(name),
                lambda session, _: session.packs.restore(name),
                self.shell.changes.says(f"{name} removed.", _UNTIL),
            )

    def _remove_music(self, row: PackInfo) -> None:
        """Remove a music folder; its files stay."""
        path = Path(row.source)
        self._packs.drop([_key(row)])
        self.shell.changes.edit_each(
            f"removing {row.name}",
            (path,),
            lambda session, path: session.music.take(path),
            lambda session, taken: session.music.put(taken),
            self.shell.changes.says(f"{row.source} removed; its files are untouched.", _UNTIL),
        )
