"""A decoding process is killed, run again, and leaves the same files; a state that does not fit is not used."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from lesions.images.decoding_state import FOLDER
from lesions.images.opening import open_images
from lesions.parameters.section import read_parameters
from stages import cache_images
from tests.archive_files import write_archive
from tests.builders import NO_SHARDS, ROOT, dataset_section, slow

SECTION = {"size_px": 64, "fit": "crop", "max_megapixels": 2.0}
NUM_IMAGES = 250


class Killed(NamedTuple):
    """A folder with a dataset, the state that a killed run left, and what a run that nothing stopped writes."""

    work: Path
    state: Path
    images: bytes
    rows: bytes


def write_dataset(work: Path, archive: str | None, shards: dict[str, Any] = NO_SHARDS) -> None:
    """Write images that take a while to decode, a broken one, and the parameters."""
    pixels = np.random.default_rng(0).integers(0, 256, (600, 500, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(work / "0.jpg")
    whole = (work / "0.jpg").read_bytes()
    # Bytes behind the end of an image are no part of it.
    files = {f"{n:03}.jpg": whole + bytes(n % 7) if n % 50 else whole[:99] for n in range(NUM_IMAGES)}
    if archive:
        write_archive(work / "dataset" / archive, files)
    else:
        (work / "dataset").mkdir()
        for name, data in files.items():
            (work / "dataset" / name).write_bytes(data)
    sections = {"cache_images": SECTION, "shards": shards, "dataset": dataset_section("dataset", "ham10000")}
    (work / "params.yaml").write_text(json.dumps(sections))
    (work / "code.json").write_text('{"files": {}, "packages": {}}')


def run_stage(work: Path, stop: signal.Signals | None = None) -> str:
    """Run the stage, or stop it after a quarter of the images; return what it printed."""
    arguments = ["--images", "data/images.npy", "--index", "data/images.csv", "--code", "code.json"]
    kept = {name: value for name, value in os.environ.items() if name not in ("DVC_ROOT", "LESIONS_RESUME_DIR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.cache_images", *arguments],
        cwd=work,
        env=kept | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    if stop is not None:
        assert any("decoding: " in line for line in process.stdout)
        process.send_signal(stop)
    printed, _ = process.communicate()
    assert process.returncode == (0 if stop is None else 143 if stop == signal.SIGTERM else -stop), printed
    return printed


def list_left(work: Path) -> list[str]:
    """Return the files that are not the dataset's, nor the outputs."""
    left = (path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file())
    known = ("dataset/", "data/images.", "code.json", "params.yaml", "0.jpg", ".timings/")
    return [path for path in left if not path.startswith(known)]


def decode_whole(work: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, bytes]:
    """Return what a run that nothing stops writes."""
    monkeypatch.chdir(work)
    cache_images.main(Path("whole/images.npy"), Path("whole/images.csv"))
    files = [(work / "whole" / name).read_bytes() for name in ("images.npy", "images.csv")]
    shutil.rmtree(work / "whole")
    return files[0], files[1]


@pytest.mark.parametrize(
    ("archive", "stop"),
    [
        slow(None, signal.SIGKILL),
        slow(None, signal.SIGTERM),
        slow("a.zip", signal.SIGKILL),
        ("a.tgz", signal.SIGKILL),
        slow("a.tgz", signal.SIGTERM),
        slow("a.hdf5", signal.SIGKILL),
    ],
)
def test_a_stopped_run_resumes_to_the_same_bytes_and_leaves_no_state(
    archive: str | None, stop: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(tmp_path, archive)
    run_stage(tmp_path, stop)
    assert not list(tmp_path.glob("data/*.npy"))
    # DVC removes what a stage has written before it runs it again.
    shutil.rmtree(tmp_path / "data")
    printed = run_stage(tmp_path)
    resumed = int(printed.split("resuming: ")[1].split(" of 250 files were read before")[0])
    assert NUM_IMAGES // 4 <= resumed < NUM_IMAGES
    images, index = decode_whole(tmp_path, monkeypatch)
    assert (tmp_path / "data/images.npy").read_bytes() == images
    assert (tmp_path / "data/images.csv").read_bytes() == index
    assert list_left(tmp_path) == []


def test_a_killed_run_that_writes_shards_resumes_to_the_same_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, store = tmp_path / "work", tmp_path / "store"
    work.mkdir()
    write_dataset(work, None, {"address": str(store), "local_gb": 0})
    run_stage(work, signal.SIGKILL)
    begun = {*store.iterdir()}
    assert begun
    printed = run_stage(work)
    assert "resuming: " in printed
    index = work / "data/images.npy"
    assert begun <= {*store.iterdir()}
    assert {path.stem for path in store.iterdir()} == {bytes(shard).hex() for shard in np.load(index)["shard"]}
    of_shards = open_images(index, work / "params.yaml")[:]
    written, rows = index.read_bytes(), (work / "data/images.csv").read_bytes()
    assert decode_whole(work, monkeypatch) == (written, rows)
    (work / "params.yaml").write_text(
        json.dumps(json.loads((work / "params.yaml").read_text()) | {"shards": NO_SHARDS})
    )
    read_parameters.cache_clear()
    images, same_rows = decode_whole(work, monkeypatch)
    assert same_rows == rows
    np.testing.assert_array_equal(of_shards, np.load(BytesIO(images)))


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    work = tmp_path_factory.mktemp("killed")
    write_dataset(work, None)
    run_stage(work, signal.SIGKILL)
    with pytest.MonkeyPatch.context() as patch:
        return Killed(work, work / ".resume", *decode_whole(work, patch))


@pytest.fixture
def killed(killed_once: Killed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killed]:
    """The killed run, with a copy of its state."""
    monkeypatch.chdir(killed_once.work)
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(tmp_path / "state"))
    shutil.copytree(killed_once.state, tmp_path / "state")
    yield killed_once._replace(state=tmp_path / "state" / FOLDER)


