"""What something costs the processor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Holds that what is done meanwhile takes no more of the processor."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds
