"""The processors that a process may use, by its affinity and by the quotas of control groups."""

import os
from pathlib import Path

import pytest

from lesions.hardware import processors
from lesions.hardware.processors import count_processors, describe_crowding, has_vnni, list_quotas


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, [1.5]),
        ("0::/\n", {"cpu.max": "max 100000\n"}, []),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, [0.5]),
        # A container whose groups are not its own still sees its own limit at the root.
        ("0::/docker/1234\n", {"cpu.max": "200000 100000\n"}, [2]),
        ("4:cpu,x:/\n", {"cpu,x/cpu.cfs_quota_us": "300000\n", "cpu,x/cpu.cfs_period_us": "100000\n"}, [3]),
        ("4:cpu:/x\n", {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, []),
        ("3:cpuset:/\n2:cpuacct:/\n", {"cpuset/cpu.cfs_quota_us": "1", "cpuset/cpu.cfs_period_us": "1"}, []),
        ("0::/\n", {}, []),
        ("0::/\n", {"cpu.max": "nonsense"}, []),
        ("0::/\n", {"cpu.max": "0 0"}, []),
        ("broken\n", {"cpu.max": "100000 100000"}, [1]),
        ("", {"cpu.max": "100000 100000"}, []),
    ],
)  # fmt: skip
def test_quotas_are_read_of_both_versions_of_control_groups(
    tmp_path: Path, own: str, files: dict[str, str], expected: list[float]
) -> None:
    write(tmp_path / "own", own)
    for name, text in files.items():
        write(tmp_path / "cgroup" / name, text)
    assert list(list_quotas(tmp_path / "cgroup", tmp_path / "own")) == expected


def test_the_lower_of_affinity_and_quota_counts_and_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for quotas, expected in (([], 8), ([2.5], 3), ([16.0], 8), ([0.1], 1), ([4.0, 1.0], 1)):
        monkeypatch.setattr(processors, "list_quotas", lambda quotas=quotas: iter(quotas))
        assert count_processors() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512_vnni sse\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx_vnni\n\nprocessor\t: 1\n", True),
        ("processor\t: 0\nvmx flags\t: avx_vnni\nflags\t\t: fpu avx512f vnni\n", False),
        ("processor\t: 0\nFeatures\t: asimddp\n", None),
        ("", None),
    ],
)
def test_the_flags_say_whether_a_processor_has_vnni(tmp_path: Path, text: str, expected: bool | None) -> None:
    write(tmp_path / "cpuinfo", text)
    assert has_vnni(tmp_path / "cpuinfo") is expected
    assert has_vnni(tmp_path / "none") is None


def test_more_threads_than_processors_are_said_of_several_processes_only() -> None:
    number = count_processors()
    assert describe_crowding(1, number + 1) is None
    assert describe_crowding(number, 1) is None
    assert describe_crowding(number + 1, 2) == (
        f"hardware.num_processes {number + 1} times hardware.num_threads 2 is more than the {number} processors that "
        "there are here: they will wait for each other"
    )
