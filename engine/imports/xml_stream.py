"""XML as a stream of events, with declarations refused: a few hundred bytes of entities could fill the memory, and
expat before 2.8.1 takes the square of the attributes that are declared (CVE-2026-45186).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from html.entities import html5
from typing import IO
from xml.parsers.expat import ErrorString, ExpatError, ParserCreate
from xml.parsers.expat.errors import (
    XML_ERROR_DUPLICATE_ATTRIBUTE,
    XML_ERROR_INVALID_TOKEN,
    XML_ERROR_TAG_MISMATCH,
    codes,
)

from engine.imports.encoding import OTHER_BYTES, is_encoding

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
# Whatever is declared: by their marks, and by how `<` is written.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
# How Python writes names and addresses: no documents, and slow to read.
_NO_TEXTS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})
# What is declared so, and is not, is most likely UTF-8.
_WIDE = re.compile("utf-?(8|16|32)|(us-)?ascii|ucs-?[24]|iso-10646")

# What a broken document raises, beside the errors of its archive.
XmlError = ExpatError
# Tag, attributes, text.
Event = tuple[str, Mapping[str, str] | None, str]
BROKEN: Event = ("", None, "")
# Of so many records no file is one with tags out of place here and there.
_MAX_BROKEN = 1000
_OUT_OF_PLACE = frozenset(
    codes[message]
    for message in (XML_ERROR_INVALID_TOKEN, XML_ERROR_TAG_MISMATCH, XML_ERROR_DUPLICATE_ATTRIBUTE)
)
_MISMATCH = codes[XML_ERROR_TAG_MISMATCH]
_SLICE = 1 << 14


def events(stream: IO[bytes], record: Sequence[str] = ()) -> Iterator[Event]:
    """(tag, attributes, '') where an element starts, and (tag, None, text) where it ends.

    `text` is directly in the element after its last child. Tags are without namespaces. A `record` is given by the tags
    around it and its own, empty for any: where tags are out of place in one or after it there is BROKEN, those around
    it alone are open, and what follows is the next one, or the next element that has such. Raises XmlError for what is
    not XML otherwise, or declares entities or attributes.
    """
    pieces = _legal(stream)
    document, left = _Document(record), _MAX_BROKEN
    begins = _begins(record)
    rest = b""
    while True:
        data, rest = rest or next(pieces, b""), b""
        try:
            document.take(data)
        except ExpatError as error:
            # Whole elements before what is broken count.
            yield from document.taken()
            around = document.opened[: len(record) - 1]
            left -= 1
            # Of one that begins amid others the line would be another.
            final = error if left == _MAX_BROKEN - 1 else _error(ErrorString(error.code) or str(error))
            if begins is None or not left or error.code not in _OUT_OF_PLACE or not _are(around, record[:-1]):
                raise final from error.__cause__
            data, at = document.pending + data, document.broken_at
            while (found := begins.search(data, at)) is None:
                # One may begin at the end.
                data, at = data[max(at, len(data) - _LONGEST) :], 0
                if not (more := next(pieces, b"")):
                    raise final from error.__cause__
                data += more
            rest = data[found.start() :]
            document = _Document(record, around[:-1] if found["parent"] else around)
            yield BROKEN
        else:
            yield from document.taken()
            if not data:
                return


def _begins(record: Sequence[str]) -> re.Pattern[bytes] | None:
    """What a record begins with, or the element it is in, if there may be several of these; null for no record."""
    if not record:
        return None
    *_, parent, tag = "", *record
    several = len(record) > 2 and parent != tag and parent
    found = rf"<(?:[\w.-]+:)?(?:{tag}|(?P<parent>{parent if several else '(?!)'}))(?=[\s/>])"
    return re.compile(found.encode())


def _are(opened: Sequence[str], tags: Sequence[str]) -> bool:
    """Whether the raw tags `opened` are these."""
    names = [tag.rpartition(":")[2] for tag in opened]
    return len(names) == len(tags) and all(
        wanted in ("", name) for name, wanted in zip(names, tags, strict=True)
    )


class _Document:
    """A document of records, piece by piece, that begins amid elements with the raw tags `opened`."""

    def __init__(self, record: Sequence[str] = (), opened: Sequence[str] = ()) -> None:
        self.opened = list[str]()
        self._record = record
        # What has the tag of what is around it may be in itself, too, under a name: records have numbers.
        self._numbered = len(record) > 1 and record[-1] == record[-2]
        self._number = False
        # How many elements are around one in the record that has text and others, as none has that ends; 0 without one.
        self._mixed = 0
        # The end of the pieces before, with the token that goes on in the last one, and where in both it is broken.
        self.pending = b""
        self.broken_at = 0
        # Where a record begins in another one.
        self._begun_at = 0
        self._found: list[Event] = []
        self._text: list[str] = []
        self._before = 0
        # Prefixes are not looked up: one that is declared nowhere would end the document.
        self._parser = parser = ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.EntityDeclHandler = parser.AttlistDeclHandler = self._refuse
        if opened:
            self.take("".join(f"<{tag}>" for tag in opened).encode())
            self._found.clear()

    def taken(self) -> list[Event]:
        """What was found since the last call."""
        found, self._found = self._found, []
        return found

    def take(self, data: bytes) -> None:
        """Parse a piece; an empty one is the end. Raises XmlError."""
        parser, before = self._parser, self._before
        self._before += len(data)
        try:
            # The parser copies what it is given, and another may follow after a few bytes.
            parser.Parse(data[:_SLICE], not data)
            if len(data) > _SLICE:
                parser.Parse(data[_SLICE:], False)
        except ExpatError:
            self.broken_at = max(0, (self._begun_at or parser.ErrorByteIndex) - before + len(self.pending))
            raise
        # Incomplete tokens are scanned again with each piece.
        if before - parser.CurrentByteIndex > _MAX_PENDING:
            raise _error(f"it has a tag of more than {_MAX_PENDING >> 20} MiB")
        left = self._before - parser.CurrentByteIndex
        self.pending = (self.pending + data if left > len(data) else data)[-left:] if left else b""

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        record = self._record
        if len(self.opened) > len(record) and not self._mixed and "".join(self._text).strip():
            self._mixed = len(self.opened) - 1
        if record and name == record[-1] and self._number == self._numbered and self._is_misplaced():
            self._begun_at = self._parser.CurrentByteIndex
            raise _error(ErrorString(_MISMATCH), _MISMATCH)
        self._text.clear()
        self.opened.append(tag)
        self._found.append((name, attributes, ""))

    def _is_misplaced(self) -> bool:
        """Whether a record that begins now is in one that did not end, or follows an end too many."""
        if self._numbered and _are(self.opened, self._record[:-2]):
            self.opened.append(self._record[-2])
            return True
        return _are(self.opened[: len(self._record)] if self._mixed else self.opened, self._record)

    def _end(self, tag: str) -> None:
        self.opened.pop()
        if len(self.opened) <= self._mixed:
            self._mixed = 0
        text = "".join(self._text)
        self._number = self._numbered and text.isdecimal()
        self._found.append((tag.rpartition(":")[2], None, text))
        self._text.clear()

    def _refuse(self, *_: object) -> None:
        raise _error("it declares XML entities or attributes, which no library file does")


def _error(why: str, code: int = 0) -> ExpatError:
    error = ExpatError(why)
    error.code = code
    return error


def _legal(stream: IO[bytes]) -> Iterator[bytes]:
    """The document in UTF-8, where one broken letter does not end it: without characters XML forbids or bytes that are
    no letter, and with each `<` that begins no tag, and each `&` that begins no reference, or one to what only HTML
    has, written out.
    """
    data = stream.read(_CHUNK)
    decoder, kept, written_out = _decoder(data), b"", _References()
    while data:
        following = stream.read(_CHUNK)
        text = decoder.decode(data, final=not following)
        text = text.replace("\ufffe", "").replace("\uffff", "")
        data = kept + text.encode("utf-8", "replace").translate(None, _ILLEGAL)
        # A reference may go on in the next piece.
        begun = _BEGUN.search(data, max(0, len(data) - _LONGEST)) if following else None
        data, kept = (data[: begun.start()], begun[0]) if begun else (data, b"")
        if piece := written_out.of(data):
            yield piece
        data = following


def _decoder(start: bytes) -> codecs.IncrementalDecoder:
    """By what encoding a document that begins so is read: the one its bytes show, else the one it declares. Raises
    XmlError for one that is unknown."""
    if (shown := next((name for mark, name in _MARKS if start.startswith(mark)), "")) == "":
        declared = _DECLARED.match(start)
        shown = declared[1].decode("ascii", "replace").strip().lower() if declared else ""
        shown = "utf-8" if _WIDE.match(shown) else shown or "utf-8"
    if not is_encoding(shown) or codecs.lookup(shown).name in _NO_TEXTS:
        raise _error("it is written in an encoding that is not read here; save it as UTF-8")
    return codecs.getincrementaldecoder(shown)(OTHER_BYTES if shown == "utf-8" else "replace")


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
