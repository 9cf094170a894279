"""A git repository of others that has released a model, without DVC, as `lesions release` leaves it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from lesions.registry.manifest import ReleaseManifest, spell_release
from tests.repository import Repository

NAME = "custom_cnn"
MODEL_BYTES = bytes(range(256)) * 40
CARD = b"# A card\n"


def build_release(**changes: Any) -> ReleaseManifest:
    """Return the manifest of a release of `MODEL_BYTES`."""
    values: dict[str, Any] = {
        "schema": 1,
        "name": NAME,
        "version": "1.0.0",
        "commit": "0" * 40,
        "sha256": sha256(MODEL_BYTES).hexdigest(),
        "size_bytes": len(MODEL_BYTES),
        "address": "https://example.org/model.onnx",
        "card_sha256": sha256(CARD).hexdigest(),
        "scores": {"accuracy": {"value": 0.8, "low": 0.7, "high": 0.9}},
        "num_test_images": 100,
        "num_test_groups": 50,
        "test_images_sha256": "a" * 64,
        "licences": {"weights": {NAME: None}, "data": {"synthetic": None}},
    }
    return ReleaseManifest.model_validate(values | changes)


def start_repository(root: Path) -> Repository:
    """Return a new git repository."""
    root.mkdir()
    repository = Repository(root)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.set_identity()
    return repository


def publish(repository: Repository, version: str, **files: bytes) -> None:
    """Commit the files of a release, and tag them as a version."""
    folder = repository.root / f"releases/{NAME}/{version}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / NAMES[name]).write_bytes(content)
    repository.commit(version)
    repository.run("git", "tag", "--annotate", "--message", "x", f"{NAME}@v{version}")


NAMES = {"manifest": "manifest.json", "card": "card.md", "signature": "manifest.json.sig"}
"""The files of a release, by the names under which `publish` takes them."""


def publish_model(repository: Repository, model: Path, version: str = "1.0.0", **changes: Any) -> None:
    """Release a file that lies beside the repository, or what `changes` of the manifest say."""
    model.write_bytes(MODEL_BYTES)
    manifest = build_release(**{"version": version, "address": model.as_uri()} | changes)
    publish(repository, version, manifest=spell_release(manifest), card=CARD)
