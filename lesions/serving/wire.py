"""Reading the wire format of protocol buffers, bounded: an untrusted file is looked at before any parser gets it."""

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
"""The wire types that are still in use."""

FIXED_SIZES = {FIXED_64: 8, FIXED_32: 4}
MAX_VARINT_BYTES = 10


class BrokenMessageError(ValueError):
    """The bytes are not a whole message of protocol buffers."""


@dataclass
class FieldBudget:
    """How many more fields may be read; it is shared by all messages of a file, so that reading ends soon.

    Attributes
    ----------
    left
        The number of fields.
    """

    left: int

    def spend(self) -> None:
        """Count one field; raise BrokenMessageError if there are too many."""
        self.left -= 1
        if self.left < 0:
            raise BrokenMessageError("it has more fields than any network needs")


def list_fields(message: memoryview, budget: FieldBudget) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the value of each field of a message; nothing is copied.

    The value of a field of bytes, text or a message is a view of its bytes; that of any other is an integer.

    Raises
    ------
    BrokenMessageError
        If a field reaches beyond the end of the message, or is of no wire type that is in use.
    """
    at = 0
    while at < len(message):
        budget.spend()
        key, at = _read_varint(message, at)
        number, wire_type = key >> 3, key & 7
        if not number:
            raise BrokenMessageError("a field has the number 0")
        if wire_type == VARINT:
            integer, at = _read_varint(message, at)
            yield number, integer
            continue
        size = FIXED_SIZES.get(wire_type, 0)
        if wire_type == BYTES:
            size, at = _read_varint(message, at)
        elif not size:
            raise BrokenMessageError(f"a field has the unknown wire type {wire_type}")
        if size > len(message) - at:
            raise BrokenMessageError(f"a field of {size:,} bytes reaches beyond the end")
        value, at = message[at : at + size], at + size
        yield number, value if wire_type == BYTES else int.from_bytes(value, "little")


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return an integer of 7 bits per byte, and where it ends."""
    value = 0
    for place in range(MAX_VARINT_BYTES):
        if at + place >= len(message):
            raise BrokenMessageError("it ends within a number")
        byte = message[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise BrokenMessageError("a number has more than 64 bits")
