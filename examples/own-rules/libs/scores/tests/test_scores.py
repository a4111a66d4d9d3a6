from scores import total


def test_the_total_is_the_sum():
    assert total([3, 4]) == 7
