"""Read one epoch of images from a memory map, from shards and by LitData, in the same order, and compare the batches.

    uv pip install litdata
    python -m benchmarks.read_shards --num-images 4000 --size-px 166
    python -m benchmarks.read_shards --served /srv/objects --endpoint http://127.0.0.1:9911

The server is moto, as in the tests, whose Python is the slowest part. `--served` is a folder that another server
shows at `--endpoint`, such as nginx. LitData reads whole chunks in an order of its own, or one image at a time by its
number; it asks PyPI for its newest version unless LITDATA_DISABLE_VERSION_CHECK=1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.images.cache import read_cache, write_cache
from lesions.images.chunks import count_in_chunk
from lesions.images.shard_store import ShardStore
from lesions.images.shards import INDEX_ROW, Images, ShardedImages, ShardWriter
from tests.s3_server import BUCKET, KEYS

SERVER = "from tests.s3_server import S3; import sys; print(S3().address, flush=True); sys.stdin.read()"
BATCH_SIZE = 256

Batches = Iterable[Iterable[NDArray[np.uint8]]]


def main(
    num_images: Annotated[int, typer.Option(help="Number of images.")] = 4000,
    size_px: Annotated[int, typer.Option(help="Their side.")] = 166,
    served: Annotated[Path | None, typer.Option(help="A folder that a server shows at --endpoint.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="The address of that server.")] = None,
) -> None:
    """Print the images per second of each reader; a reader with other batches ends the benchmark."""
    os.environ |= {f"AWS_{name.upper()}": value for name, value in KEYS.items()}
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "LITDATA_DISABLE_VERSION_CHECK": "1"}
    with serve(endpoint) as address, tempfile.TemporaryDirectory() as folder:
        os.environ["AWS_ENDPOINT_URL"] = address
        work = Path(folder)
        images = np.random.default_rng(0).integers(0, 256, (num_images, size_px, size_px, 3), dtype=np.uint8)
        np.save(work / "array.npy", images)
        write_shards(work / "index.npy", images, ShardStore(str(served / BUCKET / "shards") if served else SHARDS))
        write_chunks(work / "chunks", images)
        publish(work / "chunks", served)
        order = np.random.default_rng(1).permutation(num_images)
        table = Table("reader", "images/s", "MB/s", "CPU ms per image", box=None)
        expected = [sha256(images[row]).digest() for row in order]
        for name, batches in list_readers(work, order):
            began, used = time.perf_counter(), time.process_time()
            seen = [image.tobytes() for batch in batches() for image in batch]
            seconds, processor = time.perf_counter() - began, time.process_time() - used
            found = [sha256(image).digest() for image in seen]
            if (sorted(found) != sorted(expected)) if "own order" in name else (found != expected):
                raise InputError(f"{name}: yields other images than the array")
            rate = num_images / seconds
            megabytes = rate * images[0].nbytes / 1e6
            table.add_row(name, f"{rate:,.0f}", f"{megabytes:,.0f}", f"{processor / num_images * 1e3:.2f}")
    Console().print(table)


SHARDS, CHUNKS = f"s3://{BUCKET}/shards", f"s3://{BUCKET}/chunks"


@contextmanager
def serve(endpoint: str | None) -> Iterator[str]:
    """Yield the address of the server that was named, or of one in a process of its own."""
    if endpoint is not None:
        yield endpoint
        return
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    yield server.stdout.readline().strip()
    server.stdin.close()
    server.wait()


def write_shards(index: Path, images: NDArray[np.uint8], store: ShardStore) -> None:
    """Write the shards as `cache_images` does."""
    size = count_in_chunk(images.shape[1])
    with write_cache(index, len(images), INDEX_ROW) as cache:
        writer = ShardWriter(store, cache)
        for first in range(0, len(images), size):
            part = images[first : first + size]
            writer.write(range(first, first + len(part)), part)


def write_chunks(folder: Path, images: NDArray[np.uint8]) -> None:
    """Write LitData's chunks, of the size that it chooses."""
    from litdata.streaming.cache import Cache

    folder.mkdir()
    cache = Cache(str(folder), chunk_bytes="64MB")
    for number, image in enumerate(images):
        cache[number] = image
    cache.done()
    cache.merge()


def publish(chunks: Path, served: Path | None) -> None:
    """Bring LitData's chunks to the server."""
    if served is not None:
        shutil.copytree(chunks, served / BUCKET / "chunks", dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "a+rX", str(served)], check=True)
        return
    import boto3

    client = boto3.client("s3")
    for path in chunks.iterdir():
        client.upload_file(str(path), BUCKET, f"chunks/{path.name}")


def list_readers(work: Path, order: NDArray[np.int64]) -> Iterator[tuple[str, Callable[[], Batches]]]:
    """Yield each reader's name, and what yields its batches."""
    array = read_cache(work / "array.npy")
    yield "memory map", lambda: gather(array, order)
    for part in (0, 0.5, 1):
        shards = open_index(work, array.nbytes * part)
        for epoch in ("first", "second") if part else ("every",):
            yield f"shards, {part:.0%} kept, {epoch} epoch", lambda shards=shards: gather(shards, order)  # type: ignore[misc]
    litdata = open_litdata(work / "litdata")
    yield "LitData, by number", lambda: ([np.asarray(litdata[int(row)])] for row in order)
    yield "LitData, whole chunks in its own order", lambda: ([np.asarray(image)] for image in litdata)


def open_index(work: Path, local_bytes: float) -> ShardedImages:
    """Open the shards with room for some of them."""
    return ShardedImages(
        work / "index.npy",
        read_cache(work / "index.npy"),
        ShardStore(SHARDS),
        folder=work / f"local_{local_bytes:.0f}",
        key=hash_file(work / "index.npy")[:16],
        local_bytes=local_bytes,
    )


def open_litdata(folder: Path) -> Any:
    """Open LitData's data set, shuffled; its client refuses an endpoint without TLS unless it is told otherwise."""
    import litdata
    import litdata.streaming.downloader as downloader

    downloader._OBSTORE_CLIENT_OPTIONS = {**(downloader._OBSTORE_CLIENT_OPTIONS or {}), "allow_http": True}
    options = {
        "endpoint_url": os.environ["AWS_ENDPOINT_URL"],
        "aws_access_key_id": KEYS["access_key_id"],
        "aws_secret_access_key": KEYS["secret_access_key"],
    }
    return litdata.StreamingDataset(CHUNKS, cache_dir=str(folder), storage_options=options, shuffle=True)


def gather(images: Images, order: NDArray[np.int64]) -> Batches:
    """Yield the batches of an epoch, one after the other."""
    return (images[order[first : first + BATCH_SIZE]] for first in range(0, len(order), BATCH_SIZE))


if __name__ == "__main__":
    typer.run(main)
