"""Who writes chains of thought about seeds: a chat server's model, or the sample world's own voice.

Adding a teacher is a class with `ask` and a line in `gre.commands.curate`.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from gre.curation.cells import chance
from gre.data.images import load_image
from gre.data.records import SeedRecord
from gre.errors import InputError
from gre.geo.distance import great_circle_km
from gre.geo.latlon import LatLon
from gre.models.chat_api import ChatClient, ChatReply, ChatRequest, ChatUsage
from gre.models.chat_cost import paid_usd
from gre.prompts import format_answer, format_response
from gre.sample.chains import chain_text
from gre.sample.cities import CITIES
from gre.sample.judge import FALSE_MIN_KM
from gre.sample.scenes import Scene

DEFAULT_MAX_SIDE = 1568
"""Longest side of a picture sent out, pixels: 56 patches of 28. Ours."""


class Teacher(Protocol):
    """Writes about one seed at a time, from several threads."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    @property
    def max_parallel(self) -> int:
        """Seeds asked about at once."""

    @property
    def usage(self) -> ChatUsage:
        """What it has cost so far."""

    def ask(self, seed: SeedRecord, question: str) -> ChatReply:
        """The reply about one seed.

        Raises:
            ChatError: There is none.
            ImageError: The photo cannot be used.
        """

    def stop(self) -> None:
        """Begin no further attempt."""


class Pace:
    """Spreads calls over time, from any number of threads.

    Args:
        per_minute: Calls begun in a minute, at most; None for any number.
    """

    def __init__(self, per_minute: float | None) -> None:
        if per_minute is not None and not per_minute > 0:
            raise InputError(f"--per-minute: got {per_minute}, must be above 0")
        self._gap_s = 0.0 if per_minute is None else 60.0 / per_minute
        self._next_s = 0.0
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()

    def wait(self) -> None:
        """Return when the next call may begin."""
        if not self._gap_s:
            return
        with self._lock:
            now_s = time.monotonic()
            turn_s = max(now_s, self._next_s)
            self._next_s = turn_s + self._gap_s
        self._is_stopped.wait(turn_s - now_s)

    def stop(self) -> None:
        """Wait no more."""
        self._is_stopped.set()


class ChatTeacher:
    """A model behind an OpenAI-compatible server.

    Args:
        client: With the cache and the cost limit.
        pace: Limits calls in a minute; a repeated attempt is not a new call.
        max_side: Longest side of a picture sent out, pixels.
        max_tokens: Longest reply, tokens.
        temperature: Of sampling.
        earlier_max_tokens: Lower limits, whose replies in the cache serve as well.
    """

    def __init__(
        self,
        client: ChatClient,
        *,
        pace: Pace,
        max_side: int = DEFAULT_MAX_SIDE,
        max_tokens: int,
        temperature: float,
        earlier_max_tokens: Sequence[int] = (),
    ) -> None:
        self._client, self._pace = client, pace
        self._earlier_max_tokens = earlier_max_tokens
        self._max_side, self._max_tokens, self._temperature = max_side, max_tokens, temperature
        self.name = client.endpoint.model
        self.max_parallel = client.endpoint.max_parallel

    @property
    def usage(self) -> ChatUsage:
        """Of the client."""
        return self._client.usage

    def request(self, seed: SeedRecord, question: str) -> ChatRequest:
        """What is asked about a seed: its photo, upright and at most `max_side` long."""
        image = load_image(seed.image_path)
        image.thumbnail((self._max_side, self._max_side), Image.Resampling.LANCZOS)
        return ChatRequest(
            None,
            question,
            images=(image,),
            temperature=self._temperature,
            max_tokens=self._max_tokens,
        )

    def ask(self, seed: SeedRecord, question: str) -> ChatReply:
        """Ask the server, or the cache; what a kept reply cost counts towards the limit too."""
        request = self.request(seed, question)
        self._pace.wait()
        earlier = [replace(request, max_tokens=limit) for limit in self._earlier_max_tokens]
        reply = self._client.complete(request, or_kept=earlier)
        if reply.is_cached:
            self._client.count_earlier(paid_usd(self._client.endpoint, reply.spent))
        return reply

    def stop(self) -> None:
        """Repeat no attempt and wait for no turn."""
        self._client.stop()
        self._pace.stop()


