"""The training images that are predicted besides those that are scored."""

import pandas as pd

from lesions.tables.train_sample import draw_train_sample


def table(groups: dict[str, int], num_val: int) -> pd.DataFrame:
    """Return training groups of some sizes, and validation images of one group."""
    rows = [(name, "train") for name, size in groups.items() for _ in range(size)] + [("v", "val")] * num_val
    return pd.DataFrame(rows, columns=["group_id", "split"])


def test_whole_groups_are_drawn_until_validation_would_be_exceeded() -> None:
    sizes = {f"g{n}": n % 4 + 1 for n in range(40)}
    everything = table(sizes, 30)
    drawn = draw_train_sample(everything)
    assert 30 - 4 < len(drawn) <= 30
    assert set(drawn.split) == {"train"}
    assert drawn.group_id.value_counts().to_dict() == {name: sizes[name] for name in drawn.group_id.unique()}
    assert draw_train_sample(everything).index.tolist() == drawn.index.tolist()
    assert set(drawn.group_id) != set(list(sizes)[: drawn.group_id.nunique()])


def test_there_is_at_least_one_group() -> None:
    assert len(draw_train_sample(table({"a": 7}, 2))) == 7


def test_all_training_images_are_drawn_if_there_are_fewer_than_validation_has() -> None:
    assert len(draw_train_sample(table({"a": 3, "b": 4}, 20))) == 7
