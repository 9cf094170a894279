"""Tests that DICOM files of each usual kind give the pixels that were put in, and no other file does harm."""

import io
import random
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lesions.errors import InputError
from lesions.images.decode import DecodingParameters, decode_image
from tests.dicom_files import build, build_compressed, draw, encode, spell

from pydicom import Dataset, uid  # isort: skip
from lesions.images.dicom import MAX_HEADER_BYTES, read_dicom_pixels  # isort: skip

pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:pydicom\.")

PARAMETERS = DecodingParameters(size_px=8, fit="crop", max_megapixels=0.01)
PIXELS = draw()
GREY = PIXELS[..., 0]
JPEG = encode("JPEG", PIXELS, quality=95)
YCBCR = np.asarray(Image.fromarray(PIXELS).convert("YCbCr"))
COLOURS = ("Red", "Green", "Blue")

Pixels = NDArray[np.uint8]


def read(dataset: Dataset | bytes) -> Pixels:
    return read_dicom_pixels(dataset if isinstance(dataset, bytes) else spell(dataset), max_pixels=1e4)


def compress(dataset: Dataset, syntax: uid.UID) -> Dataset:
    dataset.compress(syntax, generate_instance_uid=False)
    return dataset


def build_palette(bits: int) -> Dataset:
    """Return an image whose palette turns the grey value 0 into white, and 255 into black."""
    falling = np.arange(255, -1, -1).astype(np.uint8 if bits == 8 else np.uint16) * (1 if bits == 8 else 257)
    table = {f"{colour}PaletteColorLookupTableData": falling.tobytes() for colour in COLOURS}
    size: dict[str, Any] = {f"{colour}PaletteColorLookupTableDescriptor": [256, 0, bits] for colour in COLOURS}
    return build(GREY, PhotometricInterpretation="PALETTE COLOR", **table, **size)


def build_subsampled() -> Dataset:
    """Return an image of which every two pixels share their colour, uncompressed."""
    pairs = np.stack([YCBCR[:, ::2, 0], YCBCR[:, 1::2, 0], YCBCR[:, ::2, 1], YCBCR[:, ::2, 2]], axis=-1)
    return build(YCBCR, PhotometricInterpretation="YBR_FULL_422", PixelData=pairs.tobytes())


@pytest.mark.parametrize(
    "syntax",
    [
        *(uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian),
        *(uid.DeflatedExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless),
    ],
    ids=lambda syntax: syntax.name,
)
def test_each_lossless_transfer_syntax_gives_the_very_pixels(syntax: uid.UID) -> None:
    dataset = compress(build(), syntax) if syntax.is_encapsulated else build(syntax=syntax)
    np.testing.assert_array_equal(read(dataset), PIXELS)


@pytest.mark.parametrize("colours", ["RGB", "YBR_RCT"])
def test_a_lossless_jpeg_2000_gives_the_very_pixels(colours: str) -> None:
    frame = encode("JPEG2000", PIXELS, no_jp2=True)
    dataset = build_compressed(frame, uid.JPEG2000Lossless, PhotometricInterpretation=colours)
    np.testing.assert_array_equal(read(dataset), PIXELS)


@pytest.mark.parametrize("syntax", [uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit])
@pytest.mark.parametrize("colours", ["YBR_FULL", "YBR_FULL_422", "RGB"])
def test_a_jpeg_gives_what_the_jpeg_file_gives(syntax: uid.UID, colours: str) -> None:
    # Many programs write RGB although their JPEG is in YCbCr, as its JFIF header says.
    expected = np.asarray(Image.open(io.BytesIO(JPEG)))
    np.testing.assert_array_equal(read(build_compressed(JPEG, syntax, PhotometricInterpretation=colours)), expected)


def test_a_jpeg_of_red_green_and_blue_is_not_converted() -> None:
    frame = encode("JPEG", PIXELS, quality=95, keep_rgb=True)
    np.testing.assert_array_equal(
        read(build_compressed(frame, uid.JPEGBaseline8Bit)), np.asarray(Image.open(io.BytesIO(frame)))
    )


