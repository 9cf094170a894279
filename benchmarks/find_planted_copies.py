"""Plant altered copies among images of HAM10000 and PAD-UFES-20; measure how many are found, and the false pairs.

Each original has one copy, so that a copy is found by itself or not at all. Beside our search stand ours by hashes
alone, and the default of deduplication tools: 64-bit perceptual hashes, and all pairs with a Hamming distance of at
most 10 in any of eight orientations.

    python -m benchmarks.find_planted_copies --ham10000 /path/to/ham10000 --pad-ufes-20 /path/to/pad_ufes_20
        --work /path/to/scratch --picture docs/pictures/recall_of_planted_copies.png
"""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML
from scipy.fft import dctn

from benchmarks.planted_copies import CURVES, plant_copies
from lesions.drawing.style import MODEL_COLOURS, MODEL_MARKERS, write_figure
from lesions.images.cache import read_cache
from lesions.near_duplicates.copies import find_copies
from lesions.near_duplicates.enlargements import PARTS
from lesions.near_duplicates.orientation import NUM_ORIENTATIONS, turn_images
from lesions.near_duplicates.perceptual_hash import parse_hashes
from lesions.near_duplicates.picture import plot_pairs
from lesions.parameters.section import read_parameters
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.metadata import read_metadata
from stages import cache_images, prepare_metadata
from stages.find_near_duplicates import read_grey

PEER_DISTANCE = 10


def main(
    ham10000: Annotated[Path, typer.Option(help="Folder of HAM10000.")],
    pad_ufes_20: Annotated[Path, typer.Option(help="Folder of PAD-UFES-20.")],
    work: Annotated[Path, typer.Option(help="Folder to create for the images and the copies.")],
    picture: Annotated[Path, typer.Option(help="Written: the recall by kind and strength.")],
    num_copies: Annotated[int, typer.Option(help="Largest number of copies of each kind and strength.")] = 60,
    seed: Annotated[int, typer.Option(help="Seed of the choice of originals.")] = 0,
    size_px: Annotated[int, typer.Option(help="cache_images.size_px.")] = 147,
    min_correlation: Annotated[float, typer.Option(help="near_duplicates.min_correlation.")] = 0.7,
) -> None:
    """Plant the copies in each dataset, search, print the recall and the false pairs of each kind, and draw them."""
    recalls = {}
    for name, root in (("ham10000", ham10000), ("pad_ufes_20", pad_ufes_20)):
        folder = work / name
        shutil.copytree(root, folder / "dataset")
        planted = plant_copies(folder / "dataset", name, num_copies, seed)
        metadata = cache_dataset(folder, name, size_px)
        recalls[name] = measure_recall(folder, metadata, planted, min_correlation)
        print_recall(name, recalls[name])
    write_figure(picture, plot_recall(recalls))


def cache_dataset(work: Path, name: str, size_px: int) -> pd.DataFrame:
    """Run the stages before the search; return the metadata."""
    params = work / "params.yaml"
    shipped = read_parameters(Path("params.yaml"))
    chosen = {"names": [name], "root": str(work / "dataset"), "max_rejected_fraction": 0.0}
    sections = {
        "dataset": shipped["dataset"] | chosen,
        "task": shipped["task"],
        "cache_images": {"size_px": size_px, "fit": "crop", "max_megapixels": 100},
        "shards": shipped["shards"],
    }
    YAML(typ="safe", pure=True).dump(sections, params)
    images, index, metadata = (work / file for file in ("images.npy", "images.csv", "metadata.csv"))
    cache_images.main(images, index, params)
    prepare_metadata.main(index, metadata, work / "rejected.csv", work / "data.json", params)
    return read_metadata(metadata)


def measure_recall(work: Path, metadata: pd.DataFrame, planted: pd.DataFrame, min_correlation: float) -> pd.DataFrame:
    """Search three ways; return what each found of each kind and strength, and its false pairs with other groups.

    Returns
    -------
    table
        By `kind` and `strength`: `planted`, and for each search `<name>` and `<name>_false`.
    """
    pixels, groups = read_cache(work / "images.npy"), metadata.patient_id.fillna(metadata.lesion_id)
    truth = dict(zip(metadata.image_id, groups, strict=True))
    # The true patient or lesion of a copy is that of its original.
    truth |= {copy: truth[original] for copy, original in planted.original.items()}
    hashes, grey = parse_hashes(metadata.perceptual_hash), partial(read_grey, pixels, metadata.row.to_numpy())
    searches: dict[str, Callable[[], pd.DataFrame]] = {
        "hashes": lambda: find_copies(hashes, grey, min_correlation, parts=()),
        "ours": lambda: find_copies(hashes, grey, min_correlation, parts=PARTS),
        "peer": lambda: pair_by_hamming_distance(pixels, metadata),
    }
    judged = planted.groupby(["kind", "strength"], sort=False).size().to_frame("planted")
    for name, search in searches.items():
        start, cpu = time.perf_counter(), time.process_time()
        pairs = search()
        print(f"{name}: {time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} s of processors")
        names = metadata.image_id.to_numpy()[pairs[["first", "second"]].to_numpy()]
        judged[[name, f"{name}_false"]] = judge_pairs(names, planted, truth, judged.index)
        if name == "ours":
            save_untied(work, pairs, metadata, truth)
    judged.to_csv(work / "recall.csv")
    return judged


