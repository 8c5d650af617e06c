"""A headless Chromium for tests of pages, started once."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_selenium_python import Axe
from selenium import webdriver

_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
WIDTH, HEIGHT = 1200, 900


def console_errors(browser: webdriver.Chrome) -> list[str]:
    """Return what the page's console called an error since it was last asked."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start Chromium; tests are skipped where it or its driver is missing."""
    with started(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@contextmanager
def started(profile: Path) -> Iterator[webdriver.Chrome]:
    """Have a Chromium within the block, which keeps what it keeps in an empty folder."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    browser = webdriver.Chrome(_options(program, profile), _service(driver))
    browser.set_page_load_timeout(30)
    browser.set_script_timeout(30)
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """Give a window without memory of the tests before, in the light theme."""
    chromium.set_window_size(WIDTH, HEIGHT)
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    theme(chromium, "light")
    console_errors(chromium)
    yield chromium
    chromium.get("about:blank")  # ends the page's timers


def theme(browser: webdriver.Chrome, scheme: str) -> None:
    """Prefer a colour scheme, ``light`` or ``dark``."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def _options(program: str, profile: Path) -> webdriver.ChromeOptions:
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (*_ARGUMENTS, *_QUIET, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return options


def _service(driver: str) -> webdriver.ChromeService:
    return webdriver.ChromeService(executable_path=driver)  # named, so that none is looked for on the network


@contextmanager
def phone(browser: webdriver.Chrome) -> Iterator[None]:
    """Make the window a phone's, 360 pixels wide."""
    size = {"width": 360, "height": 780, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


EVERY_RULE = "{type: 'tag', values: ['wcag2a', 'wcag2aa', 'best-practice']}"
_COLOUR_RULES = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}"


def violations_in_light_and_dark(browser: webdriver.Chrome) -> list[str]:
    """Return what is wrong with the page in the light theme, and with its colours in the dark one."""
    theme(browser, "light")
    found = violations(browser)
    theme(browser, "dark")
    return found + violations(browser, _COLOUR_RULES)


def violations(browser: webdriver.Chrome, rules: str = EVERY_RULE) -> list[str]:
    """Return what axe-core finds wrong with the page by WCAG 2, levels A and AA: rules and their elements."""
    axe = Axe(browser)
    axe.inject()
    # its dlitem knows nothing of groups within a list of definitions, nor its checkboxgroup of other lists
    off = "{dlitem: {enabled: false}, checkboxgroup: {enabled: false}}"
    found = axe.run(options=f"{{runOnly: {rules}, rules: {off}}}")
    return [
        f"{rule['id']}: {', '.join(node['html'][:120] for node in rule['nodes'][:3])}"
        for rule in found["violations"]
    ]
