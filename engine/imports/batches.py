"""Batches of records, and errors of damaged files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager

from engine.archives import ARCHIVE_ERRORS
from engine.errors import reason
from engine.imports.record import Record
from engine.imports.xml_stream import XmlError

# Numbers out of range and unknown names are errors of the file, not of this program.
FILE_ERRORS = (*ARCHIVE_ERRORS, csv.Error, XmlError, ArithmeticError, LookupError, MemoryError)
# No play and no track is longer, in milliseconds: a length beyond it is not known.
MAX_MS = 1 << 40
_BATCH = 2000


class DamagedError(Exception):
    """A reader could not continue; the message says why. `whole`: the file is fine, the disk failed."""

    def __init__(self, why: str, *, whole: bool = False) -> None:
        super().__init__(why)
        self.whole = whole


@contextmanager
def damage_named() -> Iterator[None]:
    """Raises DamagedError for errors of the file read in the block."""
    try:
        yield
    except MemoryError:
        raise DamagedError("it takes more memory than there is") from None
    except (ArithmeticError, LookupError) as error:
        raise DamagedError("its layout is not that of its format") from error
    except FILE_ERRORS as error:
        # With a number it is the system's.
        raise DamagedError(reason(error), whole=bool(getattr(error, "errno", None))) from error


def batches(records: Iterator[Record] | Iterator[list[Record]]) -> Iterator[list[Record]]:
    """Lists of records.

    Records before an error are yielded first. Raises DamagedError only for errors of the file, since the consumer may
    raise errors of the same types.
    """
    batch: list[Record] = []
    try:
        for record in records:
            if isinstance(record, list):
                yield record
                continue
            batch.append(record)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
    except FILE_ERRORS:
        yield batch
        with damage_named():
            raise
    yield batch
