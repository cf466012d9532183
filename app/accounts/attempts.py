"""Slows down and locks out who guesses passwords, by account, by address and by both.

The counts lie in the database, so that all web processes share them and a restart forgives
nothing. An account seen from one address is paused soonest, so that a stranger elsewhere does not
lock its owner out by a handful of attempts.
"""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.db import SessionFactory
from app.errors import TooManyAttempts
from app.tables import SignInAttempt

MINUTE_S = 60
HOUR_S = 3600


@dataclass(frozen=True)
class Limit:
    """At most `allowed` attempts within a window that begins with the first of them."""

    of: str
    allowed: int
    window_s: int


LIMITS = (
    Limit("both", 5, MINUTE_S),
    Limit("both", 20, HOUR_S),
    Limit("address", 20, MINUTE_S),
    Limit("address", 60, HOUR_S),
    Limit("account", 100, HOUR_S),
)


class SignInPaused(TooManyAttempts):
    """`wait_s`: full seconds until the next attempt is looked at."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many attempts to sign in. Try again in {wait_s} s.")
        self.wait_s = wait_s


# Read only, so that who is paused costs the database no write, however often they try.
_PAUSED = text("""
    SELECT ceil(max(extract(epoch FROM ends_at - clock_timestamp())))
      FROM sign_in_attempt
      JOIN unnest(CAST(:keys AS bytea[]), CAST(:allowed AS int[])) AS given (key, allowed)
     USING (key)
     WHERE n >= allowed AND ends_at > clock_timestamp()
""")
# Ordered by its key, so that two attempts at once wait for each other instead of for ever.
_COUNT = text("""
    INSERT INTO sign_in_attempt AS known (key, n, ends_at)
    SELECT key, 1, clock_timestamp() + make_interval(secs => window_s)
      FROM unnest(CAST(:keys AS bytea[]), CAST(:windows AS int[])) AS given (key, window_s)
     ORDER BY key
        ON CONFLICT (key) DO UPDATE
       SET n = CASE WHEN known.ends_at > clock_timestamp() THEN known.n + 1 ELSE 1 END,
           ends_at = CASE WHEN known.ends_at > clock_timestamp()
                          THEN known.ends_at ELSE excluded.ends_at END
    RETURNING key, n, extract(epoch FROM ends_at - clock_timestamp()) AS left_s
""")
_SWEEP = text("""
    DELETE FROM sign_in_attempt WHERE key IN (
        SELECT key FROM sign_in_attempt WHERE ends_at < clock_timestamp() - interval '1 minute'
         LIMIT 100 FOR UPDATE SKIP LOCKED)
""")


def begin(sessions: SessionFactory, name: str, address: str) -> None:
    """Counts an attempt before it is looked at; SignInPaused where there were too many.

    In a transaction of its own: what becomes of the attempt changes nothing, and no attempt waits
    while another's password is hashed.
    """
    wait_s = count(sessions, _keys(name, address))
    if wait_s is not None:
        raise SignInPaused(wait_s)


def count(sessions: SessionFactory, keys: dict[Limit, bytes]) -> int | None:
    """Counts one attempt, by the key of each limit. Seconds to wait, where there were too many.

    Who has to wait is not counted.
    """
    given = {"keys": list(keys.values()), "allowed": [limit.allowed for limit in keys]}
    with sessions.begin() as session:
        wait_s = session.scalar(_PAUSED, given)
    if wait_s is not None:
        return max(1, int(wait_s))
    with sessions.begin() as session:
        session.execute(_SWEEP)
        counted = session.execute(
            _COUNT, given | {"windows": [limit.window_s for limit in keys]}
        ).all()
    allowed = {key: limit.allowed for limit, key in keys.items()}
    # Those that came at the same moment were all let through above.
    waits = [row.left_s for row in counted if row.n > allowed[bytes(row.key)]]
    return max(1, round(max(waits))) if waits else None


def forgive(session: Session, name: str, address: str) -> None:
    """After signing in: what was counted of this account and address is forgotten."""
    keys = sorted(_keys(name, address).values())
    session.execute(
        select(SignInAttempt.key)
        .where(SignInAttempt.key.in_(keys))
        .order_by(SignInAttempt.key)
        .with_for_update()
    )
    session.execute(delete(SignInAttempt).where(SignInAttempt.key.in_(keys)))


def network_of(address: str) -> str:
    """What one person has of addresses: one of IPv4, but 2^64 of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def _keys(name: str, address: str) -> dict[Limit, bytes]:
    """Hashed, so that a name of a megabyte takes no more room than another."""
    network = network_of(address)
    what = {"both": f"{network} {name}", "address": network, "account": name}
    return {limit: key_of(limit, what[limit.of]) for limit in LIMITS}


def key_of(limit: Limit, what: str) -> bytes:
    text = f"{limit.of} {limit.window_s} {what}"
    return hashlib.sha256(text.encode(errors="replace")).digest()[:16]
