"""The model card, from what `release.json` says, as HTML and as Markdown."""

import base64
import copy
import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import card, cli_model
from app.attributes import ATTRIBUTES, KEYS, Language
from app.card import figures, parts, sparkline, stored
from app.card.words import TEMPLATES
from tests import cards
from tests.conftest import ROOT

LANGUAGES: tuple[Language, ...] = ("es", "en")
NASTY = "</style></script><script>alert(1)</script> | `x` *b* [l](http://evil) \n# <img src=x>"

runner = CliRunner()


class Read(HTMLParser):
    """What a browser would fetch or run, and the text that it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self._in: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "poster") or name.startswith("on"):
                self.fetched.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._in:
            while self._in.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._in:
            self.text += data


def section(described: dict[str, Any], key: str, language: Language = "es") -> card.Section:
    [found] = [one for one in card.sections(described, language) if one.key == key]
    return found


def tables(one: card.Section) -> list[parts.Table]:
    return [block for block in one.blocks if isinstance(block, parts.Table)]


def words(one: card.Section) -> str:
    kinds = (parts.Paragraph, parts.Notice)
    return " ".join(block.text for block in one.blocks if isinstance(block, kinds))


def test_both_languages_say_the_same() -> None:
    es, en = (
        json.loads((TEMPLATES / "card" / f"{language}.json").read_text(encoding="utf-8"))
        for language in LANGUAGES
    )
    assert list(es) == list(en)
    for key, text in es.items():
        assert type(text) is type(en[key]), key
        if isinstance(text, list):
            assert len(text) == len(en[key]), key
            for left, right in zip(text, en[key], strict=True):
                assert re.findall(r"\[\d\]", left) == re.findall(r"\[\d\]", right), key
        else:
            fields = [
                {name for _, name, _, _ in string.Formatter().parse(each) if name}
                for each in (text, en[key])
            ]
            assert fields[0] == fields[1], key


def test_every_source_is_cited_and_every_citation_has_one() -> None:
    for language in LANGUAGES:
        texts = json.loads((TEMPLATES / "card" / f"{language}.json").read_text(encoding="utf-8"))
        sources = texts.pop("sources.items")
        cited = set(re.findall(r"\[(\d)\]", json.dumps(texts)))
        assert [text[:3] for text in sources] == [f"[{n + 1}]" for n in range(len(sources))]
        assert cited == {str(n + 1) for n in range(len(sources))}
        assert any("Dubey" in text for text in sources)
        assert any("Salesses" in text for text in sources)


def test_accuracy_stands_beside_what_the_authors_published() -> None:
    table = tables(section(cards.manifest(), "accuracy"))[0]
    assert [row[0] for row in table.rows] == [a.label["es"] for a in ATTRIBUTES]
    assert table.rows[0] == ("segura", "65,2 % (63,2–67,2)", "4.321", "64,0 %")
    assert [row[3] for row in table.rows] == [
        "64,0 %",
        "63,4 %",
        "61,1 %",
        "66,3 %",
        "64,3 %",
        "68,0 %",
    ]
    english = tables(section(cards.manifest(), "accuracy", "en"))[0]
    assert english.rows[0] == ("safe", "65.2% (63.2–67.2)", "4,321", "64.0%")
    told = words(section(cards.manifest(), "accuracy"))
    assert "No es la misma prueba" in told
    assert "demostración" not in told
    assert "demostración" in words(section(cards.manifest(demo=True), "accuracy"))


def test_every_figure_that_was_measured_is_there() -> None:
    shown = [*tables(section(cards.manifest(), "accuracy")), *tables(section_more())]
    cells = [table.rows[0][1:] for table in shown]
    assert cells[1:] == [
        ("65,2 % (63,2–67,2)", "56,1 % (54,1–58,1)", "50,3 % (48,3–52,3)", "50,0 %"),
        ("68,0 % (66,0–70,0)", "68,0–80,0 %", "411", "902"),
        ("66,2 % (64,2–68,2)", "16.842"),
        ("56,1 % (54,1–58,1)", "0,55 (0,53–0,57)", "676", "4.997"),
        ("0,70 (0,68–0,72)", "4.321"),
        ("0,61 (0,55–0,66)", "790", "31.044"),
    ]
    assert all(len(row) == len(table.head) for table in shown for row in table.rows)


def section_more() -> card.Section:
    return section(cards.manifest(), "more")


def test_cities_with_too_few_votes_are_counted_only() -> None:
    found = section(cards.manifest(), "cities")
    [table] = tables(found)
    assert [row[0] for row in table.rows] == ["Santiago"]
    assert table.rows[0][1] == "63,0 % (61,0–65,0) · 512"
    assert "que no se muestran: 1" in words(found)


def test_too_few_votes_give_no_figure() -> None:
    described = cards.manifest()
    described["metrics"]["safety"] = {
        **cards.figure(None, 212),
        "three_way": {**cards.figure(None, 250), "ties": 38, "tie_threshold": 0.1},
        "tie_auc": None,
        "tie_auc_ci95": None,
        "one_photo_new": cards.figure(None, 299),
    }
    rows = [table.rows[0] for table in tables(section(described, "accuracy"))]
    assert rows[0] == ("segura", "muy pocos votos", "212", "64,0 %")
    rows = [table.rows[0] for table in tables(section(described, "more"))]
    assert rows[0] == ("segura", "muy pocos votos", "299")
    assert rows[1] == ("segura", "muy pocos votos", "muy pocos votos", "38", "250")


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_too_good_for_real_votes_are_suspected(language: Language) -> None:
    described = cards.manifest()
    assert not notices(described, language)
    described["metrics"]["boring"]["accuracy"] = 0.751
    [notice] = notices(described, language)
    assert ATTRIBUTES[2].label[language] in notice
    assert ATTRIBUTES[0].label[language] not in notice
    assert not notices({**described, "demo": True}, language)


def notices(described: dict[str, Any], language: Language) -> list[str]:
    blocks = section(described, "accuracy", language).blocks
    return [block.text for block in blocks if isinstance(block, parts.Notice)]


def test_votes_are_accounted_for() -> None:
    found = section(cards.manifest(), "data")
    uses, dropped = tables(found)
    assert uses.head[1:] == (
        *("Entrenar", "Elegir", "Evaluar", "Una nueva", "Ninguno"),
        "Empates",
    )
    assert uses.rows[0] == ("segura", "30.211", "9.120", "4.997", "16.842", "12", "13,5 %")
    assert dropped.head[1:] == ("Falta la foto", "Foto muy pequeña", "Repetidos")
    assert dropped.rows[0] == ("segura", *["37 (21)"] * 3)
    told = words(found)
    assert "200 m entre partes" in told
    assert "2.800 para entrenar" in told
    assert "junk choice (7)" in told


def test_the_training_is_told_as_it_was_set() -> None:
    course, config = tables(section(cards.manifest(), "training"))
    assert course.rows[0] == ("segura", "3", "2", "0,8")
    assert config.rows == (
        ("votes", "attributes = [], repeats = first"),
        ("fitting", "epochs = 12, learning_rate = 0.005"),
        ("evaluation", "minimum_votes = 300, baselines = true"),
    )
    text = card.markdown(cards.manifest())
    for told in (
        "mobilenet\\_v2",
        "1536 → 512 → 1, dropout 0.3",
        "torch 2.14.1",
        "0123456789abcdef",
    ):
        assert told in text


def test_a_rule_without_words_is_named_as_it_is() -> None:
    described = cards.manifest()
    for votes in described["votes"].values():
        votes["dropped"]["made at night"] = 3
    dropped = tables(section(described, "data"))[1]
    assert dropped.head[-1] == "made at night"
    assert dropped.rows[0][-1] == "3"


def test_histograms_put_the_favourable_end_on_the_right() -> None:
    [charts] = [
        block
        for block in section(cards.manifest(), "scores").blocks
        if isinstance(block, parts.Charts)
    ]
    described = cards.manifest()["portraits"]["attributes"]
    for attribute, chart in zip(ATTRIBUTES, charts.charts, strict=True):
        counts = described[attribute.key]["histogram"]
        turned = attribute.palette == "reversed"
        assert list(chart.counts) == (counts[::-1] if turned else counts)
        assert (chart.left[0], chart.right[0]) == (("10", "0") if turned else ("0", "10"))
        assert chart.right[1] == (attribute.least if turned else attribute.most)["es"]
        assert chart.bars[0].colour < chart.bars[-1].colour
        top = max(counts)
        for bar, n in zip(chart.bars, chart.counts, strict=True):
            assert bar.height == pytest.approx(60 * n / top, abs=0.01)
            assert bar.y + bar.height == pytest.approx(60, abs=0.02)
        assert 60 - chart.even == pytest.approx(60 * sum(counts) / 20 / top, abs=0.01)
        assert "812 fotos" in chart.described
    assert sparkline((0, 3, 7)) == "▁▄█"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_asks_nobody_for_anything(language: Language) -> None:
    described = cards.manifest()
    pictures = cards.examples(described)
    html = card.html(described, language, pictures)
    read = Read(html)
    assert html.startswith("<!doctype html>")
    assert f'<html lang="{language}">' in html
    assert len(read.fetched) == len(pictures) == 54
    assert all(address.startswith("data:image/jpeg;base64,") for address in read.fetched)
    sent = {base64.b64decode(address.partition(",")[2]) for address in read.fetched}
    assert sent == set(pictures.values())
    assert not {"script", "link", "iframe", "object", "base"} & set(read.tags)
    assert not re.search(r"url\(|@import|http-equiv", html)
    assert read.tags.count("h1") == 1
    assert len(read.ids) == len(set(read.ids))


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_and_markdown_say_the_same(language: Language) -> None:
    described = cards.manifest(demo=True)
    html = " ".join(Read(card.html(described, language)).text.split())
    markdown = re.sub(r"\\(.)", r"\1", card.markdown(described, language))
    for one in card.sections(described, language):
        assert one.title in html
        assert f"## {one.title}" in markdown
        for block in one.blocks:
            for text in texts_of(block):
                assert text in html, text
                assert text in markdown, text


def texts_of(block: parts.Block) -> Iterator[str]:
    match block:
        case parts.Paragraph() | parts.Notice():
            yield block.text
        case parts.Bullets() | parts.Facts():
            yield from (
                text
                for row in (block.items if isinstance(block, parts.Bullets) else block.rows)
                for text in row
            )
        case parts.Table():
            yield block.caption
            yield from (cell for row in (block.head, *block.rows) for cell in row)
        case parts.Sources():
            yield from block.items
        case parts.Examples():
            yield from (
                photo.photo
                for ranked in block.attributes
                for _, photos in ranked.groups
                for photo in photos
            )
        case parts.Charts():
            yield from (chart.title for chart in block.charts)


def test_the_demo_says_so_first_and_only_there() -> None:
    html, markdown = (make(cards.manifest(demo=True)) for make in (card.html, card.markdown))
    assert "Demostración: calles dibujadas, no fotos reales." in html
    assert "Demostración" in markdown.splitlines()[2]
    assert "Esta demostración no se entrenó con Place Pulse" in markdown
    for text in (card.html(cards.manifest()), card.markdown(cards.manifest())):
        assert "emostración" not in text


def test_it_says_how_a_place_looks_and_never_how_it_is() -> None:
    for language in LANGUAGES:
        text = card.markdown(cards.manifest(), language)
        es = r"\b(barrio|lugar|calle|comuna)s? (insegur|pobre|peligros)"
        assert not re.search(rf"{es}|\bunsafe\b|\bpoor (area|place|quarter)", text)


def test_words_of_others_stay_words() -> None:
    described = cards.manifest(name=NASTY, licence=NASTY, notes=[NASTY])
    described["versions"][NASTY] = NASTY
    described["metrics"]["noisy"] = described["metrics"].pop("beautiful")
    for city in (NASTY, "Ñuñoa"):
        described["metrics"]["safety"]["by_city"][city] = cards.figure(0.6, 400)
    described["portraits"]["attributes"]["safety"]["most"][0]["photo"] = NASTY
    html = card.html(described)
    read = Read(html)
    assert read.fetched == []
    assert not {"script", "img"} & set(read.tags)
    assert html.count("</style>") == 1
    markdown = card.markdown(described)
    assert "<script" not in re.sub(r"\\.", "", markdown)
    for line in markdown.splitlines():
        assert not re.match(r"\s*# ", line) or line.startswith("# Ficha")
        assert "](http" not in re.sub(r"\\.", "", line)
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in rows if "alert" in row}
    assert bars == {8}, "seven columns, whatever stands in a cell"
    assert "noisy" in markdown


def test_an_attribute_that_mirada_does_not_know_has_a_card() -> None:
    described = cards.manifest(metrics={"noisy": cards.metrics("safety")})
    described["portraits"]["attributes"] = {"noisy": cards.portrait("safety")}
    assert tables(section(described, "accuracy"))[0].rows == (
        ("noisy", "65,2 % (63,2–67,2)", "4.321", "–"),
    )
    assert "más noisy" in card.html(described)


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"demo": True},
        {"metrics": {"safety": {"accuracy": 0.71, "ci95": [0.68, 0.74], "votes": 900}}},
        {key: kind() for key, kind in {"metrics": dict, "votes": dict, "notes": list}.items()},
    ],
)
def test_what_an_older_release_does_not_say_is_left_out(described: dict[str, Any]) -> None:
    keys = [one.key for one in card.sections(described, "es")]
    judged = ["accuracy"] if described.get("metrics") else []
    assert keys == ["facts", *judged, "not", "biases", "sources"]
    assert "None" not in card.markdown(described)
    card.html(described, "en")


def places(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(found, dict | list):
        keys = found if isinstance(found, dict) else range(len(found))
        for key in keys:
            yield from places(found[key], (*path, key))


@pytest.mark.parametrize("wrong", [None, "text", 3, 0.5, [], {}, [None], {"a": None}, True])
def test_no_wrong_value_anywhere_ends_the_card(wrong: Any) -> None:
    """The about page shows what a database holds; it must not fail on a release made by hand."""
    whole = cards.manifest()
    for key in ("metrics", "votes", "heads"):
        whole[key] = {"safety": whole[key]["safety"]}
    whole["training"]["fits"] = {"safety": whole["training"]["fits"]["safety"]}
    whole["portraits"]["attributes"] = {"safety": whole["portraits"]["attributes"]["safety"]}
    damaged = whole
    for path in places(whole):
        damaged = copy.deepcopy(whole)
        inner: Any = damaged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = wrong
        try:
            shown = card.sections(damaged, "es")
        except Exception as error:
            raise AssertionError(f"{path} = {wrong!r}: {error!r}") from error
        assert {
            type(text) for one in shown for block in one.blocks for text in texts_of(block)
        } == {str}, path
    card.html(damaged)
    card.markdown(damaged)


def test_copies_of_photos_are_taken_from_the_folder_only(tmp_path: Path) -> None:
    described = cards.store(tmp_path / "r", cards.manifest())
    there = stored.examples(described, tmp_path / "r")
    assert len(there) == 54
    assert all(file.parent == tmp_path / "r" / "examples" for file in there.values())
    assert stored.examples(described, tmp_path / "elsewhere") == {}
    (tmp_path / "x.jpg").write_bytes(b"x")
    for file in ("examples/../../x.jpg", str(tmp_path / "x.jpg"), None, 3):
        outside = {"examples": {"p": {"file": file, "sha256": "0" * 64}}}
        assert stored.examples(outside, tmp_path / "r") == {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return cards.folder(tmp_path / "release", cards.manifest())


def command(*arguments: object, code: int = 0) -> str:
    result = runner.invoke(cli_model.app, ["card", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_the_command_writes_either_kind_in_either_language(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "card.html"
    assert "The card of santiago-2 is in" in command(folder, "--out", page)
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") == 54
    assert '<html lang="es">' in text
    command(folder, "--out", page, "--language", "en")
    assert "<h1>Model card of santiago-2</h1>" in page.read_text(encoding="utf-8")
    note = tmp_path / "card.md"
    command(folder, "--out", note)
    assert note.read_text(encoding="utf-8").startswith("# Ficha del modelo santiago-2\n")


def test_the_command_says_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    assert "must end in .html or .md" in command(folder, "--out", tmp_path / "card.pdf", code=1)
    assert "is no release" in command(tmp_path / "no", "--out", tmp_path / "card.md", code=1)
    gone = tmp_path / "no" / "card.md"
    assert "cannot be written" in command(folder, "--out", gone, code=1)
    command(folder, "--out", tmp_path / "card.md", "--language", "fr", code=2)
    (folder / "examples" / "001.jpg").write_bytes(b"another")
    assert "SHA-256 differs" in command(folder, "--out", tmp_path / "card.md", code=1)
    assert not (tmp_path / "card.md").exists()


def test_the_command_works_where_torch_is_not_installed(folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'torchvision', 'safetensors'):\n"
        "    sys.modules[name] = None\n"
        "from app.cli_model import app\n"
        "app(['card', *sys.argv[1:]])\n"
    )
    out = tmp_path / "card.html"
    done = subprocess.run(
        [sys.executable, "-c", code, folder, "--out", out],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 50_000


def test_the_published_figures_are_of_the_six_attributes() -> None:
    assert list(figures.AUTHORS) == list(KEYS)
    assert set(figures.AUTHORS.values()) == {0.640, 0.634, 0.611, 0.663, 0.643, 0.680}
