"""Keeps numba's compiled functions on disk honest where they call kernels of other modules.

Numba throws a kept function away when its own file changes, but not when a function it calls in another file does; its
machine code holds that one too. `stamped` adds what is called to the key under which the code is kept.
"""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any


def stamped(kernel: Any, *modules: ModuleType) -> None:
    """Make the kept code of `kernel` (`njit(cache=True)`) depend on the functions and numbers of some modules.

    Parameters
    ----------
    kernel
        Not yet called.
    modules
        Those that hold kernels it calls. These need no `cache=True` of their own.
    """
    digest = hashlib.sha256()
    for module in modules:
        for name, value in sorted(vars(module).items()):
            if isinstance(value, int | float):
                digest.update(f"{name}={value!r};".encode())
            elif hasattr(value, "py_func"):
                code = value.py_func.__code__
                digest.update(f"{name}:{code.co_names}{code.co_consts}".encode() + code.co_code)
    cache = getattr(kernel, "_cache", None)  # none where numba is told not to compile
    if cache is not None:
        key = cache._index_key
        cache._index_key = lambda *given: (*key(*given), digest.hexdigest())
