from dataclasses import asdict

from fastapi import APIRouter

from app.attributes import ATTRIBUTES
from app.schemas import AttributeOut

router = APIRouter(tags=["attributes"])

ALL = [AttributeOut.model_validate(asdict(attribute)) for attribute in ATTRIBUTES]


@router.get("/api/attributes")
async def list_attributes() -> list[AttributeOut]:
    """The six attributes in the order in which everything lists them."""
    return ALL
