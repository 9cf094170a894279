"""What tells machines apart: it repeats, names no host, and a hash changes with what rounds otherwise."""

import platform
from pathlib import Path

import torch

from lesions.hardware.device import set_up_device
from lesions.hardware.fingerprint import describe_machine, hash_operations
from lesions.hardware.processors import name_processor

CPU = torch.device("cpu")


def test_a_machine_is_described_alike_each_time_and_without_its_name() -> None:
    device = set_up_device("cpu", num_threads=1)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    machine = describe_machine(device, torch.float32, num_threads=1, numerics="native")
    assert torch.equal(torch.rand(3), expected)  # training draws the numbers that it drew without
    assert machine == describe_machine(device, torch.float32, num_threads=1, numerics="native")
    assert (machine["precision"], machine["num_threads"], machine["numerics"]) == ("float32", 1, "native")
    assert machine["versions"]["torch"] == torch.__version__
    assert platform.node() not in str(machine)


def test_another_precision_has_another_hash_of_each_operation() -> None:
    exact, rounded = (hash_operations(CPU, precision) for precision in (torch.float32, torch.bfloat16))
    assert [*exact] == ["convolution", "convolution_gradient", "matrix_product", "softmax"]
    assert all(exact[name] != rounded[name] for name in exact)


def test_the_processor_is_named_as_linux_does(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("vendor_id\t: GenuineIntel\nmodel name\t: Xeon: A\n\nvendor_id\t: Other\nmodel name\t: B\n")
    assert name_processor(info) == ("GenuineIntel", "Xeon: A")
    info.write_text("CPU implementer\t: 0x41\n")
    assert name_processor(info)[0] == "0x41"
    assert name_processor(tmp_path / "none")[0] == "unknown"
