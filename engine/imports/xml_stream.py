"""XML as a stream of events, with declarations refused: a few hundred bytes of entities could fill the memory, and
expat before 2.8.1 takes the square of the attributes that are declared (CVE-2026-45186).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from html.entities import html5
from typing import IO
from xml.parsers.expat import ExpatError, ParserCreate

from engine.imports.encoding import OTHER_BYTES

_CHUNK = 1 << 18
_MAX_PENDING = 8 << 20
# Characters no XML document may have, which players write all the same: as they are, or by number.
_ILLEGAL = bytes(set(range(0x20)) - {0x9, 0xA, 0xD})
# What begins a reference, with its number or name where it is whole, or a `<` that begins no tag; and where a section
# begins and ends that has neither.
_REFERENCE = (
    rb"&(?:#x([0-9a-fA-F]{1,20});|#([0-9]{1,20});|([A-Za-z][A-Za-z0-9]{0,39});)?|<(?![A-Za-z_:/!?\x80-\xff])"
)
_REFERENCES = re.compile(_REFERENCE)
_SECTION, _SECTION_END = b"<![CDATA[", b"]]>"
_TOKENS = re.compile(_REFERENCE + rb"|<!\[CDATA\[|\]\]>")
# Either, begun at the end of a piece.
_BEGUN = re.compile(rb"(?:&[#A-Za-z0-9]{0,41}|<[!\[CDAT]{0,7}|\]{1,2})\Z")
_LONGEST = 42
_OWN_NAMES = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}\sencoding\s*=\s*["']([^"']{0,40})""")
_UTF_8 = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})

# What a broken document raises, beside the errors of its archive.
XmlError = ExpatError


def events(stream: IO[bytes]) -> Iterator[tuple[str, Mapping[str, str] | None, str]]:
    """(tag, attributes, '') where an element starts, and (tag, None, text) where it ends.

    `text` is directly in the element after its last child. Tags are without namespaces. Raises XmlError for what is not
    XML or declares entities or attributes.
    """
    found: list[tuple[str, Mapping[str, str] | None, str]] = []
    text: list[str] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        text.clear()
        found.append((tag.rpartition(":")[2], attributes, ""))

    def end(tag: str) -> None:
        found.append((tag.rpartition(":")[2], None, "".join(text)))
        text.clear()

    def refuse(*_: object) -> None:
        raise ExpatError("it declares XML entities or attributes, which no library file does")

    pieces = _legal(stream)
    # Prefixes are not looked up: one that is declared nowhere would end the document.
    parser = ParserCreate(next(pieces).decode() or None)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.EntityDeclHandler = parser.AttlistDeclHandler = refuse
    taken, data = 0, b""
    broken: ExpatError | None = None
    while broken is None:
        taken, data = taken + len(data), next(pieces, b"")
        try:
            parser.Parse(data, not data)
            # Incomplete tokens are scanned again with each piece.
            if taken - parser.CurrentByteIndex > _MAX_PENDING:
                broken = ExpatError(f"it has a tag of more than {_MAX_PENDING >> 20} MiB")
        except (LookupError, ValueError):
            broken = ExpatError("it is written in an encoding that is not read here; save it as UTF-8")
        except ExpatError as error:
            broken = error
        # Whole elements before what is broken count.
        yield from found
        found.clear()
        if not data:
            break
    if broken is not None:
        raise broken


def _legal(stream: IO[bytes]) -> Iterator[bytes]:
    """The encoding to read the document by, empty for the one it declares; then its bytes, where one broken letter does
    not end it: without characters XML forbids, in UTF-8 without bytes that are not, and with each `<` that begins no
    tag, and each `&` that begins no reference, or one to what only HTML has, written out.
    """
    data = stream.read(_CHUNK)
    if b"\0" in data[:4] or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield b""
        while data:
            yield data
            data = stream.read(_CHUNK)
        return
    declared = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8))
    decoder = None
    if declared is None or declared[1].strip().lower() in _UTF_8:
        decoder = codecs.getincrementaldecoder("utf-8")(OTHER_BYTES)
    yield b"utf-8" if decoder else b""
    kept, written_out = b"", _References()
    while data:
        following = stream.read(_CHUNK)
        if decoder:
            text = decoder.decode(data, final=not following)
            data = text.replace("\ufffe", "").replace("\uffff", "").encode()
        data = kept + data.translate(None, _ILLEGAL)
        # A reference may go on in the next piece.
        begun = _BEGUN.search(data, max(0, len(data) - _LONGEST)) if following else None
        data, kept = (data[: begun.start()], begun[0]) if begun else (data, b"")
        if piece := written_out.of(data):
            yield piece
        data = following


class _References:
    """The references of a document, piece by piece, as XML has them."""

    def __init__(self) -> None:
        self._in_section = False

    def of(self, piece: bytes) -> bytes:
        """A piece that does not end inside one."""
        sections = self._in_section or _SECTION in piece
        return (_TOKENS if sections else _REFERENCES).sub(self._written, piece)

    def _written(self, found: re.Match[bytes]) -> bytes:
        if found[0] in (_SECTION, _SECTION_END):
            self._in_section = found[0] == _SECTION
            return found[0]
        if self._in_section:
            return found[0]
        if found[0] == b"<":
            return b"&lt;"
        by_hex, by_number, name = found.groups()
        if by_hex or by_number:
            return found[0] if _is_legal(int(by_hex, 16) if by_hex else int(by_number)) else b""
        if name in _OWN_NAMES:
            return found[0]
        meant = html5.get(f"{name.decode()};") if name else None
        return "".join(f"&#{ord(char)};" for char in meant).encode() if meant else b"&amp;" + found[0][1:]


def _is_legal(number: int) -> bool:
    return (
        number in (0x9, 0xA, 0xD)
        or 0x20 <= number < 0xD800
        or 0xE000 <= number < 0xFFFE
        or 0x10000 <= number <= 0x10FFFF
    )
