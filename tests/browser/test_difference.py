"""«Diferencia»: an attribute less another one, or less the same of another release."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app import totals
from app.db import make_engine, session_factory
from app.tables import Release, score
from tests.browser import axe
from tests.browser.city import City, fill
from tests.browser.conftest import OpenSite, serving
from tests.browser.numbers import spanish
from tests.browser.test_map import PIXELS
from tests.builders import make_release, write_scores
from tests.conftest import copied

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PROVIDENCIA = "path[data-code='13123']"
FALLS = 100
"""Hundredths, a whole point, by which the other release scores each photo lower."""


def against(page: Page) -> str | None:
    return parse_qs(urlsplit(page.url).query).get("against", [None])[0]


def means(page: Page, site: str, release: str = "demo") -> dict[str, dict[str, float]]:
    areas = page.request.get(f"{site}/api/areas/comuna?release={release}").json()["areas"]
    return {
        area["code"]: {key: each["mean"] for key, each in area["attributes"].items()}
        for area in areas
        if area["shown"]
    }


def signed(value: float) -> str:
    text = spanish(abs(value)).removesuffix(",0")
    return text if text == "0" else f"{'−' if value < 0 else '+'}{text}"


@pytest.fixture(scope="module")
def two(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with two releases; the second one scores every photo a point lower."""
    with copied(server_url) as url:
        city = fill(url, tmp_path_factory.mktemp("two-releases"))
        _second(city)
        with serving(url, city.data_dir, tmp_path_factory.mktemp("two-log")) as address:
            yield address


def _second(city: City) -> None:
    engine = make_engine(city.url)
    with session_factory(engine).begin() as session:
        first = session.scalars(select(Release).where(Release.name == "demo")).one()
        rows = session.execute(select(score).where(score.c.release_id == first.id)).mappings()
        columns = [c.name for c in score.columns if c.name.startswith("score_")]
        scores: dict[int, dict[str, int | None]] = {
            row["photo_id"]: {
                name.removeprefix("score_"): max(0, row[name] - FALLS) for name in columns
            }
            for row in rows
        }
        second = make_release(session, "later", active=False, kind="imported", version=1)
        write_scores(session, second, scores)
        totals.publish(session)
    engine.dispose()


def test_one_attribute_less_another(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = visited.open("/")
    page.locator("#tools-button").click()
    page.get_by_role("button", name="Diferencia").click()
    chosen = page.locator("#difference-attribute")
    expect(chosen).to_be_focused()
    chosen.select_option("wealthy")
    assert against(page) == "wealthy"
    of = means(page, site)["13123"]
    page.locator(PROVIDENCIA).hover()
    difference = round(of["safety"] - of["wealthy"], 2)
    expect(page.locator(".tip")).to_contain_text(f"Providencia · {signed(difference)} (")
    ticks = page.locator("#legend .ticks li").all_inner_texts()
    assert ticks[2] == "0"
    assert [tick[0] for tick in ticks] == ["−", "−", "0", "+", "+"]
    expect(page.locator("#legend .ends span").first).to_have_text("más adinerada que segura")
    expect(page.locator("#legend .ends span").last).to_have_text("más segura que adinerada")
    expect(page.locator("#legend .bin")).to_have_count(0)
    before = len(visited.requests)
    # The attribute that is subtracted changes places with the one that is chosen above.
    page.select_option("#attribute", "wealthy")
    assert against(page) == "safety"
    page.click("a[data-lang=en]")
    expect(page.locator("#legend .ends span").last).to_have_text("more wealthy than safe")
    assert visited.requests[before:] == []
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.locator("#difference")).to_be_hidden()
    assert against(page) is None


def test_orange_is_less_and_purple_more(visit: OpenSite, site: str) -> None:
    page = visit().open("/?against=wealthy")
    all_means = means(page, site)
    values = {code: of["safety"] - of["wealthy"] for code, of in all_means.items()}
    for code, value in values.items():
        fill_of = page.locator(f"path[data-code='{code}']").get_attribute("fill") or ""
        red, _, blue = (int(part) for part in fill_of.removeprefix("rgb(").rstrip(")").split(","))
        if abs(value) > 0.1:
            assert (blue > red) == (value > 0), (code, value, fill_of)


@pytest.mark.parametrize("mode", ["cells", "photos"])
def test_squares_and_photos(visit: OpenSite, mode: str) -> None:
    visited = visit()
    page = visited.open(f"/?show={mode}")
    plain = page.evaluate(PIXELS)
    page.goto(f"{page.url}&against=lively")
    visited.settle()
    painted = page.evaluate(PIXELS)
    # The address rounds the place, so that the rims of dots may fall on other pixels.
    assert painted[0] == pytest.approx(plain[0], rel=0.01), "the same things"
    assert painted[1] != plain[1], "in other colours"


def test_one_release_less_another(visit: OpenSite, two: str) -> None:
    visited = visit(address=two)
    page = visited.open("/?against=wealthy")
    page.locator("#difference-release").select_option("later")
    visited.settle()
    assert against(page) == "safety@later"
    one, other = means(page, two), means(page, two, "later")
    page.locator(PROVIDENCIA).hover()
    difference = one["13123"]["safety"] - other["13123"]["safety"]
    assert 0.5 < difference <= 1
    expect(page.locator(".tip")).to_contain_text(f"Providencia · {signed(difference)} (")
    expect(page.locator("#legend .ends span").last).to_have_text("más segura en demo")
    page.select_option("#attribute", "beautiful")
    assert against(page) == "beautiful@later"
    for mode, label in (("cells", "cuadros"), ("photos", "fotos")):
        page.locator(f"#modes input[value={mode}]").check(force=True)
        visited.settle()
        expect(page.locator("#legend .legend-caption")).to_contain_text(f"{label} a la vista")
        assert page.evaluate(PIXELS)[0] > 500
    page.locator("#difference .versus-close").click()
    assert against(page) is None


def test_two_releases_side_by_side(visit: OpenSite, two: str) -> None:
    visited = visit(address=two)
    page = visited.open("/?beside=safety")
    fill_of = page.locator("#map-beside path[data-code='13123']")
    before = fill_of.get_attribute("fill")
    page.locator("#beside-release").select_option("later")
    visited.settle()
    assert "beside=safety@later" in page.url
    assert fill_of.get_attribute("fill") != before
    other = means(page, two, "later")["13123"]["safety"]
    fill_of.hover()
    expect(page.locator("#map-beside .tip")).to_contain_text(spanish(other))


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations(visit: OpenSite, size: str, scheme: str) -> None:
    page = visit(size, color_scheme=scheme, bypass_csp=True).open("/?against=lively")
    expect(page.locator("#difference-attribute")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe.check(page, "a difference")
