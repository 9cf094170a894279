"""What Windows cannot do is refused by its name."""

import os

import pytest

from lesions.errors import InputError
from lesions.hardware.numerics import PORTABLE, restart_portably
from lesions.hardware.system import check_posix


def test_a_system_without_posix_is_told_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    check_posix("lesions search")
    monkeypatch.setattr(os, "name", "nt")
    message = r"^lesions search: needs Linux or macOS; on Windows it runs in WSL \(docs/platforms\.md\)$"
    with pytest.raises(InputError, match=message):
        check_posix("lesions search")


def test_portable_numerics_begin_no_second_process_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PORTABLE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(InputError, match=r"^hardware\.numerics: portable: needs Linux or macOS"):
        restart_portably()
