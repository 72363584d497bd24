"""Files as accidents and enemies change them: bytes flipped, cut, doubled, put together, values of any kind."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_NUMBERS = [
    b"1e308", b"1e30", b"-1e30", b"1e400", b"1e-400", b"NaN", b"-Infinity", b"-1", b"0", b"9" * 40, b"9" * 5000,
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"253402300800", b"-62135596801",
    b"9007199254740993", b"1_000", b"\xd9\xa3\xd9\xa4",
]  # fmt: skip
_PIECES = [
    *_NUMBERS, b"null", b"{}", b"[", b'"', b"\\", b'\\"' * 200, b"\x00", b"\xef\xbb\xbf", b"\r\n", b"\xe2\x80\xa8",
    b",,,,", b"]}", b"<!", b"&lt;", b"&#0;", b"&#x110000;", b"&#" + b"9" * 5000 + b";", b"<![CDATA[", b"<a>" * 500,
    b'<a href="x">' * 500, b"[" * 3000, b'{"a":' * 3000, b"(" * 500, b" - " * 300, b"(live)" * 50, b"x" * 70_000,
    b" " * 2000, b"\xcc\x80\xcc\x96" * 500, b"\\ud800", b"\xff", b"\xf4\x90\x80\x80", b"\x1b]0;x\x07", b"\xe2\x80\xae",
    b"9999-12-31T23:59:59-23:59", b"0001-01-01T00:00:00+23:59", b"0000-00-00", b"31/02/2024", b"T24:00" * 50,
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b'encoding="UTF-99"', b"true", b";", b"\t",
]  # fmt: skip
_VALUES: list[Any] = [
    None, True, -1, 0, 10**30, -(10**30), 2**63, 1e308, 1.5, "", [], {}, "\x00", "a" * 3000, [[[]]], {"a": {"b": 1}},
    "1e30", "9" * 30, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", float("nan"),
]  # fmt: skip
_CELLS: list[Any] = [
    None, 2**63 - 1, -(2**63), 1e308, float("inf"), -1, 0, "", "x" * 5000, "\x00", b"\xff\xfe", "1e30", 10**18, "NaN",
]  # fmt: skip


def mutated(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """What `rng` makes of a file, by its kind or byte by byte, with pieces of `others` in it."""
    by_kind = rng.random() < 0.6
    if by_kind and data.startswith(b"PK"):
        return _zip(data, rng, others)
    if by_kind and data.startswith(b"\x1f\x8b"):
        return gzip.compress(_bytes(gzip.decompress(data), rng, others), 1)
    if by_kind and data.startswith(b"SQLite"):
        return _database(data, rng)
    if by_kind and data[:1] in b"[{":
        with suppress(ValueError, RecursionError):
            changed = _value(json.loads(data), rng)
            return json.dumps(changed, ensure_ascii=rng.random() < 0.5).encode("utf-8", "replace")
    return _bytes(data, rng, others)


def _bytes(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        what, at, length = rng.randrange(9), rng.randrange(len(data) + 1), rng.randrange(1, 60)
        if what == 0:
            data = data[:at]
        elif what == 1:
            data = data[:at] + data[at + length :]
        elif what == 2:
            data = data[:at] + rng.choice(_PIECES) + data[at + rng.choice((0, length)) :]
        elif what == 3:
            data = data[:at] + data[at : at + 3 * length] + data[at:]
        elif what == 4 and data:
            flipped = bytearray(data)
            for _ in range(rng.randrange(1, 9)):
                flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
            data = bytes(flipped)
        elif what in (5, 6) and (numbers := list(_NUMBER.finditer(data))):
            number = rng.choice(numbers)
            data = data[: number.start()] + rng.choice(_NUMBERS) + data[number.end() :]
        elif what == 7:
            other = rng.choice(others)
            begin = rng.randrange(len(other) + 1)
            data = data[:at] + other[begin : begin + 300] + data[at:]
        else:
            coding = rng.choice(("utf-16", "latin-1", "utf-8-sig", "utf-16-be"))
            data = data.decode("utf-8", "replace").encode(coding, "replace")
    return data


def _value(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.1:
        return rng.choice(_VALUES)
    if isinstance(value, dict):
        return {key: _value(one, rng) for key, one in value.items() if rng.random() > 0.05}
    if isinstance(value, list):
        return [_value(one, rng) for one in value for _ in range(rng.choice((1, 1, 1, 1, 2)))]
    return value


def _zip(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for info in before.infolist():
            if rng.random() < 0.95:
                inside = before.read(info)
                after.writestr(info.filename, mutated(inside, rng, others) if rng.random() < 0.4 else inside)
    return _bytes(out.getvalue(), rng, others) if rng.random() < 0.2 else out.getvalue()


def _database(data: bytes, rng: random.Random) -> bytes:
    connection = sqlite3.connect(":memory:")
    with suppress(sqlite3.Error):
        connection.deserialize(data)
        tables = [
            str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        for table in tables:
            columns = [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for _ in range(rng.randrange(3)):
                with suppress(sqlite3.Error):
                    connection.execute(
                        f'UPDATE "{table}" SET "{rng.choice(columns)}" = ?', (rng.choice(_CELLS),)
                    )
        connection.commit()
        data = connection.serialize()
    connection.close()
    return data
