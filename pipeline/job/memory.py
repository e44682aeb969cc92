"""Memory that a process has freed, given back to the system."""

import ctypes

import pyarrow as pa


def release_memory() -> None:
    """Gives back what the C library and Arrow keep of freed memory, in case it is needed again.

    glibc keeps an arena for each of Beam's threads: over 660 articles they grew to twice what a
    worker starts with (``tests/bench/bench_memory.py``). Takes some milliseconds; other C libraries
    have no such call and keep less.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
