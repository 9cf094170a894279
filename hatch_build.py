"""What a wheel has besides the package: the files that `lesions init` copies into a repository of one's own."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Packs the files whose patterns are in pyproject.toml; an editable install has them in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files, as far as they are there: an image that serves is built without the pipeline."""
        if version == "editable":
            return
        root = Path(self.root)
        for pattern in self.config["patterns"]:
            for path in root.glob(pattern):
                name = path.relative_to(root).as_posix()
                build_data["force_include"][str(path)] = f"{self.config['folder']}/{name}"
