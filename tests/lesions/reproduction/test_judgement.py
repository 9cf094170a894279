"""The verdict of each stage, on runs written by hand: five stages, of which one has scores."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.reproduction.judgement import Judgement, Verdict, judge_run
from lesions.reproduction.recorded import RunRecord, read_run

STAGES: dict[str, tuple[list[str], list[str]]] = {
    "prepare": (["data/raw"], ["data/table.csv"]),
    "train@a": (["data/table.csv"], ["data/a.bin", "metrics/a/train.json", "metrics/a/machine.json"]),
    "predict@a": (["data/a.bin"], ["data/logits/a.csv"]),
    "evaluate@a": (
        ["data/logits/a.csv"],
        ["data/predictions/a.csv", "metrics/a/test.json", "metrics/a/intervals.json"],
    ),
    "report": (["data/predictions", "metrics"], ["report/index.html"]),
}
"""What each stage reads, and what it writes."""

METRICS: dict[str, dict[str, Any]] = {
    "metrics/a/train.json": {"val_loss": 0.8, "best_epoch": 3},
    "metrics/a/machine.json": {"machine": [{"vendor": "GenuineIntel"}]},
    "metrics/a/test.json": {"accuracy": 0.7, "num_images": 226, "method": "vector", "images_sha256": "ab"},
    "metrics/a/intervals.json": {"accuracy_low": 0.6, "accuracy_high": 0.8},
}

TRAINED = {"data/a.bin": "2", "data/logits/a.csv": "2", "data/predictions/a.csv": "2", "report/index.html": "2"}
"""The bits of whatever follows from other weights."""


def write_run(
    root: Path,
    bits: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **scores: dict[str, Any],
) -> RunRecord:
    """Write a run whose files have the given bits, "1" if not named, and whose metrics have some other figures."""
    metrics = {path: content | scores.get(Path(path).stem, {}) for path, content in METRICS.items()}
    hashes = {path: json.dumps(content) for path, content in metrics.items()} | dict(bits or {})
    hashes |= {"metrics": str(sorted(metrics.items())), "data/predictions": hashes.get("data/predictions/a.csv", "1")}
    lock = {
        name: {
            "cmd": f"run {name}",
            "params": {"params.yaml": dict(parameters or {"seed": 0})},
            "deps": [{"path": path, "md5": hashes.get(path, "1")} for path in reads],
            "outs": [{"path": path, "md5": hashes.get(path, "1")} for path in writes],
        }
        for name, (reads, writes) in STAGES.items()
    }
    for path, content in metrics.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(json.dumps({key: value for key, value in content.items() if value != "nothing"}))
    YAML(typ="safe").dump({"schema": "2.0", "stages": lock}, root / "dvc.lock")
    return read_run(root, STAGES)


def judge(tmp_path: Path, bits: Mapping[str, str] | None = None, **changes: Any) -> Judgement:
    return judge_run(write_run(tmp_path / "recorded"), write_run(tmp_path / "now", bits, **changes))


def verdicts(judgement: Judgement) -> list[Verdict]:
    return [row.verdict for row in judgement.rows]


def test_equal_runs_have_the_same_bits_in_the_order_of_the_pipeline(tmp_path: Path) -> None:
    judgement = judge(tmp_path)
    assert [row.stage for row in judgement.rows] == [*STAGES]
    assert verdicts(judgement) == [Verdict.SAME_BITS] * 5
    assert (judgement.exit_status, judgement.headline, judgement.origins) == (0, "same bits", ())


def test_another_machine_alone_decides_nothing(tmp_path: Path) -> None:
    judgement = judge(tmp_path, machine={"machine": [{"vendor": "AuthenticAMD"}]})
    assert judgement.exit_status == 0
    assert write_run(tmp_path).machines == {"a": {"vendor": "GenuineIntel"}}


@pytest.mark.parametrize(
    ("scores", "verdict", "status", "words"),
    [
        ({}, Verdict.WITHIN_ROUNDING, 3, "other bits in data/predictions/a.csv"),
        ({"test": {"accuracy": 0.700001}}, Verdict.WITHIN_ROUNDING, 3, "other bits in data/predictions/a.csv"),
        ({"test": {"accuracy": 0.700003}}, Verdict.WITHIN_INTERVAL, 3, "scores within their intervals: 1"),
        ({"test": {"accuracy": 0.6}}, Verdict.WITHIN_INTERVAL, 3, "scores within their intervals: 1"),
        ({"intervals": {"accuracy_low": 0.5}}, Verdict.WITHIN_INTERVAL, 3, "scores within their intervals: 1"),
        (
            {"test": {"accuracy": 0.71, "num_images": 225, "method": "none"}},
            Verdict.WITHIN_INTERVAL,
            3,
            "scores within their intervals: 1; figures without an interval that differ: 1; chosen otherwise: method "
            "of a/test.json was vector, is none",
        ),
        (
            {"test": {"accuracy": 0.59}},
            Verdict.DIFFERENT,
            1,
            "accuracy of a/test.json was 0.7, is 0.59, outside 0.6 to 0.8",
        ),
        ({"test": {"accuracy": None}}, Verdict.DIFFERENT, 1, "accuracy of a/test.json was 0.7, is None, outside"),
        ({"test": {"accuracy": "nothing"}}, Verdict.DIFFERENT, 1, "was 0.7, is nothing, outside"),
        ({"test": {"images_sha256": "cd"}}, Verdict.DIFFERENT, 1, "images_sha256 of a/test.json was ab, is cd"),
    ],
)
def test_scores_are_judged_and_their_stage_lends_its_verdict_to_those_without(
    tmp_path: Path, scores: dict[str, Any], verdict: Verdict, status: int, words: str
) -> None:
    judgement = judge(tmp_path, TRAINED, train={"val_loss": 0.81}, **scores)
    _, train, predict, evaluate, report = judgement.rows
    assert evaluate.verdict is verdict
    assert words in evaluate.reason
    assert judgement.rows[0].verdict is Verdict.SAME_BITS
    # A loss without an interval differs in train@a, which is no rounding; the report follows from it.
    worse = max(verdict, Verdict.WITHIN_INTERVAL)
    assert [train.verdict, predict.verdict, report.verdict] == [worse, verdict, worse]
    assert predict.reason == "other bits in data/logits/a.csv; as evaluate@a"
    assert judgement.exit_status == status
    assert judgement.origins == ("train@a",)


def test_a_stage_whose_own_scores_are_equal_is_judged_by_them(tmp_path: Path) -> None:
    judgement = judge(tmp_path, TRAINED, test={"accuracy": 0.2})
    assert verdicts(judgement)[1:] == [Verdict.WITHIN_ROUNDING, *[Verdict.DIFFERENT] * 3]


def test_an_interval_without_bounds_or_width_judges_nothing(tmp_path: Path) -> None:
    for low, high in ((None, None), (0.7, 0.7)):
        bounds = {"accuracy_low": low, "accuracy_high": high}
        before = write_run(tmp_path / "recorded", intervals=bounds)
        judgement = judge_run(before, write_run(tmp_path / "now", TRAINED, intervals=bounds, test={"accuracy": 0.5}))
        assert verdicts(judgement)[3] is Verdict.DIFFERENT
        assert "no score says how much that is" in judgement.rows[3].reason
        assert verdicts(judgement)[2] is Verdict.DIFFERENT


def test_a_report_from_the_same_bits_may_differ_in_its_provenance_alone(tmp_path: Path) -> None:
    page = '<h1>A</h1><section id="provenance" class="x">\nlesions 1\n</section><p>B</p>'
    recorded = replace(write_run(tmp_path / "recorded"), page=page)
    now = write_run(tmp_path / "now", {"report/index.html": "2"})
    other = replace(now, page=page.replace("lesions 1", "lesions 2"))
    assert judge_run(recorded, other).exit_status == 0
    judgement = judge_run(recorded, replace(other, page=page.replace("B", "C")))
    assert (judgement.exit_status, judgement.origins) == (1, ("report",))
    assert judge_run(recorded, now).exit_status == 1  # no page to look at


def test_a_stage_that_did_not_run_or_was_never_recorded_is_different(tmp_path: Path) -> None:
    recorded, now = write_run(tmp_path / "recorded"), write_run(tmp_path / "now")
    fewer = replace(now, stages={name: stage for name, stage in now.stages.items() if name != "report"})
    judgement = judge_run(recorded, fewer, problems=["`dvc repro` failed"])
    assert (judgement.rows[4].verdict, judgement.rows[4].reason) == (Verdict.DIFFERENT, "did not run to its end")
    assert (judgement.exit_status, judgement.headline) == (1, "not reproduced")
    assert judge_run(fewer, now).rows[4].reason == "dvc.lock has no record of it"
    assert judge_run(recorded, RunRecord({})).exit_status == 1


def test_a_lock_that_was_made_from_something_else_is_named(tmp_path: Path) -> None:
    judgement = judge(tmp_path, {"data/raw": "2"}, parameters={"seed": 7})
    assert judgement.rows[0].reason == "dvc.lock records another data/raw, params.yaml: seed than the revision has"
    assert verdicts(judgement) == [Verdict.DIFFERENT] * 5
    assert judgement.exit_status == 1


@pytest.mark.parametrize("text", ["stages: [", "nothing: 1\n", "stages: {a: 3}\n", "7\n"])
def test_a_broken_lock_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dvc.lock").write_text(text)
    with pytest.raises(InputError, match=r"dvc\.lock: is not what DVC writes"):
        read_run(tmp_path, STAGES)


def test_a_lock_or_metrics_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no dvc\.lock, .* `dvc repro` writes it"):
        read_run(tmp_path, STAGES)
    write_run(tmp_path)
    (tmp_path / "metrics/a/test.json").unlink()
    with pytest.raises(InputError, match=r"dvc\.lock names test\.json of .*, and git does not have it"):
        read_run(tmp_path, STAGES)


def test_stages_of_models_that_are_no_longer_listed_are_left_out(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "metrics/a/train.json").unlink()
    assert [*read_run(tmp_path, ["prepare"]).stages] == ["prepare"]
