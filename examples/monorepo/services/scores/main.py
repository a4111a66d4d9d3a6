"""The service: reads what it needs from the environment, and listens."""

import json
import os

from waitress import serve

from scores import Board, application


def main():
    with open(os.environ["LEVELS"], encoding="utf-8") as file:
        levels = [level["name"] for level in json.load(file)["levels"]]
    serve(application(Board(levels)), port=8000)


if __name__ == "__main__":
    main()
