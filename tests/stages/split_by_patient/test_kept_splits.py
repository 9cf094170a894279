"""An earlier split is extended: old images stay where they were, and nobody is on two sides."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.splitting.kept import find_kept
from lesions.tables.groups import build_groups
from tests.builders import WriteParams, dataset_section, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split

NO_LIMIT = {"max_share_deviation": 1.0}
IN_ORDER = ["train", "val", "test"]


def keeping(folder: Path, write_params: WriteParams, earlier: pd.DataFrame, **changes: Any) -> Path:
    """Write an earlier split, and return parameters that extend it."""
    path = folder / "earlier.csv"
    earlier.to_csv(path, index=False, lineterminator="\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return write_params(dataset=SYNTHETIC, split=SPLIT | {"keep": str(path), "keep_sha256": digest} | changes)


def earlier_table(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["image_id", "split"])


def six_nevi_and_melanomas() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return twelve images, each of its own patient, and an earlier split with two of each diagnosis everywhere."""
    table = metadata_table(["nevus"] * 6 + ["melanoma"] * 6)
    return table, earlier_table(*zip(table.image_id, np.repeat(IN_ORDER * 2, 2), strict=True))


def splits_of(splits: pd.DataFrame, *names: str) -> list[str]:
    return splits.set_index("image_id").split[list(names)].tolist()


