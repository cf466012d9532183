"""A folium map in one HTML file that asks nobody for anything."""

import re
from html import escape
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from app.attributes import Language
from app.exports.built import Built


def inert(text: str) -> str:
    """Text as HTML that stays text: folium runs what it has written as a template once more."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


class OfflineMap(folium.Map):
    """Folium's own lists name ten files on foreign servers, of which the map needs Leaflet only."""

    default_js = []  # noqa: RUF012  # folium copies it
    default_css = []  # noqa: RUF012


class Inline(Element):
    """Text as it is: Leaflet's own may look like a template."""

    _template = Template("<{{ this.tag }}>{{ this.text }}</{{ this.tag }}>")

    def __init__(self, tag: str, text: str) -> None:
        super().__init__()
        self.tag = tag
        self.text = text


class Legend(MacroElement):
    """One legend an attribute, of which the one of the layer shown is seen. All texts are inert."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <style>
          .legend .bar { background: linear-gradient(to right, {{ this.ramp | join(", ") }}); }
        </style>
        <div class="legend">
          {%- for entry in this.entries %}
          <section data-layer="{{ entry.title }}"{% if not loop.first %} hidden{% endif %}>
            <h1>{{ entry.title }}</h1>
            <div class="bar"></div>
            <div class="numbers">{% for n in entry.numbers %}<span>{{ n }}</span>{% endfor %}</div>
            <div class="ends">
              <span>{{ entry.left }}</span><span>{{ entry.right }}</span>
            </div>
          </section>
          {%- endfor %}
          <p><span class="few"></span>{{ this.few }}</p>
          {%- for line in this.lines %}<p>{{ line }}</p>{% endfor %}
        </div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        {{ this._parent.get_name() }}.on("baselayerchange", ({ name }) => {
          for (const section of document.querySelectorAll(".legend section"))
            section.hidden = section.dataset.layer !== name;
        });
        {% endmacro %}
        """
    )

    def __init__(
        self, entries: list[dict[str, Any]], ramp: list[str], few: str, lines: list[str]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Legend"
        self.entries = entries
        self.ramp = ramp
        self.few = few
        self.lines = lines


STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; }
.leaflet-container { background: #e9eaec; font: inherit; }
.legend { position: fixed; left: 12px; bottom: 12px; z-index: 1000; width: 300px; padding: 12px;
  background: #fff; color: #1b1f24; border-radius: 6px; box-shadow: 0 1px 6px #0004; }
.legend h1 { margin: 0 0 8px; font-size: 16px; }
.legend .bar { height: 12px; border-radius: 2px; }
.legend .numbers, .legend .ends { display: flex; justify-content: space-between; }
.legend p { margin: 6px 0 0; font-size: 12px; color: #4a5058; }
.legend .few { display: inline-block; width: 16px; height: 10px; margin-right: 6px;
  border: 1px dashed #6b7178; background: #d4d6d9; }
@media (max-width: 480px) { .legend { width: auto; right: 12px; } }
"""


def page(city: folium.Map, built: Built, *, title: str, language: Language) -> str:
    """The whole file. Raises SetupMissing while Leaflet's text is not in the built front end."""
    figure = city.get_root()
    assert isinstance(figure, Figure)
    figure.title = title
    styles = re.sub(r"url\(images/[^)]*\)", "none", built.text("leaflet.css"))
    figure.header.add_child(Inline("style", styles + STYLE), name="styles")
    script = re.sub(r"\s*//# sourceMappingURL=.*", "", built.text("leaflet.js"))
    figure.header.add_child(Inline("script", script), name="leaflet")
    written: str = figure.render()
    return written.replace("<html>", f'<html lang="{language}">', 1)
