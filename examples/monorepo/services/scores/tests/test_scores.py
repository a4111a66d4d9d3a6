from scores import Board


def test_the_fastest_run_comes_first():
    board = Board(["cove"])
    assert board.add("cove", "ida", 41.5) == 1
    assert board.add("cove", "ole", 39.0) == 1
    assert [run["player"] for run in board.best("cove")] == ["ole", "ida"]