def judge_pairs(
    names: NDArray[np.object_], planted: pd.DataFrame, truth: dict[str, str], kinds: pd.Index
) -> NDArray[np.int64]:
    """Count, for each kind and strength, the copies paired with their originals, and the pairs with other groups."""
    paired = {frozenset(pair) for pair in names}
    is_found = pd.Series([frozenset(pair) in paired for pair in planted.original.items()], index=planted.index)
    wrong = [copy for pair in names if truth[pair[0]] != truth[pair[1]] for copy in pair if copy in planted.index]
    keys = [planted.kind, planted.strength]
    num_wrong = planted.loc[wrong].groupby(["kind", "strength"]).size()
    return np.stack([is_found.groupby(keys).sum()[kinds], num_wrong.reindex(kinds, fill_value=0)], axis=1)


def save_untied(work: Path, pairs: pd.DataFrame, metadata: pd.DataFrame, truth: dict[str, str]) -> None:
    """Draw the pairs of different patients or lesions, for eyes to judge."""
    names = metadata.image_id.to_numpy()
    shown = pairs.assign(image_id=names[pairs["first"]], other_image_id=names[pairs["second"]], kind="near")
    shown = shown.assign(is_conflicting=False, shares_identifier=False)
    untied = shown[[truth[a] != truth[b] for a, b in zip(shown.image_id, shown.other_image_id, strict=True)]]
    write_figure(
        work / "pairs_of_different_groups.png", plot_pairs(untied, metadata, read_cache(work / "images.npy"))
    )
    print(f"{len(untied)} pairs are of different groups: judge them in {work / 'pairs_of_different_groups.png'}")


def print_recall(name: str, recall: pd.DataFrame) -> None:
    """Print the recall and the false pairs of each kind and strength."""
    table = Table("kind", "planted", "ours", "false", "hashes", "false", "peer", "false", title=name)
    for row in recall.reset_index().to_dict("records"):
        cells = [f"{row[search] / row['planted']:.0%}" for search in ("ours", "hashes", "peer")]
        false = [str(row[f"{search}_false"]) for search in ("ours", "hashes", "peer")]
        label = f"{row['kind']} {row['strength']:g}" if row["strength"] else row["kind"]
        table.add_row(label, str(row["planted"]), *(cell for both in zip(cells, false, strict=True) for cell in both))
    Console().print(table)


def plot_recall(recalls: dict[str, pd.DataFrame]) -> Figure:
    """Plot the recall by strength: a row of plots for each dataset, a column for each kind."""
    titles = {"ham10000": "HAM10000", "pad_ufes_20": "PAD-UFES-20"}
    searches = {"ours": "hashes and details", "hashes": "hashes alone", "peer": "64-bit hashes"}
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    grid = figure.subplots(len(recalls), len(CURVES), sharey=True, squeeze=False)
    for line, (name, recall) in zip(grid, recalls.items(), strict=True):
        for axes, kind in zip(line, CURVES, strict=True):
            curve = recall.loc[kind]
            for search, colour, marker in zip(searches, MODEL_COLOURS, MODEL_MARKERS, strict=False):
                axes.plot(
                    curve.index, curve[search] / curve.planted, color=colour, marker=marker, label=searches[search]
                )
            axes.spines[["top", "right"]].set_visible(False)
            axes.set(ylim=(-0.03, 1.03), xlim=(0, None), xlabel=kind)
        line[0].set_ylabel(f"{titles[name]}:\nfraction of copies found\n({curve.planted.max()} of each strength)")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def pair_by_hamming_distance(cache: NDArray[np.uint8], metadata: pd.DataFrame) -> pd.DataFrame:
    """Return the peer's pairs: all images whose pHashes differ in at most 10 of 64 bits in any orientation."""
    grey = np.stack([np.asarray(Image.fromarray(cache[row]).convert("L").resize((32, 32))) for row in metadata.row])
    hashes = [hash_signs(turn_images(grey, orientation)) for orientation in range(NUM_ORIENTATIONS)]
    pairs = set()
    for image in range(len(grey)):
        for turned in hashes:
            near = np.flatnonzero(np.bitwise_count(turned[image] ^ hashes[0]) <= PEER_DISTANCE)
            pairs |= {(min(image, other), max(image, other)) for other in near.tolist() if other != image}
    return pd.DataFrame(sorted(pairs), columns=["first", "second"])


def hash_signs(grey: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return pHashes (N,), whose bits say whether each of the 8 × 8 lowest frequencies is above their median."""
    spectra = dctn(grey.astype(np.float32), axes=(1, 2), norm="ortho")[:, :8, :8].reshape(-1, 64)
    bits = spectra > np.median(spectra[:, 1:], axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
