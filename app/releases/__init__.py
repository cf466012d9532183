"""Releases: what scores photos, which of them is shown, and how they come and go.

A release with rankers has a folder of its name in the release store; its `release.json` and weights
are checked here without torch. An imported one has none.
"""

from app.releases.comparison import compare
from app.releases.folder import FORMAT, FORMAT_VERSION, MANIFEST, read_manifest
from app.releases.progress import all_described, described, progress
from app.releases.registering import (
    Waiting,
    delete_folder,
    register,
    remove,
    trained_folder,
    waiting,
)
from app.releases.release import (
    active,
    as_in_file,
    check_name,
    delete,
    first_version,
    get,
    is_demo,
    listing,
    lock_name,
    published,
)
from app.releases.shapes import (
    AdminRelease,
    AdminReleases,
    Comparison,
    FolderIn,
    ReleaseProgress,
    ScoreIn,
    SwitchIn,
    WaitingFolder,
)
from app.releases.showing import activate, missing, roll_back, way_back

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "MANIFEST",
    "AdminRelease",
    "AdminReleases",
    "Comparison",
    "FolderIn",
    "ReleaseProgress",
    "ScoreIn",
    "SwitchIn",
    "Waiting",
    "WaitingFolder",
    "activate",
    "active",
    "all_described",
    "as_in_file",
    "check_name",
    "compare",
    "delete",
    "delete_folder",
    "described",
    "first_version",
    "get",
    "is_demo",
    "listing",
    "lock_name",
    "missing",
    "progress",
    "published",
    "read_manifest",
    "register",
    "remove",
    "roll_back",
    "trained_folder",
    "waiting",
    "way_back",
]
