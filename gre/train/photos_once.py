"""Photos of the reinforcement stages read once per generation, in the loader's workers.

TRL's loader hands over the rows of a generation once per micro-batch and iteration, though only the
first time counts: there the photos are read, and later rows bring only their number. What is read
is prepared for the model in the worker (`gre.models.prepared`), once for the G rows of a group.

The methods of TRL that are overridden, all in this mixin:

- `get_train_dataloader` and `_get_train_sampler`: mark the rows that nobody will look at;
- `_tokenize_prompts` and `_generate_and_score_completions`: work with a processor that takes
  prepared photos.

Written against TRL 1.16.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.utils.data import Dataset, Sampler

from gre.data.datasets import PhotoReader
from gre.data.image_cache import ImageCache
from gre.data.images import load_image
from gre.errors import InputError
from gre.models.prepared import PhotoPreparer, can_prepare, prepared_processor
from gre.train.config import DataOptions

if TYPE_CHECKING:
    from trl import GRPOTrainer as _TrainerBase
else:
    _TrainerBase = object

UNREAD = "unread_row"
"""The only column of a row that was not read: its number."""

Row = dict[str, Any]  # Any: columns of the rollout dataset


class PhotosOnce(_TrainerBase):
    """Mixin over TRL's GRPOTrainer; stands before it among the bases."""

    train_dataset: Any  # Any: a dataset of a library that is not followed
    processing_class: Any  # Any: a processor of transformers
    _is_taking: bool = False

    def get_train_dataloader(self) -> Any:  # Any: TRL's loader
        """The loader of generations; each is read once."""
        whole = self.train_dataset
        self.train_dataset = RowsToRead(whole)
        try:
            return super().get_train_dataloader()
        finally:
            self.train_dataset = whole

    def _get_train_sampler(self, dataset: Any = None) -> Any:  # Any: a torch Sampler
        sampler = super()._get_train_sampler(dataset)
        if not isinstance(dataset, RowsToRead):
            return sampler
        return FirstOfRepeats(
            sampler,
            size=self.args.generation_batch_size,
            repeats=self.args.steps_per_generation * self.num_iterations,
        )

    def read_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Give rows, those that were not read in a worker read now."""
        return [self.train_dataset[row[UNREAD]] if UNREAD in row else row for row in rows]

    def _tokenize_prompts(self, prompts: list[Any]) -> Any:  # Any: messages; TRL's three results
        with self._takes_prepared():
            return super()._tokenize_prompts(prompts)

    def _generate_and_score_completions(self, inputs: Any) -> Any:  # Any: TRL's rows and batches
        with self._takes_prepared():
            return super()._generate_and_score_completions(inputs)

    @contextmanager
    def _takes_prepared(self) -> Iterator[None]:
        """Let TRL work with a processor that takes prepared photos, too."""
        if self._is_taking:
            yield
            return
        stock = self.processing_class
        self.processing_class, self._is_taking = prepared_processor(stock), True
        try:
            yield
        finally:
            self.processing_class, self._is_taking = stock, False


class FirstOfRepeats(Sampler[int]):
    """Gives what a sampler gives; the repeats of a block as ~row, which is negative.

    Args:
        sampler: Gives blocks of `size` rows, each block `repeats` times in a row.
        size: Rows of a block.
        repeats: How often a block comes.
    """

    def __init__(self, sampler: Any, *, size: int, repeats: int) -> None:  # Any: TRL's sampler
        self.sampler = sampler
        self.size = size
        self.repeats = repeats

    def __getattr__(self, name: str) -> Any:  # Any: whatever the sampler has, such as a generator
        if name == "sampler":  # a copy that is not filled yet
            raise AttributeError(name)
        return getattr(self.sampler, name)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[int]:
        for place, row in enumerate(self.sampler):
            yield row if place // self.size % self.repeats == 0 else ~row


class RowsToRead(Dataset[Row]):
    """A dataset that reads the rows it is asked for by number, and of ~row gives the number."""

    def __init__(self, rows: Any) -> None:  # Any: a dataset of a library that is not followed
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Row]:
        """Rows by number, those to be read in one go."""
        wanted = [index for index in indices if index >= 0]
        found = iter(self.rows.__getitems__(wanted) if wanted else [])
        return [next(found) if index >= 0 else {UNREAD: ~index} for index in indices]


def photo_reader(
    options: DataOptions,
    processor: Any,  # Any: a processor of transformers
    *,
    shows_pictures: bool = False,
) -> PhotoReader:
    """Choose how the photos of a run are read: prepared where that gives the processor's numbers.

    Args:
        options: Whether to decode at a reduced scale, and where to keep what was processed.
        processor: Of the model.
        shows_pictures: Whether the run hands the pictures themselves to something else.

    Raises:
        InputError: The options ask for what cannot be prepared, or the cache cannot be written.
    """
    if not shows_pictures and can_prepare(processor.image_processor):
        folder, gib = options.image_cache_dir, options.image_cache_gib
        return PhotoPreparer(
            processor.image_processor,
            draft=options.draft_decoding,
            cache=ImageCache(Path(folder), gib=gib) if folder else None,
        )
    asked = {"draft_decoding": options.draft_decoding, "image_cache_dir": options.image_cache_dir}
    for name, value in asked.items():
        if value:
            raise InputError(
                f"{name} needs a model with the image processor of Qwen2-VL, generation by"
                " transformers and log_completions false; leave it out"
            )
    return load_image
