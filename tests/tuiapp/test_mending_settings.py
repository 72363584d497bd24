"""A settings file that is damaged gives back what can be read of it, group by group, and the rest as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PrivateSessionError
from engine.paths import Folders
from engine.privacy import Door
from tuiapp.settings import config, config_file
from tuiapp.settings.mending import is_damaged, keep, mend

WRITTEN = """theme = "nord"

[open]
service = "Bandcamp"  # buy it

[contexts.hills]
bpm = [
  [0, 0.4],
  [1, 0.8],
]
"""
OPEN, HILLS, FIRST = "[open]", "[contexts.hills]", "the settings before the first heading"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(Folders(tmp_path))


def broken(at: str, by: bytes) -> bytes:
    return WRITTEN.encode().replace(at.encode(), by)


@pytest.mark.parametrize(
    ("damaged", "before", "restored", "lost"),
    [
        (broken("Bandcamp", b"Band\xffcamp"), WRITTEN, OPEN, ""),
        (broken("Bandcamp", b"Band\xffcamp"), "", "", OPEN),
        (broken('"nord"', b'"nord'), WRITTEN, FIRST, ""),
        (broken("[1, 0.8],\n]", b"[1, 0.8"), WRITTEN.replace("0.8", "0.7"), HILLS, ""),
        (broken("[open]", b"[op\0en]"), WRITTEN, f"{FIRST}, {OPEN}", ""),
        (WRITTEN[:40].encode(), WRITTEN, f"{OPEN}, {HILLS}", ""),
        (bytes(200), WRITTEN, f"{FIRST}, {OPEN}, {HILLS}", ""),
        (WRITTEN.encode() + b"[theme]\nx = 1\n", WRITTEN, f"{FIRST}, {OPEN}, {HILLS}", "[theme]"),
        (WRITTEN.encode() + b"[theme]\nx = 1\n", "[open", "", f"{FIRST}, {OPEN}, {HILLS}, [theme]"),
    ],
)
def test_each_group_that_can_be_read_is_kept_and_the_others_are_as_they_were(
    door: Door, damaged: bytes, before: str, restored: str, lost: str
) -> None:
    folders = door.folders
    folders.config.write_bytes(damaged)
    folders.last_config.write_text(before)
    assert is_damaged(folders.config)
    (said,) = mend(door)
    assert (f"last valid copy: {restored}." in said) is bool(restored), said
    assert (f"hold: {lost}." in said) is bool(lost), said
    assert not is_damaged(folders.config)
    after = config.read(folders.config)
    if not lost:
        assert after.values["theme"] == "nord"
        assert after.values["open.service"] == "Bandcamp"
    assert folders.damaged_config.read_bytes() == damaged
    assert mend(door) == []


def test_what_is_set_and_what_is_written_by_hand_is_there_to_restore_it(door: Door) -> None:
    folders = door.folders
    config_file.write(door, {"theme": "nord"})
    assert folders.last_config.read_bytes() == folders.config.read_bytes()
    folders.config.write_text(WRITTEN)
    keep(Door(folders, private=True))
    assert "Bandcamp" not in folders.last_config.read_text()
    keep(door)
    assert folders.last_config.read_text() == WRITTEN
    folders.config.write_bytes(b"\xff")
    keep(door)
    assert folders.last_config.read_text() == WRITTEN
    with pytest.raises(PrivateSessionError):
        mend(Door(folders, private=True))
    assert "last valid copy" in mend(door)[0]
    assert folders.config.read_text() == WRITTEN


def test_what_was_set_just_before_a_kill_is_copied_by_the_next_to_set_it(door: Door) -> None:
    folders = door.folders
    config_file.write(door, {"theme": "nord"})
    whole = folders.last_config.read_bytes()
    folders.last_config.write_text("")
    half = folders.root / ".config.last.toml-0123456789abcdef"
    half.write_bytes(whole[:5])
    config_file.write(door, {"theme": "nord"})
    assert folders.last_config.read_bytes() == whole
    assert not half.exists()
