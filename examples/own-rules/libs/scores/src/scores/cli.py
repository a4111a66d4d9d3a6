"""The command `scores`: `scores 3 4` prints 7."""

import sys

from scores import total


def main() -> None:
    """Print the total of the arguments."""
    print(total([int(word) for word in sys.argv[1:]]))
