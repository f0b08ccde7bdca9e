"""Photo in, guess out."""

from pathlib import Path

import pytest

from gre.answers import FailureReason
from gre.data.images import ImageError
from gre.errors import InputError
from gre.geo.latlon import LatLon
from gre.models.localizer import VISION_TOKENS, Decoding, GeoLocalizer, guess_from_texts
from gre.models.located import locate_photos


@pytest.fixture(scope="module")
def localizer(tiny_model: Path) -> GeoLocalizer:
    return GeoLocalizer(tiny_model, device="cpu")


@pytest.fixture(scope="module")
def photo(sample_world: Path) -> Path:
    return sorted((sample_world / "bench/test/imgs").iterdir())[0]


def test_two_lines_are_enough(tiny_model: Path, photo: Path) -> None:
    from gre import GeoLocalizer as Public

    guess = Public(tiny_model).predict(photo, decoding=Decoding(max_new_tokens=5))
    assert len(guess.texts) == 1
    assert guess.radius_km is None


def test_greedy_is_the_same_twice(localizer: GeoLocalizer, photo: Path) -> None:
    decoding = Decoding(max_new_tokens=8)
    first = localizer.predict(photo, decoding=decoding)
    assert localizer.predict(photo, decoding=decoding) == first


def test_an_answer_never_holds_vision_tokens(localizer: GeoLocalizer, photo: Path) -> None:
    from gre.data.images import load_image

    # An untrained model at a high temperature says every token sooner or later.
    decoding = Decoding(max_new_tokens=64, temperature=5.0)
    images = [load_image(photo)] * 16
    tokenizer = localizer.processor.tokenizer
    kept = tokenizer.batch_decode
    seen: list[int] = []
    tokenizer.batch_decode = lambda ids, **kw: seen.extend(ids.flatten().tolist()) or kept(ids)
    try:
        localizer.answer(images, decoding=decoding)
    finally:
        tokenizer.batch_decode = kept
    assert len(set(seen)) > 300
    assert not set(seen) & set(tokenizer.convert_tokens_to_ids(list(VISION_TOKENS)))


def test_the_medoid_of_readable_answers_is_the_guess() -> None:
    texts = [
        "<think> a </think> <answer> 48.0, 2.0 </answer>",
        "no idea",
        "<think> b </think> <answer> 48.1, 2.0 </answer>",
        "<think> c </think> <answer> -33.0, 151.0 </answer>",
    ]
    guess = guess_from_texts(texts)
    # Sums of distances: the two points in France are close to each other; 48.0 N is the nearer
    # of them to Sydney's antipodal side only by 11 km, so either may win; Sydney cannot.
    assert guess.latlon in (LatLon(48.0, 2.0), LatLon(48.1, 2.0))
    assert guess.reasoning in ("a", "b")
    assert guess.text == (texts[0] if guess.reasoning == "a" else texts[2])
    assert guess.radius_km is not None
    assert guess.radius_km > 15_000


def test_no_readable_answer_is_a_typed_failure() -> None:
    guess = guess_from_texts(["I cannot help with that."])
    assert guess.latlon is None
    assert guess.text == "I cannot help with that."
    assert guess.failure is not None
    assert guess.failure.reason in (FailureReason.REFUSAL, FailureReason.NO_ANSWER)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens must be >= 1"),
        ({"temperature": -1.0}, "temperature must be >= 0"),
        ({"top_p": 0.0}, "top_p must be in"),
    ],
)
def test_impossible_decoding_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Decoding(**values)  # type: ignore[arg-type]


def test_an_unreadable_photo_is_refused_and_passed_over(
    localizer: GeoLocalizer, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ImageError, match=r"broken\.jpg"):
        localizer.predict(broken)
    located = list(locate_photos(localizer, [broken, photo], decoding=Decoding(max_new_tokens=4)))
    assert located[0].status == "error"
    assert located[1].guess is not None


def test_samples_below_one_are_refused(localizer: GeoLocalizer, photo: Path) -> None:
    with pytest.raises(InputError, match="samples must be >= 1"):
        localizer.predict(photo, samples=0)
