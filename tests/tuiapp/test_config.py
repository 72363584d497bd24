"""Settings: read whatever the file holds, changed without touching a byte of the rest."""

from __future__ import annotations

import contextlib
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual.app import App
from textual.keys import _character_to_key

from engine.errors import DiscoverError
from engine.paths import Folders
from tests.support.commands import document
from tests.support.folders import fingerprint
from tuiapp.cli.main import run
from tuiapp.settings.config import Config, read, read_document
from tuiapp.settings.config_file import changed
from tuiapp.settings.keys import RENAMED, RESERVED, key_named
from tuiapp.settings.registry import SETTINGS, THEMES


def read_text(tmp_path: Path, text: str | bytes) -> Config:
    file = tmp_path / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(file)


# -- reading -----------------------------------------------------------------------------------------------


def test_without_a_file_every_setting_has_its_default(tmp_path: Path) -> None:
    found = read(tmp_path / "config.toml")
    assert (found.values, found.problems) == ({}, ())
    for key, setting in SETTINGS.items():
        assert found[key] == setting.default
        assert found.where(key) == "default"
        if setting.default is not None and key != "open.player":
            assert setting.check(setting.default) == setting.default, (
                f"the default of {key} is not a value of it"
            )
        assert setting.help.endswith("."), key


def test_the_themes_are_those_textual_has() -> None:
    assert sorted(THEMES) == sorted(App().available_themes)


def test_keys_are_named_as_textual_names_them() -> None:
    for character in string.ascii_letters + string.digits + string.punctuation + "öß→":
        assert key_named(character) == _character_to_key(character), character
        assert key_named(key_named(character)) == key_named(character), "a name is its own name"
    assert key_named(" ") == "space"
    assert key_named("Ctrl+Y") == "ctrl+y"
    assert key_named("shift+ctrl+F5") == "ctrl+shift+f5"


@pytest.mark.parametrize(
    "key", ["", "nokey", "ctrl+", "hyperspace+x", "shift+a", "ctrl+i", "a b", "\x1b", *RESERVED]
)
def test_what_is_not_a_key_or_not_free_to_give_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        key_named(key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = 'nordd'", ["theme is 'nordd'", "expected the name of a theme", "did you mean nord?"]),
        ("theme = 7", ["theme is 7", "expected the name of a theme", "tokyo-night"]),
        ("them = 'nord'", ["them: unknown setting", "did you mean theme"]),
        ("[open]\nservice = 'Bandcmp'", ["open.service is 'Bandcmp'", "did you mean Bandcamp?"]),
        ("[open]\nservice = 'https://x.org/'", ["open.service", "contains {query}"]),
        ("[open]\nservice = 'file:///{query}'", ["open.service", "starts with https://"]),
        ("[open]\nplayer = 'mpv \"{query}'", ["open.player", "with matching quotes"]),
        ("[open]\nplayer = 'mpv'", ["open.player", "with {query}"]),
        ("[open]\nwithout_file = 'ytdl://{query}'", ["open.without_file", "ytdl://ytsearch:{query}"]),
        ("[open]\nwithout_file = 'https://{query}/'", ["open.without_file", "starts with https://"]),
        ("[open]\nwithout_file = 'file:///{query}'", ["open.without_file", "starts with https://"]),
        ("[open]\nplayer = 'sh -c \"mpv {query}\"'", ["open.player", "inside the shell's script"]),
        (
            "[open]\nplayer = 'env X=1 /bin/bash -lc \"mpv {artist}\"'",
            ["open.player", "inside the shell's script"],
        ),
        ("[open]\nplayer = 'ssh other eval mpv {track}'", ["open.player", "without ssh"]),
        ("discover.known_plays = 0", ["discover.known_plays is 0", "a whole number, 1 or more"]),
        ("discover.known_plays = true", ["discover.known_plays is True", "a whole number"]),
        ("discover.known_days = nan", ["discover.known_days is nan", "a number of days, more than 0"]),
        ("discover.half_life = '30'", ["discover.half_life is '30'", "a number of days, 0 or more"]),
        (
            "[keys.discover]\nlik = 'L'",
            ["keys.discover.lik: unknown setting", "did you mean keys.discover.like"],
        ),
        ("keys.undo = 'ctrl+'", ["keys.undo is 'ctrl+'"]),
        ("keys.undo = 'pagedwn'", ["keys.undo is 'pagedwn'", "did you mean pagedown?"]),
        ("keys.undo = ['U']", ["keys.undo is ['U']", "such as “x”"]),
        ("keys.undo = 'ctrl+p'", ["keys.undo is ctrl+p, already used by palette", "Still u."]),
        ("[keys]\nundo = 'U'\n'discover.like' = 'U'", ["keys.discover.like is U, already used by undo"]),
        ("a = [", ["is not valid TOML", "ignored"]),
        (b"\xff\xfe", ["is not valid TOML"]),
        ("x = " + "[" * 5000, ["nested too deeply"]),
        ("discover.known_plays = " + "9" * 5000, ["is not valid TOML"]),
        ("[contexts.empty]", ["contexts.empty: expected one of its settings", "like"]),
    ],
)
def test_a_mistake_is_named_with_file_key_what_was_found_and_what_is_expected(
    tmp_path: Path, text: str | bytes, words: list[str]
) -> None:
    found = read_text(tmp_path, text)
    (problem,) = found.problems
    for word in [str(tmp_path / "config.toml"), *words]:
        assert word in problem
    # Only what is wrong is left out.
    assert set(found.values) <= {"keys.undo"}


