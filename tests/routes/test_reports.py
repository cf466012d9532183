"""Reports of photos: sent by anybody, few from one address, acted upon by admins."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import reports, totals
from app.db import SessionFactory
from app.schemas import ReportIn
from app.tables import Photo, PhotoReport, RefusedPhoto, SignInAttempt
from tests.builders import flat, make_photo, make_release, write_scores
from tests.routes.conftest import OURS, SOUTH, WEST, sign_in

SAID = {"reason": "plate", "text": "  Se lee <b>entera</b>  "}


@pytest.fixture
def photos(sessions: SessionFactory) -> list[int]:
    with sessions.begin() as session:
        release = make_release(session, "r", active=True)
        made = [make_photo(session, WEST, SOUTH).id for _ in range(2)]
        write_scores(session, release, {photo: flat(500) for photo in made})
        totals.publish(session)
    return made


def waiting(sessions: SessionFactory) -> int:
    with sessions() as session:
        return reports.count(session)


def test_a_report_waits_for_the_admin(
    browser: TestClient, sessions: SessionFactory, photos: list[int], password: str
) -> None:
    assert (
        browser.post(f"/api/photos/{photos[0]}/report", json=SAID, headers=OURS).status_code == 204
    )
    sign_in(browser, password)
    listed = browser.get("/api/admin/reports").json()
    assert listed["total"] == 1
    report = listed["reports"][0]
    assert (report["photo_id"], report["reason"]) == (photos[0], "plate")
    assert report["text"] == "Se lee <b>entera</b>"
    page = browser.get("/admin/reports").text
    assert "Se lee &lt;b&gt;entera&lt;/b&gt;" in page
    assert 'Reportes <span class="tag">1</span>' in browser.get("/admin/accounts").text
    assert browser.delete(f"/api/admin/reports/{report['id']}", headers=OURS).status_code == 204
    again = browser.delete(f"/api/admin/reports/{report['id']}", headers=OURS)
    assert (again.status_code, again.json()["code"]) == (404, "report-not-found")
    assert waiting(sessions) == 0


def test_a_photo_is_taken_down_with_all_reports_of_it(
    browser: TestClient, sessions: SessionFactory, photos: list[int], password: str
) -> None:
    for photo in (photos[0], photos[0], photos[1]):
        browser.post(f"/api/photos/{photo}/report", json=SAID, headers=OURS)
    sign_in(browser, password)
    first = browser.get("/api/admin/reports").json()["reports"][0]["id"]
    answer = browser.post("/admin/reports/take-down", data={"id": first}, headers=OURS)
    assert answer.status_code == 303
    with sessions() as session:
        assert session.scalars(select(Photo.id)).all() == [photos[1]]
        assert session.scalars(select(RefusedPhoto.reason)).all() == ["reported"]
    assert waiting(sessions) == 1
    last = browser.get("/api/admin/reports").json()["reports"][0]["id"]
    answer = browser.post("/admin/reports/dismiss", data={"id": last}, headers=OURS)
    assert answer.status_code == 303
    assert waiting(sessions) == 0
    with sessions() as session:
        assert session.scalars(select(Photo.id)).all() == [photos[1]]


def test_few_reports_are_taken_from_one_address(
    browser: TestClient, sessions: SessionFactory, photos: list[int]
) -> None:
    """Of the address nothing is kept but hashes, and those in the table of counts only."""
    allowed = reports.LIMITS[0].allowed
    for _ in range(allowed):
        assert browser.post(f"/api/photos/{photos[0]}/report", json=SAID, headers=OURS).is_success
    answer = browser.post(f"/api/photos/{photos[0]}/report", json=SAID, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-reports")
    assert answer.headers["content-type"] == "application/problem+json"
    assert 0 < int(answer.headers["retry-after"]) <= reports.LIMITS[0].window_s
    assert waiting(sessions) == allowed
    with sessions() as session:
        keys = session.scalars(select(SignInAttempt.key)).all()
        assert len(keys) == len(reports.LIMITS)
        assert all(len(key) == 16 and b"testclient" not in key for key in keys)
        assert not {"address", "ip"} & set(PhotoReport.__table__.columns.keys())


def test_many_reports_of_one_photo_are_one_too_many(
    sessions: SessionFactory, photos: list[int]
) -> None:
    with sessions.begin() as session:
        for _ in range(reports.MOST_OF_A_PHOTO + 3):
            reports.send(session, photos[0], ReportIn(reason="other"))
    assert waiting(sessions) == reports.MOST_OF_A_PHOTO


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {}]
)
def test_no_other_site_sends_a_report(
    browser: TestClient, sessions: SessionFactory, photos: list[int], headers: dict[str, str]
) -> None:
    answer = browser.post(f"/api/photos/{photos[0]}/report", json=SAID, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")
    assert waiting(sessions) == 0


@pytest.mark.parametrize(
    "said", [{}, {"reason": "ugly"}, {"reason": "other", "text": "x" * 1001}, {"text": "x"}]
)
def test_what_is_no_report_is_refused(
    browser: TestClient, photos: list[int], said: dict[str, str]
) -> None:
    answer = browser.post(f"/api/photos/{photos[0]}/report", json=said, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")


def test_a_photo_that_is_not_there_cannot_be_reported(
    browser: TestClient, photos: list[int]
) -> None:
    answer = browser.post(f"/api/photos/{photos[1] + 99}/report", json=SAID, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (404, "photo-not-found")
