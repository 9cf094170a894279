"""The formats of image files, by their suffix and by their first bytes: which are read, and which only named."""

import importlib.util

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp"})
"""The suffixes of formats that are read."""

OTHER_SUFFIXES = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    **dict.fromkeys((".avif", ".avifs"), "AVIF"),
    **dict.fromkeys((".dcm", ".dicom"), "DICOM"),
    **dict.fromkeys((".jp2", ".j2k", ".j2c", ".jpf", ".jpx"), "JPEG 2000"),
    **dict.fromkeys((".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"), "RAW"),
    ".gif": "GIF",
    ".jxl": "JPEG XL",
    ".psd": "Photoshop",
}
"""The format of other images by suffix, to name what is there and not read."""

ALL_SUFFIXES = tuple(sorted({*SUFFIXES, *OTHER_SUFFIXES}))

ARCHIVES = {
    ".zip": "zip",
    ".tar": "tar",
    ".tar.gz": "gzipped tar",
    ".tgz": "gzipped tar",
    ".hdf5": "HDF5",
    ".h5": "HDF5",
}
"""The kinds of archives whose images are read in place, by suffix."""

OTHER_ARCHIVES = (".7z", ".rar", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
"""The suffixes of archives that are not opened, to say that they are there."""

HEAD_BYTES = 256
"""How many bytes tell the format."""

READS_HEIC = importlib.util.find_spec("pillow_heif") is not None
"""Whether the extra package for HEIC is installed."""

READS_DICOM = importlib.util.find_spec("pydicom") is not None
"""Whether the extra package for DICOM is installed."""

EXTRAS = {"HEIC": "heic", "DICOM": "dicom"}
"""The extra of the package that reads a format, where the base install does not."""

READ = frozenset(
    {"JPEG", "PNG", "BMP", "TIFF", "WebP"}
    | ({"HEIC"} if READS_HEIC else set())
    | ({"DICOM"} if READS_DICOM else set())
)
"""The formats that are read."""

FIRST_BYTES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"GIF8", "GIF"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIRO", "RAW"),
    (b"IIU\x00", "RAW"),
    *((start, "TIFF") for start in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
)

BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "RAW",
}
"""Formats in the container that films have too, by its brand."""


def name_format(data: bytes) -> str | None:
    """Return the format of a file by its first `HEAD_BYTES` bytes, or None if it is no known image."""
    if data[4:8] == b"ftyp":
        # The brand mif1 says only that there are images; further brands say how they are compressed.
        return "AVIF" if b"avif" in data[8:64] else BRANDS.get(data[8:12])
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"II" and data[8:10] == b"CR":
        return "RAW"
    return next((name for start, name in FIRST_BYTES if data.startswith(start)), None)


def name_archive(name: str) -> str | None:
    """Return the kind of archive that a file is by its name, such as "zip"; None if it is none that is read."""
    lowered = name.rstrip().lower()
    return next((kind for suffix, kind in ARCHIVES.items() if lowered.endswith(suffix)), None)


def is_archive_name(name: str) -> bool:
    """Return whether a file is an archive by its name, of a kind that is read or of another."""
    return name.rstrip().lower().endswith((*ARCHIVES, *OTHER_ARCHIVES))


def explain_file(path: str, assumed: str | None = None) -> str | None:
    """Return why a file cannot be an image of a format that is read, by its first bytes; None if it can.

    Parameters
    ----------
    assumed
        The format of the file if its first bytes say nothing, by its suffix.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123, as in read_image_file
            return explain_head(file.read(HEAD_BYTES), assumed)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def explain_head(head: bytes, assumed: str | None = None) -> str | None:
    """Return why a file with these first bytes cannot be an image of a format that is read; None if it can."""
    name = name_format(head) or assumed
    if name is not None:
        return None if name in READ else explain_unread(name)
    return "not an image" if head else "the file is empty (0 bytes)"


def explain_unread(name: str) -> str:
    """Return why a file of a format that is not read is refused, and what to do about it."""
    remedy = f', or pip install "lesions[{EXTRAS[name]}]"' if name in EXTRAS else ""
    return f"{name}, which is not read; save it as JPEG or PNG{remedy}"
