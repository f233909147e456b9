"""What deletes say of themselves."""

from contract.upkeep import Erased


def test_what_several_steps_deleted_is_added_up() -> None:
    assert sum([Erased(1, 2, 3), Erased(10, 20, 30)], Erased()) == Erased(11, 22, 33)
    assert Erased(11, 22, 33).rows == 55
