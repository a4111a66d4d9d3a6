"""Add up the scores of a match."""


def total(scores: list[int]) -> int:
    """Return the sum of the scores."""
    return sum(scores)
