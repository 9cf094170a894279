"""Versions are ordered as the library semver orders them."""

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.registry.versions import check_version, order_version

NUMBERS = st.integers(0, 12).map(str)
PARTS = st.one_of(NUMBERS, st.sampled_from(["rc", "alpha", "beta", "x-1", "-", "1a", "0b"]))
VERSIONS = st.builds(
    lambda core, pre: ".".join(core) + ("-" + ".".join(pre) if pre else ""),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.lists(PARTS, max_size=3),
)


@given(VERSIONS, VERSIONS)
def test_the_order_is_that_of_semver(first: str, second: str) -> None:
    before = (order_version(first) > order_version(second)) - (order_version(first) < order_version(second))
    assert before == semver.Version.parse(first).compare(second)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "v1.2.0", "1.2.0.0", "01.2.0", "1.2.0-", "1.2.0-01", "1.2.0+build", "1.2.0\n", " 1.2.0", "1.2.x",
     "1.2.0-rc/1", "1.2.0-é", "9999999999.0.0", "١.2.0"],
)  # fmt: skip
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        check_version(text)
    assert str(refused.value) == f"expected a version such as 1.2.0 or 1.2.0-rc.1, got {text!r}"
