"""A job: a child process that writes JSON lines, and its last message."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.job_messages import Ended, ServerTask

STOPPING = "stopping"
# Seconds for a job that is asked to stop to reach its next safe step. If it is killed instead, it loses only its
# current step: the library, packs and models survive the death of their writer.
GRACE = 10.0
# A training's result carries every trial: far beyond asyncio's 64 KiB a line.
_MAX_LINE = 32 * 1024 * 1024


@dataclass
class Job:
    """One child process and its last message."""

    title: str
    arguments: Sequence[str]
    stage: str = "starting"
    done: int = 0
    total: int = 0
    # The unit; null if it means nothing to a person.
    unit: str | None = ""
    # Of the total, over all stages; null if that is unknown.
    share: float | None = None
    seconds_left: float | None = None
    per_second: float | None = None
    losses: list[float] = field(default_factory=list)
    # Its standard input, which may be a password: other programs can read its arguments.
    task: ServerTask | None = None
    # Sent to the host of a download, if set.
    contact: str = ""
    # In the dialog that started it, which is opened again with it where the job fails.
    typed: str = ""
    process: asyncio.subprocess.Process | None = None
    began: float = field(default_factory=time.monotonic)

    def command(self, data_dir: Path) -> list[str]:
        """The module to run and its arguments. The demo is a layer above the engine, so it is a program of its own."""
        of_demo = self.arguments[0] == "demo"
        module, arguments = ("sample_data.demo", ()) if of_demo else ("engine.job", self.arguments)
        of_contact = ["--contact", self.contact] if self.contact and not of_demo else []
        return [module, "--data-dir", str(data_dir), *of_contact, *arguments]

    @property
    def waits(self) -> bool:
        """Whether it only waits for the network, and writes nothing."""
        return "look" in self.arguments[:2]

    def cancel(self) -> None:
        """Ask it to stop at the next safe step, and kill it if it does not. A job that only waits for the network is
        killed at once, and so is one that is asked a second time: a host might never answer."""
        if self.process is not None and self.process.returncode is None:
            at_once = self.waits or self.stage == STOPPING
            self.stage = STOPPING
            with contextlib.suppress(ProcessLookupError):
                self.process.kill() if at_once else self.process.terminate()
            asyncio.get_running_loop().call_later(GRACE, self._end)
        elif self.process is None:
            # It is only being started.
            self.stage = STOPPING

    def _end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    def take(self, message: dict[str, Any]) -> None:
        """Remember one progress message."""
        if self.stage != STOPPING:
            self.stage = message["stage"]
        self.done, self.total, self.unit = message["done"], message["total"], message.get("unit", "")
        self.share = message.get("share")
        self.seconds_left, self.per_second = message.get("seconds_left"), message.get("per_second")
        if message.get("loss") is not None:
            if self.done == 1:
                self.losses.clear()  # another fit began
            self.losses.append(message["loss"])


async def run_job(job: Job, data_dir: Path, changed: Callable[[], None]) -> Ended:
    """Run a job and return its last message: `done`, `error` or `cancelled`.

    `changed` is called after each progress message. A child that dies without a message gives an `error`.
    """
    job.process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        *job.command(data_dir),
        stdin=asyncio.subprocess.DEVNULL if job.task is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_MAX_LINE,
    )
    assert job.process.stdout is not None  # noqa: S101 - asked for above
    last: Ended | None = None
    if job.stage == STOPPING:
        job.process.terminate()
    try:
        if job.task is not None and job.process.stdin is not None:
            job.process.stdin.write(json.dumps(job.task).encode())
            job.process.stdin.close()
        async for line in job.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:  # killed in the middle of a line
                continue
            if message["type"] == "progress":
                job.take(message)
                changed()
            else:
                last = message
        _, narration = await job.process.communicate()
    except asyncio.CancelledError:
        # The app is closing: kill the child.
        job.cancel()
        raise
    if last is None and job.stage == STOPPING:
        last = {"type": "cancelled"}
    if last is None:
        tail = narration.decode(errors="replace").strip().splitlines()[-1:]
        last = {
            "type": "error",
            "message": f"{job.title} stopped without a result. {' '.join(tail)}",
            "exit_code": 1,
            "kind": "",
        }
    return last
