"""How weaknesses are used: each that a review can find has a sentence, which says who does what."""

from berth.review.attacks import attack
from berth.review.weaknesses import NAMES


def test_every_weakness_has_a_sentence() -> None:
    assert [cwe for cwe in NAMES if not attack(cwe)] == []
    assert attack(1) == ""


def test_they_are_sentences_that_are_read_once() -> None:
    for cwe in NAMES:
        assert attack(cwe).endswith("."), cwe
        assert len(attack(cwe).split()) <= 40, cwe
