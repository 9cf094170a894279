"""Tests that a chunk never holds too many files, nor too large files or images."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesions.images.chunks import CHUNK, CHUNK_BYTES, Chunk, count_in_chunk, split_into_chunks


def make_files(folder: Path, sizes: list[int]) -> list[str]:
    """Make sparse files."""
    for number, size in enumerate(sizes):
        with (folder / str(number)).open("wb") as file:
            file.truncate(size)
    return [str(number) for number in range(len(sizes))]


@pytest.mark.parametrize(
    ("sizes", "size_px", "expected"),
    [
        ([10] * 70, 8, [32, 32, 6]),
        ([10] * 9, 1024, [2, 2, 2, 2, 1]),
        ([10] * 3, 2048, [1, 1, 1]),
        ([CHUNK_BYTES // 2] * 5, 8, [2, 2, 1]),
        ([CHUNK_BYTES // 2 + 1] * 3, 8, [1, 1, 1]),
        ([CHUNK_BYTES + 1, 1, 1, CHUNK_BYTES + 1, 1], 8, [1, 2, 1, 1]),
    ],
    ids=["many", "images of 3 MB", "images of 12 MB", "just two", "not quite two", "too large for any"],
)
def test_a_chunk_ends_before_it_exceeds_its_limits(
    sizes: list[int], size_px: int, expected: list[int], tmp_path: Path
) -> None:
    chunks = list(split_into_chunks(tmp_path, make_files(tmp_path, sizes), size_px))
    assert [len(chunk.files) for chunk in chunks] == expected


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, CHUNK_BYTES * 2), min_size=1, max_size=100), size_px=st.integers(8, 2048))
def test_chunks_contain_all_files_in_order(
    sizes: list[int], size_px: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("files")
    files = make_files(folder, sizes)
    chunks = list(split_into_chunks(folder, files, size_px))
    assert [file for chunk in chunks for file in chunk.files] == files
    for chunk in chunks:
        assert files.index(chunk.files[0]) == chunk.first
        num_bytes = sum(sizes[int(file)] for file in chunk.files)
        assert len(chunk.files) == 1 or (
            num_bytes <= CHUNK_BYTES and len(chunk.files) <= count_in_chunk(size_px) <= CHUNK
        )


def test_a_broken_link_is_kept_in_a_chunk(tmp_path: Path) -> None:
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere.png")
    assert list(split_into_chunks(tmp_path, ["broken.png"], 8)) == [Chunk(0, ["broken.png"])]
