"""The exceptions this program raises on purpose, each with a sentence a person can act on.

A message says what failed, where (file, line or record) and what to do next. One place in each front end
turns these into a line on standard error or a panel; `exit_code` is the command line's contract.
"""

from __future__ import annotations

import errno
import os
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# SQLite's codes for a full disk, and for failures to write, truncate, share or sync a file.
_FULL, _UNWRITABLE = 13, (778, 1034, 1546, 4618, 4874)
# And primary result codes: another connection is busy; not writable or not openable; a failing disk; out of memory.
_BUSY, _DENIED, _FAILING, _NO_MEMORY = (5, 6, 15), (3, 8, 14), 10, 7
# Errors of a drive that fails, was removed, or is a network drive whose server does not answer.
_LOST = tuple(
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENXIO", "ENODEV", "ENOTCONN", "ESHUTDOWN", "EREMOTEIO", "ENOMEDIUM")
    if hasattr(errno, name)
)
_CANNOT_OPEN, _CORRUPT = 14, 11
# SQLite's own limit is 512 bytes, with the suffix of a log beside the file.
_LONGEST = 500
# A file that is gone, or is there, against what was seen a moment before.
_CHANGED = (errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY)
# A file that is not a database, is damaged, or lacks tables.
_DAMAGED = (1, 11, 26)
# Bytes read at once of a file that is only to be looked through.
_PIECE = 1 << 20
# What NumPy raises for a damaged array: it parses the header as Python, and trusts the size in it.
ARRAY_ERRORS = (
    OSError,
    ValueError,
    EOFError,
    OverflowError,
    MemoryError,
    RecursionError,
    SyntaxError,
    tokenize.TokenError,
)


def sentence(text: str) -> str:
    """The text with a full stop, unless it already ends as a sentence.

    >>> sentence("is empty"), sentence("is the download complete?"), sentence("one more …")
    ('is empty.', 'is the download complete?', 'one more …')
    """
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def reason(error: BaseException) -> str:
    """Why something could not be read or written: the system's message, without Python's number and path.

    >>> reason(FileNotFoundError(2, "No such file or directory", "plays.csv")), reason(EOFError())
    ('No such file or directory', 'EOFError')
    """
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def not_read(error: BaseException) -> str:
    """Why a person's file is not read, to be put after its name. If the system can read it, the file itself is at
    fault.

    >>> not_read(PermissionError(13, "Permission denied")), not_read(EOFError("it ends too early"))
    ('cannot be read: Permission denied.', 'cannot be read: it ends too early. Is the file complete?')
    """
    hint = "" if getattr(error, "errno", None) else " Is the file complete?"
    return f"cannot be read: {reason(error)}.{hint}"


class DiscoverError(Exception):
    """Base of every expected failure. `exit_code` is what the command line exits with."""

    exit_code = 1


class UsageError(DiscoverError):
    """The request is invalid: an unknown option value, an invalid date."""

    exit_code = 2


class NothingYetError(DiscoverError):
    """There is nothing to work on yet: no listens, no pack, no model.

    The message names the command to run; the app shows its key instead.
    """

    exit_code = 3


class NothingLeftError(NothingYetError):
    """The person's own blocks and exclusions leave nothing to work on: undoing some helps."""


class NothingFitsError(NothingYetError):
    """There is music, but none matches the request: another request may help."""


class UnreadableFileError(DiscoverError):
    """A file given by the person cannot be read or is not what it should be."""


class DamagedDataError(DiscoverError):
    """A file this program wrote (database, pack, model, index) is missing, truncated, altered or unreadable."""


class DamagedLibraryError(DamagedDataError):
    """The library file is damaged: it can be repaired, or its last backup restored."""


class BusyError(DiscoverError):
    """Another process is using the data folder. Nothing is wrong: wait, then try again."""


class UnknownNameError(DiscoverError):
    """There is no artist or track of this name; the message lists the closest names."""


class PrivateSessionError(DiscoverError):
    """Refused because a private session is on: nothing may be written."""


class ForgottenError(DiscoverError):
    """Something was forgotten while a file was computed from it, or a play waited: it was discarded."""


class InvalidDataError(DiscoverError, ValueError):
    """Numbers a model cannot be fitted to or queried with: NaN, negative counts, ids out of range."""


class ClosedPipeError(DiscoverError):
    """The program that read what is written reads no more (head, a closed pager), which is no failure."""

    exit_code = 0


class CancelledError(DiscoverError):
    """The person cancelled it. Nothing was lost."""

    exit_code = 130


