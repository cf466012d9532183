"""What `release.json` says, in full, as a model card finds it."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.attributes import KEYS

RIGHT = dict(zip(KEYS, (0.652, 0.641, 0.607, 0.668, 0.649, 0.671), strict=True))


def figure(value: float | None, votes: int, name: str = "accuracy") -> dict[str, Any]:
    ci95 = None if value is None else [value - 0.02, value + 0.02]
    return {name: value, "ci95": ci95, "votes": votes}


def metrics(key: str) -> dict[str, Any]:
    right = RIGHT[key]
    return {
        **figure(right, 4321),
        "photos": 812,
        "auc": figure(0.702, 4321, "auc"),
        "three_way": {**figure(0.561, 4997), "ties": 676, "tie_threshold": 0.11},
        "tie_auc": 0.553,
        "tie_auc_ci95": [0.531, 0.575],
        "one_photo_new": figure(right + 0.01, 16842),
        "by_city": {"Santiago": figure(0.63, 512), "Valparaíso": figure(None, 41)},
        "rater_agreement": {
            **figure(0.68, 902, "agreement"),
            "unanimous": 0.66,
            "ceiling": [0.68, 0.8],
            "pairs": 411,
        },
        "rank_correlation": {"spearman": 0.61, "ci95": [0.55, 0.66], "photos": 790, "votes": 31044},
        "baselines": {
            "chance": {"accuracy": 0.5},
            "always_left": figure(0.503, 4321),
            "colour_and_edges": figure(0.561, 4321),
        },
    }


def portrait(key: str) -> dict[str, Any]:
    counts = np.bincount(np.random.default_rng(len(key)).binomial(19, 0.5, 812), minlength=20)

    def photos(group: str, score: float) -> list[dict[str, Any]]:
        return [{"photo": f"{key}-{group}-{i}", "score": score - i / 10} for i in range(3)]

    return {
        "histogram": counts.tolist(),
        "most": photos("most", 9.9),
        "median": photos("median", 5.1),
        "least": photos("least", 0.3),
    }


def manifest(**changed: Any) -> dict[str, Any]:
    """Of a release that was trained on real votes."""
    digest = "0123456789abcdef" * 4
    shape = {"trunk": "shared", "inputs": 1536, "hidden": 512, "dropout": 0.3}
    votes = {"train": 30211, "validation": 9120, "test": 4997, "one-new": 16842, "none": 12}
    rules = ("photo missing", "photo too small", "repeats")
    return {
        "format": "mirada-release/1",
        "name": "santiago-2",
        "created_at": "2026-05-31T16:20:00+00:00",
        "attributes": list(KEYS),
        "preprocessing": {"height": 224, "width": 224, "fit": "stretch", "cut_bottom": 0.08},
        "trunk": {
            "shared": {
                "network": "mobilenet_v2",
                "pooling": "several",
                "weights": "imagenet",
                "weights_sha256": digest,
                "frozen": True,
                "file": "trunk-shared.safetensors",
                "sha256": digest[::-1],
            }
        },
        "heads": {key: {**shape, "file": f"head-{key}.safetensors"} for key in KEYS},
        "training": {
            "config": {
                "votes": {"attributes": [], "repeats": "first", "places": None},
                "fitting": {"epochs": 12, "learning_rate": 0.005},
                "evaluation": {"minimum_votes": 300, "baselines": True},
            },
            "fits": {
                key: {"best_epoch": 1, "epochs": [{"validation_loss": v} for v in (0.9, 0.8, 0.85)]}
                for key in KEYS
            },
        },
        "splits": {
            "method": "block",
            "distance_m": 200.0,
            "photos": {"train": 2800, "validation": 410, "test": 812, "none": 31},
            "sha256": digest,
        },
        "votes": {
            key: {
                **votes,
                "ties": 0.1353,
                "dropped": dict.fromkeys(rules, 37),
                "dropped_photos": dict.fromkeys(rules, 21),
            }
            for key in KEYS
        },
        "metrics": {key: metrics(key) for key in KEYS},
        "data": {
            "votes_sha256": digest,
            "photos_sha256": digest,
            "photos": 4053,
            "unreadable": {"a-photo": "no pixels"},
            "rejected_rows": {"junk choice": 7},
        },
        "versions": {"python": "3.11.2", "torch": "2.14.1"},
        "licence": "CC BY-NC 4.0",
        "demo": False,
        "notes": ["Votes of the spring survey."],
        "portraits": {
            "part": "test",
            "photos": 812,
            "reference": {"part": "train", "photos": 2800},
            "attributes": {key: portrait(key) for key in KEYS},
        },
        **changed,
    }


def examples(described: dict[str, Any]) -> dict[str, bytes]:
    """A small picture for each photo that the card names."""
    rng = np.random.default_rng(5)
    keys = {
        one["photo"]
        for attribute in described["portraits"]["attributes"].values()
        for group in ("most", "median", "least")
        for one in attribute[group]
    }
    pictures = {}
    for key in sorted(keys):
        blocks = rng.integers(60, 220, (3, 4, 3), np.uint8)
        out = io.BytesIO()
        Image.fromarray(blocks).resize((200, 150), Image.Resampling.NEAREST).save(out, "JPEG")
        pictures[key] = out.getvalue()
    return pictures


def store(folder: Path, described: dict[str, Any]) -> dict[str, Any]:
    """Writes the examples as a release keeps them; the manifest that names them."""
    (folder / "examples").mkdir(parents=True)
    parts = {}
    for number, (key, content) in enumerate(examples(described).items(), start=1):
        file = f"examples/{number:03}.jpg"
        (folder / file).write_bytes(content)
        parts[key] = {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
    return {**described, "examples": parts}


def folder(where: Path, described: dict[str, Any]) -> Path:
    """A whole release of that manifest; its weights are none, and nothing here needs torch."""
    described = store(where, described)

    def part(named: dict[str, Any], file: str) -> dict[str, Any]:
        content = file.encode()
        (where / file).write_bytes(content)
        return {**named, "file": file, "sha256": hashlib.sha256(content).hexdigest()}

    described["trunk"] = {
        name: part(trunk, f"trunk-{name}.safetensors") for name, trunk in described["trunk"].items()
    }
    described["heads"] = {
        key: part(head, f"head-{key}.safetensors") for key, head in described["heads"].items()
    }
    described["splits"] = part(described["splits"], "splits.csv")
    (where / "release.json").write_text(json.dumps(described), encoding="utf-8")
    return where
