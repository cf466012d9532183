"""What a release was made from, and how."""

from collections.abc import Mapping
from typing import Any

from app.card.parts import Block, Bullets, Facts, Paragraph, Section, Table
from app.card.reading import Manifest, at, in_order, number, table
from app.card.words import Words

USES = ("train", "validation", "test", "one-new", "none")
RULES = ("photo missing", "photo too small", "repeats", "photo unreadable")
CONFIG = (
    *("votes", "split", "preprocessing", "network", "views", "loss", "fitting", "features"),
    *("evaluation", "release"),
)
SHAPE = ("inputs", "hidden", "dropout")
PARTS = ("train", "validation", "test", "none")


def facts(manifest: Manifest, words: Words) -> Section:
    """The first lines of the card; what the manifest lacks is left out."""
    rows = {
        "name": at(manifest, "name"),
        "date": str(at(manifest, "created_at") or "")[:10],
        "licence": at(manifest, "licence"),
        "attributes": ", ".join(map(words.attribute, in_order(table(manifest, "metrics")))),
        "network": _networks(manifest, words),
        "photos": words.count(photos) if (photos := at(manifest, "data", "photos")) else None,
        "material": words("facts.material.demo") if at(manifest, "demo") is True else None,
    }
    shown = tuple((words(f"facts.{key}"), str(value)) for key, value in rows.items() if value)
    return Section("facts", words("facts.title"), (Facts(shown),))


def _networks(manifest: Manifest, words: Words) -> str:
    names = {
        f"{at(part, 'network')}, "
        + words("facts.frozen" if at(part, "frozen") is True else "facts.trained")
        for part in table(manifest, "trunk").values()
        if at(part, "network")
    }
    return "; ".join(sorted(names))


def votes(manifest: Manifest, words: Words) -> Section | None:
    counted = table(manifest, "votes")
    keys = [key for key in in_order(counted) if isinstance(counted[key], Mapping)]
    blocks: list[Block] = []
    photos = table(manifest, "splits", "photos")
    if photos:
        parts = ", ".join(
            words("data.photos", n=words.count(photos[part]), part=words.name("part", part))
            for part in PARTS
            if photos.get(part)
        )
        method = words.name("method", str(at(manifest, "splits", "method")))
        if distance_m := number(manifest, "splits", "distance_m"):
            method += " " + words("data.distance", distance=words.count(round(distance_m)))
        blocks.append(Paragraph(words("data.split", method=method, parts=parts)))
    if keys:
        blocks.append(Paragraph(words("data.uses")))
        blocks += [_uses(counted, keys, words), _dropped(counted, keys, words)]
    if rejected := table(manifest, "data", "rejected_rows"):
        rows = ", ".join(f"{reason} ({words.count(n)})" for reason, n in rejected.items())
        blocks.append(Paragraph(words("data.rejected", rows=rows)))
    if unreadable := table(manifest, "data", "unreadable"):
        blocks.append(Paragraph(words("data.unreadable", n=words.count(len(unreadable)))))
    return Section("data", words("data.title"), tuple(blocks), folded=True) if blocks else None


def _uses(counted: Mapping[str, Any], keys: list[str], words: Words) -> Table:
    uses = [use for use in USES if any(counted[key].get(use) for key in keys)]
    head = [words(f"data.{use}") for use in uses]
    rows = []
    for key in keys:
        ties = number(counted[key], "ties")
        numbers = [words.count(at(counted[key], use)) for use in uses]
        share = words("none") if ties is None else words.percent(ties)
        rows.append((words.attribute(key), *numbers, share))
    return Table(
        words("data.caption"),
        (words("accuracy.attribute"), *head, words("data.ties")),
        tuple(rows),
    )


def _dropped(counted: Mapping[str, Any], keys: list[str], words: Words) -> Table:
    """Votes, and the photos in them; a rule that dropped nothing was applied too."""
    rules = in_order({rule for key in keys for rule in table(counted[key], "dropped")}, RULES)
    rows = tuple(
        (
            words.attribute(key),
            *(_votes_and_photos(counted[key], rule, words) for rule in rules),
        )
        for key in keys
    )
    head = (words("accuracy.attribute"), *(words.name("rule", rule) for rule in rules))
    return Table(words("data.dropped"), head, rows)


def _votes_and_photos(counted: Any, rule: str, words: Words) -> str:
    votes = words.count(at(counted, "dropped", rule) or 0)
    photos = at(counted, "dropped_photos", rule)
    return votes if photos is None else f"{votes} ({words.count(photos)})"


