import re

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app import accounts
from app.cli.accounts import app
from app.db import make_engine, session_factory
from app.errors import NotFound
from app.tables import Admin


@pytest.fixture
def run(clean_database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MIRADA_DATABASE_URL", clean_database)
    return CliRunner()


def test_the_printed_password_signs_in(run: CliRunner, clean_database: str) -> None:
    result = run.invoke(app, ["create", "rosa"], catch_exceptions=False)
    shown = re.search(r"password (\S+)", result.output)
    assert shown is not None
    engine = make_engine(clean_database)
    with session_factory(engine).begin() as session:
        accounts.sign_in(session, "rosa", shown[1])
        renewed = run.invoke(app, ["password", "rosa"], catch_exceptions=False)
    with session_factory(engine).begin() as session:
        with pytest.raises(accounts.WrongPassword):
            accounts.sign_in(session, "rosa", shown[1])
        new = re.search(r"password (\S+)", renewed.output)
        assert new is not None
        accounts.sign_in(session, "rosa", new[1])
    engine.dispose()


def test_if_none_makes_one_account_only(run: CliRunner, clean_database: str) -> None:
    first = run.invoke(app, ["create", "--if-none", "admin"], catch_exceptions=False)
    assert "password" in first.output
    second = run.invoke(app, ["create", "--if-none", "other"], catch_exceptions=False)
    assert "accounts: admin" in second.output
    listed = run.invoke(app, ["list"], catch_exceptions=False)
    assert listed.output == "admin\n"


def test_sessions_are_ended_and_tokens_listed(run: CliRunner, clean_database: str) -> None:
    shown = re.search(r"password (\S+)", run.invoke(app, ["create", "rosa"]).output)
    assert shown is not None
    made = run.invoke(app, ["token", "rosa", "--label", "cam", "--days", "2"]).output.strip()
    listed = run.invoke(app, ["tokens"], catch_exceptions=False).output
    assert re.fullmatch(r"rosa: cam, upload, made [\d-]{10}, ends [\d-]{10}\n", listed)
    assert made not in listed
    engine = make_engine(clean_database)
    with session_factory(engine).begin() as session:
        browsers = [accounts.sign_in(session, "rosa", shown[1]) for _ in range(2)]
    ended = run.invoke(app, ["sign-out", "rosa"], catch_exceptions=False)
    assert ended.output == "2 sessions of rosa ended\n"
    with session_factory(engine).begin() as session:
        assert not any(accounts.by_session(session, token) for token in browsers)
        assert accounts.by_token(session, made) is not None
    engine.dispose()


def test_a_token_works_until_it_is_revoked_and_an_account_until_it_is_removed(
    run: CliRunner, clean_database: str
) -> None:
    run.invoke(app, ["create", "rosa"], catch_exceptions=False)
    token = run.invoke(app, ["token", "rosa", "--label", "cam"], catch_exceptions=False)
    engine = make_engine(clean_database)

    def works() -> bool:
        with session_factory(engine).begin() as session:
            caller = accounts.by_token(session, token.output.strip())
        return caller is not None and caller.scope == "upload"

    assert works()
    revoked = run.invoke(app, ["revoke", "rosa", "--label", "cam"], catch_exceptions=False)
    assert revoked.output == "1 tokens revoked\n"
    assert not works()
    run.invoke(app, ["remove", "rosa"], catch_exceptions=False)
    with session_factory(engine).begin() as session:
        assert session.scalars(select(Admin)).all() == []
    with pytest.raises(NotFound, match="nobody"):
        run.invoke(app, ["token", "nobody"], catch_exceptions=False)
    engine.dispose()
