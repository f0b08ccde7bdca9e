"""BERTScore of inferences against reference inferences, by the bert-score package.

Source: T. Zhang et al., "BERTScore: Evaluating Text Generation with BERT", ICLR 2020: F1 of greedy
matches between token features; no idf weights, not rescaled.
"""

from collections.abc import Sequence
from pathlib import Path

from gre.errors import InputError, say_how_to_install
from gre.models.names import means_folder

BATCH_SIZE = 32


class BertScorer:
    """Scores pairs of texts with one encoder.

    Args:
        model: Folder or hub id of a BERT-like encoder.
        num_layers: Layer whose features are compared; 17 for roberta-large. Source: bert-score.

    Raises:
        InputError: bert-score is not installed, or the model cannot be loaded.
    """

    def __init__(self, model: str, *, num_layers: int) -> None:
        check_bert_model(model)
        try:
            from bert_score import BERTScorer
        except ImportError:
            raise InputError(
                f"bert-score is not installed; {say_how_to_install('judge')},"
                " or leave --bert-model out"
            ) from None
        self.name = model
        self.num_layers = num_layers
        try:
            self._scorer = BERTScorer(model_type=model, num_layers=num_layers)
        except (OSError, ValueError, AssertionError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"bert model {model}: cannot be loaded with {num_layers} layers ({reason}); name"
                " another --bert-model or --bert-layers"
            ) from error
        self._limit_length()

    def score(self, said: Sequence[str], references: Sequence[str]) -> list[float]:
        """F1 of each text against its reference; neither may be blank."""
        _, _, f1_N = self._scorer.score(list(said), list(references), batch_size=BATCH_SIZE)
        return [float(value) for value in f1_N]

    def _limit_length(self) -> None:
        """Cut texts at the model's length: a folder's tokenizer need not name it."""
        config = self._scorer._model.config
        room = int(getattr(config, "max_position_embeddings", 512)) - 2  # RoBERTa's start at 2
        tokenizer = self._scorer._tokenizer
        tokenizer.model_max_length = min(int(tokenizer.model_max_length), room)


def check_bert_model(model: str) -> None:
    """Refuse a folder that is missing or holds no safetensors; a hub id is left to the hub.

    Raises:
        InputError: It is so.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not any(folder.glob("*.safetensors")):
            raise InputError(f"bert model {model}: holds no .safetensors; save it in that format")
    elif model.startswith((".", "/", "~")) or ("/" in model and means_folder(model)):
        raise InputError(f"bert model {model}: no such folder; name a folder or a hub id")
