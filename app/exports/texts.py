"""The words of the files that people take away."""

from app.attributes import Language

TEXTS: dict[Language, dict[str, str]] = {
    "es": {
        "title": "Mirada: cómo se ve la ciudad",
        "looks": "Se ve {label}",
        "few": "pocas fotos",
        "none": "sin datos",
        "photos": "{n} fotos",
        "half": "5 = mitad de la ciudad",
        "release": "Versión {name}-{version} · {date} · {n} fotos",
        "meaning": "Según personas que compararon pares de fotos. Es cómo se ve, no cómo es.",
        "meaning.demo": "Según comparaciones de pares de escenas. Es cómo se ve, no cómo es.",
        "demo": "Demostración: calles dibujadas, no fotos reales.",
        "outlines": "Límites: {source}",
        "overview": "Cómo se ve {city}",
        "overview.marks": "Rayado: pocas fotos. Gris: sin datos.",
    },
    "en": {
        "title": "Mirada: how the city looks",
        "looks": "Looks {label}",
        "few": "few photos",
        "none": "no data",
        "photos": "{n} photos",
        "half": "5 = half of the city",
        "release": "Release {name}-{version} · {date} · {n} photos",
        "meaning": "From people who compared pairs of photos. It is how it looks, not how it is.",
        "meaning.demo": "From comparisons of pairs of scenes. It is how it looks, not how it is.",
        "demo": "Demo: drawn scenes, no real photos.",
        "outlines": "Outlines: {source}",
        "overview": "How {city} looks",
        "overview.marks": "Hatched: few photos. Grey: no data.",
    },
}


def number(value: float, language: Language, decimals: int = 1) -> str:
    """With the language's decimal sign; zeros at the end only where `decimals` is 1."""
    written = f"{value:.{decimals}f}"
    if decimals > 1:
        written = written.rstrip("0").rstrip(".")
    return written.replace(".", ",") if language == "es" else written


def count(value: int, language: Language) -> str:
    """With the language's sign between thousands."""
    return f"{value:,}".replace(",", "." if language == "es" else ",")
