"""Whether the licences of what a model was made from allow that it is released.

The words of a licence decide, and no program reads these. What is refused here is what the names already say.
"""

import re
from collections.abc import Iterator

from lesions.serving.manifest import Licences

UNKNOWN = "unknown"

KEPT = {"nc": "non-commercial use", "sa": "the same licence"}
"""Parts of a Creative Commons licence that what is made from the work has to keep."""


def find_forbidding(licences: Licences, stated: str | None) -> Iterator[str]:
    """Yield, in words, what in the licences of weights and data forbids a release.

    Weights and data without a licence are one's own: trained from scratch, drawn, or photographed.

    Parameters
    ----------
    licences
        Those of the pretrained weights, by network, and of the data, by dataset.
    stated
        The licence of the model (`about.licence`); None if it is not stated.
    """
    sources = [("the weights of", licences.weights), ("the dataset", licences.data)]
    for what, by_name in sources:
        for name, licence in sorted(by_name.items()):
            if licence is not None:
                yield from _find_forbidding_one(f"{what} {name}", licence, stated)


def _find_forbidding_one(source: str, licence: str, stated: str | None) -> Iterator[str]:
    if licence.lower() == UNKNOWN:
        yield f"the licence of {source} is unknown, so nobody can say that the model may be passed on"
        return
    parts, own = _split(licence), _split(stated or "")
    if "nd" in parts:
        yield f"the licence of {source}, {licence}, forbids passing on what is made from it (no derivatives)"
    lost = [words for part, words in KEPT.items() if part in parts and part not in own]
    if lost:
        yield (
            f"the licence of {source}, {licence}, asks for {' and '.join(lost)}, and about.licence in params.yaml is "
            f"{stated or 'not stated'}: set it to a licence that says so, such as {'-'.join(licence.lower().split())}"
        )


def _split(licence: str) -> set[str]:
    return {*re.split(r"[^a-z0-9]+", licence.lower())}
