"""Writing archives of images, whole and broken, for tests."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

KINDS = ("images.zip", "images.tar", "images.tar.gz", "images.tgz", "images.hdf5", "images.h5")
"""An archive of each suffix that is read."""


def draw_png(number: int = 0, size_px: int = 9) -> bytes:
    """Return a PNG of noise, another one for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (size_px, size_px, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write an archive of the kind of its suffix, with members in the given order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members.items():
                packed.writestr(name, data)
    elif path.suffix in (".hdf5", ".h5"):
        with h5py.File(path, "w") as file:
            for name, data in members.items():
                file[name] = np.void(data) if data else h5py.Empty("u1")
    else:
        path.write_bytes(build_tar(members) if path.suffix == ".tar" else gzip.compress(build_tar(members), 1))
    return path


def build_tar(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """Return a tar archive; a member may be a link or another entry without contents."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as packed:
        for name, data in members.items():
            if isinstance(data, tarfile.TarInfo):
                packed.addfile(data)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return file.getvalue()
