from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import accounts
from app.accounts import secret
from app.accounts.secret import digest
from app.errors import BadRequest, Busy, NameTaken
from app.tables import Admin, AdminSession, ApiToken


def test_the_password_that_was_shown_signs_in_and_is_stored_nowhere(session: Session) -> None:
    password = accounts.create(session, "rosa")
    token = accounts.sign_in(session, "rosa", password)
    caller = accounts.by_session(session, token)
    assert caller is not None
    assert (caller.name, caller.scope, caller.by) == ("rosa", "admin", "session")
    stored = session.scalars(select(Admin.password_hash)).one()
    assert stored.startswith("$argon2id$")
    assert password not in stored
    assert token.encode() not in session.scalars(select(AdminSession.token_hash)).one()


def test_passwords_are_random_and_long(session: Session) -> None:
    made = [accounts.create(session, f"admin{n}") for n in range(3)]
    assert len(set(made)) == 3
    assert all(len(password.replace("-", "")) == 16 for password in made)


def test_an_account_is_made_once(session: Session) -> None:
    assert not accounts.any_exist(session)
    accounts.create(session, "rosa")
    assert accounts.any_exist(session)
    with pytest.raises(NameTaken, match="rosa"):
        accounts.create(session, "rosa")
    assert accounts.names(session) == ["rosa"]


@pytest.mark.parametrize("name", ["", " rosa", "a b", "a" * 64, "-rosa", "rosa\n", "ro\x00sa"])
def test_names_that_are_none(session: Session, name: str) -> None:
    with pytest.raises(BadRequest):
        accounts.create(session, name)


@pytest.mark.parametrize(
    ("name", "password"),
    [("rosa", "wrong"), ("nobody", "wrong"), ("rosa", ""), ("ro\x00sa", "x"), ("rosa", "\x00")],
)
def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nobody(
    session: Session, name: str, password: str
) -> None:
    accounts.create(session, "rosa")
    with pytest.raises(accounts.WrongPassword, match=r"^The name or the password is wrong\.$"):
        accounts.sign_in(session, name, password)
    assert session.scalars(select(AdminSession)).all() == []


def test_an_unknown_name_takes_as_long_as_a_known_one(session: Session) -> None:
    accounts.create(session, "rosa")

    def duration_s(name: str) -> float:
        start = perf_counter()
        with pytest.raises(accounts.WrongPassword):
            accounts.sign_in(session, name, "wrong")
        return perf_counter() - start

    duration_s("nobody")  # makes the hash that it is compared with
    known = median(duration_s("rosa") for _ in range(5))
    unknown = median(duration_s("nobody") for _ in range(5))
    assert unknown > known / 3


def test_sessions_end_by_signing_out_by_expiry_and_everywhere(session: Session) -> None:
    password = accounts.create(session, "rosa")
    tokens = [accounts.sign_in(session, "rosa", password) for _ in range(4)]

    def alive() -> list[bool]:
        return [accounts.by_session(session, token) is not None for token in tokens]

    assert alive() == [True] * 4
    accounts.sign_out(session, tokens[0])
    assert alive() == [False, True, True, True]
    session.execute(
        update(AdminSession)
        .where(AdminSession.token_hash == digest(tokens[1]))
        .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    )
    assert alive() == [False, False, True, True]
    admin = session.scalars(select(Admin)).one()
    accounts.sign_out_everywhere(session, admin.id)
    assert alive() == [False] * 4


def test_expired_sessions_are_swept_by_the_next_signing_in(session: Session) -> None:
    password = accounts.create(session, "rosa")
    accounts.sign_in(session, "rosa", password)
    session.execute(update(AdminSession).values(expires_at=datetime.now(UTC)))
    accounts.sign_in(session, "rosa", password)
    assert len(session.scalars(select(AdminSession)).all()) == 1


