"""What the names of licences forbid."""

import pytest

from lesions.release.licences import find_forbidding
from lesions.serving.manifest import Licences


@pytest.mark.parametrize(
    ("weights", "data", "stated"),
    [
        (None, None, None),
        ("bsd-3-clause", "CC BY 4.0", None),
        ("apache-2.0", "CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("dinov3-license", None, "mit"),
        (None, "CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0"),
    ],
)
def test_what_allows_a_release(weights: str | None, data: str | None, stated: str | None) -> None:
    assert [*find_forbidding(Licences(weights={"a": weights}, data={"b": data}), stated)] == []


def test_what_forbids_it() -> None:
    licences = Licences(
        weights={"a": "unknown", "b": "cc-by-nc-nd-4.0", "c": "cc-by-sa-4.0"}, data={"ham10000": "CC BY-NC 4.0"}
    )
    set_to = "and about.licence in params.yaml is mit: set it to a licence that says so, such as"
    assert [*find_forbidding(licences, "mit")] == [
        "the licence of the weights of a is unknown, so nobody can say that the model may be passed on",
        "the licence of the weights of b, cc-by-nc-nd-4.0, forbids passing on what is made from it (no derivatives)",
        f"the licence of the weights of b, cc-by-nc-nd-4.0, asks for non-commercial use, {set_to} cc-by-nc-nd-4.0",
        f"the licence of the weights of c, cc-by-sa-4.0, asks for the same licence, {set_to} cc-by-sa-4.0",
        f"the licence of the dataset ham10000, CC BY-NC 4.0, asks for non-commercial use, {set_to} cc-by-nc-4.0",
    ]
    assert "about.licence in params.yaml is not stated: set it" in [*find_forbidding(licences, None)][-1]
