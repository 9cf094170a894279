"""Tests that files of other formats are named by what they are, whatever their suffix."""

import io
from pathlib import Path

import pytest
from PIL import Image

from lesions.errors import InputError
from lesions.images import kinds
from lesions.images.decode import DecodingParameters, decode_image
from lesions.images.files import find_image_files
from lesions.images.kinds import EXTRAS, explain_head, name_format

PARAMETERS = DecodingParameters(size_px=8, fit="crop", max_megapixels=1)
GRADIENT = Image.linear_gradient("L").convert("RGB")


def save(kind: str) -> bytes:
    buffer = io.BytesIO()
    GRADIENT.save(buffer, kind)
    return buffer.getvalue()


OTHERS = {
    "GIF": save("GIF"),
    "AVIF": save("AVIF"),
    "JPEG 2000": save("JPEG2000"),
    "DICOM": bytes(128) + b"DICM\x02\x00\x00\x00UL",
    "RAW": b"II*\0\x10\0\0\0CR\x02\0" + bytes(90),
    "JPEG XL": b"\x00\x00\x00\x0cJXL \r\n\x87\n",
    "Photoshop": b"8BPS\x00\x01",
    "PDF": b"%PDF-1.7",
}
READ = {kind: save(kind) for kind in ("JPEG", "PNG", "BMP", "TIFF", "WebP")}


@pytest.mark.parametrize("name", [*OTHERS, *READ])
def test_a_format_is_known_by_its_first_bytes(name: str) -> None:
    assert name_format((OTHERS | READ)[name][:256]) == name


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"hevc"])
def test_heic_is_known_by_its_brand(brand: bytes) -> None:
    assert name_format(b"\0\0\0\x1cftyp" + brand + b"\0\0\0\0mif1heic") == "HEIC"


def test_a_film_is_no_image() -> None:
    assert name_format(b"\0\0\0\x18ftypmp42" + bytes(20)) is None


@pytest.mark.parametrize("name", [name for name in OTHERS if name not in EXTRAS])
def test_another_format_under_a_known_suffix_is_named(name: str) -> None:
    with pytest.raises(InputError, match=f"^{name}, which is not read; save it as JPEG or PNG$"):
        decode_image(OTHERS[name], PARAMETERS)


@pytest.mark.parametrize(
    ("file", "name"),
    [("x.gif", "GIF"), ("x.JP2", "JPEG 2000"), ("x.nef", "RAW"), ("x.psd", "Photoshop")],
)
def test_another_format_is_named_without_decoding(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "a.jpg").write_bytes(READ["JPEG"])
    (tmp_path / file).write_bytes(b"anything")
    errors = {one.file: one.error for one in find_image_files(tmp_path).found}
    assert errors == {"a.jpg": None, file: f"{name}, which is not read; save it as JPEG or PNG"}


@pytest.mark.parametrize("file", ["x.heic", "x.gif", "x.dng"])
def test_a_known_format_under_another_suffix_is_read(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_bytes(READ["JPEG"])
    assert find_image_files(tmp_path).readable == [file]


@pytest.mark.parametrize("file", ["x.jfif", "x.jpe", "x.JPG", "x.JFIF", "x.jpeg ", " x.Jpg"])
def test_all_spellings_of_jpeg_are_read(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_bytes(READ["JPEG"])
    assert find_image_files(tmp_path).readable == [file]


@pytest.mark.parametrize(("name", "head"), [("HEIC", b"\0\0\0\x18ftypheic" + bytes(20)), ("DICOM", OTHERS["DICOM"])])
def test_without_its_package_a_format_is_told_which_extra_reads_it(
    name: str, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "READ", kinds.READ - {name})  # as where the package is not installed
    expected = f'{name}, which is not read; save it as JPEG or PNG, or pip install "lesions[{EXTRAS[name]}]"'
    assert explain_head(head) == expected


def test_heic_is_read_upright_where_the_package_is_installed(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed: pip install lesions[heic]")
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[274] = 6  # to be turned by 90 degrees
    GRADIENT.resize((64, 32)).save(tmp_path / "x.heic", exif=exif.tobytes())
    assert find_image_files(tmp_path).readable == ["x.heic"]
    image = decode_image((tmp_path / "x.heic").read_bytes(), PARAMETERS)
    assert (image.width_px, image.height_px) == (32, 64)


@pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")
def test_a_format_of_an_unusual_kind_is_named() -> None:
    with pytest.raises(InputError, match="broken image: begins as TIFF, but is cut short, or of a kind that is not"):
        decode_image(READ["TIFF"][:20], PARAMETERS)