def test_new_images_follow_their_patient_lesion_or_copy(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    old, earlier = six_nevi_and_melanomas()
    new = metadata_table(["nevus"] * 3, image_id=["a", "b", "c"])
    new["patient_id"], new["lesion_id"] = [old.patient_id[4], "new", "other"], ["new", old.lesion_id[2], "other"]
    copies = pd.DataFrame({"image_id": ["image_0001"], "other_image_id": ["c"]})
    params = keeping(tmp_path, write_params, earlier, **NO_LIMIT)
    splits, metrics, _ = split(tmp_path, params, pd.concat([old, new]), copies)
    assert splits_of(splits, *earlier.image_id) == earlier.split.tolist()
    assert splits_of(splits, "a", "b", "c") == ["test", "val", "train"]
    assert metrics["tested_by"] == "keep"
    assert metrics["kept"] == {
        "num_images": {"train": 4, "val": 4, "test": 4},
        "num_new": {"train": 1, "val": 1, "test": 1},
        "num_new_of_old_groups": 3,
        "num_gone": {"train": 0, "val": 0, "test": 0},
        "num_apart_dropped": 0,
        "num_still_dropped": 0,
    }
    shown = capsys.readouterr().out
    assert "split.keep: 4 train, 4 val, 4 test stay where they were\n" in shown
    assert (
        "new images: 1 train, 1 val, 1 test; 3 of them share a patient, lesion or picture with an old one and "
        "follow it\n"
    ) in shown


@pytest.mark.parametrize(
    ("joined", "expected", "num_dropped"),
    [
        ((0, 4), ["dropped", "test"], 1),
        ((0, 2), ["dropped", "val"], 1),
        ((2, 4), ["dropped", "test"], 1),
        ((0, 1), ["train", "train"], 0),
    ],
    ids=["train and test", "train and val", "val and test", "train and train"],
)
def test_a_new_image_that_joins_two_patients_of_different_splits_leaks_nothing(
    tmp_path: Path,
    write_params: WriteParams,
    capsys: pytest.CaptureFixture[str],
    joined: tuple[int, int],
    expected: list[str],
    num_dropped: int,
) -> None:
    old, earlier = six_nevi_and_melanomas()
    first, second = old.image_id[list(joined)]
    new = metadata_table(["nevus"], image_id=["new"], patient_id=[old.patient_id[joined[0]]], lesion_id=["new"])
    copies = pd.DataFrame({"image_id": [second], "other_image_id": ["new"]})
    params = keeping(tmp_path, write_params, earlier, **NO_LIMIT)
    splits, metrics, _ = split(tmp_path, params, pd.concat([old, new]), copies)
    assert splits_of(splits, first, second, "new") == [*expected, expected[-1]]
    assert metrics["kept"]["num_apart_dropped"] == num_dropped
    assert sum(metrics["num_images"].values()) == 13 - num_dropped
    said = f"{num_dropped} images of split.keep were dropped: they turn out to share a patient, lesion or picture"
    assert (said in capsys.readouterr().out) == bool(num_dropped)
    # The image that was dropped stays so in the next extension.
    params = keeping(tmp_path, write_params, splits, **NO_LIMIT)
    again, metrics, _ = split(tmp_path, params, pd.concat([old, new]), copies)
    pd.testing.assert_frame_equal(again, splits)
    assert metrics["kept"]["num_still_dropped"] == num_dropped


def test_new_groups_bring_the_shares_nearer_to_the_wanted_ones(tmp_path: Path, write_params: WriteParams) -> None:
    """All 20 old nevi are in train; of 40, 24 are wanted there and 8 in each other split."""
    table = metadata_table(["nevus"] * 40 + ["melanoma"] * 10)
    old = table.image_id[:20].tolist()
    melanomas = zip(table.image_id[40:], ["train"] * 6 + ["val"] * 2 + ["test"] * 2, strict=True)
    earlier = earlier_table(*((name, "train") for name in old), *melanomas)
    splits, metrics, _ = split(tmp_path, keeping(tmp_path, write_params, earlier), table)
    nevi = splits[splits.image_id.isin(table.image_id[:40])].split.value_counts()
    assert nevi.to_dict() == {"train": 24, "val": 8, "test": 8}
    assert metrics["worst_share_deviation"] == 0


def test_a_diagnosis_that_is_new_gets_into_every_split(tmp_path: Path, write_params: WriteParams) -> None:
    old, earlier = six_nevi_and_melanomas()
    new = metadata_table(
        ["dermatofibroma"] * 5, image_id=list("abcde"), patient_id=list("abcde"), lesion_id=list("abcde")
    )
    params = keeping(tmp_path, write_params, earlier, max_share_deviation=0.3)
    splits, _, _ = split(tmp_path, params, pd.concat([old, new]))
    assert sorted(splits_of(splits, *"abcde")) == ["test", "train", "train", "train", "val"]


def test_large_new_groups_are_divided_like_small_ones(tmp_path: Path, write_params: WriteParams) -> None:
    sizes = [1] * 20 + [5] * 10
    patients = [f"new {number}" for number, size in enumerate(sizes) for _ in range(size)]
    new = metadata_table(["nevus"] * 70, image_id=[f"new_{n}" for n in range(70)], patient_id=patients)
    old = metadata_table(["nevus"] * 10 + ["melanoma"] * 10)
    earlier = earlier_table(*zip(old.image_id, (["train"] * 6 + ["val"] * 2 + ["test"] * 2) * 2, strict=True))
    new["lesion_id"] = new.patient_id
    splits, _, _ = split(tmp_path, keeping(tmp_path, write_params, earlier), pd.concat([old, new]))
    placed = new.assign(split=splits_of(splits, *new.image_id)).drop_duplicates("patient_id")
    is_large = placed.patient_id.isin([f"new {number}" for number in range(20, 30)])
    assert placed[is_large].split.value_counts().to_dict() == {"train": 6, "val": 2, "test": 2}
    assert placed[~is_large].split.value_counts().to_dict() == {"train": 12, "val": 4, "test": 4}


def test_images_that_are_gone_are_counted(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    old, earlier = six_nevi_and_melanomas()
    rest = old[~old.image_id.isin(["image_0000", "image_0002", "image_0003"])]
    extra = earlier_table(("never_seen", "test"), ("other", "external"))
    params = keeping(tmp_path, write_params, pd.concat([earlier, extra]), **NO_LIMIT)
    new = metadata_table(["nevus"], image_id=["new"], patient_id=["new"], lesion_id=["new"])
    _, metrics, _ = split(tmp_path, params, pd.concat([rest, new]))
    assert metrics["kept"]["num_gone"] == {"train": 1, "val": 2, "test": 1}
    assert metrics["kept"]["num_new"] == {"train": 0, "val": 1, "test": 0}
    shown = capsys.readouterr().out
    assert "images of split.keep that are no longer among those to train on: 1 train, 2 val, 1 test\n" in shown


def test_a_scored_image_stays_where_a_new_copy_contradicts_it(tmp_path: Path, write_params: WriteParams) -> None:
    """Of two copies with other diagnoses one is wrong: the new one of a test image, and both where the old trains."""
    old, earlier = six_nevi_and_melanomas()
    new = metadata_table(["nevus"] * 2, image_id=["a", "b"], patient_id=["a", "b"], lesion_id=["a", "b"])
    copies = pd.DataFrame({"image_id": ["image_0010", "image_0006"], "other_image_id": ["a", "b"]})
    params = keeping(tmp_path, write_params, earlier, **NO_LIMIT)
    splits, metrics, _ = split(tmp_path, params, pd.concat([old, new]), copies)
    assert splits_of(splits, "image_0010", "a", "image_0006", "b") == ["test", "dropped", "dropped", "dropped"]
    assert (metrics["num_conflicting_images_dropped"], metrics["kept"]["num_apart_dropped"]) == (3, 0)


def test_an_image_that_was_dropped_or_only_scored_is_new_where_no_scored_one_is_tied_to_it(
    tmp_path: Path, write_params: WriteParams
) -> None:
    old, earlier = six_nevi_and_melanomas()
    new = metadata_table(["nevus"] * 3, image_id=["a", "b", "c"])
    new["patient_id"], new["lesion_id"] = [old.patient_id[0], "new", old.patient_id[4]], list("abc")
    before = earlier_table(("a", "dropped"), ("b", "external"), ("c", "dropped"))
    params = keeping(tmp_path, write_params, pd.concat([earlier, before]), **NO_LIMIT)
    splits, metrics, _ = split(tmp_path, params, pd.concat([old, new]))
    assert splits_of(splits, "a", "c") == ["train", "dropped"]
    assert splits_of(splits, "b")[0] in IN_ORDER
    assert metrics["kept"]["num_still_dropped"] == 1
    assert sum(metrics["kept"]["num_new"].values()) == 2


@pytest.mark.parametrize("is_several_now", [True, False])
def test_an_image_is_found_with_and_without_its_dataset_before_its_name(
    tmp_path: Path, write_params: WriteParams, is_several_now: bool
) -> None:
    old, earlier = six_nevi_and_melanomas()
    prefixed = "synthetic/" + old.image_id
    if is_several_now:
        old["image_id"] = prefixed
    else:
        earlier["image_id"] = prefixed
    splits, metrics, _ = split(tmp_path, keeping(tmp_path, write_params, earlier, **NO_LIMIT), old)
    assert splits.split.tolist() == earlier.split.tolist()
    assert sum(metrics["kept"]["num_gone"].values()) == 0


@pytest.mark.parametrize(
    "spell",
    ["{}.jpg", " {} ", "photos/{}.PNG", "photos\\{}"],
    ids=["suffix", "blanks", "folder", "backslash"],
)
def test_an_image_is_found_however_its_name_was_written(
    tmp_path: Path, write_params: WriteParams, spell: str
) -> None:
    table, earlier = six_nevi_and_melanomas()
    spelled = earlier.assign(image_id=earlier.image_id.map(spell.format), split=earlier.split + " ")
    splits, metrics, _ = split(tmp_path, keeping(tmp_path, write_params, spelled, **NO_LIMIT), table)
    assert splits_of(splits, *earlier.image_id) == earlier.split.tolist()
    assert metrics["kept"]["num_gone"] == {"train": 0, "val": 0, "test": 0}


def test_an_accent_is_one_letter_or_two(tmp_path: Path, write_params: WriteParams) -> None:
    table, earlier = six_nevi_and_melanomas()
    table.loc[4, "image_id"], earlier.loc[4, "image_id"] = "\u00e4", "a\u0308"
    splits, _, _ = split(tmp_path, keeping(tmp_path, write_params, earlier, **NO_LIMIT), table)
    assert splits_of(splits, "\u00e4") == [earlier.split[4]]


def test_two_names_of_one_image_are_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table, earlier = six_nevi_and_melanomas()
    earlier.loc[[2, 3], "image_id"] = ["photos/image_0002", "more/image_0002"]
    message = r"earlier.csv: 'photos/image_0002' and 'more/image_0002' both name the image 'image_0002'$"
    with pytest.raises(InputError, match=message):
        split(tmp_path, keeping(tmp_path, write_params, earlier, **NO_LIMIT), table)


@pytest.mark.parametrize("start", ["", "clinic_a/", "sorted/a/"])
def test_an_image_of_a_source_is_found_with_and_without_its_folder_or_name(
    tmp_path: Path, write_params: WriteParams, start: str
) -> None:
    """A second source came in."""
    old, earlier = six_nevi_and_melanomas()
    columns = {"image_id": "photo", "diagnosis": "finding"}
    sources = [
        {"name": name, "kind": "csv", "table": "t.csv", "folder": folder, "columns": columns}
        for name, folder in (("clinic_a", "sorted/a"), ("clinic_b", "clinic_b"))
    ]
    new = metadata_table(["nevus"] * 3, image_id=["clinic_b/a", "clinic_b/b", "clinic_b/c"], source=["clinic_b"] * 3)
    new[["patient_id", "lesion_id"]] = None
    table = pd.concat([old.assign(image_id="sorted/a/" + old.image_id, source="clinic_a"), new])
    keeping(tmp_path, write_params, earlier.assign(image_id=start + earlier.image_id))
    kept = {"keep": str(tmp_path / "earlier.csv"), "keep_sha256": sha256_of(tmp_path / "earlier.csv")}
    section = dataset_section("data/raw", "clinic_a", "clinic_b", sources=sources)
    splits, metrics, _ = split(tmp_path, write_params(dataset=section, split=SPLIT | NO_LIMIT | kept), table)
    assert splits_of(splits, *("sorted/a/" + earlier.image_id)) == earlier.split.tolist()
    assert sum(metrics["kept"]["num_gone"].values()) == 0
    assert sum(metrics["kept"]["num_new"].values()) == 3


def test_an_images_own_name_goes_before_the_other_names_of_others() -> None:
    """The folder of the second source has the name of the first."""
    folders = {"a": "sorted/a", "b": "a"}
    table = pd.DataFrame({"image_id": ["sorted/a/1", "a/1"], "source": ["a", "b"]})
    earlier = find_kept(table, pd.Series({"a/1": "test"}), "earlier.csv", find_folder=folders.__getitem__)
    assert earlier.isna().tolist() == [True, False]


def test_an_image_of_another_folder_is_not_taken_for_one_that_has_its_own_name(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table, earlier = six_nevi_and_melanomas()
    others = earlier_table(*((f"elsewhere/{name}", "external") for name in earlier.image_id))
    params = keeping(tmp_path, write_params, pd.concat([others, earlier]), **NO_LIMIT)
    splits, _, _ = split(tmp_path, params, table)
    assert splits_of(splits, *earlier.image_id) == earlier.split.tolist()


def test_a_name_that_could_be_of_two_datasets_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    old, earlier = six_nevi_and_melanomas()
    other = old.assign(image_id="pad_ufes_20/" + old.image_id, source="pad_ufes_20")
    old = old.assign(image_id="ham10000/" + old.image_id, source="ham10000")
    keeping(tmp_path, write_params, earlier)
    kept = {"keep": str(tmp_path / "earlier.csv"), "keep_sha256": sha256_of(tmp_path / "earlier.csv")}
    params = write_params(dataset=dataset_section("data/raw", "ham10000", "pad_ufes_20"), split=SPLIT | kept)
    message = r"earlier.csv: 'image_0000' could be of several datasets; write the name of its dataset and a slash b"
    with pytest.raises(InputError, match=message):
        split(tmp_path, params, pd.concat([old, other]))


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"keep_sha256": None},
            r"split: keep and keep_sha256 .* must be given together; got .*earlier.csv and None$",
        ),
        ({"keep": None}, r"split: keep and keep_sha256 .* must be given together; got None and [0-9a-f]{64}$"),
        (
            {"keep_sha256": "a" * 64},
            r"earlier.csv has the sha256 [0-9a-f]{64}, and split.keep_sha256 is a{64}: is it",
        ),
        ({"fold": 1}, r"split: fold 1 and keep .*earlier.csv both determine the test images; set one to null$"),
        ({"test_list": "published"}, r"split: test_list published and keep .*earlier.csv both determine the test"),
        (
            {"scheme": "image"},
            r"split: keep .*earlier.csv adds whole groups to a split; with scheme image set it to null$",
        ),
        (
            {"keep": "./data/splits.csv"},
            r"split: keep: DVC removes ./data/splits.csv before the stage that writes it; copy it, and name the copy "
            r"\(docs/new-data.md\)$",
        ),
        ({"max_share_deviation": 0.05}, r"0\.333 of the diagnosis melanoma .* this search found no nearer split"),
    ],
)
def test_what_would_be_ignored_or_lost_is_refused(
    tmp_path: Path, write_params: WriteParams, changes: dict[str, Any], message: str
) -> None:
    old, earlier = six_nevi_and_melanomas()
    params = keeping(tmp_path, write_params, earlier, **changes)
    with pytest.raises(InputError, match=message):
        split(tmp_path, params, old)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_id,split\n", r"earlier.csv: split.keep names no image$"),
        ("image_id,split\na,test\nb,val\na,test\n", r"earlier.csv, line 4: 'a' is named twice$"),
        (
            "image_id,split\na,Test\n",
            r"earlier.csv, line 2, column split: expected train, val, test, external, dropped, got 'Test'$",
        ),
        ("image_id\na\n", r"earlier.csv: .*split"),
        ("image_id,split\na,test\n", r"earlier.csv: names 1 images, and none of those to train on; is it another"),
    ],
)
def test_an_invalid_table_is_refused(tmp_path: Path, write_params: WriteParams, text: str, message: str) -> None:
    old, earlier = six_nevi_and_melanomas()
    keeping(tmp_path, write_params, earlier)
    path = tmp_path / "earlier.csv"
    path.write_text(text)
    kept = {"keep": str(path), "keep_sha256": sha256_of(path)}
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | kept), old)


