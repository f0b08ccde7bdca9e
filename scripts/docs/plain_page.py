"""Markdown and code as one plain page, about as a hub or Jupyter sets them."""

import re
from pathlib import Path

import markdown
from pygments.formatters import HtmlFormatter

EXTENSIONS = ("tables", "fenced_code", "codehilite", "sane_lists")
STYLE = """
body { margin: 0 auto; max-width: 900px; padding: 16px 20px 40px; color: #1d232b;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 30px; margin: 12px 0; } h2 { font-size: 23px; margin: 26px 0 8px; }
img { max-width: 100%; } a { color: #0c6b69; }
table { border-collapse: collapse; }
th, td { border: 1px solid #d9d6ce; padding: 4px 10px; text-align: left; }
pre { background: #f4f5f6; border-radius: 8px; padding: 10px 12px; overflow-x: auto;
  font-size: 13px; line-height: 1.45; }
"""
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", flags=re.DOTALL)


def to_html(text: str) -> str:
    """Markdown as HTML, its code coloured."""
    return markdown.markdown(text, extensions=list(EXTENSIONS))


def whole_page(title: str, body: str) -> str:
    """A page around some HTML."""
    colours = HtmlFormatter().get_style_defs(".codehilite")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{colours}{STYLE}</style></head><body>{body}</body></html>"
    )


def write_markdown_page(source: Path) -> Path:
    """Write a page of a Markdown file beside it; the hub shows no front matter, nor does this."""
    text = FRONT_MATTER.sub("", source.read_text(encoding="utf-8"))
    out = source.with_suffix(".html")
    out.write_text(whole_page(source.parent.name, to_html(text)), encoding="utf-8")
    return out