@dataclass(frozen=True)
class SampleTeacherShares:
    """How often the sample world's teacher is wrong on purpose.

    Attributes:
        wrong: Share of seeds answered with the chain and place of another scene, over 750 km away.
        unreadable: Share answered without a place.
    """

    wrong: float = 0.3
    unreadable: float = 0.02

    def __post_init__(self) -> None:
        if not (self.wrong >= 0 and self.unreadable >= 0 and self.wrong + self.unreadable <= 1):
            raise InputError(
                f"--wrong-share and --unreadable-share: got {self.wrong} and {self.unreadable},"
                " must be at least 0 and at most 1 together"
            )


class SampleTeacher:
    """Reads in a sample world's `world.json` what each picture shows, and says it.

    It answers with the centre of the city. Which seeds it gets wrong is decided by their names.

    Args:
        world: Folder that `gre sample-world` made.
        shares: How often it is wrong.

    Raises:
        InputError: The folder holds no sample world.
    """

    name = "sample"
    max_parallel = 1

    def __init__(self, world: Path, shares: SampleTeacherShares) -> None:
        self._shares = shares
        self._path = world / "world.json"
        try:
            facts = json.loads(self._path.read_text(encoding="utf-8"))
            self._seed, self._scenes = int(facts["seed"]), dict(facts["scenes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._path}: holds no sample world; name one with --world (gre sample-world)"
            ) from error
        self._names = sorted(self._scenes)
        self._cities = {city.name: city for city in CITIES}

    @property
    def usage(self) -> ChatUsage:
        """It costs nothing."""
        return ChatUsage()

    def stop(self) -> None:
        """It is never at work for long."""

    def ask(self, seed: SeedRecord, question: str) -> ChatReply:
        """What it says about a picture of its world, found by record id, source or file."""
        name = next((n for n in self._called(seed) if n in self._scenes), None)
        if name is None:
            raise InputError(
                f"{seed.place}: shows no scene of {self._path}; name its world with --world, or a"
                " teacher that looks at pictures"
            )
        draw = chance(self._seed, f"teacher:{name}") / 2.0**63
        if draw < self._shares.unreadable:
            return _said("There is too little to see here to name coordinates.")
        is_wrong = draw < self._shares.unreadable + self._shares.wrong
        scene = self._scene(self._far_from(name) if is_wrong else name)
        answer = format_answer(scene.city.centre)
        return _said(format_response(chain_text(scene), answer))

    def _called(self, seed: SeedRecord) -> tuple[str, ...]:
        return seed.id, Path(str(seed.extra.get("source", ""))).stem, seed.image_path.stem

    def _far_from(self, name: str) -> str:
        """Another scene, over `FALSE_MIN_KM` away; the farthest looked at where there is none."""
        here = _point(self._scenes[name])
        start = chance(self._seed, f"other:{name}") % len(self._names)
        others = (self._names[start:] + self._names[:start])[:1000]
        far = (n for n in others if great_circle_km(here, _point(self._scenes[n])) > FALSE_MIN_KM)
        found = next(far, None)
        return found or max(others, key=lambda n: great_circle_km(here, _point(self._scenes[n])))

    def _scene(self, name: str) -> Scene:
        facts = self._scenes[name]
        split, _, index = name.rpartition("-")
        return Scene(
            id=name,
            split=split,
            index=int(index),
            seed=self._seed,
            city=self._cities[facts["city"]],
            point=_point(facts),
            traits=facts["traits"],
            visible=tuple(facts["visible"]),
            layout=facts["layout"],
            weather=facts["weather"],
            size=(facts["size"][0], facts["size"][1]),
            ambiguous=facts["ambiguous"],
        )


def find_world(seeds: Path) -> Path:
    """The sample world that a seed file lies in; its own folder where there is none."""
    folders = (seeds.resolve().parent, *seeds.resolve().parent.parents)
    return next((f for f in folders if (f / "world.json").is_file()), seeds.parent)


def _point(scene: Mapping[str, Any]) -> LatLon:  # Any: one scene of world.json
    return LatLon(scene["gt_lat"], scene["gt_lon"])


def _said(text: str) -> ChatReply:
    return ChatReply(text, 0, 0, is_cached=False, finish_reason="stop")
