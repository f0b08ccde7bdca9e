"""Self-contained pages: one HTML file with its style, script and pictures; nothing from the web.

A Content-Security-Policy in the page itself allows its own script and style, by hash, and pictures
by data URL; whatever else a browser were tricked into loading, it refuses.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

import gre
from gre.errors import InputError


def write_page(
    out: Path,
    template: str,
    context: Mapping[str, object],
    *,
    scripts: Sequence[str],
    styles: Sequence[str] = ("page.css",),
    data: object = None,
) -> None:
    """Render a template of this package into one file, which appears whole or not at all.

    Args:
        out: The file to write; its folder is made where it is missing.
        template: Name in `templates/`.
        context: Values for the template; strings are escaped.
        scripts: Names in `templates/`, joined in this order into the page's one script.
        styles: Names in `templates/`, joined likewise into its one style sheet.
        data: Plain values for the script, as JSON in `<script type="application/json">`.

    Raises:
        InputError: The file cannot be written.
    """
    style, script = ("\n".join(map(_source, names)) for names in (styles, scripts))
    html = (
        _environment()
        .get_template(template)
        .render(
            **context,
            style=_trusted(style),
            script=_trusted(script),
            policy=_policy(style, script),
            data=_json_for_html(data),
            version=gre.__version__,
        )
    )
    partial = out.with_name(out.name + ".partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A model's text may hold half a surrogate pair, which UTF-8 cannot: shown as "?".
        partial.write_bytes(html.encode("utf-8", "replace"))
        partial.replace(out)
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); name another file"
        ) from None


@cache
def _source(name: str) -> str:
    return files("gre.evaluation.pages").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _trusted(source: str) -> Markup:
    """A file of this package, which goes into the page as it is."""
    return Markup(source)  # noqa: S704


def _policy(style: str, script: str) -> str:
    hashes = [
        base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")
        for source in (style, script)
    ]
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{hashes[0]}'; "
        f"script-src 'sha256-{hashes[1]}'; base-uri 'none'; form-action 'none'"
    )


def _json_for_html(data: object) -> Markup:
    """JSON that no HTML parser can mistake for a tag, a comment or the end of the script."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return _trusted(text)
