"""What the README and the pages beside it say is so."""

import re
import subprocess
import sys

from tests.builders import ROOT
from tests.repository import Repository

README = (ROOT / "README.md").read_text(encoding="utf-8")
LAYOUT = (ROOT / "docs/layout.md").read_text(encoding="utf-8")


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def test_the_drawing_of_the_dag_is_what_dvc_draws(tiny: Repository) -> None:
    document = tiny.root / "stages/README.md"
    before = document.read_text(encoding="utf-8")
    tiny.run(sys.executable, "docs/draw_dag.py", "stages/README.md")
    assert document.read_text(encoding="utf-8") == before


def annotated_tree() -> set[str]:
    """The paths in the tree of docs/layout.md: two spaces of indentation per level, the name, and what it is."""
    block = re.search(r"```text\n(.*?)```", LAYOUT, re.DOTALL)
    assert block
    paths, parents = set(), [""]
    for line in block[1].splitlines():
        indent = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        parents = parents[: indent + 1]
        paths.add(parents[-1] + name)
        if name.endswith("/"):
            parents.append(parents[-1] + name)
    return paths


def test_every_path_in_the_annotated_tree_exists() -> None:
    made_by_a_run = {
        "data/",
        ".resume/",
        ".search/",
        ".timings/",
        ".tracking/",
        "dvc.lock",
        "dvclive/",
        "metrics/",
        "plots/",
        "releases/",
        "report/",
    }
    assert [path for path in sorted(annotated_tree() - made_by_a_run) if not (ROOT / path).exists()] == []


def test_the_annotated_tree_has_every_top_level_entry_and_every_folder() -> None:
    files = tracked()
    top = {name.split("/")[0] + ("/" if "/" in name else "") for name in files}
    subjects = {"/".join(name.split("/")[:2]) + "/" for name in files if re.match("lesions/.+/", name)}
    stages = {name for name in files if re.fullmatch(r"stages/[a-z]\w+\.py", name)}
    assert sorted((top | subjects | stages) - annotated_tree()) == []


def test_every_link_has_an_existing_target() -> None:
    for document in [*ROOT.glob("*.md"), ROOT / "stages/README.md", *(ROOT / "docs").glob("*.md")]:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_names_every_page_and_is_short() -> None:
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"(docs/{path.name})" not in README] == []
    assert len(README.splitlines()) <= 150


def test_the_readme_names_existing_commands() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([\w-]+)`", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for preset in re.findall(r"lesions preset ([\w-]+)", README):
        assert list((ROOT / "presets").rglob(f"{preset}.yaml")), preset
