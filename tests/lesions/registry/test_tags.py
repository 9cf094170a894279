"""The registry is read from tags as GTO reads it."""

import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import gto.api
import pytest

from lesions.errors import InputError
from lesions.registry.tags import (
    FORMAT,
    Artifact,
    Reference,
    Tag,
    find_stages,
    find_version,
    find_versions,
    parse_reference,
    parse_tags,
    select_tags,
)
from tests.repository import Repository

MODELS = ("resnet18", "custom_cnn", "ml/skin:resnet18")
STAGES = ("prod", "dev", "pre-prod")
NUM_COMMITS, NUM_TAGS = 6, 80


def build_repository(root: Path, num_commits: int, tags: Sequence[tuple[str, int]] = ()) -> Repository:
    """Return a repository with so many commits, and with tags, each with the number of its commit; one a second."""
    who = "test <test@localhost>"
    commits = (
        f"commit refs/heads/main\nmark :{n + 1}\ncommitter {who} 0 +0000\ndata 1\n{n}" for n in range(num_commits)
    )
    named = (
        f"tag {name}\nfrom :{commit + 1}\ntagger {who} {1_700_000_000 + step} +0000\ndata 1\nx"
        for step, (name, commit) in enumerate(tags)
    )
    root.mkdir(exist_ok=True)
    repository = Repository(root)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.set_identity()
    subprocess.run(
        ["git", "fast-import", "--quiet"],
        cwd=root,
        input="\n".join([*commits, *named, "done", ""]).encode(),
        check=True,
    )
    return repository


def read(repository: Repository) -> list[Tag]:
    return parse_tags(repository.run("git", "for-each-ref", f"--format={FORMAT}", "refs/tags").stdout)


def act_at_random(seed: int) -> Iterator[tuple[str, int]]:
    """Register, assign and take back at random, as GTO's commands would name the tags."""
    chance, counts = random.Random(seed), dict.fromkeys(MODELS, 0)  # noqa: S311
    versions: dict[str, dict[int, str]] = {model: {} for model in MODELS}
    for _ in range(NUM_TAGS):
        model, commit = chance.choice(MODELS), chance.randrange(NUM_COMMITS)
        prefix, known = model.replace(":", "="), versions[model]
        if commit not in known:
            known[commit] = f"{chance.randrange(3)}.{chance.randrange(12)}.{len(known)}"
            yield f"{prefix}@v{known[commit]}", commit
        else:
            counts[model] += 1
            what = f"@v{known[commit]}!" if chance.random() < 0.1 else f"#{chance.choice(STAGES)}"
            taken_back = "!" if "@" not in what and chance.random() < 0.3 else ""
            yield f"{prefix}{what}{taken_back}#{counts[model]}", commit


def show_as_gto(tags: list[Tag]) -> dict[str, tuple[str | None, dict[str, str]]]:
    """Return the newest version and the stages of each model, in GTO's words."""
    shown: dict[str, tuple[str | None, dict[str, str]]] = {}
    for artifact in {tag.artifact for tag in tags}:
        own = select_tags(tags, artifact)
        newest = next((f"v{version}" for version in reversed(find_versions(own))), None)
        stages = {stage: f"v{version}" for stage, (version, _) in find_stages(own).items()}
        shown[str(artifact)] = (newest, stages)
    return shown


@pytest.mark.parametrize("seed", range(3))
def test_versions_and_stages_are_those_that_gto_shows(tmp_path: Path, seed: int) -> None:
    repository = build_repository(tmp_path, NUM_COMMITS, list(act_at_random(seed)))
    shown = gto.api.show(repository.root)
    expected = {
        model: (one["version"], {stage: version for stage, version in one["stage"].items() if version})
        for model, one in shown.items()
    }
    assert show_as_gto(read(repository)) == expected
    assert any(stages for _, stages in expected.values())


def test_tags_that_gto_makes_are_read(tmp_path: Path) -> None:
    repository = build_repository(tmp_path, 1, [("v3.0", 0)])
    gto.api.register(tmp_path, "resnet18", "main", "v1.0.0")
    gto.api.assign(tmp_path, "resnet18", "prod", "v1.0.0")
    gto.api.unassign(tmp_path, "resnet18", stage="prod", version="v1.0.0")
    repository.run("git", "tag", "resnet18@v9.9.9", "main")  # not annotated
    of_gto = read(repository)
    assert {tag.text for tag in of_gto} == {"resnet18@v1.0.0", "resnet18#prod#1", "resnet18#prod!#2"}
    assert {(tag.version, tag.stage, tag.is_taken_back, tag.count) for tag in of_gto} == {
        ("1.0.0", None, False, 0),
        (None, "prod", False, 1),
        (None, "prod", True, 2),
    }
    assert {tag.commit for tag in of_gto} == {repository.run("git", "rev-parse", "main").stdout.strip()}


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("resnet18", Reference(Artifact("resnet18"))),
        ("resnet18@1.2.0", Reference(Artifact("resnet18"), "1.2.0")),
        ("resnet18@v1.2.0-rc.1", Reference(Artifact("resnet18"), "1.2.0-rc.1")),
        ("resnet18#pre-prod", Reference(Artifact("resnet18"), None, "pre-prod")),
        ("ml/skin:custom_cnn@0.1.0", Reference(Artifact("custom_cnn", "ml/skin"), "0.1.0")),
    ],
)
def test_references_are_read(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize(
    "text",
    ["", "_x", "x_", "-x", "a b", "a/b", "../a:b", "/a:b", "a/../b:c", "-a:b", "é", "a\n", "a@", "a@1.2", "a#",
     "a#b/c", "a@1.2.0#prod", "a@1.2.0\n", "x" * 200],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^expected a (model|version|stage) such as "):
        parse_reference(text)


def test_a_tag_with_another_line_break_in_its_name_hides_no_other() -> None:
    about = ["tag", "commit", "0" * 40, "1"]
    listed = "".join("\0".join([name, *about]) + "\n" for name in ("a@v1.0.0\u2028x", "a@v1.0.0\x85", "a@v2.0.0"))
    assert [tag.text for tag in parse_tags(listed)] == ["a@v2.0.0"]


def test_a_reference_to_what_is_not_there_says_what_is() -> None:
    def tag(version: str | None, stage: str | None) -> Tag:
        commit = ("1" if version == "1.10.0" else "0") * 40
        return Tag("x", Artifact("a"), version, stage, False, 0, commit, 0)

    tags = [tag("1.10.0", None), tag("1.9.0", None), tag(None, "dev")]
    assert find_version(tags, parse_reference("a")) == "1.10.0"
    assert find_version(tags, parse_reference("a#dev")) == "1.9.0"
    for text, message in {
        "a@2.0.0": "a has no version 2.0.0; released are 1.9.0, 1.10.0",
        "a#prod": "no version of a is in the stage prod; versions are in dev",
    }.items():
        with pytest.raises(InputError) as refused:
            find_version(tags, parse_reference(text))
        assert str(refused.value) == message
    with pytest.raises(InputError, match=r"^no version of b is released$"):
        find_version([], parse_reference("b"))
