"""What the code cites is in the house: the file, and of the facts on formats the section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CITED = re.compile(r"\b([A-Z]{3,})\.md\b(?:,\s+([^\"]{0,60}))?")


def cited(source: str) -> Iterator[tuple[str, str]]:
    """(file, what follows it after a comma) of each citation."""
    for found in _CITED.finditer(source):
        yield f"{found[1]}.md", " ".join((found[2] or "").split())


def test_every_file_and_section_that_the_code_cites_is_there() -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("[a-zA-Z]*/**/*.md")}
    files |= {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("*.md")}
    sections = tuple(re.findall(r"^## (.+)$", files["FORMATS.md"], re.MULTILINE))
    citations = {
        (path.relative_to(ROOT).as_posix(), *citation)
        for room in ("engine", "tuiapp", "sample_data", "assets")
        for path in (ROOT / room).rglob("*.py")
        for citation in cited(path.read_text(encoding="utf-8"))
    }
    assert len(citations) > 20
    assert {one for one in citations if one[1] not in files} == set()
    on_formats = {one for one in citations if one[1] == "FORMATS.md"}
    assert {one for one in on_formats if not one[2].startswith(sections)} == set()


def test_no_code_cites_a_section_by_a_number() -> None:
    numbered = re.compile(r"\b(FORMATS|ENGINE|TUI|CLI|COMMUNITY|PLAYERS)(\.md)?,? (section )?\d")
    found = [
        path.relative_to(ROOT).as_posix()
        for room in ("engine", "tuiapp", "sample_data", "assets", "tests")
        for path in (ROOT / room).rglob("*.py")
        if numbered.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    for text in ("Source: FORMATS section " + "3.4.", "(FORMATS " + "2.3)"):
        assert numbered.search(text)