def test_a_new_password_ends_the_old_one_with_all_sessions_and_tokens(session: Session) -> None:
    old = accounts.create(session, "rosa")
    token = accounts.sign_in(session, "rosa", old)
    script = accounts.create_token(session, "rosa", "camera", "upload", None)
    new = accounts.renew_password(session, "rosa")
    with pytest.raises(accounts.WrongPassword):
        accounts.sign_in(session, "rosa", old)
    assert accounts.by_session(session, token) is None
    assert accounts.by_token(session, script) is None
    accounts.sign_in(session, "rosa", new)


def test_a_removed_account_leaves_nothing(session: Session) -> None:
    password = accounts.create(session, "rosa")
    token = accounts.sign_in(session, "rosa", password)
    script = accounts.create_token(session, "rosa", "camera", "admin", None)
    accounts.remove(session, "rosa")
    assert accounts.by_session(session, token) is None
    assert accounts.by_token(session, script) is None
    assert accounts.names(session) == []


def test_tokens_have_a_scope_and_an_end(session: Session) -> None:
    accounts.create(session, "rosa")
    script = accounts.create_token(session, "rosa", "camera", "upload", timedelta(days=1))
    caller = accounts.by_token(session, script)
    assert caller is not None
    assert (caller.name, caller.scope, caller.by) == ("rosa", "upload", "token")
    assert accounts.by_session(session, script) is None, "a token is no session"
    session.execute(update(ApiToken).values(expires_at=datetime.now(UTC)))
    assert accounts.by_token(session, script) is None


def test_a_revoked_token_and_a_forged_one_open_nothing(session: Session) -> None:
    accounts.create(session, "rosa")
    script = accounts.create_token(session, "rosa", "camera", "admin", None)
    assert accounts.by_token(session, script) is not None
    for forged in ("", "mirada_", script[:-1], script + "x", "mirada_\x00", "ñ\udc80"):
        assert accounts.by_token(session, forged) is None
        assert accounts.by_session(session, forged) is None
    assert accounts.revoke_tokens(session, "rosa", "other") == 0
    assert accounts.revoke_tokens(session, "rosa", "camera") == 1
    assert accounts.by_token(session, script) is None


def test_what_is_asked_of_an_account_that_is_not_there(session: Session) -> None:
    asked: list[Callable[[], object]] = [
        lambda: accounts.renew_password(session, "nobody"),
        lambda: accounts.remove(session, "nobody"),
        lambda: accounts.create_token(session, "nobody", "x", "admin", None),
        lambda: accounts.revoke_tokens(session, "nobody", "x"),
    ]
    for ask in asked:
        with pytest.raises(accounts.AccountNotFound, match="nobody"):
            ask()


def test_tokens_are_listed_without_what_opens_and_revoked_by_their_number(session: Session) -> None:
    accounts.create(session, "rosa")
    script = accounts.create_token(session, "rosa", "camera", "upload", timedelta(days=1))
    accounts.create_token(session, "rosa", "other", "admin", None)
    other, camera = accounts.tokens(session)
    assert (camera.account, camera.label, camera.scope) == ("rosa", "camera", "upload")
    assert camera.expires_at is not None
    assert other.expires_at is None
    accounts.revoke_token(session, camera.id)
    assert accounts.by_token(session, script) is None
    assert accounts.tokens(session) == [other]
    with pytest.raises(accounts.TokenNotFound):
        accounts.revoke_token(session, camera.id)


def test_the_last_account_is_kept_where_nobody_could_make_another(session: Session) -> None:
    accounts.create(session, "rosa")
    with pytest.raises(accounts.LastAccount):
        accounts.remove(session, "rosa", keep_last=True)
    accounts.create(session, "pedro")
    accounts.remove(session, "rosa", keep_last=True)
    assert accounts.names(session) == ["pedro"]


def test_a_crowd_that_signs_in_at_once_is_told_to_wait(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.create(session, "rosa")
    monkeypatch.setattr(secret, "WAITS_S", 0.01)
    with secret.turn(), secret.turn(), pytest.raises(Busy):
        accounts.sign_in(session, "rosa", "x")
    with pytest.raises(accounts.WrongPassword):
        accounts.sign_in(session, "rosa", "x")
