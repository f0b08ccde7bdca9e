"""Parts of the app's page as HTML. Whatever a model, a file name or a person wrote is escaped."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from gre.demo.game import Round
from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.pages.map_page import degrees, photo_facts
from gre.evaluation.pages.reasoning import tell
from gre.evaluation.pages.thumbnails import Thumbnail, make_thumbnail
from gre.evaluation.pages.worldmap import MapLayer, MapMark, map_svg
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.models.decoding import Guess, guess_from_texts
from gre.models.located import place_words, why_none

Row = Mapping[str, object]
ZOOM = Markup(
    '<div class="zoom" role="group" aria-label="Zoom of the map">'
    '<button type="button" data-zoom="in" aria-label="Zoom in">+</button>'
    '<button type="button" data-zoom="out" aria-label="Zoom out">−</button>'
    '<button type="button" data-zoom="reset" aria-label="Whole world">⤢</button></div>'
)
NOTHING = Markup("")


def problem(message: str) -> Markup:
    """One line that says what went wrong."""
    return Markup('<p class="problem" role="alert">{}</p>').format(message)


def note(message: str) -> Markup:
    """One line of explanation."""
    return Markup('<p class="note">{}</p>').format(message)


def story(text: str, name: str, *, picture: Thumbnail | None, is_done: bool) -> Markup:
    """A photo and what the model has written of it so far: steps, answer, and whatever else."""
    told = tell(text)
    steps, raw = told.steps, told.raw
    if not is_done:  # the reasoning may be open, and nothing is shown twice meanwhile
        is_reasoned = "<think>" in text
        steps = steps or (tell(f"{text}</think>").steps if is_reasoned else ())
        raw = None if steps or is_reasoned else text
    parts = [
        Markup('<ol class="steps">{}</ol>').format(
            Markup("").join(Markup("<li>{}</li>").format(step) for step in steps)
        )
        if steps
        else NOTHING,
        Markup('<p class="answer">{}</p>').format(told.answer) if told.answer else NOTHING,
        Markup('<pre class="raw">{}</pre>').format(raw) if raw else NOTHING,
        NOTHING if is_done else Markup('<p class="note">writing …</p>'),
    ]
    return Markup('<article class="told">{}<div><h3>{}</h3>{}</div></article>').format(
        _picture(picture, name), name, Markup("").join(parts)
    )


def result(row: Row, guess: Guess | None, picture: Thumbnail | None) -> Markup:
    """A finished photo: facts, reasoning, and where a guess is given all of its answers."""
    name = Path(str(row["photo"])).name
    if row["status"] == "error":
        return problem(why_none(row))
    facts = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(fact.name, fact.value) for fact in photo_facts(row)
    )
    words = story(str(row.get("text") or ""), name, picture=picture, is_done=True)
    others = alternatives(guess) if guess else NOTHING
    return Markup('<section class="located"><dl class="facts">{}</dl>{}{}</section>').format(
        facts, words, others
    )


def alternatives(guess: Guess) -> Markup:
    """Every answer with its point and its distance from the guess; nothing for a single one."""
    if len(guess.texts) < 2:
        return NOTHING
    rows = []
    for number, text in enumerate(guess.texts, start=1):
        point = guess_from_texts([text]).latlon
        distance = "–"
        if point and guess.latlon:
            distance = f"{great_circle_km(point, guess.latlon):,.0f} km"
        rows.append([str(number), degrees(point) if point else "unreadable", distance])
    return _table("All answers", ("answer", "point", "from the guess"), rows)


def photo_map(rows: Sequence[Row], *, title: str = "World map of the guesses") -> Markup:
    """The world with every guess, its radius, and the truth where it is known."""
    marks = []
    for row in rows:
        guess, truth = point_of(row, "lat", "lon"), point_of(row, "gt_lat", "gt_lon")
        radius_km, error_km = row.get("radius_km"), row.get("error_km")
        marks.append(
            MapMark(
                truth,
                guess,
                Path(str(row["photo"])).name,
                error_km if isinstance(error_km, float) else None,
                radius_km=radius_km if isinstance(radius_km, float) else None,
            )
        )
    drawn = map_svg([MapLayer("guesses", marks)], title=title, element_id="located-map")
    kinds = [
        ("off", "guess, teal near to red far", any(m.error_km is not None for m in marks)),
        ("unmeasured", "guess", any(m.guess and m.error_km is None for m in marks)),
        ("true", "truth", any(m.truth for m in marks)),
        ("ring", "holds 90 % of the answers", any(m.radius_km is not None for m in marks)),
    ]
    return _framed(drawn, is_result=True) + _key(kinds)


def _key(kinds: Sequence[tuple[str, str, bool]]) -> Markup:
    """What the marks of a map are: style, words, whether it is on the map; nothing for none."""
    items = [
        Markup('<li><span class="{}"></span>{}</li>').format(css, words)
        for css, words, is_there in kinds
        if is_there
    ]
    if not items:
        return NOTHING
    return Markup('<ul class="key" aria-label="Meaning of the marks">{}</ul>').format(
        Markup("").join(items)
    )


def guess_map(pin: LatLon | None, played: Round | None = None) -> Markup:
    """The map to click: a person's pin, and after the round the model's guess and the truth."""
    marks = []
    if played is not None:
        marks.append(MapMark(played.truth, played.person, "you", played.person_km))
        if played.model is not None:
            marks.append(MapMark(played.truth, played.model, "the model", played.model_km))
    elif pin is not None:
        marks.append(MapMark(None, pin, "your guess"))
    title = "World map: click where you think the photo was taken"
    drawn = map_svg([MapLayer("guess", marks)], title=title, element_id="guess-map")
    kinds = [
        ("you", "you", bool(marks)),
        ("unmeasured", "the model", played is not None and played.model is not None),
        ("true", "truth", played is not None),
    ]
    return _framed(drawn, is_result=pin is None) + _key(kinds)


def score_board(rounds: Sequence[Round]) -> Markup:
    """Points of every round, the last first, and the sums."""
    if not rounds:
        return NOTHING
    you, model = (sum(r.points[i] for r in rounds) for i in (0, 1))
    lead = Markup('<p class="score" role="status">You {}, the model {} of {} points.</p>').format(
        f"{you:,}", f"{model:,}", f"{5000 * len(rounds):,}"
    )
    rows = [
        [
            r.photo,
            f"{r.person_km:,.0f} km",
            f"{r.points[0]:,}",
            "no place" if r.model_km is None else f"{r.model_km:,.0f} km",
            f"{r.points[1]:,}",
        ]
        for r in reversed(rounds)
    ]
    header = ("photo", "you", "points", "the model", "points")
    return lead + _table("Rounds", header, rows)


def history(rows: Sequence[Row]) -> Markup:
    """What this session has located, the last first."""
    if not rows:
        return note("Nothing located yet in this session.")
    cells = []
    for row in reversed(rows):
        error_km = row.get("error_km")
        place = place_words(row)
        cells.append(
            [
                Path(str(row["photo"])).name,
                str(row["model"]),
                place or f"({why_none(row)})",
                f"{error_km:,.0f} km" if isinstance(error_km, float) else "–",
            ]
        )
    return _table("This session", ("photo", "model", "place", "from the truth"), cells)


def examples(samples: Sequence[Sample]) -> Markup:
    """Buttons with small pictures; each carries its index."""
    buttons = []
    for index, sample in enumerate(samples):
        picture = make_thumbnail(sample.image_path)
        if picture is not None:
            image = Markup('<img src="{}" width="{}" height="{}" alt="Example {}">').format(
                picture.url, picture.width, picture.height, index + 1
            )
            buttons.append(
                Markup('<button type="button" data-example="{}">{}</button>').format(index, image)
            )
    return Markup('<div class="examples">{}</div>').format(Markup("").join(buttons))


def shown_photo(path: Path, name: str) -> Markup:
    """One photo, small, without anything that its file says beside the picture."""
    return _picture(make_thumbnail(path), name)


def point_of(row: Row, lat: str, lon: str) -> LatLon | None:
    """A point of a row, where it has one."""
    values = row.get(lat), row.get(lon)
    if isinstance(values[0], int | float) and isinstance(values[1], int | float):
        return LatLon(float(values[0]), float(values[1]))
    return None


def _framed(svg: Markup, *, is_result: bool) -> Markup:
    """A map and its buttons; that of a result opens on its marks."""
    css = "mapframe fitted" if is_result else "mapframe"
    return Markup('<div class="{}">{}{}</div>').format(css, svg, ZOOM)


def _picture(picture: Thumbnail | None, name: str) -> Markup:
    if picture is None:
        return NOTHING
    return Markup('<img class="shot" src="{}" width="{}" height="{}" alt="{}">').format(
        picture.url, picture.width, picture.height, name
    )


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in header)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row)
        )
        for row in rows
    )
    return Markup(
        '<div class="scroll" role="region" aria-label="{}" tabindex="0"><table>'
        "<caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(caption, caption, head, body)


def standalone(*parts: Markup) -> Markup:
    """Parts with the style they need, for a notebook; maps without the buttons of a script."""
    style = files("gre.demo").joinpath("templates/demo.css").read_text(encoding="utf-8")
    style += ".gre .zoom { display: none; }"
    return Markup('<style>{}</style><div class="gre">{}</div>').format(
        Markup(style),  # noqa: S704 - a file of this package
        Markup("").join(parts),
    )
