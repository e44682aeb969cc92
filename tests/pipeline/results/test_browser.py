"""Pages work in a browser: they load nothing, say nothing in the console, and fit phones."""

import json
import shutil

import pytest

from pipeline.__main__ import main
from pipeline.output.record import finished_run
from pipeline.results import article_view
from pipeline.results.article_view import Mention, compare, find_article, mentions_of
from pipeline.results.differences import Differences, compare_runs, make_page
from pipeline.results.findings import gather
from pipeline.results.report import make_page as make_report

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("pages are NOT TESTED: no Chromium", allow_module_level=True)
webdriver = pytest.importorskip(
    "selenium.webdriver", reason="pages are NOT TESTED: install selenium"
)

from selenium.webdriver.common.keys import Keys  # noqa: E402


@pytest.fixture(scope="module")
def pages(samples, tmp_path_factory):
    """A page of each kind, over a run of the embedded model; an article with overlaps."""
    folder = tmp_path_factory.mktemp("pages")
    output = str(folder / "out")
    flags = ["--max-reject-rate", "0.1", "--quiet"]
    assert main(["annotate", "--input", str(samples), "--output", output, *flags]) == 0
    article = find_article(output, "PMC9900001")
    ours = mentions_of(article.annotations)
    wider = [Mention(one.start, one.end + 1, "other type", f"{one.exact}.") for one in ours[::2]]
    view = article_view.view(article.row, compare(ours, [*ours[1::2], *wider]))
    found = Differences()
    list(compare_runs(output, output, found))
    for name, page in {
        "article": article_view.make_page(view, other="another run"),
        "diff": make_page(output, output, found),
        "report": make_report(output, finished_run(output), gather(output)),
    }.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser():
    """A Chromium without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def opened(browser, page, width=1280):
    """Opens a page in a window of this width; forgets what came before."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(page.as_uri())
    return browser


def requests(browser):
    """The addresses that the browser asked for."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {
        message["params"]["request"]["url"].partition("#")[0]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["article", "diff", "report"])
def test_a_page_loads_nothing_and_fits(browser, pages, name, width):
    """On a phone and on a screen: no message in the console, nothing to scroll to the side."""
    page = pages / f"{name}.html"
    opened(browser, page, width)
    assert requests(browser) == {page.as_uri()}
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def shown(browser):
    """How many mentions the page says it shows, and how many stretches of the text are marked."""
    marked = browser.find_elements("css selector", "main mark:not(.off)")
    return int(browser.find_element("id", "shown").text.replace(",", "")), len(marked)


def test_filters_hide_and_bring_back_mentions(browser, pages):
    """By type, score, reading and name; a mention below another one comes to light."""
    opened(browser, pages / "article.html")
    everything = shown(browser)
    boxes = browser.find_elements("css selector", "[data-type]")
    counts = [int(e.text) for e in browser.find_elements("css selector", "[data-count]")]
    boxes[0].click()
    assert shown(browser)[0] == everything[0] - counts[0]
    boxes[0].click()
    assert shown(browser) == everything
    browser.execute_script(
        "const s = document.getElementById('score'); s.value = 1;"
        "s.dispatchEvent(new Event('input'))"
    )
    gold = browser.execute_script(
        "return JSON.parse(document.getElementById('data').textContent)"
        ".mentions.filter(m => m.score === null).length"
    )
    assert shown(browser)[0] == gold
    browser.find_element("id", "found-there").click()
    assert shown(browser)[0] == 0
    opened(browser, pages / "article.html")
    name = browser.find_element("css selector", "[data-name]")
    count = int(name.find_element("xpath", "../span[@class='n']").text)
    name.click()
    assert shown(browser)[0] == count
    name.click()
    browser.find_element("id", "search").send_keys("no such name")
    assert shown(browser)[0] == 0
    assert browser.get_log("browser") == []


def test_a_mention_tells_about_itself_on_hover_and_focus(browser, pages):
    """Type, score, id and XPath; arrow keys lead to the next one, Escape closes."""
    opened(browser, pages / "article.html")
    tip = browser.find_element("id", "tip")
    assert not tip.is_displayed()
    first, *_ = browser.find_elements("css selector", "main mark:not(.off)")
    webdriver.ActionChains(browser).move_to_element(first).perform()
    assert tip.is_displayed()
    browser.execute_script("arguments[0].focus()", first)
    told = tip.text
    for word in ("type", "score", "id", "XPath", "/article[1]/"):
        assert word in told
    first.send_keys(Keys.ARROW_RIGHT)
    assert tip.is_displayed()
    assert browser.switch_to.active_element != first
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()


def test_a_link_with_an_annotation_id_leads_to_the_mention(browser, pages):
    """As reports and tables may carry it."""
    data = opened(browser, pages / "article.html").execute_script(
        "return JSON.parse(document.getElementById('data').textContent).mentions"
    )
    aim = [mention for mention in data if mention["id"]][-1]
    browser.get(f"{(pages / 'article.html').as_uri()}#{aim['id']}")
    browser.refresh()
    assert browser.switch_to.active_element.text in aim["exact"]


def test_without_scripts_the_page_can_be_read(browser, pages):
    """And the same when printed: colours and underlines do not need them."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(browser, pages / "article.html")
        assert browser.find_elements("css selector", "main mark.m")
        assert not browser.find_element("id", "score").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
