"""Tests of where stages keep what they resume from, and of the lock on it."""

from pathlib import Path

import pytest

from lesions.stage.resuming import find_resume_folder


def test_the_resume_folder_is_one_that_dvc_does_not_remove(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LESIONS_RESUME_DIR", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert find_resume_folder() == Path(".resume")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert find_resume_folder() == tmp_path / ".resume"
    monkeypatch.setenv("LESIONS_RESUME_DIR", "/elsewhere")
    assert find_resume_folder() == Path("/elsewhere")
