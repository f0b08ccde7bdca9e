"""Indicators and scenes read from chains: expected values are read from the sentences by eye."""

from xml.etree import ElementTree

import pytest

from gre.curation.faces import largest_share
from gre.curation.indicators import Indicator, by_type, corpus, find_indicators
from gre.curation.scenes import OUTDOOR, SCENES, known_scene, scene_of, scene_prompt
from gre.curation.sunburst import OTHERS, arcs, write_sunburst


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("The sign is in Greek script.", {("language", "Greek script")}),
        ("A flag of Kenya flies here.", {("symbolic", "the flag of Kenya")}),
        (
            "Cars keep left and I see white lines.",
            {
                ("social characteristics", "traffic on the left"),
                ("social characteristics", "white road lines"),
            },
        ),
        (
            "Curved eaves, palms and snow peaks.",
            {
                ("architectural style", "curved eaves"),
                ("climate", "palms"),
                ("geographical features", "snow peaks"),
            },
        ),
        (
            "The landmark is the Eiffel Tower in Paris, France.",
            {("iconic buildings", "Eiffel Tower")},
        ),
        ("On the skyline: Table Mountain.", {("nature landmark", "Table Mountain")}),
        ("All this fits Lagos, Nigeria best.", set()),  # a conclusion is no indicator
        ("Let us look at the photo.", set()),
    ],
)
def test_indicators_of_a_step(step: str, expected: set[tuple[str, str]]) -> None:
    assert {(one.kind, one.phrase) for one in find_indicators([step])} == expected


def test_indicators_are_listed_once_and_by_type() -> None:
    steps = ["Cars keep left.", "Traffic keeps left.", "The sign is in Thai script."]
    found = find_indicators(steps)
    assert by_type(found) == {
        "explicit": ["language: Thai script"],
        "implicit": ["social characteristics: traffic on the left"],
    }
    assert by_type([]) == {}


def test_the_corpus_counts_chains_and_not_mentions() -> None:
    chains = [["Cars keep left.", "Cars keep left."], ["Cars keep left."], ["Palms."]]
    assert corpus(chains) == {
        Indicator("social characteristics", "traffic on the left"): 2,
        Indicator("climate", "palms"): 1,
    }


@pytest.mark.parametrize(
    ("steps", "scene"),
    [
        (["A forest by a lake below mountains."], "natural"),
        (["Cars keep right on the highway."], "road traffic"),
        (["Rows of crops on a farm below a mountain."], "agricultural"),
        (["Brick houses with tiled roofs around a square."], "artificial landscape"),
        (["Cranes and containers in the docks."], "industrial"),
        (["Inside a museum: an exhibition."], "cultural"),
        (["Indoors, shelves of a supermarket."], "commercial"),
        (["The interior of a hospital ward."], "medical"),
        (["A museum."], None),  # seen from outside, it is no indoor scene
        (["Nothing to say."], None),
    ],
)
def test_scene_of_a_chain(steps: list[str], scene: str | None) -> None:
    assert scene_of(steps) == scene


def test_scene_names() -> None:
    assert len(SCENES) == 11  # five outdoors and six indoors, as the paper lists them
    assert len(OUTDOOR) == 5
    assert known_scene(" Road  Traffic ") == "road traffic"
    assert known_scene("street") is known_scene(None) is None
    assert scene_prompt("medical") == "an indoor photo of a medical scene"


@pytest.mark.parametrize(
    ("boxes", "share"),
    [
        ([], 0.0),
        ([(0, 0, 50, 50)], 0.25),
        ([(0, 0, 10, 10), (20, 20, 60, 60)], 0.36),
        ([(-50, -50, 100, 100)], 0.25),  # only what lies inside counts
        ([(200, 200, 10, 10)], 0.0),
    ],
)
def test_share_of_the_largest_face(boxes: list[tuple[int, int, int, int]], share: float) -> None:
    assert largest_share(boxes, (100, 100)) == pytest.approx(share)


COUNTS = {
    Indicator("language", "Thai script"): 30,
    Indicator("climate", "palms"): 50,
    Indicator("climate", "<script>alert(1)</script>"): 10,
    **{Indicator("symbolic", f"the flag of {i}"): 1 for i in range(10)},
}


def test_every_ring_of_the_sunburst_is_whole_and_proportional() -> None:
    found = arcs(COUNTS)
    for ring in (0, 1, 2):
        parts = [arc for arc in found if arc.ring == ring]
        assert sum(arc.count for arc in parts) == 100
        assert parts[0].start_deg == 0
        assert parts[-1].end_deg == pytest.approx(360)
        for arc in parts:
            assert arc.end_deg - arc.start_deg == pytest.approx(3.6 * arc.count)
    assert [(a.label, a.count) for a in found if a.ring == 0] == [
        ("explicit", 40),
        ("implicit", 60),
    ]
    flags = [arc for arc in found if arc.ring == 2 and arc.colour == found[-1].colour]
    assert flags
    others = [arc.count for arc in found if arc.label == OTHERS]
    assert others == [4]  # six of ten flags are shown
    assert arcs({}) == []


def test_the_sunburst_is_well_formed_whatever_the_words(tmp_path) -> None:
    for name, counts in {
        "some": COUNTS,
        "one": {Indicator("climate", "palms"): 3},
        "none": {},
    }.items():
        path = tmp_path / f"{name}.svg"
        write_sunburst(path, counts, title="a <b> & c")
        root = ElementTree.fromstring(path.read_text())
        assert not [node for node in root.iter() if node.tag.endswith("script")]
        assert root.get("aria-label") == "a <b> & c"
