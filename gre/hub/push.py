"""Publish a model: one commit with all its files, or none."""

from typing import TYPE_CHECKING

from gre.errors import GreError, InputError
from gre.hub.connection import endpoint, find_token, plain_errors
from gre.hub.package import Package
from gre.models.names import HUB_ID

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def check_repo_id(repo_id: str) -> str:
    """Refuse what is no owner/name.

    Raises:
        InputError: It is none.
    """
    if not HUB_ID.fullmatch(repo_id) or ".." in repo_id or "--" in repo_id:
        raise InputError(
            f"--to: got {repo_id!r}, must be owner/name of a repository on the hub; correct it"
        )
    return repo_id


def send(
    api: "HfApi", package: Package, repo_id: str, *, is_public: bool, revision: str | None = None
) -> str:
    """Make the repository where there is none, upload, and commit everything at once.

    Large files go first and lie unseen until the commit; those that the hub has already are not
    sent again, so that an interrupted push is gone on with by the same command.

    Args:
        api: The hub.
        package: What to send.
        repo_id: Where.
        is_public: Of a new repository; one that is there keeps what it is.
        revision: Branch; main if None.

    Returns:
        The address of the commit.

    Raises:
        InputError: There is no token, or it may not write there.
        GreError: The hub cannot be reached or refuses the files.
    """
    from huggingface_hub import CommitOperationAdd

    if find_token() is None:
        raise InputError("no hub token; set HF_TOKEN to one that may write, or run hf auth login")
    operations = [CommitOperationAdd(parcel.path, parcel.content) for parcel in package.parcels]
    try:
        with plain_errors(repo_id):
            api.create_repo(repo_id, private=not is_public, exist_ok=True)
            done = api.create_commit(
                repo_id, operations, commit_message="Upload with gre push", revision=revision
            )
    except (ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        from gre.hub.connection import redact

        reason = redact(str(error)).strip().splitlines() or [type(error).__name__]
        raise GreError(
            f"{repo_id}: {endpoint()} did not take the files ({reason[0]}); nothing was committed:"
            " run the same command again"
        ) from error
    return str(done.commit_url)
