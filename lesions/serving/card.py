"""The card of a model: what its manifest says, in Markdown for people."""

from collections.abc import Iterator

from lesions.serving.manifest import Manifest

HASH_DIGITS = 12

CALLS_ALL = "Every image is called malignant: validation has too few malignant images for a threshold."
"""What is said of a threshold of 0."""


def build_card(manifest: Manifest) -> str:
    """Return the card: intended use, classes, scores with intervals, thresholds, licences and hashes."""
    sections = {
        "Intended use": [manifest.intended_use],
        "Classes": _list_classes(manifest),
        "Scores on test": _list_scores(manifest),
        "Thresholds": _list_thresholds(manifest),
        "How it sees an image": _list_decoding(manifest),
        "Licences": _list_licences(manifest),
        "Made of": _list_hashes(manifest),
    }
    parts = [f"# {manifest.model}"]
    for title, lines in sections.items():
        parts.append(f"## {title}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def spell_name(name: str) -> str:
    """Return the name of a class or a metric as people write it."""
    return name.replace("_", " ")


def _list_classes(manifest: Manifest) -> Iterator[str]:
    sides = {True: "malignant", False: "benign", None: "neither malignant nor benign"}
    for each in manifest.classes:
        diagnoses = ", ".join(map(spell_name, each.diagnoses))
        yield f"* {spell_name(each.name)} ({sides[each.is_malignant]}): {diagnoses}"


def _list_scores(manifest: Manifest) -> Iterator[str]:
    if not manifest.scores:
        yield "The test images are sealed: nothing was measured on them yet."
        return
    yield f"On {manifest.num_test_images:,} images of {manifest.num_test_groups:,} groups (patients or lesions)."
    yield "\n| score | value | 95 % interval |\n|---|---|---|"
    for name, score in manifest.scores.items():
        interval = "" if score.low is None or score.high is None else f"{score.low:.3f} to {score.high:.3f}"
        yield f"| {spell_name(name)} | {score.value:.3f} | {interval} |"


def _list_thresholds(manifest: Manifest) -> Iterator[str]:
    thresholds = manifest.thresholds
    yield "All were chosen on validation images.\n"
    if thresholds.malignancy == 0:
        yield f"* {CALLS_ALL}"
    elif thresholds.malignancy is not None:
        yield f"* Called malignant from a probability of malignancy of {thresholds.malignancy:.3g}."
    yield f"* Abstains if the probability of the diagnosis is below {thresholds.min_confidence:.3g}."
    yield (
        f"* Not like the training images above a score of {thresholds.out_of_distribution:.6g} ({manifest.detector})."
    )
    yield f"* Prediction sets hold the true class for {100 * thresholds.sets.confidence:.3g} % of such images."


def _list_decoding(manifest: Manifest) -> Iterator[str]:
    decoding = manifest.decoding
    yield (
        f"{decoding.size_px} × {decoding.size_px} pixels (fit: {decoding.fit}), {manifest.num_views} "
        f"view{'s' * (manifest.num_views > 1)} per image; images up to {decoding.max_megapixels:g} megapixels."
    )
    if manifest.members:
        weights = ", ".join(f"{name} {weight:.3g}" for name, weight in manifest.members.items())
        yield f"\nAn ensemble, with the weights {weights}."


def _list_licences(manifest: Manifest) -> Iterator[str]:
    for name, licence in manifest.licences.weights.items():
        yield f"* Weights of {name}: {licence or 'trained from scratch'}"
    for name, licence in manifest.licences.data.items():
        yield f"* Data {name}: {licence or 'unknown'}"


def _list_hashes(manifest: Manifest) -> Iterator[str]:
    named = [
        *((f"checkpoint of {name}", value) for name, value in manifest.hashes.checkpoints.items()),
        *manifest.hashes.data.items(),
        ("code", manifest.hashes.code),
    ]
    for name, value in named:
        yield f"* {name}: sha256 {value[:HASH_DIGITS]}…"
    yield "* " + ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
