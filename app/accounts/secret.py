"""Passwords and tokens: made, hashed, compared.

Passwords are kept as Argon2 hashes, session and API tokens as SHA-256: they are random, so there
is nothing to guess in them, and a copy of the database opens no door.
"""

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pwdlib import PasswordHash

from app.errors import Busy

WAITS_S = 5.0

# Without the letters and digits that are mistaken for each other when read out.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

# Argon2 takes 64 MB a time; without a bound, many attempts at once would take the memory.
_hashing = threading.BoundedSemaphore(2)


def new_password() -> str:
    """About 79 bits in four groups, as easy to type as such a thing can be."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def new_token() -> str:
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


@contextmanager
def turn() -> Iterator[None]:
    """One of two turns to hash; Busy for who would wait long, so that no crowd holds the threads.

    Taken before a database connection is, or those who wait would hold them all.
    """
    if not _hashing.acquire(timeout=WAITS_S):
        raise Busy("Too many people are signing in at this moment. Try again in a moment.")
    try:
        yield
    finally:
        _hashing.release()


def hashed(password: str) -> str:
    with turn():
        return argon2().hash(password)


@cache
def argon2() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def nobodys_hash() -> str:
    """What the password for a name without an account is compared with."""
    return argon2().hash(secrets.token_urlsafe(16))
