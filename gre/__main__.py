"""`python -m gre`: the same door as the `gre` command, for launchers that want a module."""

from gre.cli import main

if __name__ == "__main__":
    main()
