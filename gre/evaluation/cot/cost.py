"""What a judgment will cost, before the first call."""

from collections.abc import Iterable
from dataclasses import dataclass

from gre.evaluation.cot.chains import statements
from gre.evaluation.cot.chat_judge import ChatJudge, estimated_completion_tokens
from gre.evaluation.cot.verdicts import Item
from gre.models.chat_api import estimate_prompt_tokens


@dataclass(frozen=True)
class Estimate:
    """Calls and tokens, if every reply can be used and none is cached.

    Attributes:
        chains: Chains to judge.
        calls: Requests; equal ones are counted once.
        prompt_tokens: Rather too many than too few.
        completion_tokens: About.
        usd: Their price; None where no price is known.
    """

    chains: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None

    def describe(self) -> str:
        """One line."""
        price = "price unknown" if self.usd is None else f"about {self.usd:.2f} US dollars"
        return (
            f"{self.chains:,} chains: about {self.calls:,} calls, {self.prompt_tokens:,} prompt and"
            f" {self.completion_tokens:,} completion tokens, {price}; kept replies cost nothing,"
            " bad ones are asked for again at most twice"
        )


def estimate(items: Iterable[Item], judge: ChatJudge) -> Estimate:
    """Estimate what judging items costs."""
    asked: dict[str, tuple[int, int]] = {}
    chains = 0
    for item in items:
        chains += 1
        reference = judge.sort_request(item.question, statements(item.key_steps))
        for request, num_verdicts in [*judge.requests(item, statements(item.steps)), reference]:
            tokens = estimate_prompt_tokens(request), estimated_completion_tokens(num_verdicts)
            asked.setdefault(request.text, tokens)
    prompt_tokens = sum(prompt for prompt, _ in asked.values())
    completion_tokens = sum(completion for _, completion in asked.values())
    usd = judge.endpoint.cost_usd(prompt_tokens, completion_tokens)
    return Estimate(chains, len(asked), prompt_tokens, completion_tokens, usd)
