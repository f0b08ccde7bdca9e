"""The reward scale (the paper's theta) over a run: fixed, annealed, or refined when rewards hold.

The state is a few numbers, fed with rewards that are the same on every rank, so it is the same on
every rank; it goes into each checkpoint and comes back on resume. No torch here.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gre.errors import InputError

SCHEDULES = ("adaptive", "fixed", "anneal")
DEFAULT_LEVELS_KM = (2500.0, 750.0, 200.0, 25.0, 1.0)
"""The radii that accuracy is measured at, coarse to fine: the natural reading of the paper's
"finer granularity level" (appendix C.1); the paper gives none."""


@dataclass(frozen=True, kw_only=True)
class ScaleOptions:
    """How the scale of the geodesic reward moves while training."""

    scale_schedule: str = field(
        default="adaptive",
        metadata={
            "help": "adaptive: a finer level whenever rewards stay high; fixed: the first level;"
            " anneal: geometrically from the first level to the last over the run.",
            "choices": SCHEDULES,
        },
    )
    scale_levels_km: list[float] = field(
        default_factory=lambda: list(DEFAULT_LEVELS_KM),
        metadata={"help": "Scales (theta), kilometres, each finer than the one before."},
    )
    scale_window: int = field(
        default=20, metadata={"help": "adaptive: generations whose mean reward is looked at."}
    )
    scale_bar: float = field(
        default=0.7, metadata={"help": "adaptive: mean reward over the window that counts as high."}
    )
    scale_patience: int = field(
        default=5,
        metadata={"help": "adaptive: generations in a row with a high mean before refining."},
    )

    def __post_init__(self) -> None:
        levels = self.scale_levels_km
        if not levels or not all(km > 0 and math.isfinite(km) for km in levels):
            raise InputError(f"scale_levels_km: got {levels}, must be kilometres > 0, at least one")
        if not all(coarse > fine for coarse, fine in pairwise(levels)):
            raise InputError(f"scale_levels_km: got {levels}, must fall from coarse to fine")
        if self.scale_schedule == "fixed" and len(levels) > 1:
            raise InputError(
                f"scale_schedule fixed takes one level, got scale_levels_km {levels}; name one, or"
                " choose adaptive or anneal"
            )
        if self.scale_schedule == "anneal" and len(levels) < 2:
            raise InputError(f"scale_schedule anneal needs two levels or more, got {levels}")
        for name in ("scale_window", "scale_patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1, got {getattr(self, name)}")
        if not 0 < self.scale_bar < 1:
            raise InputError(f"scale_bar must be in (0, 1), got {self.scale_bar}")


class ScaleSchedule:
    """The scale now, moved by what the rewards are.

    Args:
        options: The schedule and its numbers.
    """

    def __init__(self, options: ScaleOptions) -> None:
        self.options = options
        self.level = 0
        self.streak = 0
        self._means: deque[float] = deque(maxlen=options.scale_window)
        self._scale_km = options.scale_levels_km[0]

    @property
    def scale_km(self) -> float:
        """The scale that the next answers are scored with, kilometres."""
        return self._scale_km

    def start_generation(self, progress: float) -> None:
        """Set the scale before answers are scored.

        Args:
            progress: Share of the run that is done, in [0, 1]; only `anneal` reads it.
        """
        levels = self.options.scale_levels_km
        if self.options.scale_schedule == "anneal":
            first, last = levels[0], levels[-1]
            self._scale_km = first * (last / first) ** min(max(progress, 0.0), 1.0)
        else:
            self._scale_km = levels[self.level]

    def observe(self, mean_reward: float) -> bool:
        """Take in the mean reward of one generation over all ranks; tell whether it got finer.

        adaptive: once the window is full, a mean over it at or above the bar `scale_patience`
        times in a row moves one level on and empties the window. A reward that could not be
        computed (NaN) breaks the row. The last level stays.

        Source: GRE paper, appendix C.1; window, bar and patience are ours.
        """
        if self.options.scale_schedule != "adaptive" or self.is_finest:
            return False
        if math.isnan(mean_reward):
            self.streak = 0
            return False
        self._means.append(mean_reward)
        is_full = len(self._means) == self.options.scale_window
        is_high = is_full and sum(self._means) / len(self._means) >= self.options.scale_bar
        self.streak = self.streak + 1 if is_high else 0
        if self.streak < self.options.scale_patience:
            return False
        self.level += 1
        self.streak = 0
        self._means.clear()
        return True

    @property
    def is_finest(self) -> bool:
        """Whether there is no finer level."""
        return self.level == len(self.options.scale_levels_km) - 1

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return {
            "levels_km": list(self.options.scale_levels_km),
            "level": self.level,
            "streak": self.streak,
            "means": list(self._means),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from what a checkpoint kept.

        Raises:
            InputError: The run now has other levels.
        """
        levels = self.options.scale_levels_km
        if state.get("levels_km") != list(levels):
            raise InputError(
                f"scale_levels_km: got {levels}, the checkpoint has {state.get('levels_km')}; use"
                " those, or start in a new output_dir"
            )
        level, streak, means = state.get("level"), state.get("streak"), state.get("means")
        if (
            not isinstance(level, int)
            or not 0 <= level < len(levels)
            or not isinstance(streak, int)
            or not isinstance(means, Sequence)
        ):
            raise InputError(f"scale state of the checkpoint is damaged: {state}; delete it")
        self.level, self.streak = level, streak
        self._means.clear()
        self._means.extend(float(mean) for mean in means)
        self.start_generation(0.0)
