"""Storage on a real server of S3, and behind a network that fails."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree
from threading import Event

import pytest

from lesions.storage.failure import CHECKSUM_CURE
from tests.builders import slow
from tests.repository import Repository
from tests.s3_server import BUCKET, KEYS, S3, Behaviour, Exchange, Proxy, pass_on
from tests.stores import find_object, push, run_storage, set_remote

IMAGE = b"lesion"
"""The content of data/raw/1.jpg."""


@pytest.fixture(scope="module")
def pushed(stored: Path, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with all that it has to have on the server."""
    folder = tmp_path_factory.mktemp("pushed") / "copy"
    copytree(stored, folder, symlinks=True)
    project = Repository(folder / "project")
    set_remote(project, f"s3://{BUCKET}/store", endpointurl=s3.address)
    push(project)
    project.commit("Store it on S3")
    return project.root


@pytest.fixture
def proxy(s3: S3) -> Iterator[Proxy]:
    proxy = Proxy(s3.address)
    yield proxy
    proxy.close()


@pytest.fixture
def distant(pushed: Path, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone without data, which reaches the server through the proxy."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # for tests that wait less; s3fs asks five times by itself
    copytree(pushed, tmp_path / "distant", symlinks=True)
    project = Repository(tmp_path / "distant")
    rmtree(project.cache)
    set_remote(project, f"s3://{BUCKET}/store", endpointurl=proxy.address)
    return project


def test_what_was_pushed_is_there_and_no_key_is_in_git(pushed: Path, distant: Repository) -> None:
    status, printed = run_storage(distant, "--contents")
    assert status == 0, printed
    assert "compared on storage and right: 7 by content." in printed
    tracked = distant.run("git", "grep", "--cached", "-l", "-e", ".").stdout.split()
    assert ".dvc/config" in tracked
    assert ".dvc/config.local" not in tracked
    for secret in KEYS.values():
        assert (Path(pushed, ".dvc/config.local")).read_text().count(secret) == 1
        assert distant.run("git", "grep", "--cached", secret, check=False).returncode == 1


def test_an_overwritten_object_is_named_in_one_listing(distant: Repository, s3: S3, proxy: Proxy) -> None:
    name = find_object(distant, "data/table.csv")
    key = f"store/files/md5/{name[:2]}/{name[2:]}"
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=b"o")
    try:
        status, printed = run_storage(distant)
    finally:
        s3.client.put_object(Bucket=BUCKET, Key=key, Body=b"one")
    assert status == 1
    assert f"storage truncated tabulate data/table.csv {name} " in printed
    assert len([each for each in proxy.requests if "list-type=2" in each]) == len({*list_prefixes(s3)})


def list_prefixes(s3: S3) -> Iterator[str]:
    yield from (key.split("/")[-2] for key in s3.list_keys("store/files"))


def spoil_image(*spoiled: tuple[int, bytes] | None) -> Behaviour:
    """Send other answers instead of an image's content, and the true one after the last of them."""
    left = iter(spoiled)
    return lambda exchange: next(left, pass_on(exchange)) if exchange.body == IMAGE else pass_on(exchange)


def always(answer: tuple[int, bytes] | None) -> list[tuple[int, bytes] | None]:
    return [answer] * 100


UNREAD = "data/raw.dvc: data/raw/1.jpg (18e531ad4266582d29f41a1f0a8177c5) could not be read from storage: "
CORRUPTED = "storage corrupted data/raw.dvc data/raw/1.jpg "


@pytest.mark.parametrize(
    ("behave", "status", "words"),
    [
        (lambda _: None, 2, "it does not answer, or not to the end: is the network there, and is the address right."),
        (lambda _: (503, b""), 2, "the server is overloaded or broken: run the same command again later."),
        (lambda _: (403, b""), 2, "it refuses these credentials (.dvc/config.local or the environment), or "),
        (spoil_image(*always((503, b""))), 2, UNREAD),
        (spoil_image(*always((206, b"LESION"))), 1, CORRUPTED),
        (spoil_image((206, b"LESION")), 1, "storage two readings differ data/raw.dvc data/raw/1.jpg "),
        slow(lambda _: (200, b""), 2, "it does not answer, or not to the end"),
        slow(spoil_image(*always(None)), 2, UNREAD),
        slow(spoil_image(*always((206, b"les"))), 2, UNREAD),
    ],
)
def test_a_network_that_fails_is_never_all_is_well(
    distant: Repository, proxy: Proxy, behave: Behaviour, status: int, words: str
) -> None:
    proxy.behave = behave
    ended, printed = run_storage(distant, "--contents")
    assert (ended, words in printed, printed) == (status, True, printed)
    assert "Traceback" not in printed
    assert "(unexpected" not in printed
    assert "all 7 objects are there" not in printed
    assert len(proxy.requests) < 100


@pytest.mark.slow
def test_a_failure_that_passes_is_waited_for(distant: Repository, proxy: Proxy) -> None:
    proxy.behave = spoil_image(None, None)
    assert run_storage(distant, "--contents")[0] == 0


