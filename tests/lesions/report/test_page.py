"""What comes from the run means nothing in Markdown."""

import pytest
from jinja2 import DictLoader
from markdown_it import MarkdownIt

from lesions.report import page


@pytest.mark.parametrize(
    "text",
    [
        *("# a heading", "> a quotation", "- an item", "+ an item", "1. an item", "2) an item", "-"),
        *("~~struck~~", "a & amp; b", "$x$", "a | b", "<b>bold</b>", "[a](b)", "`code`", "*a* _b_", "custom_cnn"),
        "−0.05 and 0.5",
    ],
)
@pytest.mark.parametrize("template", ["{{ text }}", "* {{ text }}", "| a |\n|---|\n| {{ text }} |"])
def test_a_text_of_the_run_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, text: str, template: str) -> None:
    monkeypatch.setattr(page, "LOADER", DictLoader({"t": template}))
    written = page.render_markdown("t", text=text)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(written)
    (shown,) = (token.children or [] for token in tokens if token.type == "inline" and token.content != "a")
    assert {child.type for child in shown} <= {"text", "text_special"}
    assert "".join(child.content for child in shown) == text


def test_what_has_no_ink_is_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "LOADER", DictLoader({"t": "{{ text }}"}))
    assert page.render_markdown("t", text="a\x1b[2J\u202eb\nc") == r"a\\x1b\[2J\\u202eb c"
