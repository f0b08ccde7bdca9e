"""What `--model` names: a folder or hub id, vLLM, a server, a file of predictions, a constant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gre.errors import InputError
from gre.evaluation.asking.draws import DEFAULT_SHARE
from gre.evaluation.asking.once import AnswerError, Askable
from gre.evaluation.benchmarks.samples import Sample
from gre.evaluation.predictors.base import (
    ONE_ANSWER,
    Drawing,
    FixedPredictor,
    QuestionPredictor,
    TransformersPredictor,
)
from gre.evaluation.predictors.fixed import FilePredictor, parse_constant
from gre.evaluation.predictors.server import ServerPredictor
from gre.evaluation.predictors.vllm import VllmPredictor, import_vllm
from gre.models.chat_api import ChatEndpoint
from gre.models.chat_key import read_key
from gre.models.decoding import Decoding
from gre.models.options import IMAGE_TOKEN_PIXELS
from gre.prompts import LOCATE_INSTRUCTION

KINDS = ("vllm", "openai", "file", "constant")
"""What may stand before a colon; without one of them the name is a folder or a hub id."""

LOCAL_BATCH_SIZE = 8


@dataclass(frozen=True)
class ServerOptions:
    """How a server is asked.

    Attributes:
        base_url: Where it is; None where no server is meant.
        parallel: Calls in flight at once.
        timeout_s: Longest time for one attempt, seconds.
        max_attempts: Attempts per call.
        input_usd_per_million, output_usd_per_million: Prices, where known.
        max_cost_usd: No call begins that could pass this sum.
        api_key_env: Environment variable that holds the key.
    """

    base_url: str | None = None
    parallel: int = 8
    timeout_s: float = 120.0
    max_attempts: int = 4
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    max_cost_usd: float | None = None
    api_key_env: str = "OPENAI_API_KEY"


@dataclass(frozen=True)
class ModelChoice:
    """A predictor before it is loaded.

    Attributes:
        text: As `--model` gave it.
        kind: "transformers" or one of `KINDS`.
        name: What follows the colon.
        decoding: Length and sampling.
        drawing: Answers per photo.
        max_pixels: Pixel budget of an image.
        server: For "openai".
        columns: For "file".
    """

    text: str
    kind: str
    name: str
    decoding: Decoding = field(default_factory=Decoding)
    drawing: Drawing = ONE_ANSWER
    max_pixels: int | None = None
    server: ServerOptions = field(default_factory=ServerOptions)
    columns: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        self.drawing.check(self.decoding)
        self._check_belongs()
        if self.kind == "openai":
            self.endpoint()

    @property
    def is_fixed(self) -> bool:
        """Whether it answers without a look at the photos."""
        return self.kind in ("file", "constant")

    @property
    def uses_gpu(self) -> bool:
        """Whether it runs on the GPUs of this machine, so that one process per GPU is faster."""
        return self.kind in ("transformers", "vllm")

    @property
    def batch_size(self) -> int:
        """Photos per call where nobody says: enough to keep a server busy."""
        return 4 * self.server.parallel if self.kind == "openai" else LOCAL_BATCH_SIZE

    def check(self, samples: Sequence[Askable]) -> str:
        """Check all that can be checked before anything heavy loads, and say what was found.

        Args:
            samples: Which it will be asked about.

        Raises:
            InputError: A folder, file, library or key is not as it must be.
        """
        if self.kind == "openai":
            variable = self.server.api_key_env
            key = "set" if read_key(variable) else "not set"
            return f"model {self.name} at {self.server.base_url}, key in {variable} {key}"
        if self.is_fixed:
            given = self.load_fixed().answer_samples([s for s in samples if isinstance(s, Sample)])
            num_given = sum(not isinstance(one, AnswerError) for one in given.values())
            return f"{self.text} answers {num_given} of them"
        if self.kind == "vllm":
            import_vllm()
        from gre.models.lookup import check_model

        check_model(self.name)
        return f"model {self.name}"

    def describe(self) -> dict[str, object]:
        """What its predictor's `describe` will say, as far as is known before it loads.

        None stands for what it will not say.

        Raises:
            InputError: As in `load_fixed`, or the model's own question cannot be read.
        """
        if self.is_fixed:
            return self.load_fixed().describe()
        from gre.models.qwen_vl import read_instruction

        is_server = self.kind == "openai"
        own = None if is_server else read_instruction(self.name)
        budget = {"top_p": self.decoding.top_p, "max_pixels": self.max_pixels}
        return {
            "predictor": self.kind,
            "model": self.name if self.kind == "transformers" else self.text,
            "instruction": own or LOCATE_INSTRUCTION,
            "max_new_tokens": self.decoding.max_new_tokens,
            "temperature": self.decoding.temperature,
            **({"base_url": self.endpoint().base_url} if is_server else budget),
            **dict.fromkeys(("seed", "samples", "radius_share")),
            **self.drawing.describe(self.decoding),
        }

    def check_for_questions(self) -> None:
        """Refuse what cannot answer questions of the samples' own.

        Raises:
            InputError: It is so.
        """
        if self.is_fixed:
            raise InputError(
                f"--model {self.text}: answers no questions, --benchmark judge needs a model that"
                " does; name a folder, hub id or server"
            )
        if self.drawing.num > 1:
            raise InputError(
                f"--samples: got {self.drawing.num}, must be 1 with --benchmark judge: verdicts"
                " have no medoid"
            )

    def load_fixed(self) -> FixedPredictor:
        """Read the file or the constant.

        Raises:
            InputError: It cannot be read.
        """
        if self.kind == "constant":
            return parse_constant(self.name)
        return FilePredictor(Path(self.name), columns=self.columns)

    def load(self, out: Path) -> QuestionPredictor:
        """Load the model, or the client of its server, whose replies `out` keeps.

        Raises:
            InputError: It cannot be loaded.
        """
        if self.kind == "openai":
            return ServerPredictor(
                self.endpoint(),
                decoding=self.decoding,
                drawing=self.drawing,
                cache_dir=out / "replies",
                max_cost_usd=self.server.max_cost_usd,
            )
        kind: type[TransformersPredictor | VllmPredictor] = TransformersPredictor
        if self.kind == "vllm":
            kind = VllmPredictor
        return kind(
            self.name, decoding=self.decoding, drawing=self.drawing, max_pixels=self.max_pixels
        )

    def endpoint(self) -> ChatEndpoint:
        """The server and its model.

        Raises:
            InputError: No base URL, or one that cannot be used.
        """
        server = self.server
        if server.base_url is None:
            raise InputError(
                f"--model {self.text} needs --base-url, e.g. --base-url http://127.0.0.1:8000/v1"
            )
        return ChatEndpoint(
            server.base_url,
            self.name,
            api_key_env=server.api_key_env,
            timeout_s=server.timeout_s,
            max_attempts=server.max_attempts,
            max_parallel=server.parallel,
            input_usd_per_million=server.input_usd_per_million,
            output_usd_per_million=server.output_usd_per_million,
        )

    def _check_belongs(self) -> None:
        """Refuse options of another kind of predictor: they would be ignored in silence."""
        unused = {
            "--base-url": self.server.base_url is not None and self.kind != "openai",
            "--max-cost": self.server.max_cost_usd is not None and self.kind != "openai",
            "--input-price": self.server.input_usd_per_million is not None
            and self.kind != "openai",
            "--output-price": self.server.output_usd_per_million is not None
            and self.kind != "openai",
            "--prediction-columns": self.columns is not None and self.kind != "file",
            "--max-pixels": self.max_pixels is not None
            and self.kind not in ("transformers", "vllm"),
            "--samples": self.drawing.num > 1 and self.is_fixed,
            "--temperature": self.decoding.temperature > 0 and self.is_fixed,
            "--top-p": self.decoding.top_p != 1 and self.kind == "openai",
        }
        for option, is_unused in unused.items():
            if is_unused:
                raise InputError(f"{option} means nothing with --model {self.text}; leave it out")
        if self.decoding.top_p != 1 and self.decoding.temperature == 0:
            raise InputError(
                "--top-p means nothing with greedy decoding; leave it out, or set --temperature"
                " above 0"
            )
        if self.drawing.share != DEFAULT_SHARE and self.drawing.num == 1:
            raise InputError(
                "--share means nothing with one answer a photo; leave it out, or set --samples"
            )
        if self.max_pixels is not None and self.max_pixels < IMAGE_TOKEN_PIXELS:
            raise InputError(
                f"--max-pixels: got {self.max_pixels}, must be at least {IMAGE_TOKEN_PIXELS} (one"
                " image token); raise it or leave it out"
            )


def split_model(text: str) -> tuple[str, str]:
    """The kind of predictor and its name, from what `--model` gave.

    Raises:
        InputError: Nothing follows the colon, or an unknown kind stands before it.
    """
    kind, colon, name = text.partition(":")
    if not colon or Path(text).exists():
        return "transformers", text
    if kind not in KINDS:
        raise InputError(
            f"--model: got {text!r}; before a colon must stand one of {', '.join(KINDS)},"
            " without a colon it is a folder or hub id"
        )
    if not name:
        raise InputError(f"--model: got {text!r}, must name something after {kind}:")
    return kind, name
