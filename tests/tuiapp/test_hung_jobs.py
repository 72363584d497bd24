"""Jobs that do not answer: stopped all the same, by the app and without it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tuiapp import job as jobs
from tuiapp.job import Job, run_job


class Hung(Job):
    """One that hangs."""

    def command(self, data_dir: Path) -> list[str]:
        """The module that hangs, in the mode of the arguments."""
        return ["tests.support.hung_job", str(data_dir), self.arguments[0]]


async def _stopped(job: Job, folder: Path, times: int) -> dict[str, Any]:
    """The last message of a job that is asked to stop, so many times, as soon as it hangs."""
    hangs = asyncio.Event()
    running = asyncio.create_task(run_job(job, folder, hangs.set))
    await asyncio.wait_for(hangs.wait(), 30)
    for _ in range(times):
        job.cancel()
    return await asyncio.wait_for(running, 30)


@pytest.mark.parametrize(
    ("mode", "grace", "times"),
    [("ends", 60.0, 1), ("deaf", 0.2, 1), ("deaf", 60.0, 2)],
    ids=["by itself", "in the end", "asked twice"],
)
async def test_a_job_that_hangs_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, grace: float, times: int
) -> None:
    monkeypatch.setattr(jobs, "GRACE", grace)
    job = Hung("Import", [mode])
    assert await _stopped(job, tmp_path, times) == {"type": "cancelled"}
    assert job.process is not None
    assert job.process.returncode
    assert job.process.returncode < 0, "by a signal"
