"""Nobody passes who is not meant to."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from app import accounts
from app.db import session_factory
from app.routes.admin_access import PLAIN_COOKIE, SECURE_COOKIE
from app.tables import Admin, AdminSession
from tests.routes.conftest import OURS, app_of, browser_of, sign_in

OPEN = {(method, "/admin/sign-in") for method in ("GET", "POST")}


def admin_routes(app: FastAPI) -> set[tuple[str, str]]:
    """Methods and paths below /admin and /api/admin, whichever router they came with."""
    found = set()
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        if path.startswith(("/admin", "/api/admin")):
            found |= {(method, path) for method in context.methods or ()}
    return found


def test_every_route_of_the_admin_refuses_strangers(
    browser: TestClient, access_app: FastAPI, password: str
) -> None:
    routes = admin_routes(access_app)
    described = {
        (method.upper(), path)
        for path, methods in access_app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/api/admin")
    }
    assert described <= routes
    assert len(routes - OPEN) >= 26
    assert routes >= OPEN
    strangers = [
        {},
        {"Cookie": f"{PLAIN_COOKIE}=forged"},
        {"Cookie": f"{PLAIN_COOKIE}="},
        {"Authorization": "Bearer forged"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {password}"},
    ]
    for method, path in sorted(routes - OPEN):
        address = re.sub(r"\{[^}]+\}", "1", path)
        for headers in strangers:
            answer = browser.request(method, address, headers=OURS | headers)
            if path.startswith("/api/"):
                assert answer.status_code == 401, (method, path, headers)
                assert method == "HEAD" or answer.json()["code"] == "not-signed-in"
            else:
                assert answer.status_code in (303, 401), (method, path, headers)
                assert password not in answer.text


def test_a_token_for_uploads_reaches_batches_and_nothing_else(
    browser: TestClient, access_app: FastAPI, clean_engine: Engine, password: str
) -> None:
    with session_factory(clean_engine).begin() as session:
        upload = accounts.create_token(session, "rosa", "a", "upload", None)
    for method, path in sorted(admin_routes(access_app) - OPEN):
        address = re.sub(r"\{[^}]+\}", "1", path)
        answer = browser.request(
            method, address, headers=OURS | {"Authorization": f"Bearer {upload}"}
        )
        taking = method == "DELETE" or path.endswith("/cancel")
        if path.startswith("/api/admin/batches") and not taking:
            assert answer.status_code in (200, 404, 422), (method, path)
        elif path != "/admin/sign-out":
            assert answer.status_code == 403, (method, path)
            assert method == "HEAD" or answer.json()["code"] == "scope-missing"


def test_no_other_site_reaches_what_changes_anything_in_a_signed_in_browser(
    browser: TestClient, access_app: FastAPI, password: str
) -> None:
    sign_in(browser, password)
    unsafe = {route for route in admin_routes(access_app) if route[0] not in ("GET", "HEAD")}
    assert len(unsafe) >= 16
    for method, path in sorted(unsafe):
        address = re.sub(r"\{[^}]+\}", "1", path)
        form = {"name": "rosa", "password": password} if path == "/admin/sign-in" else {}
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {}):
            answer = browser.request(method, address, data=form, headers=headers)
            assert answer.status_code == 403, (method, path, headers)
            assert answer.json()["code"] == "foreign-origin"
    assert browser.get("/admin").status_code == 200


def test_a_page_leads_to_signing_in_and_back(browser: TestClient, password: str) -> None:
    answer = browser.get("/admin/batches/7?lang=en", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    assert address.path == "/admin/sign-in"
    assert parse_qs(address.query)["next"] == ["/admin/batches/7?lang=en"]
    page = browser.get(answer.headers["location"])
    assert 'value="/admin/batches/7?lang=en"' in page.text
    back = browser.post(
        "/admin/sign-in",
        data={"name": "rosa", "password": password, "next": "/admin/batches/7?lang=en"},
        headers=OURS,
    )
    assert (back.status_code, back.headers["location"]) == (303, "/admin/batches/7?lang=en")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/admin",
        "//evil.example/admin",
        "/\\evil.example",
        "/admin\\..\\x",
        "javascript:alert(1)",
        "/gallery",
        "/admin\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_signing_in_leads_to_our_own_pages_only(
    browser: TestClient, password: str, address: str
) -> None:
    answer = browser.post(
        "/admin/sign-in",
        data={"name": "rosa", "password": password, "next": address},
        headers=OURS,
    )
    assert answer.headers["location"] == "/admin"


def test_a_session_lasts_until_signing_out(
    browser: TestClient, password: str, clean_engine: Engine
) -> None:
    sign_in(browser, password)
    page = browser.get("/admin")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "rosa" in page.text
    token = browser.cookies[PLAIN_COOKIE]
    answer = browser.post("/admin/sign-out", headers=OURS)
    assert answer.headers["location"] == "/admin/sign-in"
    assert PLAIN_COOKIE not in browser.cookies
    browser.cookies.set(PLAIN_COOKIE, token)
    assert browser.get("/admin").status_code == 303, "the old cookie opens nothing"
    with session_factory(clean_engine).begin() as session:
        assert session.scalars(select(AdminSession)).all() == []


def test_signing_out_everywhere_ends_other_browsers_too(
    browser: TestClient, access_app: FastAPI, password: str
) -> None:
    with browser_of(access_app) as other:
        sign_in(browser, password)
        sign_in(other, password)
        browser.post("/admin/sign-out", data={"everywhere": "true"}, headers=OURS)
        assert other.get("/admin").status_code == 303


def test_the_cookie_is_for_the_server_alone_and_for_tls_elsewhere_than_here(
    access_app: FastAPI, browser: TestClient, password: str, assets: Path
) -> None:
    answer = browser.post(
        "/admin/sign-in", data={"name": "rosa", "password": password}, headers=OURS
    )
    plain = answer.headers["set-cookie"]
    assert plain.startswith(f"{PLAIN_COOKIE}=")
    assert "HttpOnly" in plain
    assert "SameSite=lax" in plain
    assert "Secure" not in plain
    with browser_of(access_app, "https://mirada.example") as far:
        answer = far.post(
            "/admin/sign-in",
            data={"name": "rosa", "password": password},
            headers={"Origin": "https://mirada.example"},
        )
        secure = answer.headers["set-cookie"]
        assert secure.startswith(f"{SECURE_COOKIE}=")
        assert "Secure" in secure
        assert "Path=/" in secure
        assert "Domain" not in secure
        assert far.get("/admin").status_code == 200
        token = far.cookies[SECURE_COOKIE]
    with browser_of(access_app, "https://mirada.example") as neighbour:
        neighbour.cookies.set(PLAIN_COOKIE, token)
        assert neighbour.get("/admin").status_code == 303, "a neighbour could set this one"


def test_signing_in_without_tls_says_what_is_missing(
    access_app: FastAPI, browser: TestClient
) -> None:
    with browser_of(access_app, "http://mirada.example") as far:
        assert "https" in far.get("/admin/sign-in").text
    assert "https" not in browser.get("/admin/sign-in").text


@pytest.mark.parametrize(
    ("setting", "address", "cookie"),
    [
        ("never", "http://mirada.example", PLAIN_COOKIE),
        ("always", "https://localhost", SECURE_COOKIE),
    ],
)
def test_the_cookie_may_be_decided_by_a_setting(
    clean_engine: Engine,
    tmp_path: Path,
    password: str,
    setting: str,
    address: str,
    cookie: str,
) -> None:
    app = app_of(clean_engine, tmp_path, cookie_secure=setting)
    with browser_of(app, address) as client:
        answer = client.post(
            "/admin/sign-in",
            data={"name": "rosa", "password": password},
            headers={"Origin": address},
        )
    assert answer.headers["set-cookie"].startswith(f"{cookie}=")


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:81"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({}, False),
    ],
)
def test_a_page_of_another_site_can_do_nothing_in_a_signed_in_browser(
    browser: TestClient, password: str, headers: dict[str, str], passes: bool
) -> None:
    sign_in(browser, password)
    new = {"title": "a", "source": "b", "licence": "c"}
    answer = browser.post("/api/admin/batches", json=new, headers=headers)
    assert answer.status_code == (201 if passes else 403)
    if not passes:
        assert answer.json()["code"] == "foreign-origin"
        forged = browser.post(
            "/admin/sign-in", data={"name": "rosa", "password": password}, headers=headers
        )
        assert forged.status_code == 403
        assert browser.post("/admin/sign-out", headers=headers).status_code == 403


def test_a_token_needs_no_origin_and_opens_no_page_beyond_its_scope(
    browser: TestClient, clean_engine: Engine, password: str
) -> None:
    with session_factory(clean_engine).begin() as session:
        upload = accounts.create_token(session, "rosa", "a", "upload", None)
        full = accounts.create_token(session, "rosa", "b", "admin", None)
    new = {"title": "a", "source": "b", "licence": "c"}
    for token in (upload, full):
        headers = {"Authorization": f"Bearer {token}"}
        assert browser.post("/api/admin/batches", json=new, headers=headers).status_code == 201
    page = browser.get("/admin", headers={"Authorization": f"Bearer {upload}"})
    assert (page.status_code, page.json()["code"]) == (403, "scope-missing")
    assert browser.get("/admin", headers={"Authorization": f"Bearer {full}"}).status_code == 200
    cookie = {"Cookie": f"{PLAIN_COOKIE}={full}"}
    assert browser.get("/api/admin/batches", headers=cookie).status_code == 401


def test_guessing_is_paused_even_for_the_right_password(browser: TestClient, password: str) -> None:
    def attempt(tried: str) -> int:
        return browser.post(
            "/admin/sign-in", data={"name": "rosa", "password": tried}, headers=OURS
        ).status_code

    assert [attempt(f"guess {n}") for n in range(5)] == [403] * 5
    answer = browser.post(
        "/admin/sign-in", data={"name": "rosa", "password": password}, headers=OURS
    )
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "set-cookie" not in answer.headers
    assert PLAIN_COOKIE not in browser.cookies


def test_a_wrong_password_is_answered_by_the_page_with_the_name(browser: TestClient) -> None:
    answer = browser.post(
        "/admin/sign-in?lang=en",
        data={"name": '"><script>alert(1)</script>', "password": "x"},
        headers=OURS,
    )
    assert answer.status_code == 403
    assert "The name or the password is wrong." in answer.text
    assert "<script>alert" not in answer.text


def test_pages_in_both_languages_escape_what_admins_wrote(
    browser: TestClient, password: str
) -> None:
    sign_in(browser, password)
    nasty = "</script><script>alert(1)</script>"
    new = {"title": nasty, "source": nasty, "licence": nasty, "attribution": nasty}
    batch = browser.post("/api/admin/batches", json=new, headers=OURS).json()
    for path in ("/admin", f"/admin/batches/{batch['id']}"):
        for lang, word in (("es", "lote"), ("en", "batch")):
            page = browser.get(f"{path}?lang={lang}")
            assert page.status_code == 200
            assert f'<html lang="{lang}">' in page.text
            assert word in page.text
            assert nasty not in page.text
    assert browser.get("/admin/batches/999", headers={"Accept": "text/html"}).status_code == 404


def test_a_removed_account_is_out_at_once(
    browser: TestClient, password: str, clean_engine: Engine
) -> None:
    sign_in(browser, password)
    with session_factory(clean_engine).begin() as session:
        session.delete(session.scalars(select(Admin)).one())
    assert browser.get("/admin").status_code == 303
