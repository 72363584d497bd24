"""Model: what was trained on what, how good it measured, and training itself with its loss as it falls."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.screens.view import View
from tuiapp.text import bar, sparkline
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.session import Status
    from engine.training.artifact import ModelManifest
    from tuiapp.jobs import Job


class ModelView(View):
    """Packs, training, quality."""

    NAME: ClassVar[str] = "model"
    CSS_PATH = "model.tcss"
    MARKS: ClassVar[bool] = False
    MUSIC: ClassVar[bool] = False

    def compose_body(self) -> ComposeResult:
        yield Static(id="facts", classes="body")
        yield Static(id="loss", classes="body")
        yield Notice()
        yield Table(
            (
                Column("pack", lambda row: row.name, 16, share=2, order=lambda row: row.name),
                Column("of", lambda row: row.kind, 10, order=lambda row: row.kind),
                Column("listeners", lambda row: f"{row.listeners:,}" if row.listeners else "", 9, right=True,
                       order=lambda row: -row.listeners),
                Column("items", lambda row: f"{row.items:,}", 8, right=True, order=lambda row: -row.items),
                Column("added", lambda row: row.date, 10, right=True, order=lambda row: row.date, least=64),
                Column("size", lambda row: f"{row.bytes / 1e6:.1f} MB", 9, right=True,
                       order=lambda row: -row.bytes, least=76),
            ),
            key=lambda row: row.name,
            words=lambda row: row.name,
            id="packs",
            markable=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        self.watch(self.home, "job", self._draw_training, init=False)

    def _draw_training(self, job: Job | None) -> None:
        if job is not None and job.losses:
            self.draw_loss(job.losses, job.total)

    def load(self) -> None:
        self.ask("list", lambda session: session.status())

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        if message.what == "list":
            self._show(message.result)
        elif message.what == "changed":
            self.home.library_changed()

    def _show(self, status: Status) -> None:
        table = self.query_one("#packs", Table)
        first_time = not table.counts[1]
        table.show(status.packs)
        if first_time:
            table.focus()
        if status.model is None:
            packs = (
                "the packs below"
                if status.packs
                else f"your own listening sessions: press {self.key('model.add_pack')} to add a pack first"
            )
            self.tell("empty", "No model yet", f"Press {self.key('model.train')} to train one on {packs}.")
            self.set_aside("")
            return
        self.tell("")
        self.query_one("#facts", Static).update(facts(status.model))
        self.draw_loss(list(status.model.loss))
        self.set_aside(f"trained {status.model.trained[:10]}")

    def draw_loss(self, losses: list[float], total: int = 0) -> None:
        """The loss a sweep, as a line that falls."""
        if not losses:
            return
        # The first sweep's fall would flatten all that follow: drawn is the logarithm of what is left to fall.
        least = min(losses) * 0.9995
        line = sparkline([math.log(loss / least - 1.0) for loss in losses]).ljust(total or len(losses), "·")
        self.query_one("#loss", Static).update(
            Content.assemble(
                Content.styled("loss by sweep, log scale\n", "$foreground-muted"), Content.styled(line, "$text-accent"),
                f"   {losses[0]:,.0f} → {losses[-1]:,.0f}",
            )
        )  # fmt: skip

    # -- doing -----------------------------------------------------------------------------------------

    def action_train(self) -> None:
        self.home.jobs.start("Training", "train")

    def action_train_free(self) -> None:
        self.home.jobs.start("Training", "train", "--free-factors")

    def action_add_pack(self) -> None:
        def add(text: str) -> None:
            path = Path(text).expanduser()
            self.home.jobs.start_pack(path)

        self.home.ask_path("Add community data or track features", add)

    def action_remove_pack(self) -> None:
        row = self.query_one("#packs", Table).row
        if row is not None:
            name = row.name
            self.ask("changed", lambda session: session.remove_pack(name))
            self.notify(f"{shown(name)} removed. Add the file again to bring it back.", markup=False)

    def show_error(self, what: str, error: Any) -> None:
        if what == "changed":
            self.notify(str(error), severity="error", markup=False)
        else:
            super().show_error(what, error)


def facts(model: ModelManifest) -> Content:
    """The model in a few lines: what from, how tuned, how good beside the baselines, how the index does."""
    from engine.training.tried import in_words

    source = "your own sessions" if model.solo else ", ".join(shown(pack) for pack in model.packs)
    confidence = model.confidence
    cell = {"log": "log(1 + plays)", "binary": "played or not", "linear": "plays"}[confidence.transform]
    sweeps = "1 sweep" if model.iterations == 1 else f"{model.iterations} sweeps"
    parts: list[Content | str] = [
        Content.styled(f"{model.items:,} artists", "bold"), f" from {model.listeners:,} ",
        "sessions" if model.solo else "listeners", f" of {source}\n",
        Content.styled(
            f"{model.factors} factors, {sweeps}, c = 1 + {confidence.alpha:.3g} × {cell}, "
            f"lambda {model.regularization:.3g}"
            + (f" × n^{model.frequency_exponent:g}" if model.frequency_exponent else "")
            + (", tuned on held-out plays" if model.tuned.get("searched") else ", not tuned") + "\n",
            "$foreground-muted",
        ),
    ]  # fmt: skip
    if tried := in_words(model.tuned):
        parts.append(
            f"\n{len(model.tuned['trials'])} settings tried, nDCG@20 of the best on a held-out tenth\n"
        )
        parts += [Content.styled(f"  {line}\n", "$foreground-muted") for line in tried]
    if measured := model.validation:
        rows = [("this model", measured["ndcg@20"])]
        rows += [(name, value["ndcg@20"]) for name, value in measured["baselines"].items()]
        best = max(value for _, value in rows) or 1.0
        parts.append("\nheld-out nDCG@20\n")
        for name, value in rows:
            parts += [
                f"  {name:<12} ",
                Content.styled(bar(value / best, 24), "$text-accent"),
                f" {value:.3f}\n",
            ]
    serves = "the exact scan" if model.index.get("serves", {}).get("best") == "exact" else "the trees"
    parts.append(
        Content.styled(
            f"\nindex: {model.index['trees']} trees find {model.index['recall']:.1%} of the true nearest; "
            f"at this size {serves} answers", "$foreground-muted",
        )
    )  # fmt: skip
    return Content.assemble(*parts)
