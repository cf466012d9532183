"""Shapes of what the admin's side answers about accounts and tokens."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from app.accounts.account import Scope
from app.schemas import Shape

LONGEST_DAYS = 3650


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds a character that cannot be printed")
    return text


Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_printable),
]
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]


class AccountIn(Shape):
    name: str = Field(max_length=200, examples=["rosa"])


class AccountOut(Shape):
    name: str


class PasswordOut(Shape):
    """password: random, and shown only in this answer."""

    name: str
    password: str


class TokenIn(Shape):
    """scope: `upload` for batches and their files only, `admin` for everything."""

    label: Label = Field(description="What it is for", examples=["camera van"])
    scope: Scope = "upload"
    days: Days = 90


class TokenOut(Shape):
    id: int
    account: str
    label: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None


class NewToken(Shape):
    """token: shown only in this answer; sent as `Authorization: Bearer`."""

    token: str
