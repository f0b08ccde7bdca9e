"""The page: Gradio components around `gre.demo.handlers`.

Bound to 127.0.0.1; no telemetry, no run history, nothing from the web. `gre.demo.serve` starts it.
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from gre.data.photos import PHOTO_SUFFIXES
from gre.demo import views
from gre.demo.game import Round, choose
from gre.demo.handlers import (
    Photo,
    Screen,
    locate_all,
    place_of_click,
    play_round,
    verdict,
)
from gre.demo.locate import Request
from gre.demo.models import ModelShelf, short_name
from gre.errors import GreError
from gre.evaluation.benchmarks.samples import Sample

HOST = "127.0.0.1"
UPLOAD_LIMIT = "100mb"
"""Largest file that is taken. Ours."""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""A browser loads nothing from elsewhere. Gradio's own scripts need the inline and eval parts."""
NUM_EXAMPLES = 8
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Arial", "sans-serif")
ABOUT = (
    "A model writes down what it sees, step by step, and ends in coordinates. Everything stays on"
    " this machine: photos are deleted with the process, and nothing is asked of the network."
)

# Any below: what Gradio returns and hands over has no types that mypy follows (pyproject.toml).


def build(shelf: ModelShelf, examples: Sequence[Sample], *, max_new_tokens: int = 1024) -> Any:
    """Put the page together; `launch_options` says how it is to be launched.

    Args:
        shelf: Models to choose from.
        examples: Photos whose place is known, for the examples and the game; may be empty.
        max_new_tokens: Longest answer, tokens.
    """
    with gr.Blocks(title="GRE Suite", analytics_enabled=False, delete_cache=(300, 1800)) as page:
        _html(f"<h1>Where was this photo taken?</h1>{views.note(ABOUT)}")
        model = gr.Radio(
            [(short_name(name), name) for name in shelf.names], value=shelf.names[0], label="Model"
        )
        with gr.Tabs():
            with gr.Tab("Locate"):
                _locate_tab(shelf, model, examples[:NUM_EXAMPLES], max_new_tokens)
            with gr.Tab("Guess it yourself"):
                _game_tab(shelf, model, examples, max_new_tokens)
    return page


def _locate_tab(
    shelf: ModelShelf, model: Any, examples: Sequence[Sample], max_new_tokens: int
) -> None:
    rows = gr.State([])
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            upload = gr.File(
                label="Photos", file_count="multiple", file_types=sorted(PHOTO_SUFFIXES),
                height=150, elem_id="upload",
            )  # fmt: skip
            samples = gr.Radio([1, 4, 8, 16], value=1, label="Answers per photo")
            read_exif = gr.Checkbox(label="Compare with the position in the photo's EXIF")
            coarse = gr.Checkbox(label="Country and region only")
            with gr.Row():
                go = gr.Button("Locate", variant="primary", elem_id="go")
                stop = gr.Button("Stop")
            gallery = None
            if examples:
                gallery = _html(
                    f"<h2>Examples</h2>{views.examples(examples)}", script=_source("examples.js")
                )
        with gr.Column(scale=3, min_width=300):
            world = _html(views.photo_map([]), script=_map_script(), elem_id="world")
            now = _html(views.note("Drop photos and press Locate."), elem_id="now")
            done = _html("", elem_id="done")
            geojson = gr.Textbox(
                label="GeoJSON", lines=3, max_lines=8, buttons=["copy"], elem_id="geojson"
            )
            past = _html(views.history([]), elem_id="history")
            clear = gr.Button("Forget this session")
    shown = [now, done, world, geojson, rows, past]
    options = [model, samples, coarse, read_exif, rows]

    def located(photos: Sequence[Photo], *values: Any) -> Iterator[list[Any]]:
        name, num_samples, is_coarse, with_exif, before = values
        request = Request(int(num_samples), max_new_tokens, bool(is_coarse), bool(with_exif))
        yield from _screens(locate_all(shelf, name, photos, request), before)

    def from_upload(paths: list[str] | None, *values: Any) -> Iterator[list[Any]]:
        yield from located([Photo(Path(path)) for path in paths or []], *values)

    def from_example(event: gr.EventData, *values: Any) -> Iterator[list[Any]]:
        sample = examples[int(event.example)]
        yield from located([Photo(sample.image_path, sample.truth)], *values)

    queue = {"concurrency_id": "model", "concurrency_limit": 1, "api_visibility": "private"}
    go.click(None, None, None, js=f"() => {{ {_source('show_map.js')} }}")
    runs = [go.click(from_upload, [upload, *options], shown, **queue)]
    if gallery is not None:
        runs.append(gallery.click(from_example, options, shown, **queue))
    stop.click(lambda: str(views.note("Stopped.")), None, now, cancels=runs, queue=False)
    clear.click(
        lambda: ["", "", str(views.photo_map([])), "", [], str(views.history([]))], None, shown
    )


