"""Memory that was let go goes back to the system.

What a request needed for a moment leaves holes between what is kept, and glibc holds on to them: it gives back by
itself only what lies at the end of a heap.
"""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable

EVERY_S = 30.0


def give_back() -> None:
    """Give the system the pages in which nothing lies; does nothing where the C library is another."""
    gc.collect()  # by itself it waits until a quarter more has gathered than is kept
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))


def keep_giving_back(alive: Callable[[], bool], first: Callable[[], None]) -> None:
    """Do so now and then, as long as the service lives; `first` is called each time before it.

    What is there after the first time stays for good, and is not looked through again: a million objects of code.
    """
    began = True
    while alive():
        time.sleep(EVERY_S)
        first()
        give_back()
        if began:
            gc.freeze()
            began = False
