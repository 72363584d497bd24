"""What an archive says of itself leads nowhere: not outside, not along a link, not to a device, whoever reads it."""

from __future__ import annotations

import contextlib
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import DiscoverError
from engine.paths import Folders
from engine.session import Session
from engine.store.restoring import restore
from tests.support.folders import fingerprint
from tests.support.importing import START, spotify

ROWS = json.dumps([spotify(START + i * 300, 200_000) for i in range(40)])
# What an entry is called, of which kind, and what is said of it in a zip and a tar; nothing: it is read as any file.
# `{secret}` is a history beside the archive, which was not asked for.
TRICKS: tuple[tuple[str, bytes, str, str], ...] = (
    ("../evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("a/../../evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("/evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("{secret}", tarfile.REGTYPE, "outside", "outside"),
    ("C:/evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("C:evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("\\\\host\\evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("a\\..\\..\\evil.json", tarfile.REGTYPE, "outside", "outside"),
    ("soft.json", tarfile.SYMTYPE, "not a listening history", "is a link"),
    ("hard.json", tarfile.LNKTYPE, "not a listening history", "is a link"),
    ("disk.json", tarfile.BLKTYPE, "not a listening history", "is a device"),
    ("zero.json", tarfile.CHRTYPE, "not a listening history", "is a device"),
    ("pipe.json", tarfile.FIFOTYPE, "not a listening history", "is a pipe"),
    ("con.json", tarfile.REGTYPE, "", ""),
    ("GOOD.json", tarfile.REGTYPE, "", ""),
    ("nul\0.json.exe", tarfile.REGTYPE, "", ""),
    ("good.json", tarfile.REGTYPE, "", ""),
)
_MODES = {
    tarfile.SYMTYPE: stat.S_IFLNK, tarfile.BLKTYPE: stat.S_IFBLK, tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}  # fmt: skip


def zipped(path: Path, secret: str, rows: str = ROWS) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, kind, *_ in TRICKS:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name.format(secret=secret)
            info.external_attr = (_MODES.get(kind, stat.S_IFREG) | 0o644) << 16
            archive.writestr(info, rows if kind == tarfile.REGTYPE else secret)


def tarred(path: Path, secret: str, rows: str = ROWS) -> None:
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, *_ in TRICKS:
            info = tarfile.TarInfo(name.format(secret=secret))
            info.type, info.linkname = kind, secret
            info.size = len(rows) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(rows.encode()))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A history beside the archives, of somebody else."""
    path = tmp_path / "beside" / "secret.json"
    path.parent.mkdir()
    path.write_text(json.dumps([spotify(START, 200_000, ("Somebody Else", "Song"))]))
    return path


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_import_reads_what_is_a_file_in_it_and_names_the_rest(
    tmp_path: Path, secret: Path, pack: Callable[[Path, str], None]
) -> None:
    pack(tmp_path / "tricks", str(secret))
    before = fingerprint(secret.parent)
    with Session(Folders(tmp_path / "data")) as session:
        report = session.history.import_paths([tmp_path / "tricks"])
        assert session.history.counts().listens == 40, "once, however often it is there"
    assert len(report.files) == len(TRICKS)
    notes = {file.path.partition("tricks/")[2]: file for file in report.files}
    for name, _, in_zip, in_tar in TRICKS:
        shown = name.format(secret=secret).partition("\0")[0]
        found = notes.get(shown) or notes[str(Path(shown))]
        said = in_zip if pack is zipped else in_tar
        assert (said in found.note and not found.read) if said else found.format == "spotify", (name, found)
    assert fingerprint(secret.parent) == before
    assert {path.name for path in tmp_path.iterdir()} == {"tricks", "beside", "data"}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_packs_models_and_backups_are_led_nowhere_either(
    tmp_path: Path, secret: Path, pack: Callable[[Path, str, str], None]
) -> None:
    pack(tmp_path / "tricks", str(secret), "artist,track,bpm\nSome Artist,Song,120\n")
    with Session(Folders(tmp_path / "data")) as session:
        before = fingerprint(tmp_path)
        for take in (session.packs.add, session.model_files.add):
            with contextlib.suppress(DiscoverError):
                take(tmp_path / "tricks")
        after = fingerprint(tmp_path)
        door = session.door
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert {Path(name).parts[0] for name in changed} <= {"data"}
    for data in (path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()):
        assert b"Somebody Else" not in data
    for name in ("../beside/secret", str(secret), "..", "nul\0", "C:\\x"):
        with pytest.raises(DiscoverError, match="No backup"):
            restore(door, name)
