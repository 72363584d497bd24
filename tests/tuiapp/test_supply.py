"""What Discover is built on: licences, installed files, and known vulnerabilities of libraries below."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tomllib
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from engine.imports.xml_stream import XmlError, events
from tests.support.timing import at_most
from tuiapp.cli import supply
from tuiapp.cli.main import run

# One that asks of programs around it to be passed on under it; that of a library alone (LGPL) does not.
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|General Public|Affero", re.IGNORECASE)


def _distribution(folder: Path) -> PathDistribution:
    about = folder / "made_up-1.0.dist-info"
    about.mkdir()
    (folder / "made_up.py").write_text("x = 1\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).rstrip(b"=").decode()
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: made-up\nVersion: 1.0\nLicense: MIT\n")
    (about / "RECORD").write_text(f"made_up.py,sha256={digest},6\nmade_up-1.0.dist-info/RECORD,,\n")
    return PathDistribution(about)


def test_nothing_discover_is_installed_with_is_under_a_licence_that_reaches_it() -> None:
    found = supply.installed()
    assert {"discover-music", "numpy", "textual", "urllib3"} <= {one.name for one in found}
    assert [one for one in found if not one.licence or COPYLEFT.search(one.licence)] == []
    assert COPYLEFT.search("GPL-3.0-or-later")
    assert COPYLEFT.search("GNU Affero General Public License v3")
    assert not COPYLEFT.search("LGPL-2.1-only")


def test_files_that_are_not_as_installed_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = _distribution(tmp_path)
    monkeypatch.setattr(supply.metadata, "distribution", lambda _: one)
    arguments = ["--data-dir", str(tmp_path / "data"), "doctor", "--installed"]
    assert run([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["installed"] == [
        {"name": "discover-music", "version": "1.0", "licence": "MIT", "altered": []}
    ]
    (tmp_path / "made_up.py").write_text("x = 2\n")
    assert run(arguments) == 1
    assert "made_up.py" in capsys.readouterr().err
    (tmp_path / "made_up.py").unlink()
    assert supply.altered(one) == ("made_up.py",)
    assert not (tmp_path / "data").exists()


def test_a_library_below_python_is_named_with_the_holes_of_its_version_alone() -> None:
    assert supply.with_holes("expat", "2.8.5") == "2.8.5"
    assert supply.with_holes("SQLite", "3.54.0") == "3.54.0"
    assert "CVE-2025-6965 (fixed in 3.50.2)" in supply.with_holes("SQLite", "3.50.1")
    assert "CVE-2025-6965" not in supply.with_holes("SQLite", "3.50.2")
    # As numbers, not as letters.
    assert "CVE-2025-6965" not in supply.with_holes("SQLite", "3.100.0")
    assert set(supply.system_libraries()) == {"SQLite", "expat", "zlib"}


def test_every_pin_has_the_digests_of_its_files_and_what_is_installed_is_in_the_first_lock() -> None:
    root = Path(__file__).parents[2]

    def pins(name: str) -> dict[str, str]:
        found = re.findall(r"(?m)^([\w.-]+)==([\w.]+)", (root / name).read_text())
        return {re.sub(r"[-_.]+", "-", one).lower(): version for one, version in found}

    locks = ("requirements.lock", "requirements-extras.lock")
    own, extras = map(pins, locks)
    assert own | extras == pins("constraints.txt")
    assert not own.keys() & extras.keys()
    for name in locks:
        text = (root / name).read_text()
        assert "://" not in text
        for entry in re.split(r"(?m)^(?=\w)", text)[1:]:
            assert re.fullmatch(r"\S+==\S+( ; .+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n", entry), entry[
                :80
            ]
    asked = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {re.match(r"[\w.-]+", one)[0].replace(".", "-") for one in asked} <= own.keys()


def test_attributes_that_are_declared_take_no_time(tmp_path: Path) -> None:
    names = " ".join(f'a{number} CDATA ""' for number in range(60_000))
    with at_most(1), pytest.raises(XmlError, match="declares"):
        list(events(io.BytesIO(f"<!DOCTYPE d [<!ATTLIST e {names}>]><d/>".encode())))
