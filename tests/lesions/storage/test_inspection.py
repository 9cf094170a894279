"""`lesions storage` on a remote that is a folder: what it names, what it advises, and that the advice mends it."""

from contextlib import chdir
from pathlib import Path
from shutil import rmtree
from xml.etree import ElementTree

import pytest

from lesions.storage.inspection import inspect_storage
from tests.repository import Repository
from tests.stores import find_object, open_dvc, push, run_storage

ALL = 7
"""The objects: two lists of folders, two kinds of image, two files of a folder and a table."""

MEND = "`lesions storage --mend`"


def list_rows(project: Repository, *, contents: bool = False) -> list[tuple[str, str, str, str, str]]:
    """Where, what is wrong, the stage and the file of each finding, and the advice."""
    with chdir(project.root):
        findings = inspect_storage(None, contents=contents).findings
    return [
        (each.place, each.fault.value, each.stored.files[0].stage, each.stored.files[0].path, each.advice)
        for each in findings
    ]


def locate(project: Repository, path: str, *, in_cache: bool = False) -> Path:
    """The file of an object on the remote or in the cache."""
    name = find_object(project, path)
    folder = project.cache if in_cache else project.root.parent / "remote"
    return folder / "files/md5" / name[:2] / name[2:]


def overwrite(file: Path, content: bytes) -> None:
    """Write an object anew, as protected as it was."""
    file.chmod(0o644)
    file.write_bytes(content)
    file.chmod(0o444)


def test_all_is_there(project: Repository) -> None:
    status, printed = run_storage(project)
    assert (status, printed.splitlines()[-1]) == (
        0,
        f"remote storage ({project.root.parent}/remote/files/md5): all 7 objects are there",
    )
    assert "compared on storage and right: 7 by size." in printed


def test_a_clone_without_data_lacks_nothing_on_the_remote(project: Repository) -> None:
    rmtree(project.cache)
    status, printed = run_storage(project)
    assert status == 0
    # The sizes of the files of a folder are recorded as their sum.
    assert "compared on storage and right: 7 by size." in printed
    assert "7 objects are not in the cache here, which is no fault; `dvc pull` fetches them." in printed


def test_a_missing_file_of_a_folder_is_named_and_mended_where_dvc_sees_nothing(project: Repository) -> None:
    missing = locate(project, "data/folder/b")
    missing.unlink()
    push(project)  # DVC takes it that a folder whose list is there is there as a whole
    assert not missing.exists()
    assert list_rows(project) == [("storage", "missing", "tabulate", "data/folder/b", MEND)]
    status, printed = run_storage(project, "--mend")
    assert (status, missing.read_text()) == (0, "2nd")
    assert "uploaded again from the cache, and read back: 1 objects." in printed
    assert not missing.stat().st_mode & 0o222
    assert list_rows(project, contents=True) == []


def test_a_missing_file_that_is_in_no_folder_is_pushed(project: Repository) -> None:
    missing = locate(project, "data/table.csv")
    missing.unlink()
    assert list_rows(project) == [("storage", "missing", "tabulate", "data/table.csv", "`dvc push`")]
    push(project)
    assert missing.read_text() == "one"
    assert list_rows(project) == []


def test_a_remote_to_which_nothing_was_pushed_lacks_everything(project: Repository) -> None:
    rmtree(project.root.parent / "remote")
    rows = list_rows(project)
    assert len(rows) == ALL
    assert {(place, fault, advice) for place, fault, *_, advice in rows} == {("storage", "missing", "`dvc push`")}
    push(project)
    assert list_rows(project) == []


def test_an_object_that_is_nowhere_has_to_be_made_again(project: Repository) -> None:
    for in_cache in (False, True):
        for path in ("data/folder/b", "data/raw/1.jpg"):
            locate(project, path, in_cache=in_cache).unlink()
    elsewhere = f"{MEND} on a machine whose cache has it, or "
    assert list_rows(project) == [
        (
            "storage",
            "missing",
            "tabulate",
            "data/folder/b",
            f"{elsewhere}`dvc repro --force tabulate` and `dvc push`",
        ),
        (
            *("storage", "missing", "data/raw.dvc", "data/raw/1.jpg"),
            f"{elsewhere}put the right files at data/raw and `dvc commit data/raw.dvc` and `dvc push`",
        ),
    ]


