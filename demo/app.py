"""The demo: locate photos in a browser, on this machine alone.

Example: python demo/app.py --model work/stage3 --examples work/world
"""

import argparse
import sys
from pathlib import Path

from gre.commands.console import quiet_libraries, start_logging
from gre.demo.game import load_examples
from gre.demo.models import ModelShelf, find_models
from gre.demo.serve import serve
from gre.errors import GreError

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Parse, call `gre.demo`, and turn known errors into one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", action="append", default=[],
        help="folder or hub id, may be given several times; default: what the quickstart made",
    )  # fmt: skip
    parser.add_argument(
        "--examples", type=Path,
        help="sample world, GREval-Bench or folder of photos with positions; default: work/world",
    )  # fmt: skip
    parser.add_argument("--port", type=int, help="default: the first free one from 7860")
    parser.add_argument("--max-new-tokens", type=int, default=1024, help="longest answer, tokens")
    words = parser.parse_args()
    start_logging()
    quiet_libraries()
    default_world = ROOT / "work" / "world"
    examples = words.examples or (default_world if default_world.is_dir() else None)
    try:
        shelf = ModelShelf(find_models(words.model, ROOT))
        samples = load_examples(examples)
        serve(shelf, samples, port=words.port, max_new_tokens=words.max_new_tokens)
    except GreError as error:
        sys.stderr.write(f"demo/app.py: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"demo/app.py: {error}; choose another --port\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