def test_keys_given_by_the_names_of_versions_before_hold(tmp_path: Path) -> None:
    assert set(RENAMED.values()) <= set(SETTINGS)
    assert not set(RENAMED) & set(SETTINGS)
    for old, new in RENAMED.items():
        file = tmp_path / f"{old}.toml"
        file.write_text(f'"{old}" = "f9"\n')
        config = read(file)
        assert (config.problems, config.values) == ((), {new: "f9"})
        file.write_text(f'"{new}" = "f8"\n"{old}" = "f9"\n')
        assert read(file).values == {new: "f8"}, "the name of today is meant"


def test_a_file_with_every_setting_there_ever_was_is_read_whole() -> None:
    config = read(Path(__file__).with_name("settings_so_far.toml"))
    assert config.problems == ()
    assert set(config.values) == set(SETTINGS), "a new setting is added there, and stays when it is renamed"


def test_one_mistake_costs_nothing_else(tmp_path: Path) -> None:
    found = read_text(
        tmp_path, "theme = 'NORD'\n[open]\nservice = 3\nplayer = 'mpv {query}'\n[keys]\nundo = 'U'"
    )
    assert dict(found.values) == {"theme": "nord", "open.player": "mpv {query}", "keys.undo": "U"}
    assert len(found.problems) == 1


def test_two_actions_can_change_keys_with_each_other(tmp_path: Path) -> None:
    found = read_text(
        tmp_path,
        "[keys]\nundo = 'l'\n[keys.discover]\nlike = 'u'\n[keys.related]\nlike = 'u'\n[keys.history]\nlike = 'u'",
    )
    assert found.problems == ()
    assert found.keymap.label("undo") == "l"


def test_the_same_key_may_do_different_things_in_different_views(tmp_path: Path) -> None:
    assert read_text(tmp_path, "[keys.discover]\nexport = 'W'").problems == ()


