"""Folders stay whole whatever is killed, and leftovers are distinguished from what is being written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door, atomic
from engine.privacy.atomic import held_folder
from tests.support.killing import killed_at_each_step


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    # Nobody else is about to lock what was just made.
    monkeypatch.setattr(atomic, "_YOUNG_SECONDS", -1)
    return Door(Folders(tmp_path / "data"))


def fill(door: Door, name: str, text: str) -> None:
    with door.new_folder(door.folders.packs / name) as folder:
        for part in ("a", "b"):
            (folder / part).write_text(text)


def held(door: Door) -> dict[str, set[str]]:
    """What is in each pack, and everything else beside them."""
    return {
        folder.name: {f"{part.name}{part.read_text()}" for part in folder.iterdir()}
        for folder in door.folders.packs.iterdir()
    }


OLD, NEW = {"aold", "bold"}, {"anew", "bnew"}


def test_a_folder_replaced_is_the_old_or_the_new_one_wherever_it_is_killed(door: Door) -> None:
    fill(door, "one", "old")
    after = []
    for _ in killed_at_each_step(lambda _step: fill(door, "one", "new")):
        door.settle()
        after.append(held(door))
        fill(door, "one", "old")
    assert held(door) == {"one": NEW}
    # First the old one, from some step on the new one.
    new = after.index({"one": NEW})
    assert after == [{"one": OLD}] * new + [{"one": NEW}] * (len(after) - new)


def test_a_folder_is_replaced_beside_what_a_killed_one_left(door: Door) -> None:
    fill(door, "one", "old")
    for _ in killed_at_each_step(lambda _step: fill(door, "one", "new")):
        # Whoever has the library open settles nothing in between.
        fill(door, "one", "old")
        assert held(door) == {"one": OLD}


def test_what_is_on_the_disk_already_is_not_waited_for_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(door, "one", "old")
    waited: list[str] = []

    def fsync(path: Path) -> None:
        waited.append(path.name if path.suffix != atomic.PARTIAL else "itself")

    monkeypatch.setattr(atomic, "fsync", fsync)
    with door.new_folder(door.folders.packs / "two") as folder:
        for name in ("early", "changed"):
            (folder / name).write_text(name)
        door.make_safe(folder)
        assert waited == ["changed", "early", "itself"]
        waited.clear()
        (folder / "changed").write_text("changed since")
        (folder / "late").write_text("late")
        (folder / "below").mkdir()
        (folder / "below" / "linked").hardlink_to(door.folders.packs / "one" / "a")
    assert waited[:-1] == ["below", "changed", "late", "itself"]


def test_where_the_new_one_may_not_be_renamed_the_old_one_keeps_its_name(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, to: Path) -> Path:
        if path.name == ".one.new":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return rename(path, to)

    fill(door, "one", "old")
    rename = Path.rename
    with monkeypatch.context() as denied:
        denied.setattr(Path, "rename", refused)
        with pytest.raises(PermissionError):
            fill(door, "one", "new")
        assert held(door)["one"] == OLD
    door.settle()
    assert held(door) == {"one": NEW}


def test_a_folder_removed_is_whole_or_gone_wherever_it_is_killed(door: Door) -> None:
    fill(door, "one", "old")
    for _ in killed_at_each_step(lambda _step: door.remove(door.folders.packs / "one")):
        assert held(door).get("one", OLD) == OLD
        door.settle()
        assert held(door) in ({"one": OLD}, {})
        fill(door, "one", "old")
    assert held(door) == {}


def test_one_takes_the_place_of_another_wherever_it_is_killed(door: Door) -> None:
    def exchange(_step: object) -> None:
        door.replace_folder(door.folders.packs / "one", door.folders.packs / "two")

    fill(door, "one", "old")
    fill(door, "two", "new")
    for _ in killed_at_each_step(exchange):
        door.settle()
        assert held(door) in ({"one": OLD, "two": NEW}, {"one": NEW})
        fill(door, "one", "old")
        fill(door, "two", "new")
    assert held(door) == {"one": NEW}


def test_the_next_one_takes_along_what_a_killed_one_left_of_a_file_anywhere(
    door: Door, tmp_path: Path
) -> None:
    exported, folder, other = tmp_path / "mine.zip", tmp_path / "parquet", tmp_path / ".mine.zip-made_up_"
    other.touch()

    def export(name: str) -> None:
        with door.export_folder(tmp_path / name) as made:
            (made / "part").touch()

    for write, again in (
        (lambda: door.write_file(door.folders.config, b"new"), lambda: None),
        (lambda: door.export(exported, b"new"), lambda: None),
        (lambda: export("parquet"), lambda: door.remove(folder)),
    ):
        for _ in killed_at_each_step(lambda _step, write=write: write()):
            again()
            write()
            assert list(tmp_path.rglob(".*")) == [other]
            again()


def test_what_an_earlier_version_put_aside_comes_back(door: Door) -> None:
    fill(door, ".one.old", "old")
    fill(door, "two", "new")
    fill(door, ".two.old", "old")
    door.settle()
    assert held(door) == {"one": OLD, "two": NEW}


def test_what_is_being_written_stays_and_what_is_left_over_goes(door: Door) -> None:
    packs = door.folders.packs
    door.make_folder(packs)
    left = [packs / ".one-0123abcd.partial", packs / ".two-k3_x9fq1.own.partial"]
    for folder in left:
        folder.mkdir()
        (folder / "a").write_text("part")
    files = [path.with_name(f".{path.name}-0123456789abcdef") for path in door.folders.files]
    for file in files:
        file.write_text("part")
    with held_folder(packs, "three", ".partial") as writing, door.scratch_folder() as scratch:
        (writing / "a").write_text("part")
        (scratch / "a").write_text("part")
        door.settle()
        assert writing.is_dir()
        assert scratch.is_dir()
    assert not any(path.exists() for path in (*left, *files, writing, scratch))
    # None is forgotten where a name is added.
    named = {
        getattr(door.folders, name) for name in vars(Folders) if isinstance(vars(Folders)[name], property)
    }
    assert {path for path in named if isinstance(path, Path) and path.suffix} == set(door.folders.files)


def test_of_other_things_in_a_data_folder_nothing_is_swept(door: Door) -> None:
    others = [
        door.folders.root / name
        for name in (".bashrc.old", ".vimrc.new", ".key-0123456789abcdef", ".scratch", ".a-0123abcd.partial")
    ]
    door.make_folder(door.folders.root)
    for path in others:
        path.write_text("mine")
    door.settle()
    assert [path.read_text() for path in others] == ["mine"] * len(others)
