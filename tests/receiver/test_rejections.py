"""What a client is told of rejected items stays short."""

from receiver.rejections import MAX_REASONS, Rejections


def test_one_reason_is_told_once_and_counted_always() -> None:
    rejections = Rejections()
    for _ in range(3):
        rejections.add("invalid_id", "span id is all zeroes")
    assert (rejections.count, rejections.labels) == (3, {"invalid_id": 3})
    assert rejections.message() == "span id is all zeroes"


def test_the_number_of_reasons_is_bounded() -> None:
    rejections = Rejections()
    for number in range(1000):
        rejections.add("malformed_item", f"field{number} is not a string")
    assert rejections.count == 1000
    assert rejections.message().count(";") == MAX_REASONS - 1
