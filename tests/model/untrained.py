"""Releases of any trunk and heads, without training."""

from pathlib import Path
from typing import Any

from model.networks.head import Head
from model.networks.trunks import Trunk
from model.releases import release as releases


def save(
    folder: Path,
    trunk: Trunk,
    heads: dict[str, Head],
    *,
    network: str,
    pooling: str,
    preprocessing: dict[str, Any],
) -> None:
    """Write a release as training does."""
    empty: dict[str, Any] = {
        key: {} for key in ("training", "splits", "votes", "metrics", "data", "versions")
    }
    releases.save(
        folder,
        trunks={"shared": ({"network": network, "pooling": pooling}, trunk)},
        heads={key: ("shared", head) for key, head in heads.items()},
        preprocessing=preprocessing,
        split={},
        sha256={},
        manifest={
            **empty,
            "name": folder.name,
            "created_at": "",
            "licence": "",
            "demo": False,
            "notes": [],
        },
    )
