"""What `doctor` reads, and how often."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.community.whole import damaged_packs
from engine.paths import Folders, has_digest
from engine.session import Session
from tests.support.commands import document
from tests.support.communities import write_community
from tests.support.models import names
from tuiapp.cli.main import run


@pytest.mark.parametrize("damaged", [False, True])
def test_a_repair_reads_all_packs_once_and_models_not_for_what_it_says(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    damaged: bool,
) -> None:
    assert run(["community", "add", str(write_community(tmp_path / "camps", artists=names(60)))]) == 0
    capsys.readouterr()
    if damaged:
        (place / "packs/camps/plays.npy").write_bytes(b"\xff")
    read: Counter[str] = Counter()

    def counted_packs(folders: Folders) -> Iterator[tuple[Path, str]]:
        read["packs"] += 1
        return damaged_packs(folders)

    def counted_files(path: Path, digest: str | None) -> bool:
        read[path.name] += 1
        return has_digest(path, digest)

    monkeypatch.setattr("engine.session.damage.damaged_packs", counted_packs)
    monkeypatch.setattr("engine.training.artifact.has_digest", counted_files)
    report = document(capsys, "doctor", "--repair")
    assert report["mended"] == ["Nothing was repaired: see “next”." if damaged else "Nothing to repair."]
    assert any("camps is damaged" in line for line in report["next"]) == damaged
    assert read["packs"] == 1
    # To rebuild them, to see whether a training is necessary, and for the report.
    assert read["item_factors.npy"] == 3


def test_plays_that_a_wrong_clock_dated_in_the_future_are_named_until_they_are_excluded(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now, year = int(time.time()), 366 * 86_400
    with Session(Folders(place)) as session:
        for title, at in (
            ("One", now - year),
            ("Two", now + 60),
            ("Three", now + year),
            ("Four", now + 2 * year),
        ):
            session.history.log_play("Ida", title, seconds=200, at=at)

    def advice() -> list[str]:
        return [one for one in document(capsys, "doctor")["next"] if "in the future" in one]

    (said,) = advice()
    assert said.startswith("2 plays are dated in the future")
    words = said.partition("discover ")[2].split()
    assert words[:3] == ["taste", "exclude", "--from"]
    assert document(capsys, *words)["listens_excluded"] == 2
    assert advice() == []
