"""Work that is killed at each of its steps, as a cut of the power or `kill -9` would."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

# What changes names on the disk.
_STEPS = ("rename", "replace", "unlink", "rmdir", "mkdir")
_KILLED, _DONE = 9, 0

Work = Callable[[Callable[..., None]], object]


def killed_at_each_step(work: Work, *, every: int = 1) -> Iterator[int]:
    """Run `work` in a child that dies before its first step, in the next turn `every` so many steps later, and so on,
    until one comes to its end: yields after each that died. `work` is given what counts a step of another kind."""
    step = 0
    while _died_at(step, work):
        yield step
        step += every
    assert step > 1, "there were steps to die at"


def _died_at(last: int, work: Work) -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            count = 0

            def step(*_: object) -> None:
                nonlocal count
                if count == last:
                    os._exit(_KILLED)
                count += 1

            def counted(real: Callable[..., object]) -> Callable[..., object]:
                def call(*args: object, **kwargs: object) -> object:
                    step()
                    return real(*args, **kwargs)

                return call

            for name in _STEPS:
                setattr(os, name, counted(getattr(os, name)))
            work(step)
            code = _DONE
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (_KILLED, _DONE), "it failed before it was killed"
    return code == _KILLED