def test_a_reading_goes_on_where_it_stopped(distant: Repository, proxy: Proxy) -> None:
    proxy.behave = spoil_image(*always((503, b"")))
    assert run_storage(distant, "--contents")[0] == 2
    log = distant.root / ".dvc/tmp/lesions-storage"
    (file,) = log.iterdir()
    file.write_text(file.read_text() + '["cut in the mid')  # as by a process that was killed
    proxy.behave = pass_on
    proxy.requests.clear()
    status, printed = run_storage(distant, "--contents")
    assert status == 0
    assert "compared on storage and right: 7 by content (6 by a run that was stopped)." in printed
    name = find_object(distant, "data/raw/1.jpg")
    objects = [each for each in proxy.requests if each.startswith("GET") and "list-type" not in each]
    lists = [each for each in objects if ".dir" in each]
    assert len(objects) - len(lists) == 1
    assert [each for each in objects if f"{name[:2]}/{name[2:]}" in each]
    assert [*log.iterdir()] == []
    assert "stopped" not in run_storage(distant, "--contents")[1]


def test_what_was_written_anew_since_is_read_again(distant: Repository, proxy: Proxy, s3: S3) -> None:
    proxy.behave = spoil_image(*always((503, b"")))
    assert run_storage(distant, "--contents")[0] == 2
    name = find_object(distant, "data/folder/a")
    key = f"store/files/md5/{name[:2]}/{name[2:]}"
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=b"FIRST")
    proxy.behave = pass_on
    try:
        status, printed = run_storage(distant, "--contents")
    finally:
        s3.client.put_object(Bucket=BUCKET, Key=key, Body=b"first")
    assert status == 1
    assert "storage corrupted tabulate data/folder/a " in printed


@pytest.mark.parametrize("number", [signal.SIGINT, slow(signal.SIGTERM)])
def test_a_stop_leaves_what_was_read_and_no_traceback(distant: Repository, proxy: Proxy, number: int) -> None:
    released = Event()

    def wait_for_image(exchange: Exchange) -> tuple[int, bytes]:
        if exchange.body == IMAGE:
            released.wait()
        return pass_on(exchange)

    proxy.behave = wait_for_image
    process = distant.start("lesions", "storage", "--contents")
    log = distant.root / ".dvc/tmp/lesions-storage"
    while process.poll() is None and sum(len(each.read_text().splitlines()) for each in log.glob("*")) < 6:
        time.sleep(0.05)
    process.send_signal(number)
    time.sleep(0.2)
    released.set()
    printed, _ = process.communicate()
    assert process.returncode == 128 + number, printed
    assert "Traceback" not in printed
    assert f"stopped by {signal.Signals(number).name}; no partial file is left; run the same command again" in printed
    status, printed = run_storage(distant, "--contents")
    assert (status, "(6 by a run that was stopped)" in printed) == (0, True)


def refuse_checksums(exchange: Exchange) -> tuple[int, bytes]:
    """Do what Backblaze and others do with a header that they do not know."""
    asks = "x-amz-sdk-checksum-algorithm" in exchange.headers
    message = "Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call."
    error = f"<Error><Code>InvalidArgument</Code><Message>{message}</Message></Error>".encode()
    return (400, error) if exchange.method == "PUT" and asks else pass_on(exchange)


@pytest.mark.slow
def test_a_store_that_does_not_know_the_checksums_is_told_the_cure(
    pushed: Path, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    copytree(pushed, tmp_path / "near", symlinks=True)
    project = Repository(tmp_path / "near")
    set_remote(project, f"s3://{BUCKET}/another", endpointurl=proxy.address)
    status, printed = run_storage(project)
    assert (status, f"if `dvc push` fails with a word about checksums: {CHECKSUM_CURE}." in printed) == (1, True)
    proxy.behave = refuse_checksums
    status, printed = run_storage(project, "--mend")
    assert status == 2
    assert (
        f"Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call.: {CHECKSUM_CURE}." in printed
    )
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED")
    # s3fs keeps a connection with the settings that it was made with, in this process.
    set_remote(project, f"s3://{BUCKET}/another", endpointurl=proxy.address, region="us-east-1")
    status, printed = run_storage(project, "--mend")
    assert (status, "read back: 7 objects" in printed, printed) == (0, True, printed)


def test_a_bucket_that_is_not_there_is_named(distant: Repository, proxy: Proxy) -> None:
    set_remote(distant, "s3://no-such-bucket/store", endpointurl=proxy.address)
    status, printed = run_storage(distant)
    assert status == 1
    assert (
        "none of the objects is on storage: was anything pushed there, is the URL right, and is the bucket or the "
        "network folder there." in printed
    )


def test_without_keys_it_says_where_they_belong(
    distant: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (distant.root / ".dvc/config.local").write_text("")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    status, printed = run_storage(distant)
    assert status == 2
    assert "it needs credentials, which belong in .dvc/config.local or the environment (docs/storage.md)" in printed
