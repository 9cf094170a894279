"""A repository of one's own takes the package from where it was installed."""

from pathlib import Path

import pytest

from lesions.repository.requirement import read_origin


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (None, "lesions[train]==1.2\n"),
        (
            {
                "url": "https://host/l.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"},
            },
            "lesions[train] @ git+https://host/l.git@abc\n",
        ),
        (
            {"url": "https://host/lesions-1.2-py3-none-any.whl", "archive_info": {}},
            "lesions[train] @ https://host/lesions-1.2-py3-none-any.whl\n",
        ),
    ],
)
def test_what_others_can_reach_is_named(origin: dict[str, object] | None, text: str) -> None:
    requirement = read_origin(origin, "1.2")
    assert (requirement.text, requirement.wheel, requirement.doubt) == (text, None, None)


def test_a_wheel_of_this_machine_comes_along(tmp_path: Path) -> None:
    wheel = tmp_path / "a b" / "lesions-1.2-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    requirement = read_origin({"url": wheel.as_uri(), "archive_info": {}}, "1.2")
    assert (requirement.text, requirement.wheel) == (f"lesions[train] @ ./wheels/{wheel.name}\n", wheel)
    assert requirement.wheel_name == f"wheels/{wheel.name}"


def test_a_folder_of_this_machine_is_a_doubt(tmp_path: Path) -> None:
    requirement = read_origin({"url": tmp_path.as_uri(), "dir_info": {"editable": True}}, "1.2")
    assert (requirement.text, requirement.wheel) == ("lesions[train]==1.2\n", None)
    assert requirement.doubt is not None
    assert requirement.doubt.startswith(
        f"requirements.txt: lesions was installed from {tmp_path}, which other machines"
    )
