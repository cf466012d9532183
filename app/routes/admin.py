"""The admin's side: its pages, its API, and who may use them."""

from fastapi import APIRouter

from app.routes import (
    admin_accounts,
    admin_batches,
    admin_pages,
    admin_photos,
    admin_release_pages,
    admin_releases,
    admin_removal,
    admin_reports,
    admin_sign_in,
)

router = APIRouter()
for part in (
    admin_sign_in,
    admin_pages,
    admin_batches,
    admin_removal,
    admin_photos,
    admin_reports,
    admin_releases,
    admin_release_pages,
    admin_accounts,
):
    router.include_router(part.router)
