"""ZIP files whose bytes depend on their contents alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_STAMP = (2026, 11, 1, 0, 0, 0)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of the members, sorted by name, with one fixed time stamp and strong deflate.

    A name that ends in a slash becomes a directory entry, as some services write them.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.create_system = 3
            entry.external_attr = (0o40755 << 16 | 0x10) if name.endswith("/") else 0o100644 << 16
            if not name.endswith("/"):
                entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, members[name], compresslevel=9)
    return buffer.getvalue()
