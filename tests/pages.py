"""What the tests of the server's pages share beside the fixtures: a page that is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["watched"]


@contextmanager
def watched(chromium, base: str, but: str = "nothing") -> Iterator[Callable]:
    """Opens pages; at the end no error was logged, `but` for those that hold it, and nothing was asked of others."""
    contexts, errors, foreign = [], [], []

    def make(path="/", width=1366, height=768, **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: said.type in ("error", "warning") and errors.append(said.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((base, "data:", "blob:")) or foreign.append(asked.url))
        page.goto(base + path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert [each for each in errors if but not in each] == []
    assert foreign == []
