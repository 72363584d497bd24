"""The harness finds what it is there for, and a short run of it finds nothing in the readers."""

from __future__ import annotations

import random
import tarfile
from pathlib import Path

import pytest

from engine.errors import DiscoverError, UnreadableFileError
from tests.reliability.far import far
from tests.reliability.fuzz import Target, fuzz
from tests.reliability.outside import outside
from tests.reliability.readers import importers, kept, packs, settings

# The long run has models too: python -m tests.reliability
_IMPORTS, _OTHERS = 5, 3


def test_the_harness_tells_errors_of_its_own_from_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.reliability.fuzz._HANGS", 0.05)
    tried = 0

    def read(_data: bytes, _path: Path) -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise UnreadableFileError("This is one of ours.")
        if tried == 2:
            raise KeyError("This is none.")
        while tried == 3:
            pass

    keep = tmp_path / "found"
    keep.mkdir()
    found = fuzz(
        Target("one", [b"seed"], read), random.Random(1), [b"other"], lambda so_far: so_far < 4, keep
    )
    assert (found.tried, found.refused) == (4, 1)
    assert found.findings == {"KeyError the harness": 1, "it hangs": 1}
    assert len(list(keep.iterdir())) == 2


def test_no_reader_has_a_finding(tmp_path: Path) -> None:
    imports = importers(tmp_path)
    others = [*packs(tmp_path), *settings(), *kept(tmp_path), *outside(tmp_path), *far()]
    seeds = [seed for target in (*imports, *others) for seed in target.seeds]
    rng = random.Random(7)
    for target in (*imports, *others):
        times = _IMPORTS if target in imports else _OTHERS
        found = fuzz(target, rng, seeds, lambda tried, times=times: tried < times)  # type: ignore[misc]  # a lambda with a default has no type
        assert not found.findings, (
            f"{target.name}: python -m tests.reliability --only {target.name} --keep DIR"
        )


def _odd_record() -> bytes:
    """A tar archive whose first record is longer than any number a computer counts with."""
    said = b"9" * 30 + b" path=a\n"
    record = tarfile.TarInfo("record")
    record.type, record.size = tarfile.XHDTYPE, len(said)
    return record.tobuf() + said.ljust(512, b"\0") + tarfile.TarInfo("a").tobuf() + bytes(1024)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("dump-artists", _odd_record()),
        ("dump-listing", b'<a href="&#' + b"9" * 5000 + b';">'),
        ("mpris-wire", b"l\x01\0\x02" + bytes(4) + b"\x01\0\0\0" + b"\x08\0\0\0\x07\x01s\0\x01\0\0\0"),
    ],
    ids=["a tar archive's record", "a page of links", "a message of the bus"],
)
def test_what_fuzzing_found_is_refused(name: str, data: bytes, tmp_path: Path) -> None:
    target = next(one for one in far() if one.name == name)
    with pytest.raises(DiscoverError):
        target.read(data, tmp_path / f"export{target.ending}")
