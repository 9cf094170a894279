"""Shards on a real server of S3, and behind a network that fails."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.images.shard_store import ShardStore
from tests.s3_server import BUCKET, KEYS, S3, Behaviour, Exchange, Proxy, pass_on
from tests.shards import draw_images, open_shards, write_shards

ADDRESS = f"s3://{BUCKET}/shards"
PIXELS = draw_images()


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own settings, but the files that a test writes."""
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(tmp_path / "resume"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(f"AWS_{name.upper()}", value)


@pytest.fixture
def proxy(s3: S3, keys: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy(s3.address)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    yield proxy
    proxy.close()


def test_images_come_back_and_only_those_asked_for_are_sent(proxy: Proxy, tmp_path: Path) -> None:
    index = write_shards(tmp_path, PIXELS, ADDRESS)
    assert [each.split()[0] for each in proxy.requests] == ["PUT"] * 3
    images = open_shards(index, ADDRESS, local_gb=1)
    sent: list[int] = []

    def count(exchange: Exchange) -> tuple[int, bytes]:
        sent.append(len(exchange.body))
        return pass_on(exchange)

    proxy.behave = count
    rows = np.array([17, 3, 9, 3])
    for _ in range(2):
        np.testing.assert_array_equal(images[rows], PIXELS[rows])
    assert sent == [PIXELS[0].nbytes] * 3
    np.testing.assert_array_equal(images[:], PIXELS)


def test_keys_and_endpoint_come_from_the_files_of_aws(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = "\n".join(f"aws_{name} = {value}" for name, value in KEYS.items())
    (tmp_path / "credentials").write_text(f"[clinic]\n{keys}\n")
    (tmp_path / "config").write_text(f"[profile clinic]\nregion = us-east-1\nendpoint_url = {s3.address}\n")
    monkeypatch.setenv("AWS_PROFILE", "clinic")
    index = write_shards(tmp_path, PIXELS, ADDRESS)
    np.testing.assert_array_equal(open_shards(index, ADDRESS)[:], PIXELS)


def test_without_credentials_nothing_is_asked_of_the_server() -> None:
    with pytest.raises(InputError) as error:
        ShardStore(ADDRESS)
    assert str(error.value) == (
        f"shards.address is {ADDRESS}, and there are no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY"
    )


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(
        InputError, match=rf"^shards.address is {ADDRESS}, and The config profile \(nobody\) could not"
    ):
        ShardStore(ADDRESS)


CANNOT_BE_READ = "a shard of data/images.npy cannot be read: "


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (lambda exchange: (206, exchange.body[:-1]), CANNOT_BE_READ),
        (lambda exchange: (206, bytes(len(exchange.body))), "truncated or changed since cache_images wrote it"),
        (lambda _: (403, b"<Error><Code>AccessDenied</Code></Error>"), CANNOT_BE_READ),
        (lambda _: (404, b"<Error><Code>NoSuchKey</Code></Error>"), CANNOT_BE_READ),
    ],
    ids=["truncated", "changed", "denied", "missing"],
)
def test_a_bad_answer_is_refused_by_the_name_of_the_shard(
    behaviour: Behaviour, said: str, proxy: Proxy, tmp_path: Path
) -> None:
    index = write_shards(tmp_path, PIXELS, ADDRESS)
    images = open_shards(index, ADDRESS)
    proxy.behave = behaviour
    with pytest.raises(InputError) as error:
        images[np.array([19])]
    shard = bytes(np.load(index)["shard"][19]).hex()
    assert str(error.value).startswith(f"{ADDRESS}/{shard}.npy: {said}")
    assert KEYS["secret_access_key"] not in str(error.value)


def test_a_server_that_fails_for_a_moment_is_asked_again(proxy: Proxy, tmp_path: Path) -> None:
    images = open_shards(write_shards(tmp_path, PIXELS, ADDRESS), ADDRESS)
    answers = iter([(503, b""), (500, b""), None])
    proxy.behave = lambda exchange: next(answers, pass_on(exchange))
    np.testing.assert_array_equal(images[4], PIXELS[4])


def test_a_bucket_that_is_not_there_is_named(proxy: Proxy, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^s3://nowhere/\w{64}\.npy: cannot be written: .*NoSuchBucket"):
        write_shards(tmp_path, PIXELS, "s3://nowhere")