def test_a_diagnosis_whose_images_were_all_dropped_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    """All nevi are of one patient, who is tested; train and val have none of them left."""
    old, earlier = six_nevi_and_melanomas()
    mole = metadata_table(
        ["dermatofibroma"] * 3, image_id=list("abc"), patient_id=old.patient_id[[4, 5, 10]].tolist()
    )
    before = earlier_table(*((name, "train") for name in "abc"))
    params = keeping(tmp_path, write_params, pd.concat([earlier, before]), **NO_LIMIT)
    message = (
        "every image of the diagnosis dermatofibroma shares a patient, lesion or picture with .* that split.keep"
    )
    with pytest.raises(InputError, match=message):
        split(tmp_path, params, pd.concat([old, mole]))


@st.composite
def growing_datasets(draw: st.DrawFn) -> tuple[pd.DataFrame, int, pd.DataFrame, int]:
    """Draw images of few patients, how many of them are old, pairs of copies, and a seed.

    Three patients of each diagnosis, with no other image, are old, so that a split exists.
    """
    names = ("melanoma", "nevus")
    num_old, num_new = draw(st.integers(6, 18)), draw(st.integers(0, 14))
    N = num_old + num_new
    patients = [f"p{n}" for n in range(6)] + [f"p{draw(st.integers(6, 16))}" for _ in range(N - 6)]
    patients = patients[:num_old] + [draw(st.sampled_from([name, *patients])) for name in patients[num_old:]]
    pairs = draw(
        st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda p: p[0] < p[1]), max_size=4)
    )
    table = metadata_table([names[n % 2] for n in range(N)], patient_id=patients)
    order = draw(st.permutations(range(N)))
    copies = pd.DataFrame(
        [(f"image_{i:04d}", f"image_{j:04d}") for i, j in sorted(set(pairs))], columns=["image_id", "other_image_id"]
    )
    return table.iloc[list(order)], num_old, copies, draw(st.integers(0, 3))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(growing_datasets())