def test_settings_are_under_a_heading_or_with_a_dotted_name(tmp_path: Path) -> None:
    for text in (
        "[keys.discover]\nlike = 'L'",
        "[keys]\ndiscover.like = 'L'",
        "[keys]\n'discover.like' = 'L'",
        "keys.discover.like = 'L'",
        "'keys.discover.like' = 'L'",
        "keys = {discover = {like = 'L'}}",
    ):
        assert dict(read_text(tmp_path, text).values) == {"keys.discover.like": "L"}, text


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.dates()
_names = st.sampled_from([*SETTINGS, "open", "keys", "theme", "x"]) | st.text(max_size=8)
_documents = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_names, _documents, max_size=5))
def test_no_document_is_too_hostile_to_be_read(content: dict[str, Any]) -> None:
    found = read_document(content, "config.toml")
    for key, value in found.values.items():
        assert SETTINGS[key].check(value) == value
    assert not list(found.keymap.clashes())
    assert all(problem.startswith("config.toml: ") for problem in found.problems)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_are_too_hostile_to_be_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "hostile.toml"
    file.write_bytes(data)
    read(file)


# -- writing -----------------------------------------------------------------------------------------------

FILE = """\
# mine, since 2019 — do not touch
theme   =  'dracula'   # at night

[open]  # how music is opened
# service = "Spotify"
service='YouTube'\t# for now


[keys]
"discover.like" = "L" # easier
[other.program]   # not ours, and left alone
x = [1,   2, # two
     3]
# the end"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("theme", "nord", "'dracula'   # at", '"nord"   # at'),
        ("theme", None, "theme   =  'dracula'   # at night\n", ""),
        ("open.service", "Bandcamp", "'YouTube'", '"Bandcamp"'),
        ("keys.discover.like", "M", '"L"', '"M"'),
        ("keys.undo", "U", "# easier\n", '# easier\nundo = "U"\n'),
        ("open.player", "mpv {query}", "# for now\n", '# for now\nplayer = "mpv {query}"\n'),
        ("discover.half_life", 30.5, "# the end", "# the end\n\n[discover]\nhalf_life = 30.5\n"),
        ("contexts.gym.bpm", 150, "# the end", "# the end\n\n[contexts.gym]\nbpm = 150\n"),
        ("discover.known_days", None, "", ""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_change_leaves_every_other_byte(key: str, value: Any, before: str, after: str, end: str) -> None:
    assert changed(FILE.replace("\n", end), key, value).replace("\r\n", "\n") == FILE.replace(
        before, after, 1
    )


_lines = st.lists(
    st.sampled_from(
        ["# a comment", "", "[open]", "[keys]", "[keys.discover] # k", "theme = 'nord' # t", "service = 'Discogs'",
         "like = 'L'", "undo = 'U' # u", "'discover.like' = 'M'", "open.service = 'Bandcamp'", "[[list]] # l",
         "keys.undo = 'U'", "x = {a = 1, b = '#'} # x", "text = '''\n# no comment\n'''", "[discover.deep]"]
    ),
    max_size=9,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    _lines,
    st.sampled_from(["theme", "open.service", "keys.undo", "keys.discover.like", "discover.half_life"]),
)
@example(["[keys.discover] # k", "like = 'L'", "[keys]", "'discover.like' = 'M'"], "keys.discover.like")
def test_a_file_is_changed_as_asked_and_keeps_its_comments_or_not_at_all(lines: list[str], key: str) -> None:
    text = "\n".join(lines)
    value: Any = 7.5 if key == "discover.half_life" else "fresh"
    try:
        tomllib.loads(text)
    except ValueError:
        with pytest.raises(DiscoverError):
            changed(text, key, value)
        return
    try:
        after = changed(text, key, value)
    except DiscoverError:
        return
    comments = [line.partition("#")[2] for line in lines if "#" in line and not line.startswith("x =")]
    left = after
    for comment in comments:
        assert comment in left, after
        left = left.partition(comment)[2]
    # A key that occurs twice, under a heading and dotted, is removed in both places.
    with contextlib.suppress(DiscoverError):
        tomllib.loads(changed(after, key, None))


def test_a_file_that_is_not_toml_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = Folders(tmp_path)
    folders.config.write_text("theme = \n# precious")
    assert run(["--data-dir", str(tmp_path), "config", "set", "theme", "nord"]) == 1
    assert "Fix it by hand" in capsys.readouterr().err
    assert folders.config.read_text() == "theme = \n# precious"


# -- the command line --------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "data"))
    return Folders(tmp_path / "data")


def test_settings_are_set_shown_and_taken_back(place: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "config", "set", "theme", "Nord") == {
        "setting": "theme",
        "value": "nord",
        "from": "file",
    }
    assert run(["config", "set", "discover.known_plays", "3"]) == 0
    assert oct(place.config.stat().st_mode & 0o777) == "0o600"
    found = document(capsys, "config")
    assert found["settings"]["data_dir"] == str(place.root)
    assert found["settings"]["theme"] == "nord"
    assert (found["settings"]["discover.known_plays"], found["settings"]["keys.undo"]) == (3, "u")
    assert (found["from_file"], found["problems"]) == (["discover.known_plays", "theme"], [])
    assert run(["config", "unset", "theme"]) == 0
    capsys.readouterr()
    assert run(["config"]) == 0
    shown = capsys.readouterr().out
    lines = [line.split() for line in shown.splitlines()]
    assert ["discover.known_plays", "3", "file"] in lines
    assert ["theme", "textual-dark", "default"] in lines
    assert not place.database.exists(), "settings need no library"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "them", "nord"], "them: unknown setting; did you mean theme"),
        (["set", "theme", "nrd"], "did you mean nord?"),
        (
            ["set", "discover.known_plays", "many"],
            "discover.known_plays: “many” is not valid: enter a whole number",
        ),
        (["set", "keys.undo", "l"], "keys.undo cannot be l: used by discover.like"),
        (["unset", "keys.und"], "did you mean keys.undo"),
    ],
)
def test_what_cannot_be_set_is_wrong_usage_and_changes_nothing(
    place: Folders, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["config", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not place.config.exists()


def test_in_a_private_session_settings_are_not_written(
    place: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["config", "set", "theme", "nord"])
    before = fingerprint(place.root)
    capsys.readouterr()
    assert run(["--private", "config", "set", "theme", "dracula"]) == 1
    assert "Can't keep settings in a private session" in capsys.readouterr().err
    assert run(["--private", "config", "unset", "theme"]) == 1
    assert fingerprint(place.root) == before


def test_a_settings_file_kept_elsewhere_is_changed_there_and_stays_as_readable(
    place: Folders, tmp_path: Path
) -> None:
    kept = tmp_path / "dotfiles" / "discover.toml"
    for folder in (place.root, kept.parent):
        folder.mkdir()
    kept.write_text("# mine\n")
    kept.chmod(0o644)
    place.config.symlink_to(kept)
    assert run(["config", "set", "theme", "nord"]) == 0
    assert place.config.is_symlink()
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ('# mine\ntheme = "nord"\n', 0o644)
    kept.parent.rename(tmp_path / "away")
    assert run(["config", "set", "theme", "dracula"]) == 1
    assert place.config.is_symlink()


def test_mistakes_are_listed_by_config_and_by_the_doctor(
    place: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    place.root.mkdir()
    place.config.write_text("them = 'nord'\n")
    assert run(["config"]) == 0
    assert "them: unknown setting; did you mean theme" in capsys.readouterr().err
    report = document(capsys, "doctor")
    assert any("Fix the settings file" in entry and "theme" in entry for entry in report["next"])
    assert report["log"] == "no errors logged"


def test_tomlkit_writes_what_tomllib_reads() -> None:
    """The two must agree on the strings a person may set."""
    for text in ("{query}", "a\"b'c\\", "\u202e[x]", "日本 # no comment"):
        assert tomllib.loads(changed("", "open.player", text))["open"]["player"] == text
        assert tomlkit.parse(changed("", "open.player", text))["open"]["player"] == text  # type: ignore[index]  # a table
