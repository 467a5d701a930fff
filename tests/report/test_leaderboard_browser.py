import pytest
from boards_by_hand import predict_a_constant, two_methods, write_tiny_set

from simd.report.leaderboard.write import write_leaderboard

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser, tmp_path):
    """Yield a page of two boards, one with examples; anything said or asked in vain fails the test."""
    tiny = write_tiny_set(tmp_path / "set", fg_id="<script>document.title='taken'</script>")
    dark = predict_a_constant("<img src=x onerror=alert(1)>", 0, tiny, tmp_path / "dark")
    index = write_leaderboard([*two_methods(), dark], tmp_path / "board")[0]
    page = browser.new_page(viewport={"width": 480, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(index.as_uri())
    yield page
    outside = [url for url in asked if not url.startswith("data:") and url != index.as_uri()]
    page.close()
    assert (said, outside) == ([], [])


def methods(table):
    return table.locator("tbody th b").all_inner_texts()


def test_a_click_sorts_and_absent_scores_stay_last(page):
    table = page.locator("table.heat.sad, .panel.sad table.heat").first
    assert methods(table) == ["ours", "plain"]
    fur = table.locator("thead th", has_text="fur")
    fur.locator("button").click()
    assert methods(table) == ["plain", "ours"]  # 1 before 3
    assert fur.get_attribute("aria-sort") == "ascending"
    fur.locator("button").press("Enter")
    assert methods(table) == ["ours", "plain"]
    assert fur.get_attribute("aria-sort") == "descending"
    assert table.locator("th[aria-sort]").count() == 1
    seconds = page.locator("table.headline").first.locator("thead th").last.locator("button")
    for _ in range(2):  # `plain` has no time
        seconds.click()
        assert methods(page.locator("table.headline").first) == ["ours", "plain"]


def test_the_metric_is_chosen_for_its_own_board(page):
    first, second = page.locator(".board").all()
    assert first.locator(".panel.sad").first.is_visible()
    assert not first.locator(".panel.grad").first.is_visible()
    first.locator("input[value=grad]").focus()
    first.locator("input[value=sad]").press("ArrowRight")
    first.locator("label", has_text="Grad").click()
    assert first.locator(".panel.grad").first.is_visible()
    assert not first.locator(".panel.sad").first.is_visible()
    assert second.locator(".panel.sad").first.is_visible()


def test_names_stay_text_and_the_page_fits_a_narrow_window(page):
    assert page.title() == "Matting leaderboard"
    assert page.locator("tbody th b", has_text="<img src=x").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") == 480
    figure = page.locator("figure").first
    figure.scroll_into_view_if_needed()
    assert (
        figure.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 48
    )
