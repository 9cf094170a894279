"""Semantic versions (semver.org, 2.0.0): their spelling and their order."""

import re

from lesions.errors import InputError, quote_value

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_IDENTIFIER = r"(?:0|[1-9][0-9]{0,8}|[0-9]{0,8}[a-zA-Z-][0-9a-zA-Z-]{0,30})"
VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER}){{0,4}})?"
"""The pattern of a version such as 1.2.0 or 1.2.0-rc.1; build metadata, which has no order, is not part of it."""

Order = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def check_version(text: str) -> str:
    """Return a version; raise InputError if it is none."""
    if not re.fullmatch(VERSION, text):
        raise InputError(f"expected a version such as 1.2.0 or 1.2.0-rc.1, got {quote_value(text)}")
    return text


def order_version(text: str) -> Order:
    """Return what versions are sorted by: a release candidate comes before its release, and 1.10.0 after 1.9.0."""
    numbers, _, pre = check_version(text).partition("-")
    major, minor, patch = map(int, numbers.split("."))
    parts = [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in pre.split(".") if part]
    return major, minor, patch, not pre, tuple(parts)
