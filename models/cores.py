"""How many cores this process may use, and how much memory it has used.

ONNX Runtime and Python see the cores of the whole machine.
"""

import os
import resource
import sys
from pathlib import Path

CONTROL_GROUP = Path("/sys/fs/cgroup")
"""Of this process, as a container sees it."""


def available_cores() -> int:
    """Cores that this process may use: by its affinity, and by its control group's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _quota() or 1024))


def _quota() -> int | None:
    """Whole cores of the control group's CPU quota (version 2, then 1); None without one."""
    try:
        quota, period = (CONTROL_GROUP / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            group = CONTROL_GROUP / "cpu"
            quota = (group / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (group / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except OSError:
            return None
    if quota == "max" or int(quota) <= 0:
        return None
    return max(1, -(-int(quota) // int(period)))


def peak_bytes() -> int:
    """The most memory that this process has had at a time."""
    return peak_of(resource.getrusage(resource.RUSAGE_SELF))


def peak_of(usage: resource.struct_rusage) -> int:
    """The most memory that a process has had at a time: macOS counts bytes, Linux kilobytes."""
    return usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