@pytest.mark.parametrize(
    ("dataset", "expected", "tolerance"),
    [
        (build(PlanarConfiguration=1, PixelData=np.moveaxis(PIXELS, -1, 0).tobytes()), PIXELS, 0),
        (build(YCBCR, PhotometricInterpretation="YBR_FULL"), PIXELS, 3),
        (compress(build(YCBCR, PhotometricInterpretation="YBR_FULL"), uid.RLELossless), PIXELS, 3),
        (build_subsampled(), PIXELS, 6),
        (build(GREY), np.stack([GREY] * 3, axis=-1), 0),
        (compress(build(GREY), uid.RLELossless), np.stack([GREY] * 3, axis=-1), 0),
        (build(GREY, PhotometricInterpretation="MONOCHROME1"), np.stack([255 - GREY] * 3, axis=-1), 0),
        (build_palette(8), np.stack([255 - GREY] * 3, axis=-1), 0),
        (build_palette(16), np.stack([255 - GREY] * 3, axis=-1), 0),
    ],
    ids=["planar", "YBR", "YBR by runs", "4:2:2", "grey", "grey by runs", "white is zero", "palette", "deep palette"],
)
def test_each_kind_of_colours_becomes_red_green_and_blue(dataset: Dataset, expected: Pixels, tolerance: int) -> None:
    np.testing.assert_allclose(read(dataset).astype(int), expected, rtol=0, atol=tolerance)


def test_a_dicom_file_decodes_as_the_png_of_its_pixels() -> None:
    of_dicom = decode_image(spell(build()), PARAMETERS)
    of_png = decode_image(encode("PNG", PIXELS), PARAMETERS)
    np.testing.assert_array_equal(of_dicom.pixels, of_png.pixels)
    np.testing.assert_array_equal(of_dicom.thumbnail, of_png.thumbnail)
    assert (of_dicom.width_px, of_dicom.height_px) == (40, 30)


