"""The models of a service, and what it says of each."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lesions.errors import InputError, quote_value
from lesions.service.batching import Batcher
from lesions.service.refusal import Refusal
from lesions.service.settings import Settings
from lesions.serving.card import build_card, spell_name
from lesions.serving.manifest import spell_manifest


class ServedModels:
    """The models of a service; the first is the default.

    A model is called by its name, or by its id where another one has the same name.
    """

    def __init__(self, batchers: Sequence[Batcher], settings: Settings) -> None:
        counts = Counter(each.model.manifest.model for each in batchers)
        self._by_name = {
            name if counts[name := each.model.manifest.model] == 1 else each.model.id: each for each in batchers
        }
        if len(self._by_name) < len(batchers):
            raise InputError("the same model is named twice")
        self._settings = settings

    @property
    def names(self) -> list[str]:
        """What the models are called."""
        return [*self._by_name]

    def find(self, name: str | None) -> Batcher:
        """Return a model, the first if no name is given; raise Refusal if there is none of that name."""
        found = next(iter(self._by_name.values())) if name is None else self._by_name.get(name)
        if found is None:
            raise Refusal(422, f"there is no model {quote_value(name)}; there are {', '.join(self.names)}")
        return found

    def describe(self, name: str | None) -> dict[str, Any]:
        """Return what the service says of a model."""
        batcher = self.find(name)
        manifest = batcher.model.manifest
        return {
            "id": batcher.model.id,
            "manifest": json.loads(spell_manifest(manifest)),
            "names": {each: spell_name(each) for each in manifest.class_names},
            "has_maps": batcher.model.has_maps,
            "card": build_card(manifest),
            "models": self.names,
            "limits": {
                "max_bytes": self._settings.max_bytes,
                "max_files": self._settings.max_files,
                "max_megapixels": batcher.decoding.max_megapixels,
            },
        }
