"""Records in batches as a reader yields them, and what a damaged file may raise while it is read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager

from engine.archives import ARCHIVE_ERRORS
from engine.errors import reason
from engine.imports.record import Record
from engine.imports.xml_stream import XmlError

# A number too large for what it is used for and a name that nothing has are the file's, not ours.
FILE_ERRORS = (*ARCHIVE_ERRORS, csv.Error, XmlError, ArithmeticError, LookupError, MemoryError)
# No play and no track is longer, in milliseconds: a length beyond it is not known.
MAX_MS = 1 << 40
_BATCH = 2000


class DamagedError(Exception):
    """A reader could not go on; the message says why. `whole`: nothing is wrong with the file, the disk failed."""

    def __init__(self, why: str, *, whole: bool = False) -> None:
        super().__init__(why)
        self.whole = whole


@contextmanager
def damage_named() -> Iterator[None]:
    """Raises DamagedError for what is wrong with the file that is read meanwhile."""
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
    """Lists of records. What came before an error is handed on before the error is.

    Raises DamagedError for what is wrong with the file, and it alone: whoever writes the records has errors of the
    same kinds.
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
