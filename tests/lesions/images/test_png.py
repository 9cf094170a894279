"""PNG files that a copy or a disk damaged."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesions.errors import InputError
from lesions.images.decode import DecodingParameters, decode_image

PARAMETERS = DecodingParameters(size_px=8, fit="crop", max_megapixels=1)


def encode() -> bytes:
    """Return a photograph-like PNG of one chunk of pixels."""
    noise = np.random.default_rng(0).integers(100, 140, (80, 80, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert buffer.getvalue().count(b"IDAT") == 1
    return buffer.getvalue()


DATA = encode()


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_an_end_of_zeros_is_refused(kept: float) -> None:
    length = int(kept * len(DATA))
    with pytest.raises(InputError, match=r"^broken image: damaged, as a checksum in the PNG file says$"):
        decode_image(DATA[:length] + bytes(len(DATA) - length), PARAMETERS)


@given(at=st.integers(0, 8 * len(DATA) - 1))
@settings(max_examples=200, deadline=None)
def test_no_bit_may_be_another(at: int) -> None:
    damaged = bytearray(DATA)
    damaged[at // 8] ^= 1 << at % 8
    with pytest.raises(InputError):
        decode_image(bytes(damaged), PARAMETERS)


def test_the_last_chunk_is_required_and_what_follows_it_is_not_looked_at() -> None:
    with pytest.raises(InputError, match=r"^broken image: image file is truncated$"):
        decode_image(DATA[:-12], PARAMETERS)
    np.testing.assert_array_equal(
        decode_image(DATA + b"more", PARAMETERS).pixels, decode_image(DATA, PARAMETERS).pixels
    )
