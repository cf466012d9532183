"""Shapes of what the admin's side answers about accounts and tokens."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.accounts.account import Scope
from app.schemas import Line, Shape, example

LONGEST_DAYS = 3650


Label = Annotated[Line, Field(max_length=80)]
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]


class AccountIn(Shape):
    model_config = example(name="rosa")

    name: str = Field(max_length=200)


class AccountOut(Shape):
    model_config = example(name="rosa")

    name: str


class PasswordOut(Shape):
    """password: random, and shown only in this answer."""

    model_config = example(name="rosa", password="four-random-words-here")

    name: str
    password: str


class TokenIn(Shape):
    """scope: `upload` for batches and their files only, `admin` for everything."""

    model_config = example(label="camera van", scope="upload", days=30)

    label: Label = Field(description="What it is for")
    scope: Scope = "upload"
    days: Days = 90


class TokenOut(Shape):
    model_config = example(
        id=3,
        account="rosa",
        label="camera van",
        scope="upload",
        created_at="2026-11-24T09:04:07Z",
        expires_at="2026-12-24T09:04:07Z",
    )

    id: int
    account: str
    label: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None


class NewToken(Shape):
    """token: shown only in this answer; sent as `Authorization: Bearer`."""

    model_config = example(token="mirada_…")

    token: str
