"""What a service accepts, and from whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from lesions.errors import InputError

TOKEN_VARIABLE = "LESIONS_TOKEN"  # noqa: S105, the name of the variable
"""Environment variable; if it is set, requests must have its value as their bearer token."""

MIN_TOKEN_CHARACTERS = 16

BODIES_HELD = 8
"""All requests together may hold as many bytes as so many bodies of the largest size."""


@dataclass(frozen=True)
class Settings:
    """What a service accepts.

    Attributes
    ----------
    max_bytes
        The largest body of a request.
    max_files
        The number of images in a request.
    max_waiting
        The number of images that may wait for their answer at once; so many requests may be under way at once, too.
    max_seconds
        How long the body of a request may take to arrive, and after that its answer to be there.
    max_megapixels
        The largest image, if that is less than what the model allows; None for what the model allows.
    token
        What requests must have as their bearer token; None to answer everybody.
    """

    max_bytes: int = 32_000_000
    max_files: int = 16
    max_waiting: int = 256
    max_seconds: float = 30.0
    max_megapixels: float | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        if self.max_waiting < self.max_files:
            raise InputError(
                f"--max-waiting: {self.max_waiting} is less than the {self.max_files} images that one request may "
                "have by --max-files"
            )

    @property
    def max_held_bytes(self) -> int:
        """The number of bytes that all requests together may hold."""
        return BODIES_HELD * self.max_bytes


def read_token(environment: Mapping[str, str]) -> str | None:
    """Return the token that the environment sets; None if it sets none.

    Raises
    ------
    InputError
        If it is shorter than `MIN_TOKEN_CHARACTERS`, or has characters that a header cannot have.
    """
    token = environment.get(TOKEN_VARIABLE)
    if token is None:
        return None
    if len(token) < MIN_TOKEN_CHARACTERS or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"{TOKEN_VARIABLE}: expected at least {MIN_TOKEN_CHARACTERS} ASCII characters without spaces, such as "
            "`openssl rand -hex 32` prints; unset it to answer everybody"
        )
    return token
