"""Attempts to sign in, counted in the database for all web processes together."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text, update

from app.accounts import SignInPaused, attempts
from app.accounts.attempts import network_of
from app.db import SessionFactory, make_engine, session_factory
from app.tables import SignInAttempt


def passes(sessions: SessionFactory, name: str, address: str) -> bool:
    try:
        attempts.begin(sessions, name, address)
    except SignInPaused:
        return False
    return True


def rows(sessions: SessionFactory) -> int:
    with sessions() as session:
        return session.scalars(select(func.count()).select_from(SignInAttempt)).one()


def later(sessions: SessionFactory, seconds: int) -> None:
    with sessions.begin() as session:
        session.execute(
            update(SignInAttempt).values(
                ends_at=SignInAttempt.ends_at - text(f"interval '{seconds} s'")
            )
        )


def test_the_sixth_attempt_within_a_minute_is_not_looked_at(
    sessions: SessionFactory, clean_database: str
) -> None:
    for _ in range(5):
        attempts.begin(sessions, "rosa", "192.0.2.1")
    with pytest.raises(SignInPaused, match="Try again in") as paused:
        attempts.begin(sessions, "rosa", "192.0.2.1")
    assert 55 <= paused.value.wait_s <= 60
    assert passes(sessions, "rosa", "192.0.2.2")
    assert passes(sessions, "pedro", "192.0.2.1")
    other_process = make_engine(clean_database)
    assert not passes(session_factory(other_process), "rosa", "192.0.2.1")
    other_process.dispose()


def test_the_pause_becomes_longer_and_ends(sessions: SessionFactory) -> None:
    looked_at = 0
    for _ in range(5):
        looked_at += sum(passes(sessions, "rosa", "192.0.2.1") for _ in range(6))
        later(sessions, 61)
    assert looked_at == 20
    with pytest.raises(SignInPaused) as paused:
        attempts.begin(sessions, "rosa", "192.0.2.1")
    assert 3200 < paused.value.wait_s <= 3600
    later(sessions, 3600)
    assert passes(sessions, "rosa", "192.0.2.1")


def test_one_address_is_paused_over_all_names_and_one_name_over_all_addresses(
    sessions: SessionFactory,
) -> None:
    for n in range(20):
        attempts.begin(sessions, f"admin{n}", "192.0.2.1")
    assert not passes(sessions, "another", "192.0.2.1")
    for n in range(100):
        attempts.begin(sessions, "rosa", f"198.51.100.{n}")
    with pytest.raises(SignInPaused) as paused:
        attempts.begin(sessions, "rosa", "203.0.113.1")
    assert 3500 < paused.value.wait_s <= 3600


def test_attempts_at_the_same_moment_are_all_counted(sessions: SessionFactory) -> None:
    with ThreadPoolExecutor(8) as pool:
        looked_at = sum(pool.map(lambda _: passes(sessions, "rosa", "192.0.2.1"), range(40)))
    assert looked_at == 5


def test_signing_in_forgives_the_attempts_before(sessions: SessionFactory) -> None:
    for _ in range(5):
        attempts.begin(sessions, "rosa", "192.0.2.1")
    with sessions.begin() as session:
        attempts.forgive(session, "rosa", "192.0.2.1")
    assert rows(sessions) == 0
    assert passes(sessions, "rosa", "192.0.2.1")


def test_counts_that_ended_are_swept_by_later_attempts(sessions: SessionFactory) -> None:
    for n in range(10):
        attempts.begin(sessions, f"admin{n}", "192.0.2.1")
    assert rows(sessions) == 2 + 3 * 10
    later(sessions, 2 * 3600)
    attempts.begin(sessions, "rosa", "192.0.2.9")
    assert rows(sessions) == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "testclient", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) == same


def test_names_of_any_kind_and_size_are_counted(sessions: SessionFactory) -> None:
    for name in ("", "ro\x00sa", "ñ\udc80", "x" * 2**20):
        attempts.begin(sessions, name, "192.0.2.1")
