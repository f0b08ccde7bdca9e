"""The commands that the pages show: read from fenced blocks, cut into words, sorted by need."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(gre [^`\n]+)`")
SEPARATORS = {"&&", "||", ";", "|", "&", "(", ")", ";;"}
KEYWORDS = {"do", "then", "time"}
SKIPPED = {"for", "done", "if", "fi", "while", "cd", "source", "export", "mkdir", "echo"}
NETWORK = {"hf", "curl", "wget", "git", "conda", "docker", "pip", "pip3", "fresh/bin/pip"}
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True)
class Command:
    """One simple command of a page.

    Attributes:
        page: Its page, from the repository's root.
        block: The fenced block that it stands in, with its remarks.
        words: Program and arguments, without assignments and redirections.
    """

    page: str
    block: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def list_pages() -> list[str]:
    """Every page of the project, from the repository's root."""
    top = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("eval/*.md")]
    found = [*top, *ROOT.glob("benchmark/*.md"), *ROOT.glob("demo/*.md")]
    return sorted(page.relative_to(ROOT).as_posix() for page in found)


def read_blocks(page: str, languages: tuple[str, ...]) -> list[str]:
    """Give the fenced blocks of a page in some languages; "" is a block that names none."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for language, body in FENCE.findall(text) if language in languages]


def read_commands(page: str) -> list[Command]:
    """Give every simple command of a page's bash blocks, in order."""
    found = []
    for block in read_blocks(page, ("bash", "sh")):
        for line in block.replace("\\\n", " ").splitlines():
            found += [Command(page, block, tuple(words)) for words in split_line(line)]
    return found


def read_inline(page: str) -> list[Command]:
    """Give the `gre ...` commands that stand in a page's running text and tables."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return [
        Command(page, "", tuple(words))
        for span in INLINE.findall(text)
        for words in split_line(span)
    ]


def split_line(line: str) -> list[list[str]]:
    """Cut a shell line into simple commands: no remarks, assignments or redirections."""
    lexer = shlex.shlex(line.replace("[", "").replace("]", ""), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    skip_next = False
    for token in lexer:
        if skip_next:
            skip_next = False
        elif token in SEPARATORS:
            commands.append([])
        elif set(token) <= set("<>&"):
            skip_next = True
        elif commands[-1] or not (ASSIGNMENT.match(token) or token in KEYWORDS):
            commands[-1].append(token)
    return [words for words in commands if words and words[0] not in SKIPPED]


def gre_words(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """Give what follows `gre` in a command that runs it, also by python or torchrun; else None."""
    if words[0] == "gre":
        return words[1:]
    if words[0] in {"python", "torchrun"} and "gre" in words and "-m" in words:
        return words[words.index("gre") + 1 :]
    return None


def needs(command: Command) -> set[str]:
    """What a machine must have for a command, beside the project: `GPU`, `network`, `server`."""
    words = command.words
    found = set()
    if words[0] in NETWORK or (gre_words(words) and words[1:2] in [("pull",), ("push",)]):
        found.add("network")
    if any(word.startswith("openai:") or word == "--base-url" for word in words):
        found.add("server")
    elif _is_large(words) and "--dry-run" not in words and "--help" not in words:
        found.add("GPU")
    return found


def _is_large(words: tuple[str, ...]) -> bool:
    """Whether a command trains or asks a model that is no toy."""
    if any("configs/tiny" in word or word.startswith("work/") for word in words):
        return False
    trains = ("scripts/train/", "scripts/eval/eval_", "scripts/eval_bench/", "scripts/ablation.sh")
    if any(word.startswith(trains) for word in words) or words[0] in {"torchrun", "sbatch"}:
        return True
    asked = gre_words(words) or ("",)
    return asked[0] == "train" or (asked[0] == "evaluate" and any("eval_data" in w for w in words))