@pytest.mark.parametrize(("content", "fault"), [(b"les", "truncated"), (b"lesion and more", "too long")])
def test_a_file_of_another_size_is_named_with_and_without_a_copy_to_compare(
    project: Repository, content: bytes, fault: str
) -> None:
    overwrite(locate(project, "data/raw/1.jpg"), content)
    assert list_rows(project) == [("storage", fault, "data/raw.dvc", "data/raw/1.jpg", MEND)]
    rmtree(project.cache)
    ((place, fault_without, stage, path, _),) = list_rows(project)
    # Nothing is left to compare the size with; the folder's sum was wrong, and the contents were read.
    assert (place, fault_without, stage, path) == ("storage", "corrupted", "data/raw.dvc", "data/raw/1.jpg")


def test_a_file_of_a_recorded_size_needs_no_copy_to_compare(project: Repository) -> None:
    overwrite(locate(project, "data/table.csv"), b"o")
    rmtree(project.cache)
    ((_, fault, *_),) = list_rows(project)
    assert fault == "truncated"


def test_wrong_bytes_of_the_right_size_are_found_by_reading(project: Repository) -> None:
    overwrite(locate(project, "data/folder/a"), b"FIRST")
    overwrite(locate(project, "data/raw/3.jpg"), b"NEVUS.")
    status, printed = run_storage(project)
    assert status == 0
    assert "7 by size" in printed
    status, printed = run_storage(project, "--contents", "--mend")
    assert status == 0
    assert "read back: 2 objects" in printed
    assert locate(project, "data/folder/a").read_bytes() == b"first"


def test_files_with_the_same_content_are_counted(project: Repository) -> None:
    overwrite(locate(project, "data/raw/3.jpg"), b"NEVUS.")
    status, printed = run_storage(project, "--contents")
    assert status == 1
    assert " data/raw/2.jpg and 1 more " in printed


def test_a_spoiled_cache_is_named_and_is_not_uploaded(project: Repository) -> None:
    spoiled, sent = locate(project, "data/folder/a", in_cache=True), locate(project, "data/folder/a")
    overwrite(spoiled, b"FIRST")
    sent.unlink()
    status, _ = run_storage(project, "--mend")
    assert status == 1
    assert not sent.exists()
    assert [row[:4] for row in list_rows(project, contents=True)] == [
        ("storage", "missing", "tabulate", "data/folder/a"),
        ("the cache", "corrupted", "tabulate", "data/folder/a"),
    ]


def test_the_advice_for_a_spoiled_cache_mends_it(project: Repository) -> None:
    spoiled = locate(project, "data/folder/a", in_cache=True)
    overwrite(spoiled, b"fir")
    assert list_rows(project) == [
        ("the cache", "truncated", "tabulate", "data/folder/a", f"delete {spoiled}, then `dvc pull`")
    ]
    spoiled.unlink()
    with open_dvc(project) as repo:
        repo.pull()
    assert list_rows(project, contents=True) == []


def test_a_corrupted_list_is_named_and_the_other_one_is_taken(project: Repository) -> None:
    overwrite(locate(project, "data/raw"), b"[]")
    assert list_rows(project) == [("storage", "truncated", "data/raw.dvc", "data/raw", MEND)]
    rmtree(project.cache)
    status, printed = run_storage(project)
    assert status == 1
    assert "storage corrupted data/raw.dvc data/raw " in printed
    name = find_list(project, "data/raw.dvc")
    assert (
        f"data/raw.dvc: which files are in data/raw cannot be told, because its list {name} is whole neither in the "
        "cache nor on the remote." in printed
    )


def find_list(project: Repository, definition: str) -> str:
    words = (project.root / definition).read_text().split()
    return words[words.index("md5:") + 1]


