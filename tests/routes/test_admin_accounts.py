"""Accounts, tokens and sessions, by the API and by the page's forms."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from app import accounts
from app.db import session_factory
from app.routes.admin_access import PLAIN_COOKIE
from app.tables import Admin, AdminSession
from tests.routes.conftest import OURS, browser_of, sign_in


@pytest.fixture
def rosa(browser: TestClient, password: str) -> TestClient:
    """A browser that rosa has signed in."""
    sign_in(browser, password)
    browser.headers.update(OURS)
    return browser


@pytest.fixture
def script(access_app: FastAPI, clean_engine: Engine, password: str) -> Iterator[TestClient]:
    """With a token that may do everything."""
    with session_factory(clean_engine).begin() as session:
        token = accounts.create_token(session, "rosa", "all", "admin", None)
    with browser_of(access_app) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def shown_once(text: str) -> str:
    found = re.search(r'<code class="shown-once">([^<]+)</code>', text)
    assert found is not None
    return found[1]


def test_accounts_by_the_api(script: TestClient) -> None:
    made = script.post("/api/admin/accounts", json={"name": "pedro"})
    assert made.status_code == 201
    first = made.json()["password"]
    assert script.get("/api/admin/accounts").json() == [{"name": "pedro"}, {"name": "rosa"}]
    taken = script.post("/api/admin/accounts", json={"name": "pedro"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name-taken")
    assert script.post("/api/admin/accounts", json={"name": "a b"}).status_code == 422
    renewed = script.post("/api/admin/accounts/pedro/password").json()
    assert renewed["password"] != first
    assert script.delete("/api/admin/accounts/pedro").status_code == 204
    assert script.delete("/api/admin/accounts/pedro").status_code == 404
    last = script.delete("/api/admin/accounts/rosa")
    assert (last.status_code, last.json()["code"]) == (409, "last-account")


def test_tokens_by_the_api(script: TestClient, access_app: FastAPI) -> None:
    made = script.post("/api/admin/tokens", json={"label": "van", "scope": "upload", "days": 7})
    assert made.status_code == 201
    with browser_of(access_app) as van:
        van.headers["Authorization"] = f"Bearer {made.json()['token']}"
        assert van.get("/api/admin/batches").status_code == 200
        for path in ("accounts", "tokens"):
            refused = van.get(f"/api/admin/{path}")
            assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
        listed = script.get("/api/admin/tokens").json()
        assert [(token["label"], token["scope"]) for token in listed] == [
            ("van", "upload"),
            ("all", "admin"),
        ]
        assert "token" not in str(listed[0].keys())
        assert script.delete(f"/api/admin/tokens/{listed[0]['id']}").status_code == 204
        assert van.get("/api/admin/batches").status_code == 401
    assert script.delete(f"/api/admin/tokens/{listed[0]['id']}").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"days": 4000}, {"scope": "root"}, {"label": " "}, {"label": "a\nb"}]
)
def test_tokens_that_cannot_be(script: TestClient, wrong: dict[str, object]) -> None:
    answer = script.post("/api/admin/tokens", json={"label": "van"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")


def test_all_sessions_end_by_the_api(
    script: TestClient, rosa: TestClient, clean_engine: Engine
) -> None:
    assert script.delete("/api/admin/sessions").status_code == 204
    assert rosa.get("/admin").status_code == 303
    with session_factory(clean_engine).begin() as session:
        assert session.scalars(select(AdminSession)).all() == []


def test_the_page_makes_an_account_and_shows_its_password_once(
    rosa: TestClient, access_app: FastAPI
) -> None:
    made = rosa.post("/admin/accounts", data={"name": " pedro "})
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    password = shown_once(made.text)
    assert password not in rosa.get("/admin/accounts").text
    with browser_of(access_app) as pedro:
        sign_in(pedro, password, name="pedro")
        assert pedro.get("/admin").status_code == 200
        removed = rosa.post("/admin/accounts/remove", data={"name": "pedro"})
        assert removed.status_code == 303
        assert pedro.get("/admin").status_code == 303


@pytest.mark.parametrize(
    ("path", "name", "sentence"),
    [
        ("", "a b", "That name will not do"),
        ("", "rosa", "There is an account of that name already."),
        ("/remove", "rosa", "It is the only account"),
    ],
)
def test_the_page_says_what_is_wrong_with_an_account(
    rosa: TestClient, path: str, name: str, sentence: str
) -> None:
    answer = rosa.post(f"/admin/accounts{path}?lang=en", data={"name": name})
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_new_password_shows_itself_and_ends_the_session(rosa: TestClient, password: str) -> None:
    answer = rosa.post("/admin/accounts/password", data={"name": "rosa"})
    new = shown_once(answer.text)
    assert new != password
    assert rosa.get("/admin").status_code == 303
    sign_in(rosa, new)


def test_the_page_makes_and_revokes_a_token(rosa: TestClient, access_app: FastAPI) -> None:
    made = rosa.post(
        "/admin/accounts/tokens?lang=en", data={"label": "<van>", "scope": "upload", "days": "7"}
    )
    token = shown_once(made.text)
    assert token.startswith("mirada_")
    assert "&lt;van&gt;" in made.text
    assert "<van>" not in made.text
    with browser_of(access_app) as van:
        van.headers["Authorization"] = f"Bearer {token}"
        assert van.get("/api/admin/batches").status_code == 200
        page = rosa.get("/admin/accounts").text
        assert token not in page
        [number] = re.findall(r'name="id" value="(\d+)"', page)
        assert rosa.post("/admin/accounts/tokens/revoke", data={"id": number}).status_code == 303
        assert van.get("/api/admin/batches").status_code == 401


def test_signing_out_everywhere_from_the_page(
    rosa: TestClient, access_app: FastAPI, password: str
) -> None:
    with browser_of(access_app) as other:
        sign_in(other, password)
        assert rosa.get("/admin/accounts").text.count("UTC</time>") == 2
        assert 'name="everywhere" value="true"' in rosa.get("/admin/accounts").text
        rosa.post("/admin/sign-out", data={"everywhere": "true"})
        assert other.get("/admin").status_code == 303
    assert PLAIN_COOKIE not in rosa.cookies


def test_the_page_speaks_both_languages(rosa: TestClient, clean_engine: Engine) -> None:
    with session_factory(clean_engine).begin() as session:
        accounts.create_token(session, "rosa", "for ever", "admin", None)
        assert session.scalars(select(Admin.name)).all() == ["rosa"]
    for lang, word in (("es", "Llaves de programas"), ("en", "Tokens of programs")):
        page = rosa.get(f"/admin/accounts?lang={lang}")
        assert page.status_code == 200
        assert word in page.text
        assert f"/admin/accounts?lang={lang}" in rosa.get(f"/admin?lang={lang}").text
