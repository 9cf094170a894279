"""Tests that a chunk never holds too many files, nor too large files or images."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesions.images.chunks import CHUNK, CHUNK_BYTES, Chunk, count_in_chunk, split_into_chunks
from lesions.images.folders import FoundFile


def split(sizes: list[int], size_px: int) -> list[Chunk]:
    """Split files of these sizes, which need not be there."""
    files = [FoundFile(str(number)) for number in range(len(sizes))]
    return list(split_into_chunks(Path(), files, size_px, num_bytes=sizes, numbers=range(len(sizes))))


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
def test_a_chunk_ends_before_it_exceeds_its_limits(sizes: list[int], size_px: int, expected: list[int]) -> None:
    assert [len(chunk.files) for chunk in split(sizes, size_px)] == expected


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, CHUNK_BYTES * 2), min_size=1, max_size=100), size_px=st.integers(8, 2048))
def test_chunks_contain_all_files_in_order(sizes: list[int], size_px: int) -> None:
    chunks = split(sizes, size_px)
    assert [number for chunk in chunks for number in chunk.numbers] == list(range(len(sizes)))
    for chunk in chunks:
        assert [int(one.file) for one in chunk.files] == chunk.numbers
        assert chunk.contents == [None] * len(chunk.files)
        num_bytes = sum(sizes[number] for number in chunk.numbers)
        assert len(chunk.files) == 1 or (
            num_bytes <= CHUNK_BYTES and len(chunk.files) <= count_in_chunk(size_px) <= CHUNK
        )


def test_only_the_files_that_are_wanted_are_in_chunks() -> None:
    files = [FoundFile(f"{number}.jpg") for number in range(5)]
    chunks = split_into_chunks(Path(), files, 8, num_bytes=[9] * 5, numbers=[1, 2, 4])
    assert list(chunks) == [Chunk([1, 2, 4], [files[1], files[2], files[4]], [None] * 3)]