def _screens(screens: Iterator[Screen], before: list[Any]) -> Iterator[list[Any]]:
    """A screen as Gradio's outputs; the session's rows grow with each finished photo."""
    rows = list(before)
    for screen in screens:
        rows += screen.rows
        parts = [str(screen.now)]
        for part in (screen.done, screen.world, screen.geojson):
            parts.append(gr.skip() if part is None else str(part))
        if screen.rows:
            yield [*parts, list(rows), str(views.history(rows))]
        else:
            yield [*parts, gr.skip(), gr.skip()]


def _game_tab(
    shelf: ModelShelf, model: Any, examples: Sequence[Sample], max_new_tokens: int
) -> None:
    index, rounds, rng = gr.State(None), gr.State([]), Random()
    lead = "Press New photo, click the map where you think it was taken, then compare."
    if not examples:
        lead = "The game needs photos whose place is known: start the app with --examples FOLDER."
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            said = _html(views.note(lead), elem_id="said")
            photo = _html("", elem_id="photo")
            new = gr.Button("New photo", interactive=bool(examples), elem_id="new")
            guess = gr.Textbox(label="Your guess: latitude, longitude", elem_id="guess")
            compare = gr.Button(
                "Compare with the model", variant="primary", interactive=bool(examples),
                elem_id="compare",
            )  # fmt: skip
        with gr.Column(scale=3, min_width=300):
            board = _html(
                views.guess_map(None), script=_map_script(), elem_id="board", css="gre clickable"
            )
            table = _html("", elem_id="rounds")

    def deal(last: int | None) -> list[Any]:
        chosen = choose(examples, rng, other_than=last)
        picture = views.shown_photo(examples[chosen].image_path, "The photo to guess")
        return [chosen, str(picture), "", str(views.guess_map(None)), str(views.note(lead))]

    def pin(event: gr.EventData) -> list[Any]:
        point = place_of_click(event.x, event.y)
        if point is None:
            return [gr.skip(), gr.skip()]
        return [f"{point.lat:.3f}, {point.lon:.3f}", str(views.guess_map(point))]

    def score(name: str, chosen: int | None, text: str, played: list[Round]) -> list[Any]:
        sample = None if chosen is None else examples[chosen]
        try:
            this = play_round(shelf, name, sample, text, Request(max_new_tokens=max_new_tokens))
        except GreError as error:
            return [str(views.problem(str(error))), gr.skip(), gr.skip(), gr.skip(), gr.skip()]
        every = [*played, this]
        board_html, table_html = views.guess_map(None, this), views.score_board(every)
        return [str(verdict(this)), str(board_html), str(table_html), every, None]

    queue = {"concurrency_id": "model", "concurrency_limit": 1, "api_visibility": "private"}
    private = {"api_visibility": "private"}
    new.click(deal, index, [index, photo, guess, board, said], **private)
    board.click(pin, None, [guess, board], show_progress="hidden", **private)
    compare.click(
        score, [model, index, guess, rounds], [said, board, table, rounds, index], **queue
    )


def _html(
    value: object, *, script: str | None = None, elem_id: str | None = None,
    css: str = "gre",
) -> Any:  # fmt: skip
    return gr.HTML(str(value), js_on_load=script, elem_id=elem_id, elem_classes=css.split())


def _source(name: str) -> str:
    return files("gre.demo").joinpath("templates", name).read_text(encoding="utf-8")


def _map_script() -> str:
    """The pages' own map, and what Gradio needs around it."""
    shared = files("gre.evaluation.pages").joinpath("templates", "mapview.js")
    return shared.read_text(encoding="utf-8") + _source("map.js")


def launch_options(*, port: int | None) -> dict[str, Any]:
    """How the page is served: this machine alone, no links to elsewhere, no history kept."""
    return {
        "server_name": HOST,
        "server_port": port,
        "share": False,
        "quiet": True,
        "run_history": False,
        "footer_links": [],
        "enable_monitoring": False,
        "mcp_server": False,
        "ssr_mode": False,
        "pwa": False,
        "max_file_size": UPLOAD_LIMIT,
        "theme": _theme(),
        "css": _source("demo.css"),
        "app_kwargs": {"middleware": [Middleware(OnlyHere)]},
    }


def _theme() -> Any:
    """System fonts, and colours with a contrast of at least 4.5 to 1 (WCAG 2.1, 1.4.3)."""
    theme = gr.themes.Base(primary_hue="teal", font=list(FONTS), font_mono=["monospace"])
    return theme.set(
        button_primary_background_fill="#0c6b69",
        button_primary_background_fill_hover="#0a5553",
        button_primary_background_fill_dark="#0c6b69",
        button_primary_background_fill_hover_dark="#0a5553",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        body_text_color_subdued="#58616d",
        body_text_color_subdued_dark="#a3abb5",
    )


class OnlyHere:
    """ASGI middleware that sends `POLICY` with every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on, with one more header in the answer."""

        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                header = (b"content-security-policy", POLICY.encode("ascii"))
                message = message | {"headers": [*message.get("headers", []), header]}
            await send(message)

        await self.app(scope, receive, send_with_policy)
