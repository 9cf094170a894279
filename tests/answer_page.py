"""The page of a service, in a browser, and what a person does on it."""

import base64
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.services import Service

HAS_BEGUN = ":is(#model, #problem, #token-form):not([hidden])"

KEPT = """async () => ({
    storage: localStorage.length + sessionStorage.length,
    cookies: document.cookie,
    caches: await caches.keys(),
    databases: await indexedDB.databases(),
    workers: await navigator.serviceWorker.getRegistrations(),
})"""

SEND = """([kind, files]) => {
    const data = new DataTransfer();
    for (const [name, type, text] of files) {
        data.items.add(new File([Uint8Array.from(atob(text), (each) => each.charCodeAt(0))], name, { type }));
    }
    const options = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
    const made = kind === 'paste' ? new ClipboardEvent(kind, options) : new DragEvent(kind, options);
    return document.body.dispatchEvent(made);
}"""
"""Drop or paste files; returns whether the browser would do with them what it does by itself."""


class AnswerPage:
    """The page, opened; it notes what is requested and what goes wrong in the browser."""

    def __init__(self, browser: Browser, address: tuple[str, int], **options: Any) -> None:
        self.origin = f"http://{address[0]}:{address[1]}"
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.requested: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.goto(self.origin)
        self.page.locator(HAS_BEGUN).first.wait_for()

    def _note(self, kind: str, text: str) -> None:
        # Every answer of the server that is no success is an error in the console.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.errors.append(text)

    def close(self) -> None:
        """Close the page, and check that it asked its own server alone, kept nothing and met no error."""
        kept = self.page.evaluate(KEPT)
        self.context.close()
        assert kept == {"storage": 0, "cookies": "", "caches": [], "databases": [], "workers": []}
        assert [url for url in self.requested if not url.startswith((self.origin, "blob:", "data:"))] == []
        assert self.errors == []

    def choose(self, *files: Path) -> None:
        """Choose files, and wait for all answers."""
        self.page.set_input_files("#files", files)
        self.settle()

    def send(self, kind: str, *files: Path) -> bool:
        """Drop or paste files; return whether the browser would have opened them."""
        texts = [base64.b64encode(file.read_bytes()).decode() for file in files]
        sent = [(file.name, f"image/{file.suffix[1:]}", text) for file, text in zip(files, texts, strict=True)]
        return bool(self.page.evaluate(SEND, [kind, sent]))

    def settle(self) -> None:
        """Wait until nothing is asked any more."""
        expect(self.page.locator("#answers")).to_have_attribute("aria-busy", "false")

    def count_asked(self, path: str) -> int:
        """Return how often the server was asked for a path."""
        return sum(url.partition("?")[0] == f"{self.origin}{path}" for url in self.requested)

    @property
    def status(self) -> str:
        """What is said to those who hear the page."""
        return self.page.locator("#status").inner_text()

    @property
    def cards(self) -> Locator:
        """The cards of the images."""
        return self.page.locator("#cards > .card")

    def card(self, name: str) -> Locator:
        """Return the card of an image."""
        return self.page.get_by_role("article", name=re.compile(f"^{re.escape(name)}$"))

    def call_words(self, function: str, *arguments: Any) -> Any:
        """Call a function of words.js."""
        call = f"async (all) => (await import('/page/words.js')).{function}(...all)"
        return self.page.evaluate(call, list(arguments))


OpenPage = Callable[..., AnswerPage]
Serve = Callable[..., Service]


def read_rows(card: Locator) -> list[tuple[str, str]]:
    """Return the names and probabilities of the bars, from top to bottom."""
    rows = card.locator(".bars tbody tr").all()
    texts = [(row.locator("th span").inner_text(), row.locator(".number").inner_text()) for row in rows]
    return [(name, number.replace("\xa0", " ")) for name, number in texts]


def read_focus(page: Page) -> str:
    """Return the text, or the name, of what has the focus."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.innerText"))


def expect_texts(place: Locator, texts: Sequence[str]) -> None:
    """Wait until the elements have these texts."""
    expect(place).to_have_text(list(texts))
