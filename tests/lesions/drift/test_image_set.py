"""Images of which a network's numbers are not finite are counted by name, and a set of none is refused."""

import numpy as np
import pandas as pd
import pytest

from lesions.drift.image_set import _join
from lesions.errors import InputError

BROKEN = "the network's numbers are not finite"


def measured(reasons: list[str | None]) -> list[tuple[pd.DataFrame, np.ndarray]]:
    files = [f"{number}.jpg" for number in range(len(reasons))]
    return [(pd.DataFrame({"file": files, "reason": reasons}), np.arange(len(reasons), dtype=np.float32)[:, None])]


def test_what_a_network_cannot_answer_is_left_out_and_counted() -> None:
    columns = pd.DataFrame({"sex": ["f", "m", "f"], "site": "face"})
    joined = _join(measured([BROKEN, None, BROKEN]), columns, {"x.jpg": "no image"})
    assert joined.refused == {"x.jpg": "no image", "0.jpg": BROKEN, "2.jpg": BROKEN}
    assert list(joined.table.sex) == ["m"]
    assert joined.embeddings.tolist() == [[1]]


def test_a_set_without_an_image_is_refused() -> None:
    with pytest.raises(InputError, match=rf"^none of 2 images can be compared; 0\.jpg: {BROKEN}$"):
        _join(measured([BROKEN, BROKEN]), pd.DataFrame({"sex": ["f", "m"], "site": "face"}), {})


def test_words_that_differ_in_their_spelling_alone_are_one() -> None:
    columns = pd.DataFrame({"sex": ["Female", None, "male"], "site": ["Lower  Leg", "lower\u00a0leg", None]})
    joined = _join(measured([None, None, None]), columns, {})
    assert joined.table.sex.dropna().tolist() == ["female", "male"]
    assert joined.table.site.dropna().tolist() == ["lower leg", "lower leg"]
