"""What a card is made of: sections of plain blocks that HTML and Markdown templates draw alike."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Paragraph:
    kind: ClassVar = "paragraph"
    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Notice:
    """What nobody may overlook."""

    kind: ClassVar = "notice"
    text: str


@dataclass(frozen=True)
class Bullets:
    """Each with the words that stand out at its beginning, or ""."""

    kind: ClassVar = "bullets"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts:
    """Name and value, line by line. code: values are hashes and the like."""

    kind: ClassVar = "facts"
    rows: tuple[tuple[str, str], ...]
    code: bool = False


@dataclass(frozen=True)
class Table:
    """The first column names the row; `numeric`: the others are numbers."""

    kind: ClassVar = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True


@dataclass(frozen=True)
class Bar:
    """In a drawing of 200 × 60 units, from the left and the top."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Chart:
    """left, right: the ends of the scale, as score and words. even: where bars end if all alike."""

    title: str
    described: str
    bars: tuple[Bar, ...]
    counts: tuple[int, ...]
    even: float
    left: tuple[str, str]
    right: tuple[str, str]


@dataclass(frozen=True)
class Charts:
    kind: ClassVar = "charts"
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Example:
    """source: address of the small copy, none where the release holds no copies."""

    photo: str
    score: str
    described: str
    source: str | None


@dataclass(frozen=True)
class Ranked:
    """The photos of one attribute, under «más …», «típica» and «menos …»."""

    title: str
    groups: tuple[tuple[str, tuple[Example, ...]], ...]


@dataclass(frozen=True)
class Examples:
    kind: ClassVar = "examples"
    attributes: tuple[Ranked, ...]
    pictures: bool


@dataclass(frozen=True)
class Sources:
    kind: ClassVar = "sources"
    items: tuple[str, ...]


Block = Paragraph | Notice | Bullets | Facts | Table | Charts | Examples | Sources


@dataclass(frozen=True)
class Section:
    """folded: long and technical, so HTML opens it on request."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False
