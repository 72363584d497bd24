"""Which model is in use, and which before it, whatever is killed as they change places."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from engine.errors import NothingYetError
from engine.paths import Folders
from engine.privacy import Door
from engine.session.repair import repair
from engine.training.in_use import folder_named_by, new_id, pointers, switch_back, switch_to, unused_models
from tests.support.killing import killed_at_each_step
from tests.support.models import write_model


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """One model is in use, one was before it, one is just made."""
    folders = write_model(tmp_path)
    made = (folders.models / "made-by-hand").rename(folders.models / "first")
    for name in ("second", "third"):
        (folders.models / name).symlink_to(made, target_is_directory=True)
    return folders


def test_two_that_end_in_one_second_are_two(folders: Folders) -> None:
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    made = []
    for _ in range(3):
        made.append(new_id(folders, "0123456789abcdef", at))
        (folders.models / made[-1]).mkdir()
    assert made == ["20260102T030405-01234567", "20260102T030405-01234567-2", "20260102T030405-01234567-3"]


def used_and_before(folders: Folders) -> tuple[str, str]:
    used, before = (folder_named_by(folders.models / name) for name in ("current", "current-before"))
    return used, before


def begin(folders: Folders, used: str, before: str) -> None:
    (folders.models / "current").write_text(used)
    (folders.models / "current-before").write_text(before)
    folders.hindsight.write_text("of the first")


def test_killed_as_it_goes_back_both_models_are_still_there_to_go_to(folders: Folders) -> None:
    begin(folders, "first", "second")
    for _ in killed_at_each_step(lambda _step: switch_back(Door(folders))):
        assert used_and_before(folders) in (("first", "second"), ("second", "first"))
        assert {folder_named_by(path) for path in pointers(folders.models)} == {"first", "second"}
        begin(folders, "first", "second")
    assert used_and_before(folders) == ("second", "first")
    switch_back(Door(folders))
    assert used_and_before(folders) == ("first", "second")


def test_killed_as_another_comes_the_one_before_is_that_or_the_one_in_use(folders: Folders) -> None:
    begin(folders, "first", "second")
    for _ in killed_at_each_step(lambda _step: switch_to(Door(folders), "third")):
        assert used_and_before(folders) in (("first", "second"), ("third", "first"))
        assert used_and_before(folders)[0] == "first" or not folders.hindsight.exists()
        begin(folders, "first", "second")
    begin(folders, "third", "first")
    switch_to(Door(folders), "first", grown=True)
    assert folders.hindsight.exists()


def test_killed_as_it_goes_back_to_none_it_goes_on_either_way(folders: Folders) -> None:
    begin(folders, "first", "")
    for _ in killed_at_each_step(lambda _step: switch_back(Door(folders))):
        assert used_and_before(folders) in (("first", ""), ("", "first"))
        begin(folders, "first", "")
    assert used_and_before(folders) == ("", "first")


def test_a_model_that_was_never_in_use_is_named_and_cleared_away(folders: Folders) -> None:
    begin(folders, "first", "second")
    assert unused_models(folders) == [(folders.models / "third", "artists")]
    with Door(folders).making_models():
        assert unused_models(folders) == [], "it is just being made"
    assert "models/third was not in use and is deleted." in repair(Door(folders))
    assert used_and_before(folders) == ("first", "second")
    assert unused_models(folders) == []


def test_the_newest_that_was_never_in_use_comes_into_use_where_none_is(folders: Folders) -> None:
    for pointer in pointers(folders.models):
        pointer.unlink()
    assert repair(Door(folders)) == ["models/current named no model: it names third now."]
    assert used_and_before(folders) == ("third", "")


def test_two_words_in_the_pointer_to_the_one_in_use_name_no_model(folders: Folders) -> None:
    begin(folders, "first second", "second first")
    assert used_and_before(folders) == ("first second", "first")
    (folders.models / "current-before").unlink()
    with pytest.raises(NothingYetError):
        switch_back(Door(folders))