def training(manifest: Manifest, words: Words) -> Section | None:
    blocks: list[Block] = []
    if rows := _network_rows(manifest, words):
        blocks.append(Facts(tuple(rows)))
    if course := _course(manifest, words):
        blocks.append(course)
    if config := table(manifest, "training", "config"):
        rows = [(section, _values(config[section])) for section in in_order(config, CONFIG)]
        head = (words("training.section"), words("training.values"))
        blocks.append(Table(words("training.config"), head, tuple(rows), numeric=False))
    if hashes := _hashes(manifest, words):
        blocks += [Paragraph(words("training.hashes")), Facts(tuple(hashes), code=True)]
    if versions := table(manifest, "versions"):
        listed = ", ".join(f"{name} {version}" for name, version in versions.items())
        blocks.append(Paragraph(words("training.versions", versions=listed)))
    notes = at(manifest, "notes")
    if isinstance(notes, list) and notes:
        blocks.append(Paragraph(words("training.notes")))
        blocks.append(Bullets(tuple(("", str(note)) for note in notes)))
    if not blocks:
        return None
    return Section("training", words("training.title"), tuple(blocks), folded=True)


def _network_rows(manifest: Manifest, words: Words) -> list[tuple[str, str]]:
    rows = []
    for name, trunk in table(manifest, "trunk").items():
        pooling = words.name("training.pooling", str(at(trunk, "pooling")))
        state = words("facts.frozen" if at(trunk, "frozen") is True else "facts.trained")
        rows.append((f"{words('training.trunk')} {name}", f"{at(trunk, 'network')}, {state}"))
        rows.append((words("training.pooling"), pooling))
        rows.append((words("training.weights"), str(at(trunk, "weights"))))
    # Several trunks have most of it in common.
    rows = list(dict.fromkeys(rows))
    shapes = {
        words("training.heads.value", **{key: at(head, key) for key in SHAPE})
        for head in table(manifest, "heads").values()
        if all(at(head, key) is not None for key in SHAPE)
    }
    if shapes:
        rows.append((words("training.heads"), "; ".join(sorted(shapes))))
    seen = table(manifest, "preprocessing")
    if at(seen, "height"):
        size = f"{at(seen, 'width')} × {at(seen, 'height')} px"
        parts = [size, words.name("training.fit", str(at(seen, "fit") or "stretch"))]
        if cut := number(seen, "cut_bottom"):
            parts.append(words("training.cut", share=words.percent(cut)))
        rows.append((words("training.input"), ", ".join(parts)))
    return rows


def _course(manifest: Manifest, words: Words) -> Table | None:
    rows = []
    for key in in_order(fits := table(manifest, "training", "fits")):
        epochs = at(fits[key], "epochs")
        if not isinstance(epochs, list):
            continue
        best = number(fits[key], "best_epoch")
        losses = [number(epoch, "validation_loss") for epoch in epochs]
        known = [loss for loss in losses if loss is not None]
        lowest = words.number(min(known), 3) if known else words("none")
        # A release counts its epochs from 0, people from 1.
        shown = words("none") if best is None else words.count(round(best) + 1)
        rows.append((words.attribute(key), words.count(len(epochs)), shown, lowest))
    if not rows:
        return None
    head = ("accuracy.attribute", "training.epochs", "training.best", "training.loss")
    return Table(words("training.course"), tuple(map(words, head)), tuple(rows))


def _values(values: Any) -> str:
    """`epochs = 12, batch = 128`, as in the configuration file; what was not given is left out."""
    if not isinstance(values, Mapping):
        return _written(values)
    given = {key: value for key, value in values.items() if value is not None}
    return ", ".join(f"{key} = {_written(value)}" for key, value in given.items())


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return str(value)


def _hashes(manifest: Manifest, words: Words) -> list[tuple[str, str]]:
    data = table(manifest, "data")
    found = [
        (words("training.hash.votes"), at(data, "votes_sha256")),
        (words("training.hash.photos"), at(data, "photos_sha256")),
        (words("training.hash.split"), at(manifest, "splits", "sha256")),
    ]
    for name, trunk in table(manifest, "trunk").items():
        found.append((words("training.hash.weights"), at(trunk, "weights_sha256")))
        found.append((f"{words('training.trunk')} {name}", at(trunk, "sha256")))
    return list(dict.fromkeys((name, str(digest)) for name, digest in found if digest))
