"""Debian's Chromium for pytest-playwright, and a stage for each test: a sandbox of its own, open in a page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Page

from tests.browser.stage import ARGUMENTS, CHROMIUM, SCREEN, TIMEZONE, Stage, check_chromium, running_sandbox

OpenStage: TypeAlias = Callable[[str], Stage]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    check_chromium()
    return {"executable_path": str(CHROMIUM), "args": [*ARGUMENTS]}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, object]:
    return {"viewport": SCREEN, "timezone_id": TIMEZONE}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[str]:
    """The address of a sandbox just started. Whatever happened in it, the bot had no cause to warn."""
    log = tmp_path / "sandbox.log"
    with running_sandbox(log) as url:
        yield url
    assert log.read_text(encoding="utf-8") == ""


@pytest.fixture
def open_stage(sandbox: str, page: Page, request: pytest.FixtureRequest) -> Iterator[OpenStage]:
    """Opens the page in a language. At the end nothing may be in its console, and nothing asked beyond loopback."""
    pictures = Path(request.config.getoption("--output")) / "pictures" / request.node.name
    stage = Stage(page, pictures)

    def open_in(language: str) -> Stage:
        stage.open(sandbox, language=language)
        return stage

    yield open_in
    assert stage.complaints == []
    assert stage.asked == []
