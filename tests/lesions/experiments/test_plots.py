"""The plots of two revisions on one page."""

import json
import re
import shutil
from base64 import b64decode
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lesions.errors import InputError
from lesions.experiments.plots import Plot, draw_plots, list_missing, write_page
from tests.builders import ROOT, needs_chromium
from tests.repository import Repository

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls


@pytest.fixture(scope="module")
def built(small: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A small project with the experiments `zero` and `alpha`, in this order; `alpha` has another model."""
    project = small.copy_all(tmp_path_factory.mktemp("plots") / "project")
    project.dvc("exp", "run", "--temp", "--name", "zero", "-S", "training.seed=0")
    project.dvc("exp", "run", "--temp", "--name", "alpha", "-S", "training.seed=1", "-S", "models=[small,large]")
    return project


@pytest.fixture
def project(built: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(built.root)
    return built


def read_svg(plot: Plot) -> str:
    (source,) = plot.pictures.values()
    return b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode()


def by_path(plots: list[Plot]) -> dict[str, Plot]:
    return {plot.path: plot for plot in plots}


@pytest.mark.parametrize("revisions", [("zero", "alpha"), ("alpha", "zero"), ("alpha", "workspace")])
def test_each_plot_has_both_revisions_in_the_order_asked_for(project: Repository, revisions: tuple[str, str]) -> None:
    plots = by_path(draw_plots(*revisions))
    assert plots["plots/small.json"].title == "Logits of small"
    assert not plots["plots/small.json"].missing
    # The names in the legend, in their order.
    assert re.findall(r">(zero|alpha|workspace)</text>", read_svg(plots["plots/small.json"])) == [*revisions]
    assert list(plots["plots/dot.png"].pictures) == [*revisions]
    assert all(
        source.startswith("data:image/png;base64,iVBOR") for source in plots["plots/dot.png"].pictures.values()
    )


def test_a_plot_that_one_revision_lacks_is_said(project: Repository) -> None:
    plots = draw_plots("main", "alpha")
    assert list_missing(plots) == {"main": ["plots/large.json"]}
    assert by_path(plots)["plots/large.json"].pictures.keys() == {"alpha"}
    printed = project.run("lesions", "plots", "main", "alpha").stdout
    assert "main does not have plots/large.json" in printed
    assert "report/plots.html: 3 plots, main → alpha" in printed
    page = (project.root / "report/plots.html").read_text(encoding="utf-8")
    assert "plots/large.json; main does not have it" in page
    assert project.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("content", [None, "[]", "{"])
def test_a_plot_that_is_gone_empty_or_broken_is_said(project: Repository, content: str | None) -> None:
    path = project.root / "plots/small.json"
    before = path.read_text()
    path.unlink()
    if content is not None:
        path.write_text(content)
    plots = draw_plots("main", "workspace")
    path.write_text(before)
    assert list_missing(plots) == {"workspace": ["plots/small.json"]}


@pytest.mark.parametrize(
    ("revisions", "message"),
    [
        (("nowhere", "workspace"), "there is no revision nowhere in this repository; `git fetch` may fetch it"),
        (("main", "nowhere"), "there is no revision nowhere in this repository"),
        (("main", "--all"), "there is no revision --all in this repository"),
        (("main", "main"), "main and main are the same revision; name two"),
    ],
)
def test_revisions_are_checked(project: Repository, revisions: tuple[str, str], message: str) -> None:
    assert project.root == Path.cwd()
    with pytest.raises(InputError, match=re.escape(message)):
        draw_plots(*revisions)


def test_every_template_keeps_the_order_of_the_revisions() -> None:
    def list_channels(part: object) -> list[dict[str, object]]:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
        own = [part] if isinstance(part, dict) and part.get("field") == "rev" else []
        return own + [channel for item in inner for channel in list_channels(item)]

    templates = sorted((ROOT / ".dvc/plots").glob("*.json"))
    assert templates
    for template in templates:
        channels = list_channels(json.loads(template.read_text()))
        assert channels, template
        assert all("sort" in channel and channel["sort"] is None for channel in channels), template


def test_every_template_draws_the_bounds_that_its_rows_have() -> None:
    """PPV and NPV are in a plot of their own, and not in that of all decisions."""
    declared = re.findall(
        r"- plots/(\S+\.json):\n(?: +\w+: .*\n)*? +template: (\w+)", (ROOT / "dvc.yaml").read_text()
    )
    assert len(declared) > 15
    found = set()
    for path, template in declared:
        text = (ROOT / f".dvc/plots/{template}.json").read_text()
        for file in ROOT.glob(f"plots/{path.replace('${item}', '*')}"):
            keys = {key for row in json.loads(file.read_text()) for key in row if key.endswith(("low", "high"))}
            keys -= {f"{score}_{end}" for score in ("ppv", "npv") for end in ("low", "high")}
            for score, _, end in (key.rpartition("_") for key in keys):
                found.add(template)
                assert score in text, (path, score)
                assert re.search(rf"_{end}\b" if score else rf'["._]{end}\b', text), (path, score, end)
    assert {"class_scores", "risk", "subgroups", "net_benefit", "sets", "decisions"} <= found


def test_every_template_can_be_drawn(project: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Repository(tmp_path / "copy")
    shutil.copytree(project.root, copy.root, symlinks=True)
    monkeypatch.chdir(copy.root)
    templates = sorted(path.stem for path in (ROOT / ".dvc/plots").glob("*.json"))
    shutil.copytree(ROOT / ".dvc/plots", copy.root / ".dvc/plots", dirs_exist_ok=True)
    definitions = [{f"{name}: {{x: image, y: {{plots/small.json: logit}}, template: {name}}}" for name in templates}]
    text = "plots:\n" + "".join(f"  - {line}\n" for lines in definitions for line in sorted(lines))
    with (copy.root / "dvc.yaml").open("a") as file:
        file.write(text)
    copy.commit("Declare a plot of each template")
    drawn = [plot.title for plot in draw_plots("main", "workspace") if plot.title in templates]
    assert sorted(drawn) == templates


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_its_screen_and_loads_nothing(
    project: Repository, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    page_file = tmp_path / "plots.html"
    write_page(page_file, draw_plots("main", "alpha"), before="main", after="alpha")
    requested, complaints = [], []
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sizes = page.evaluate("[...document.images].map(image => [image.complete, image.naturalWidth])")
    page.close()
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
    assert len(sizes) == 4
    assert all(complete and natural > 0 for complete, natural in sizes)


def test_names_are_escaped(tmp_path: Path) -> None:
    plot = Plot("plots/a.json", "<b>bold</b>", {}, ("<i>main</i>",))
    write_page(tmp_path / "page.html", [plot], before="<i>main</i>", after="workspace")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>" not in text
    assert "<i>" not in text
