"""XML as a stream of events, with declarations refused: a few hundred bytes of entities could fill the memory, and
expat before 2.8.1 takes the square of the attributes that are declared (CVE-2026-45186).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO
from xml.parsers.expat import ExpatError, ParserCreate

_CHUNK = 1 << 18
_MAX_PENDING = 8 << 20

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
        found.append((tag.rpartition("\n")[2], attributes, ""))

    def end(tag: str) -> None:
        found.append((tag.rpartition("\n")[2], None, "".join(text)))
        text.clear()

    def refuse(*_: object) -> None:
        raise ExpatError("it declares XML entities or attributes, which no library file does")

    parser = ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.EntityDeclHandler = parser.AttlistDeclHandler = refuse
    taken, data = 0, b""
    while True:
        taken, data = taken + len(data), stream.read(_CHUNK)
        try:
            parser.Parse(data, not data)
            # Incomplete tokens are scanned again with each piece.
            if taken - parser.CurrentByteIndex > _MAX_PENDING:
                raise ExpatError(f"it has a tag of more than {_MAX_PENDING >> 20} MiB")
        except (LookupError, ValueError) as error:
            raise ExpatError(
                "it is written in an encoding that is not read here; save it as UTF-8"
            ) from error
        finally:
            ready = found.copy()
            found.clear()
        yield from ready
        if not data:
            return
