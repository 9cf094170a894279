"""The place where shards are kept: a bucket of S3 or of a store like it, or a folder of a network drive."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from lesions.errors import InputError

S3 = "s3://"

NUM_CONNECTIONS = 64
"""Number of shards that are read at a time: an answer takes long to come, and little to be read."""

RETRY = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}

MOST_LETTERS = 400
"""Letters of an error that are shown: a server's answer may be a page."""

CREDENTIALS_LAST = timedelta(minutes=15)
"""Time after which credentials are asked for again, because a role's end."""


class ShardStore:
    """Writes and reads whole shards and parts of them.

    Parameters
    ----------
    address
        `s3://bucket/prefix`, or an absolute folder. What else S3 needs comes from where AWS's own programs take it:
        the environment (`AWS_PROFILE`, `AWS_ENDPOINT_URL` and so on) and the files in `~/.aws`.

    Raises
    ------
    InputError
        If a package is missing, or if there are no credentials.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._obstore = _load("obstore", address)
        self._failures = (self._obstore.exceptions.BaseError, OSError, ValueError)
        if address.startswith(S3):
            self._store = _open_s3(address)
        else:
            stores = _load("obstore.store", address)
            try:
                self._store = stores.LocalStore(address, mkdir=True)
            except self._failures as error:
                raise InputError(f"shards.address: {address}: {error}") from error
        self._threads = ThreadPoolExecutor(NUM_CONNECTIONS)

    def write(self, name: str, data: bytes) -> None:
        """Write a shard as a whole; what has its name is replaced."""
        try:
            self._obstore.put(self._store, name, data, use_multipart=False)
        except self._failures as error:
            raise InputError(f"{self.address}/{name}: cannot be written: {_shorten(error)}") from error

    def read(self, wanted: Mapping[str, Sequence[int]], num_bytes: int) -> dict[str, list[Any]]:
        """Read parts of shards, all of the same number of bytes, several shards at a time.

        Parameters
        ----------
        wanted
            By the name of each shard, where the parts begin.

        Returns
        -------
        parts
            By the name of each shard, the parts as buffers; those of a truncated shard may be shorter.

        Raises
        ------
        InputError
            If one cannot be read.
        """
        reading = {
            name: self._threads.submit(self._read_one, name, begins, num_bytes) for name, begins in wanted.items()
        }
        return {name: each.result() for name, each in reading.items()}

    def _read_one(self, name: str, begins: Sequence[int], num_bytes: int) -> list[Any]:
        try:
            return list(
                self._obstore.get_ranges(
                    self._store,
                    name,
                    starts=begins,
                    lengths=[num_bytes] * len(begins),
                    coalesce=0,  # what lies between two images may be larger than both
                )
            )
        except self._failures as error:
            raise InputError(
                f"{self.address}/{name}: a shard of data/images.npy cannot be read: {_shorten(error)}"
            ) from error


def _load(module: str, address: str) -> Any:
    """Load a module without which there are no shards.

    It is no import statement, because then every stage would run again for each new version. No version decides what
    is read: each image is compared with its sha256.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"shards.address is {address}, which needs the package {module.partition('.')[0]}; install it with "
            '`pip install "lesions[train,s3]"`'
        ) from error


def _open_s3(address: str) -> Any:
    """Open a bucket with the credentials, the region and the endpoint that AWS's own programs would use."""
    session = _load("botocore.session", address).get_session()
    errors = _load("botocore.exceptions", address)
    try:
        credentials = session.get_credentials()
        described = session.create_client("s3", region_name=session.get_config_variable("region") or "us-east-1").meta
    except (errors.BotoCoreError, ValueError) as error:
        raise InputError(f"shards.address is {address}, and {error}") from error
    if credentials is None:
        raise InputError(
            f"shards.address is {address}, and there are no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )

    def get_credentials() -> dict[str, Any]:
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + CREDENTIALS_LAST,
        }

    bucket, _, prefix = address.removeprefix(S3).partition("/")
    return _load("obstore.store", address).S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=described.endpoint_url,
        region=described.region_name,
        credential_provider=get_credentials,
        client_options={"allow_http": described.endpoint_url.startswith("http://")},
        retry_config=RETRY,
    )


def _shorten(error: Exception) -> str:
    """Return an error in one line, without the client's inner states."""
    return " ".join(str(error).partition("Debug source:")[0].split())[:MOST_LETTERS]
