import re

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app import accounts
from app.cli_admin import app
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
