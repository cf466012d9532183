"""What every file that people take away says of an attribute, its scale and its release."""

from collections.abc import Iterable

from app import releases
from app.areas import AreaFigures, ListedLayer
from app.attributes import Attribute, Language
from app.exports.texts import TEXTS, count, number
from app.tables import Release


def title(attribute: Attribute, language: Language) -> str:
    return TEXTS[language]["looks"].format(label=attribute.label[language])


def numbers(attribute: Attribute, spread: float, language: Language) -> list[str]:
    """Five numbers below a colour bar over 5 ± spread.

    Yellow is always on the right, so for a reversed palette the numbers fall.
    """
    low, high = 5 - spread, 5 + spread
    if attribute.palette == "reversed":
        low, high = high, low
    return [number(low + (high - low) * step / 4, language, 2) for step in range(5)]


def ends(attribute: Attribute, language: Language) -> tuple[str, str]:
    """What the left and the right end of a colour bar mean."""
    least, most = attribute.least[language], attribute.most[language]
    return (least, most) if attribute.palette == "forward" else (most, least)


def meaning(release: Release, language: Language) -> str:
    return TEXTS[language]["meaning.demo" if releases.is_demo(release) else "meaning"]


def about(release: Release, figures: Iterable[AreaFigures], language: Language) -> str:
    """Name, version and date of the release, and the number of scored photos in the areas."""
    published = release.published_at
    return TEXTS[language]["release"].format(
        name=release.name,
        version=release.version,
        date="–" if published is None else published.date().isoformat(),
        n=count(sum(each.n for each in figures), language),
    )


def source(layer: ListedLayer, language: Language) -> str | None:
    """Whose outlines they are, under which licence; None where the layer does not say."""
    if not layer.source:
        return None
    licence = f" ({layer.licence})" if layer.licence else ""
    return TEXTS[language]["outlines"].format(source=layer.source) + licence
