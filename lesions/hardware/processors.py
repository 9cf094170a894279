"""Counting the processors that this process may use, in a container too."""

import os
import platform
from collections.abc import Iterator
from math import ceil
from pathlib import Path

CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux says how much of the processors a group of processes may use, and which groups this process is in."""

CPU_INFO = Path("/proc/cpuinfo")
VNNI = {"avx512_vnni", "avx_vnni"}
"""Instructions that multiply and add whole numbers without clipping the sums."""


def count_processors() -> int:
    """Return the number of processors that this process may use, which may be fewer than the machine has.

    It is the lower of the number that it may run on, and of the processor time that its container is allowed per
    unit of time, rounded up. Libraries that count the machine's processors start too many threads in a container.
    """
    runs_on = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, ceil(min([runs_on, *list_quotas()])))


def describe_crowding(num_processes: int, num_threads: int) -> str | None:
    """Say that several processes of this host have more threads than there are processors; None if they have not."""
    num_processors = count_processors()
    if num_processes == 1 or num_processes * num_threads <= num_processors:
        return None
    return (
        f"hardware.num_processes {num_processes} times hardware.num_threads {num_threads} is more than the "
        f"{num_processors} processors that there are here: they will wait for each other"
    )


def list_quotas(cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> Iterator[float]:
    """Yield how many processors each group of processes that holds this one may use, of those that have a limit.

    A container shows its own group at the root of `cgroups`, whatever `own` says. Elsewhere the group is below it,
    and each group above has a limit of its own. Version 1 of control groups has a folder for processors.
    """
    for line in _read(own).splitlines():
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            for folder in _list_folders(cgroups, group):
                yield from _parse_quota(*_read(folder / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            for root in (cgroups / "cpu", cgroups / controllers):
                for folder in _list_folders(root, group):
                    quota, period = (_read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
                    yield from _parse_quota(quota, period)


def _list_folders(root: Path, group: str) -> list[Path]:
    """Return the folder of a group, and of all groups above it."""
    folder = root / group.lstrip("/")
    return [folder, *(above for above in folder.parents if above.is_relative_to(root))]


def _parse_quota(quota: str = "", period: str = "") -> Iterator[float]:
    """Yield the number of processors; nothing if there is no limit, which is written as max or -1."""
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        yield int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def has_vnni(cpu_info: Path = CPU_INFO) -> bool | None:
    """Return whether the processor computes in int8 by VNNI instructions; None where Linux does not say it."""
    lines = (line.partition(":") for line in _read(cpu_info).splitlines())
    flags = next((set(values.split()) for name, _, values in lines if name.strip() == "flags"), None)
    return None if flags is None else bool(flags & VNNI)


def name_processor(cpu_info: Path = CPU_INFO) -> tuple[str, str]:
    """Return the vendor and the name of the processor, as Linux says them; "unknown" where it does not."""
    lines = [line.partition(":") for line in _read(cpu_info).splitlines()]
    said = {name.strip(): value.strip() for name, _, value in reversed(lines)}
    vendor = said.get("vendor_id") or said.get("CPU implementer")
    return vendor or "unknown", said.get("model name") or platform.processor() or "unknown"