@pytest.mark.parametrize(
    "kind", [uid.VLEndoscopicImageStorage, uid.DermoscopicPhotographyImageStorage, uid.SecondaryCaptureImageStorage]
)
def test_each_kind_of_photograph_is_read(kind: uid.UID) -> None:
    np.testing.assert_array_equal(read(build(SOPClassUID=kind)), PIXELS)


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (build(NumberOfFrames=2), "a DICOM file of 2 frames; expected one still image"),
        (build(SOPClassUID=uid.CTImageStorage), "of the kind 'CT Image Storage'; expected VL Photographic Image"),
        (build(PhotometricInterpretation="HSV"), "with colours 'HSV' of 3 numbers"),
        (build(GREY, PhotometricInterpretation="RGB"), "with colours 'RGB' of 1 numbers"),
        (
            build(GREY, BitsAllocated=16, BitsStored=12),
            "pixels of 12 bits in 16, or signed; expected 8 in 8, unsigned",
        ),
        (build(GREY, PixelRepresentation=1), "pixels of 8 bits in 8, or signed"),
        (
            build_compressed(JPEG, uid.JPEGLosslessSV1),
            "compressed as JPEG Lossless, .* for which no decoder is instal",
        ),
        (
            build_compressed(JPEG, uid.MPEG2MPML),
            "compressed as MPEG2 Main Profile / Main Level, for which no decoder",
        ),
        (build(PixelData=b""), "without pixels, or with more than 1,048,576 bytes before them"),
        (build(PixelData=b"12"), "broken DICOM file: 'The number of bytes of pixel data is less than expected"),
        (build(Rows=None), "broken DICOM file: .*Rows"),
        (
            build(PhotometricInterpretation="PALETTE COLOR", SamplesPerPixel=1, PlanarConfiguration=None),
            "broken DICOM",
        ),
    ],
    ids=str,
)
def test_another_file_is_refused_with_its_reason(dataset: Dataset, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(dataset)


def test_an_unknown_transfer_syntax_is_named() -> None:
    with pytest.raises(InputError, match=r"of no transfer syntax that is known: '1\.2\.840\.10008\.9\.9\.9'"):
        read(spell(build()).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"))


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (build(Rows=200, Columns=51), "51 × 200 pixels are more than the 0.01 megapixels that cache_images.max_m"),
        (
            build_compressed(JPEG, uid.JPEGBaseline8Bit, Rows=31),
            r"\(40, 31, 3\), whose compressed data say \(40, 30, 3",
        ),
        (
            build_compressed(encode("JPEG2000", np.zeros((900, 900, 3), np.uint8), no_jp2=True), uid.JPEG2000),
            r"\(40, 30, 3\), whose compressed data say \(900, 900, 3\)",
        ),
        (build_compressed(JPEG[:2] + JPEG[-9:], uid.JPEGBaseline8Bit), "data do not say how large the image is"),
        (build_compressed(JPEG + b"\xff\xda" * 101, uid.JPEGBaseline8Bit), "a JPEG of more than 100 scans"),
    ],
    ids=["header", "JPEG", "JPEG 2000", "none", "scans"],
)
def test_an_image_that_is_too_large_is_refused_before_it_is_decoded(dataset: Dataset, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(dataset)


def test_runs_of_more_pixels_than_the_image_has_are_not_decoded() -> None:
    # Each pair of bytes is 128 pixels: together they are 4 million, in an image of 1,200.
    runs = b"\x81\xff" * 2**15
    starts = b"".join((64 + n * len(runs)).to_bytes(4, "little") for n in range(3))
    frame = (3).to_bytes(4, "little") + starts.ljust(60, b"\0") + 3 * runs
    assert (read(build_compressed(frame, uid.RLELossless)) == 255).all()
    with pytest.raises(InputError, match="with 3 run-length codes for 1 colours"):
        read(build_compressed(frame, uid.RLELossless, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2"))


def test_a_deflated_file_is_not_inflated_beyond_what_its_pixels_may_take() -> None:
    data = spell(build(syntax=uid.DeflatedExplicitVRLittleEndian))
    begin = 144 + int.from_bytes(data[140:144], "little")
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(bytes(2**26)) + deflater.flush()
    with pytest.raises(InputError, match="a deflated DICOM file that becomes more than 1,088,576 bytes"):
        read(data[:begin] + bomb)


def test_a_large_element_may_be_before_the_pixels_but_not_very_many_elements() -> None:
    np.testing.assert_array_equal(read(build(ICCProfile=bytes(2 * MAX_HEADER_BYTES))), PIXELS)
    data = spell(build())
    begin = 144 + int.from_bytes(data[140:144], "little")
    empty = b"\x09\0\x10\0LO\0\0"
    with pytest.raises(InputError, match="without pixels, or with more than 1,048,576 bytes before them"):
        read(data[:begin] + empty * (MAX_HEADER_BYTES // len(empty)) + data[begin:])


def test_what_follows_the_only_frame_is_left_alone() -> None:
    np.testing.assert_array_equal(read(build(PixelData=PIXELS.tobytes() * 3)), PIXELS)


def test_a_damaged_file_is_read_or_refused_with_a_reason() -> None:
    frames = {uid.JPEGBaseline8Bit: JPEG, uid.JPEG2000: encode("JPEG2000", PIXELS, no_jp2=True)}
    files = [spell(build()), spell(build(syntax=uid.ImplicitVRLittleEndian))]
    files += [spell(compress(build(), syntax)) for syntax in (uid.RLELossless, uid.JPEGLSLossless)]
    files += [spell(build_compressed(frame, syntax)) for syntax, frame in frames.items()]
    chance, num_refused = random.Random(0), 0  # noqa: S311
    for _ in range(1500):
        data = bytearray(chance.choice(files))
        data = data[: chance.choice([len(data), chance.randrange(133, len(data))])]
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(132, len(data))] = chance.choice([0, 255, chance.randrange(256)])
        try:
            assert read(bytes(data)).shape[2] == 3
        except InputError:
            num_refused += 1
    assert num_refused > 500
