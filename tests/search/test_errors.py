"""The one error a user sees."""

from outvoted.search.errors import OutvotedError, suggestion


def test_an_error_says_what_was_expected_what_was_found_and_what_to_do() -> None:
    error = OutvotedError("a number", "'seven'", "write 7")
    assert (error.expected, error.found, error.remedy) == ("a number", "'seven'", "write 7")
    lines = str(error).splitlines()
    assert [line.split(":")[0] for line in lines] == ["expected", "found", "to do"]
    assert [line.split(":")[1].strip() for line in lines] == ["a number", "'seven'", "write 7"]


def test_the_nearest_word_is_suggested() -> None:
    assert suggestion("patence", ["seed", "patience", "strategy"]) == "did you mean 'patience'?"


def test_where_no_word_is_near_all_are_listed_in_order() -> None:
    assert suggestion("zzz", (word for word in ("seed", "patience"))) == "choose from: patience, seed"
