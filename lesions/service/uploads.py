"""The images of a request, read from its multipart body into memory."""

import sys
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from lesions.errors import quote_value
from lesions.service.refusal import Refusal

MULTIPART = "multipart/form-data"
FILES, LESION = "files", "lesion"
"""The parts that a request may have."""

MAX_FIELD_BYTES = 100


@dataclass(frozen=True)
class Image:
    """An image file that was sent."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Upload:
    """What was sent.

    Attributes
    ----------
    is_lesion
        Whether all images are said to be of one lesion.
    """

    images: list[Image]
    is_lesion: bool


class MemoryParser(MultiPartParser):
    """Reads a multipart body into memory; the parser of Starlette writes files above 1 MB to the disk."""

    spool_max_size = sys.maxsize
    num_parts = 0
    max_parts = 0
    has_ended = False

    def on_part_begin(self) -> None:
        """Count a part; raise Refusal if there are too many."""
        self.num_parts += 1
        if self.num_parts > self.max_parts:
            raise Refusal(413, f"the request has more than {self.max_parts} parts")
        super().on_part_begin()

    def on_end(self) -> None:
        """Note that the last boundary was there."""
        self.has_ended = True

    def close_files(self) -> None:
        """Free the memory of all files, also of one that was cut short."""
        for file in self._files_to_close_on_error:
            file.close()


async def read_upload(request: Request, *, max_files: int, may_be_lesion: bool = True) -> Upload:
    """Read the images of a request.

    Parameters
    ----------
    may_be_lesion
        Whether the request may say that all images are of one lesion.

    Raises
    ------
    Refusal
        If the body is of another type (415), has too many parts (413), is malformed or cut short, has no image or a
        part that is not known (422).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MULTIPART:
        raise Refusal(415, f"expected a body of the type {MULTIPART}, with one part {FILES} for each image")
    parser = MemoryParser(request.headers, request.stream(), max_part_size=MAX_FIELD_BYTES)
    parser.max_parts = max_files + may_be_lesion
    try:
        return await _read_parts(parser, max_files, may_be_lesion=may_be_lesion)
    except (MultiPartException, ValueError) as error:  # a codec that the client names may raise the latter
        reason = error.message if isinstance(error, MultiPartException) else "a text is not in the charset it names"
        raise Refusal(422, f"the multipart body is malformed: {reason}") from error
    finally:
        parser.close_files()


async def _read_parts(parser: MemoryParser, max_files: int, *, may_be_lesion: bool) -> Upload:
    form = await parser.parse()
    if not parser.has_ended:
        raise Refusal(422, "the multipart body is cut short: its last boundary is missing")
    images, is_lesion = [], None
    for name, part in form.multi_items():
        if name == FILES and isinstance(part, UploadFile):
            images.append(Image(part.filename or "", await part.read()))
        elif name == LESION and may_be_lesion and part in ("true", "false"):
            if is_lesion is not None:
                raise Refusal(422, f"the request has several parts {LESION}; expected one, or none")
            is_lesion = part == "true"
        else:
            raise Refusal(422, _describe_part(name, part, may_be_lesion=may_be_lesion))
    if not images:
        raise Refusal(422, f"the request has no image: expected one part {FILES} with a file name for each")
    if len(images) > max_files:
        raise Refusal(413, f"the request has more than {max_files} images")
    return Upload(images, bool(is_lesion))


def _describe_part(name: str, part: UploadFile | str, *, may_be_lesion: bool) -> str:
    """Return why a part is not taken."""
    if name == FILES:
        return f"a part {FILES} has no file name, so that it is a text and no file"
    if name == LESION and may_be_lesion:
        value = "a file" if isinstance(part, UploadFile) else quote_value(part)
        return f"the part {LESION} is {value}; expected true or false"
    expected = f"{FILES} and {LESION}" if may_be_lesion else FILES
    return f"the request has a part {quote_value(name)}; expected {expected}"
