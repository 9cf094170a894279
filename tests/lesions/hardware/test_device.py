"""Tests that the wanted device and precision are used, or refused with a reason."""

import re
from pathlib import Path

import pytest
import torch

from lesions.errors import InputError
from lesions.hardware.allocator import keep_freed_memory
from lesions.hardware.choices import ExecutionChoice
from lesions.hardware.device import (
    advise_on_determinism,
    check_enough_devices,
    choose_device,
    choose_execution,
    choose_precision,
    identify_hardware,
    name_hardware,
    set_up_device,
)
from lesions.hardware.numerics import PORTABLE
from lesions.hardware.processors import name_processor

CPU = torch.device("cpu")


def test_auto_chooses_the_best_available_device() -> None:
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert set_up_device("auto", num_threads=2).type == best


def test_setting_up_fixes_threads_and_determinism() -> None:
    assert set_up_device("cpu", num_threads=2) == torch.device("cpu")
    assert torch.get_num_threads() == 2
    assert torch.are_deterministic_algorithms_enabled()


def test_results_may_differ_if_determinism_is_off() -> None:
    set_up_device("cpu", num_threads=2, deterministic=False)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark
    set_up_device("cpu", num_threads=2)
    assert not torch.backends.cudnn.benchmark


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_an_unavailable_device_is_refused() -> None:
    with pytest.raises(InputError, match=r"hardware.device is cuda, which torch does not find here; it finds .*cpu"):
        set_up_device("cuda", num_threads=1)


def test_a_step_is_recorded_only_on_cuda() -> None:
    assert choose_execution("auto", torch.device("cuda")) == "graph"
    assert choose_execution("auto", torch.device("cpu")) == "eager"
    with pytest.raises(InputError, match=r"hardware.execution is compiled, which needs CUDA, and training is on cpu"):
        choose_execution("compiled", torch.device("cpu"))


@pytest.mark.parametrize("choice", ["graph", "compiled"])
def test_a_step_of_several_processes_is_neither_recorded_nor_compiled(choice: ExecutionChoice) -> None:
    cuda = torch.device("cuda")
    assert choose_execution("auto", cuda, num_processes=2) == choose_execution("eager", cuda, 2) == "eager"
    with pytest.raises(InputError) as caught:
        choose_execution(choice, cuda, num_processes=2)
    assert str(caught.value) == (
        f"hardware.execution is {choice}, and hardware.num_processes 2: a step in which processes exchange gradients "
        "is neither recorded nor compiled; use auto"
    )


def test_each_process_needs_a_device_of_its_own_unless_that_is_the_cpu() -> None:
    check_enough_devices(torch.device("cpu"), 100)
    check_enough_devices(torch.device("mps"), 1)
    with pytest.raises(InputError) as caught:
        check_enough_devices(torch.device("mps"), 2)
    assert str(caught.value) == (
        "hardware.num_processes is above 1, and training is on mps, of which there is one: set "
        "hardware.num_processes to 1, or hardware.device to cpu"
    )
    found = torch.cuda.device_count()
    with pytest.raises(InputError) as caught:
        check_enough_devices(torch.device("cuda"), found + 2)
    assert str(caught.value) == (
        f"hardware.num_processes needs {found + 2} CUDA devices here, and torch finds {found}: each process has one "
        "of its own"
    )


def test_float32_is_float32() -> None:
    assert choose_precision("float32", torch.device("cpu")) == torch.float32


def test_mps_never_computes_in_bfloat16() -> None:
    assert choose_precision("auto", torch.device("mps")) == torch.float32
    with pytest.raises(InputError, match=r"training.precision is bfloat16, which this mps does not compute with"):
        choose_precision("bfloat16", torch.device("mps"))


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="there is no /proc/cpuinfo here")
def test_auto_computes_in_bfloat16_if_the_processor_does() -> None:
    flags = Path("/proc/cpuinfo").read_text()
    expected = torch.bfloat16 if "avx512_bf16" in flags or "amx_bf16" in flags else torch.float32
    assert choose_precision("auto", torch.device("cpu")) == expected


def test_keeping_freed_memory_is_harmless_everywhere() -> None:
    keep_freed_memory()
    assert torch.ones(10_000_000).sum() == 10_000_000


def test_portable_numerics_are_float32_on_the_cpu() -> None:
    assert choose_device("auto", "portable") == choose_device("cpu", "portable") == torch.device("cpu")
    for choice in ("auto", "float32"):
        assert choose_precision(choice, torch.device("cpu"), "portable") == torch.float32
    with pytest.raises(InputError, match=r"training.precision is bfloat16, and hardware.numerics is portable"):
        choose_precision("bfloat16", torch.device("cpu"), "portable")
    with pytest.raises(InputError, match=r"hardware.numerics is portable, .* and hardware.device is cuda; set it to"):
        choose_device("cuda", "portable")


def test_portable_numerics_need_a_processor_with_avx2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    with pytest.raises(InputError, match=r"needs a processor with AVX2; this one has none"):
        choose_device("auto", "portable")


def test_a_process_that_was_not_started_portably_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PORTABLE:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        InputError, match=r"ATEN_CPU_CAPABILITY=avx2 .*MKL_CBWR=COMPATIBLE\) has to be set before Pyth"
    ):
        set_up_device("cpu", num_threads=1, numerics="portable")


def test_a_training_resumes_on_the_same_processor_unless_its_numerics_are_portable() -> None:
    assert identify_hardware(CPU, "native") == [name_hardware(CPU), *name_processor()]
    assert identify_hardware(CPU, "portable") == [name_hardware(CPU)]


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        ("no deterministic one", InputError, "no deterministic one. Set hardware.deterministic to false to allow it"),
        ("sizes differ", RuntimeError, "sizes differ"),
    ],
)
def test_an_operation_that_does_not_repeat_is_refused_with_what_allows_it(
    error: str, expected: type[Exception], message: str
) -> None:
    with pytest.raises(expected, match=f"^{re.escape(message)}$"), advise_on_determinism():
        raise RuntimeError(error)
