"""`python -m tests.cluster.service.picture RUN`: docs/images/service.png, from a finished run of mining."""

import sys
import time
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from tests.browser import started
from tests.cluster.service.serving import served
from tests.cluster.submitting.pretended import PretendedCluster

PICTURE = Path("docs/images/service.png")
_WIDTH, _HEIGHT, _GAP = 760, 860, 24


def main(run: Path) -> None:
    """Put the gallery and one mistake side by side."""
    service = Service(ServiceSettings(runs=run.parent), PretendedCluster)
    with (
        TemporaryDirectory() as profile,
        started(Path(profile)) as browser,
        served(application(service)) as url,
    ):
        browser.set_window_size(_WIDTH, _HEIGHT + 200)  # the window has a frame
        browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        gallery = _seen(browser, f"{url}/runs/{run.name}/mistakes?valid=yes&sort=-margin")
        first = browser.find_elements(By.CSS_SELECTOR, "#mistakes a")[0].get_attribute("href")
        assert first is not None
        mistake = _seen(browser, first)
    both = Image.new("RGB", (2 * _WIDTH + _GAP, _HEIGHT), "white")
    both.paste(gallery, (0, 0))
    both.paste(mistake, (_WIDTH + _GAP, 0))
    both.quantize(256).save(PICTURE, optimize=True)


def _seen(browser: webdriver.Chrome, address: str) -> Image.Image:
    browser.get(address)
    time.sleep(4)  # thumbnails and the climb come by themselves
    return Image.open(BytesIO(browser.get_screenshot_as_png())).convert("RGB").crop((0, 0, _WIDTH, _HEIGHT))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
