"""Tables of predictions that others wrote are read as they are, or refused by line and value."""

from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.tables.foreign_predictions import ForeignPredictions, Names, read_foreign_predictions

PUBLISHED = """filename,true_label,predicted_label,probability_class_0,probability_class_1
/home/x/PAT_1_2_3.png,1,1,0.2,0.8
/home/x/PAT_4_5_6.png,0,1,0.45,0.55
"""


def read(folder: Path, text: str, names: Names = Names()) -> ForeignPredictions:  # noqa: B008
    (folder / "p.csv").write_text(text)
    return read_foreign_predictions(folder / "p.csv", names)


def test_columns_of_usual_names_are_found_and_said(tmp_path: Path) -> None:
    found = read(tmp_path, PUBLISHED)
    assert found.image.tolist() == ["/home/x/PAT_1_2_3.png", "/home/x/PAT_4_5_6.png"]
    assert found.words == ("0", "1")
    assert found.truth is not None and found.truth.tolist() == ["1", "0"]
    assert found.predicted is not None and found.predicted.tolist() == ["1", "1"]
    np.testing.assert_array_equal(found.y_prob, [[0.2, 0.8], [0.45, 0.55]])
    assert found.notes == (
        "images from the column filename, true classes from the column true_label, predicted classes from the column "
        "predicted_label, probabilities from probability_class_0 to probability_class_1",
    )


def test_columns_can_be_named(tmp_path: Path) -> None:
    found = read(tmp_path, "case;MEL;NV\na;0.5;0.5\nb;1;0\n", Names(image="case", prefix=""))
    # With an empty prefix, every other column is one.
    assert found.words == ("MEL", "NV")
    assert found.truth is None


def test_only_the_rows_of_one_split_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, "image_id,split,y_true,prob_a,prob_b\ni,val,a,1,0\nj,test,b,0,1\nk,train,b,0,1\n")
    assert found.image.tolist() == ["j"]
    assert found.notes[0] == "2 rows whose split is not test are left out"


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        (
            PUBLISHED.replace("0.8", "1.8"),
            Names(),
            r"line 2: probability_class_1 '1\.8': expected a probability from",
        ),
        (
            PUBLISHED.replace("0.8", "much"),
            Names(),
            "line 2: probability_class_1 'much': expected a probability from",
        ),
        (PUBLISHED.replace("0.8", ""), Names(), "line 2: probability_class_1 '': expected a probability from"),
        (PUBLISHED.replace("0.55", "0.45"), Names(), r"line 3: the probabilities sum to 0\.9"),
        (PUBLISHED.replace("4_5_6", "1_2_3"), Names(), r"line 3: filename '/home/x/PAT_1_2_3.png' is there twice"),
        (PUBLISHED, Names(image="name"), r"there is no column 'name' \(--image\); it has filename, true_label"),
        (PUBLISHED.replace("filename", "case"), Names(), "no column is one of image_id, .*; name it with --image"),
        (PUBLISHED, Names(prefix="p_"), "fewer than two columns begin with 'p_'; say with --prefix"),
        ("filename,prob_a\ni,1\n", Names(), "fewer than two columns begin with 'prob_' or"),
        (PUBLISHED.splitlines()[0], Names(), "the table has no rows"),
        ("image_id,split,prob_a,prob_b\ni,val,1,0\n", Names(), r"no row has the split test \(--split\)"),
    ],
)
def test_a_table_that_cannot_be_scored_is_refused(tmp_path: Path, text: str, names: Names, message: str) -> None:
    with pytest.raises(InputError, match=rf"p\.csv.*{message}"):
        read(tmp_path, text, names)