def test_the_files_for_a_workflow_have_every_finding(project: Repository, tmp_path: Path) -> None:
    locate(project, "data/folder/b").unlink()
    files = tmp_path / "storage.md", tmp_path / "storage.xml"
    status, _ = run_storage(project, "--markdown", str(files[0]), "--junit", str(files[1]))
    name = find_object(project, "data/folder/b")
    assert status == 1
    assert files[0].read_text().startswith("## Storage: 1 of 7 objects are missing or wrong\n")
    assert f"| storage | missing | tabulate | data/folder/b | {name} | \\`lesions storage --mend\\` |" in (
        files[0].read_text()
    )
    suite = ElementTree.parse(files[1]).getroot()
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == f"missing: data/folder/b; {MEND}"


def test_a_name_that_leads_elsewhere_is_refused(project: Repository) -> None:
    lock = project.root / "dvc.lock"
    name = find_object(project, "data/table.csv")
    lock.write_text(lock.read_text().replace(name, "../../../../../etc/passwd"))
    status, printed = run_storage(project)
    assert status == 2
    assert printed.splitlines()[0] == (
        "tabulate: data/table.csv is recorded as '../../../../../etc/passwd', which is no name that DVC gives an "
        "object."
    )


def test_a_project_without_a_remote_cannot_be_told(project: Repository) -> None:
    (project.root / ".dvc/config").write_text("")
    status, printed = run_storage(project)
    assert (status, printed.splitlines()) == (
        2,
        [
            "the project has no default remote: `lesions storage --add URL` adds one (docs/storage.md), and `lesions "
            "storage --remote NAME` takes another.",
            "remote by default: cannot tell",
        ],
    )


def test_what_is_not_pushed_is_counted_out(project: Repository) -> None:
    definitions = project.root / "dvc.yaml"
    text = definitions.read_text().replace("data/table.csv, ", "data/table.csv: {push: false}, ")
    definitions.write_text(text + "  later: {cmd: touch data/later, outs: [data/later]}\n")
    locate(project, "data/table.csv").unlink()
    status, printed = run_storage(project)
    assert status == 0
    assert (
        "tabulate: data/table.csv is not looked for, because it is imported from elsewhere, or marked `push: false`."
        in printed
    )
    assert "later: data/later is recorded nowhere; `dvc repro` makes and records it." in printed
    assert "all 6 objects are there" in printed


def test_hashes_of_dvc_2_are_not_taken_for_compared(project: Repository) -> None:
    for name in ("dvc.lock", "data/raw.dvc"):
        file = project.root / name
        file.write_text("".join(line for line in file.read_text().splitlines(True) if "hash: md5" not in line))
    status, printed = run_storage(project)
    assert status == 2
    assert "tabulate: data/table.csv was recorded by DVC 2, whose hashes are not compared" in printed


def test_what_earlier_runs_made_is_uploaded_and_another_machine_runs_nothing_again(
    project: Repository, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    (project.root / "params.yaml").write_text("rate: 1\n")
    (project.root / "train.sh").write_text(
        f'echo . >> {ran}\necho "model $(cat params.yaml)" > data/model\ncut -c 7- params.yaml > score.json\n'
    )
    (project.root / "dvc.yaml").write_text(
        "stages: {train: {cmd: bash train.sh, deps: [data/raw], params: [rate], outs: [data/model], "
        "metrics: [score.json: {cache: false}]}}\n"
    )
    for rate in (1, 2):
        (project.root / "params.yaml").write_text(f"rate: {rate}\n")
        with open_dvc(project) as repo:
            repo.reproduce()
    project.commit("Train")
    with open_dvc(project) as repo:
        repo.push(run_cache=True)
    # DVC has pushed neither the first model nor any score.
    status, printed = run_storage(project, "--runs")
    assert (status, printed.splitlines()[-1].endswith("3 of 11 objects are missing or wrong")) == (1, True)
    assert printed.count("`lesions storage --runs --mend`") == 3
    assert run_storage(project, "--runs", "--mend")[0] == 0

    there = Repository(tmp_path / "copy/there")
    project.run("git", "clone", "--quiet", ".", str(there.root))
    (there.root / "params.yaml").write_text("rate: 1\n")
    (there.root / "dvc.lock").unlink()
    ran.unlink()
    with open_dvc(there) as repo:
        repo.pull(run_cache=True, targets=["data/raw.dvc"])
        repo.reproduce(pull=True)
    assert not ran.exists()
    assert (there.root / "data/model").read_text() == "model rate: 1\n"
    assert (there.root / "score.json").read_text() == "1\n"