def disk_trouble(error: BaseException, path: object = "The library") -> str:
    """The message for an error of the disk, the system or another process; empty for any other error.

    `path` is what was read or written, if the error does not name it. Busy, full, denied and failing are distinguished;
    existing data is intact in all four cases.
    """
    error = not_given(error, path)
    code, number = getattr(error, "sqlite_errorcode", None) or 0, getattr(error, "errno", None)
    # NumPy's error for a partly written array has no errno.
    partly = isinstance(error, OSError) and "requested and" in str(error)
    if code == _FULL or partly or number in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Make room, then try again."
    if code in _UNWRITABLE or number == errno.EFBIG:
        return "The disk, or a limit to the size of files, let no more be written. Make room, then try again."
    if code & 0xFF in _BUSY:
        return "The library is busy: another program is writing to it. Try again when it is done."
    named = getattr(error, "filename", None) or path
    if code & 0xFF == _CANNOT_OPEN and len(os.fsencode(Path(str(named)).absolute())) > _LONGEST:
        return f"{named}: SQLite opens no path as long. Choose another --data-dir, of less than {_LONGEST - 20} bytes."
    if code & 0xFF in _DENIED or number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{named} may not be read or written: see whose it is and who may, or choose another --data-dir."
        )
    if code & 0xFF == _FAILING or number in _LOST:
        why = reason(error)
        return f"{named}: the disk failed ({why}). See that its drive is connected and whole, then try again."
    if code == _NO_MEMORY or number in (errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        why = reason(error)
        return (
            f"The system has no more memory or open files to give ({why}). Close something, then try again."
        )
    return ""


def not_given(error: BaseException, path: object) -> BaseException:
    """The disk's error for what SQLite says is damage: a page that the disk does not give is to it a damaged one."""
    if (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == _CORRUPT and isinstance(path, Path):
        for part in (path, path.with_name(f"{path.name}-wal")):
            try:
                with part.open("rb", buffering=0) as file:
                    while file.read(_PIECE):
                        pass
            except FileNotFoundError:
                continue
            except OSError as other:
                # Of a descriptor the system names no file.
                return OSError(other.errno, other.strerror, str(part))
    return error


def system_trouble(error: BaseException, path: object = "The library") -> str:
    """`disk_trouble`, and the messages for a lack of memory, which a damaged array can cause in a reader too, and for a
    file that was changed as it was used."""
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Close something, then try again."
    if isinstance(error, OSError) and error.errno in _CHANGED and error.filename:
        return (
            f"{error.filename}: {reason(error)}. Another program may have moved, removed or replaced it meanwhile: try "
            "again."
        )
    return disk_trouble(error, path)


def unreadable(error: BaseException, path: Path, damaged: str) -> DamagedDataError:
    """The error to raise for an unreadable file of this program: the message `damaged`, unless the disk or the system
    is at fault, where removing or rebuilding the file would not help."""
    # SQLite has the same code for a missing file and one without permission.
    missing = getattr(error, "sqlite_errorcode", 0) == _CANNOT_OPEN and not path.exists()
    return DamagedDataError(("" if missing else disk_trouble(error, path)) or damaged)


def is_undecodable(error: BaseException) -> bool:
    """Whether SQLite returned text that is not UTF-8, which this program never writes; SQLite does not validate. For a
    name in SQLite's own message Python raises another error."""
    # By name: a start without the library does not load SQLite.
    of_a_text = type(error).__name__ == "OperationalError" and "Could not decode to UTF-8" in str(error)
    return of_a_text or isinstance(error, UnicodeDecodeError)


def corruption(said: str) -> sqlite3.DatabaseError:
    """The error SQLite raises of a damaged database, for damage that it does not see itself, or that its check `said`.

    >>> str(corruption("*** in database main ***\\nOn page 2"))
    'On page 2'
    """
    import sqlite3

    # The check begins with a line that says of which database it is.
    error = sqlite3.DatabaseError(said.rpartition("***\n")[2])
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def library_trouble(error: BaseException, path: object) -> DiscoverError:
    """The error to raise for SQLite's `error` about the library at `path`: only a damaged one is to be moved away.

    >>> str(library_trouble(ValueError("odd"), "l.sqlite"))
    'l.sqlite cannot be opened (odd). Nothing in it was changed: try again.'
    """
    if trouble := disk_trouble(error, path):
        busy = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _BUSY
        return BusyError(trouble) if busy else DiscoverError(trouble)
    if (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _DAMAGED or is_undecodable(error):
        return DamagedLibraryError(
            f"{path} is damaged ({error}). Have what can be read kept, or the last backup restored: discover doctor "
            "--repair. Where neither helps move it away to start again."
        )
    return DiscoverError(f"{path} cannot be opened ({error}). Nothing in it was changed: try again.")