def resume(killed: Killed, out: Path, params: str = "params.yaml", code: str = "code.json") -> tuple[bytes, bytes]:
    cache_images.main(out / "images.npy", out / "images.csv", Path(params), Path(code))
    assert list(killed.state.iterdir()) == []
    return (out / "images.npy").read_bytes(), (out / "images.csv").read_bytes()


def read_resumed(printed: str) -> int:
    return int(printed.split("resuming: ")[1].split(" of ")[0]) if "resuming: " in printed else 0


def test_the_state_of_the_same_run_is_used(
    killed: Killed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert resume(killed, tmp_path) == (killed.images, killed.rows)
    assert read_resumed(capsys.readouterr().out) >= NUM_IMAGES // 4


@pytest.mark.parametrize("change", ["later", "longer"])
def test_a_changed_file_makes_the_run_begin_anew(
    change: str, killed: Killed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = killed.work / "dataset/001.jpg"
    data, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    try:
        if change == "longer":
            path.write_bytes(data + b"\0")
            os.utime(path, ns=times)
        else:
            os.utime(path, ns=(times[0], times[1] + 1))
        assert resume(killed, tmp_path)[0] == killed.images
    finally:
        path.write_bytes(data)
        os.utime(path, ns=times)
    assert read_resumed(capsys.readouterr().out) == 0


@pytest.mark.parametrize("change", ["parameters", "code"])
def test_other_parameters_or_code_make_the_run_begin_anew(
    change: str, killed: Killed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (killed.work / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace('"crop"', '"squash"') if change == "parameters" else text)
    files = {"stages/cache_images.py": "0" * 64} if change == "code" else {}
    (tmp_path / "code.json").write_text(json.dumps({"files": files, "packages": {}}))
    images, _ = resume(killed, tmp_path, str(tmp_path / "params.yaml"), str(tmp_path / "code.json"))
    assert (images == killed.images) == (change == "code")
    assert read_resumed(capsys.readouterr().out) == 0


@pytest.mark.parametrize("damage", ["pixels", "moved", "rows", "garbage", "no images", "no rows"])
def test_what_is_lost_of_a_state_is_decoded_again(
    damage: str, killed: Killed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a machine that fails may leave it: pages of one file are on the disk, and those of the other are not."""
    (pixels,), (rows,) = killed.state.glob("*.npy"), killed.state.glob("*.rows")
    if damage == "pixels":
        images = np.load(pixels, mmap_mode="r+")
        images[5:9] = 0
    elif damage == "moved":  # as by a kill while the places of broken images are closed up
        images = np.load(pixels, mmap_mode="r+")
        images[2:20] = images[3:21]
    elif damage == "rows":
        rows.write_bytes(rows.read_bytes()[:-20])
    elif damage == "garbage":
        rows.write_bytes(rows.read_bytes()[:400] + b"\0garbage\n[1e99]\n" + rows.read_bytes())
    else:
        (pixels if damage == "no images" else rows).unlink()
    assert resume(killed, tmp_path) == (killed.images, killed.rows)
    resumed = read_resumed(capsys.readouterr().out)
    assert (resumed > 0) == (damage in ("pixels", "moved", "rows", "garbage"))
