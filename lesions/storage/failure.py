"""Saying why a remote does not do what it is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from lesions.errors import InputError
from lesions.fetching.request import hide_credentials
from lesions.formats.printable import make_printable

MAX_CHARACTERS = 300
"""Most that is shown of what a server or a library says."""

LIBRARIES = ("aiobotocore", "aiohttp", "asyncssh", "botocore", "dvc", "dvc_objects", "fsspec", "s3fs", "sshfs")
"""Those whose errors are the remote's, or its settings'."""

CHECKSUM_WORDS = (
    *("XAmzContentSHA256Mismatch", "content-sha256", "Checksum Type mismatch", "x-amz-checksum", "x-amz-trailer"),
    *("x-amz-sdk-checksum", "aws-chunked", "STREAMING-UNSIGNED-PAYLOAD", "MissingContentLength"),
)
"""What stores say that do not know botocore's checksums: Wasabi, Backblaze, Ceph and others."""

CHECKSUM_CURE = (
    "a store that only resembles S3 may not know the checksums that botocore sends since 1.36: "
    "`export AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED`, and run the same command again"
)

CURES = (
    (CHECKSUM_WORDS, CHECKSUM_CURE),
    (("NoSuchBucket", "bucket does not exist"), "create the bucket, or correct the URL in .dvc/config"),
    (
        ("NoCredentials", "PartialCredentials", "Unable to locate credentials"),
        "it needs credentials, which belong in .dvc/config.local or the environment (docs/storage.md)",
    ),
    (
        ("PermissionError", "PermissionDenied", "Forbidden", "AccessDenied", "SignatureDoesNotMatch", "ExpiredToken"),
        "it refuses these credentials (.dvc/config.local or the environment), or they may not read there",
    ),
    (
        ("Connection", "Connect call failed", "Timeout", "PayloadError", "IncompleteRead", "not known"),
        "it does not answer, or not to the end: is the network there, and is the address right",
    ),
    (
        ("SlowDown", "Service Unavailable", "ServiceUnavailable", "InternalError", "Internal Server Error"),
        "the server is overloaded or broken: run the same command again later",
    ),
    (("RemoteMissingDeps", "No module named"), 'install what it needs: pip install "lesions[s3]" or "lesions[ssh]"'),
)
"""Words in an error, and what they mean; the first that fit are taken."""


@contextmanager
def named_failures(remote: str, address: str) -> Iterator[None]:
    """Turn an error of a remote into an InputError that names it and says what to do.

    Parameters
    ----------
    remote
        The remote's name.
    address
        Its URL.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if not _is_of_remote(error):
            raise
        raise InputError(f"the remote {remote} ({hide_credentials(address)}): {describe_failure(error)}") from error


def _is_of_remote(error: Exception) -> bool:
    """Return whether an error comes from a remote or the way to it, and not from a mistake in this program."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in LIBRARIES


def describe_failure(error: Exception) -> str:
    """Return what a remote or the library that asks it says, on one line without credentials, and what to do."""
    chain = [error, *filter(None, (error.__cause__, error.__context__))]
    words = " ".join(f"{type(each).__name__} {each}" for each in chain)
    said = make_printable(hide_credentials(" ".join(f"{type(error).__name__}: {error}".split())))[:MAX_CHARACTERS]
    cure = next((cure for signs, cure in CURES if any(sign in words for sign in signs)), None)
    return f"{said}: {cure}" if cure else said