def test_extending_moves_nothing_that_was_scored_leaks_nothing_and_repeats(
    tmp_path: Path, write_params: WriteParams, drawn: tuple[pd.DataFrame, int, pd.DataFrame, int]
) -> None:
    table, num_old, copies, seed = drawn
    names = [f"image_{n:04d}" for n in range(num_old)]
    old = table[table.image_id.isin(names)]
    changes = NO_LIMIT | {"seed": seed, "conflicting_copies": "keep"}
    try:
        among_old = copies[copies.other_image_id.isin(names)]
        before, _, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), old, among_old)
    except InputError:
        return  # too few groups are left: nothing to extend
    params = keeping(tmp_path, write_params, before, **changes)
    # Extending with nothing new gives the same table to the byte.
    split(tmp_path, params, old, among_old)
    assert (tmp_path / "splits.csv").read_bytes() == (tmp_path / "earlier.csv").read_bytes()
    try:
        after, metrics, _ = split(tmp_path, params, table, copies)
    except InputError as error:
        assert "found no allocation of whole groups" in str(error) or "fewer than 3 groups" in str(error)
        return
    written = (tmp_path / "splits.csv").read_bytes()
    earlier, now = (each.set_index("image_id").split for each in (before, after))
    # An independent oracle: the groups of all images.
    ordered = table.sort_values("image_id")
    group = build_groups(ordered, copies).set_axis(ordered.image_id)
    has_test = earlier.eq("test").groupby(group[earlier.index]).any()
    assert (now[earlier[earlier == "test"].index] == "test").all()
    for split_name in ("val", "train"):
        for name in earlier[earlier == split_name].index:
            assert now[name] in (split_name, "dropped")
            is_apart = now[name] == "dropped"
            assert not (split_name == "val" and is_apart) or has_test[group[name]]
    used = now[now != "dropped"]
    assert (used.groupby(group[used.index]).nunique() == 1).all()
    new = now[~now.index.isin(earlier.index)]
    assert (new != "dropped").all()
    assert sum(metrics["kept"]["num_new"].values()) == len(new)
    assert metrics["kept"]["num_apart_dropped"] == int((now == "dropped").sum())
    # Neither the order of the rows nor that of the earlier table counts.
    params = keeping(tmp_path, write_params, before[::-1], **changes)
    split(tmp_path, params, table[::-1], copies[::-1])
    assert (tmp_path / "splits.csv").read_bytes() == written
