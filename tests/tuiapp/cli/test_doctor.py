"""What `doctor` reads, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.community.whole import damaged_packs
from engine.paths import Folders, has_digest
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
