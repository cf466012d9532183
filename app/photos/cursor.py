"""Where a page of photos ended, as an opaque word that the next request brings back."""

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import BadRequest


class Cursor(BaseModel):
    """The last photo shown, and what the first page found out about the whole list.

    asked: fingerprint of the question, so that a cursor is not used with another one.
    center: the score that `typical` measures distance from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: str
    total: int
    center: int | None = None
    score: Annotated[int, Field(ge=0, le=1000)] | None = None
    captured_at: datetime | None = None
    chance: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    distance_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    photo_id: Annotated[int, Field(ge=0, lt=2**63)]

    def write(self) -> str:
        return urlsafe_b64encode(self.model_dump_json(exclude_none=True).encode()).decode()

    @classmethod
    def read(cls, word: str, asked: str) -> "Cursor":
        try:
            cursor = cls.model_validate_json(urlsafe_b64decode(word.encode()))
        except (binascii.Error, UnicodeError, ValidationError) as error:
            raise BadRequest("The cursor is not one of ours. Start again without it.") from error
        if cursor.asked != asked:
            raise BadRequest(
                "The cursor belongs to another list of photos. Start again without it, "
                "or keep release, filter and order as they were."
            )
        return cursor


def fingerprint(*question: object) -> str:
    return hashlib.sha256(repr(question).encode()).hexdigest()[:16]
