"""A board of the best runs, and the WSGI application that shows it."""

import json

KEPT = 10


class Board:
    """The best runs of each level, fastest first."""

    def __init__(self, levels):
        self._runs = {level: [] for level in levels}

    def add(self, level, player, seconds):
        """Take a run; return its place, or None where it is not among the best."""
        runs = self._runs[level]
        runs.append((float(seconds), player))
        runs.sort()
        place = runs.index((float(seconds), player)) + 1
        del runs[KEPT:]
        return place if place <= KEPT else None

    def best(self, level):
        """Return the runs of a level."""
        return [{"player": player, "seconds": seconds} for seconds, player in self._runs[level]]


def application(board):
    """Return the application: GET /health, GET /LEVEL, POST /LEVEL with a JSON run."""

    def answer(environ, start_response):
        status, value = _answer(board, environ)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(value).encode()]

    return answer


def _answer(board, environ):
    level = environ["PATH_INFO"].strip("/")
    if level == "health":
        return "200 OK", {"status": "up"}
    try:
        if environ["REQUEST_METHOD"] == "GET":
            return "200 OK", board.best(level)
        run = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return "201 Created", {"place": board.add(level, run["player"], run["seconds"])}
    except KeyError as error:
        return "404 Not Found", {"missing": str(error.args[0])}
