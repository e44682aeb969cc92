"""A process's memory: what it keeps is left alone, what it has freed is given back."""

import gc

import pyarrow as pa


def settle_memory() -> None:
    """Prepares a process that has loaded what it needs for the articles to come.

    Beam and the libraries leave some 140,000 objects. For Python's collector to go through them all
    again and again took a tenth of the time that 40 articles spend outside the model, to look at an
    article's own objects every 700 of them another tenth. Arrow's own allocator kept 50 MB more
    than the C library's after a book of abstracts.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    release_memory()


def release_memory() -> None:
    """Gives back what the C library keeps of freed memory, in case it is needed again.

    glibc keeps an arena for each of Beam's threads: over 660 articles they grew to twice what a
    worker starts with (``tests/bench/bench_memory.py``). Takes some milliseconds. For Arrow's pool
    on the C library this is ``malloc_trim``, where there is one.
    """
    pa.default_memory_pool().release_unused()
