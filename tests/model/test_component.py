"""Spawn order (what the parent starts first) and the ids of things that exist once."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from covey.model.component import Component, spawn_order
from covey.model.ids import id_for, new_id


def component(name: str, priority: int | None = None, module: str = "", key: str = "") -> Component:
    """A component with what its place in the order depends on."""
    return Component(id=key or name, project_id="p", name=name, module_name=module or name, priority=priority)


def in_order(*components: Component) -> list[str]:
    """The ids in spawn order."""
    return [each.id for each in sorted(components, key=spawn_order)]


class TestSpawnOrder:
    """Priority descending, none last, then name, module and id by code point."""

    def test_highest_priority_first(self) -> None:
        assert in_order(component("Alpha", 1), component("Beta", 3), component("Charlie", 1)) == [
            "Beta",
            "Alpha",
            "Charlie",
        ]

    def test_none_comes_last_even_after_priorities_below_zero(self) -> None:
        assert in_order(component("None"), component("Low", -5), component("Zero", 0)) == ["Zero", "Low", "None"]

    def test_names_compare_by_code_point(self) -> None:
        assert in_order(component("alpha"), component("Über"), component("Zulu")) == ["Zulu", "alpha", "Über"]

    def test_ties_go_by_module_then_by_id(self) -> None:
        same = [component("A", 1, "m.b", "1"), component("A", 1, "m.a", "3"), component("A", 1, "m.a", "2")]
        assert in_order(*same) == ["2", "3", "1"]

    @given(st.lists(st.tuples(st.sampled_from("AB"), st.none() | st.integers(-1, 1)), max_size=6), st.randoms())
    def test_does_not_depend_on_the_order_in_which_components_come(
        self, drawn: list[tuple[str, int | None]], shuffle: st.DataObject
    ) -> None:
        components = [component(name, priority, key=str(n)) for n, (name, priority) in enumerate(drawn)]
        shuffled = list(components)
        shuffle.shuffle(shuffled)
        assert in_order(*shuffled) == in_order(*components)


class TestIds:
    """The same facts give the same id, other facts another."""

    def test_an_id_for_facts_is_theirs_alone(self) -> None:
        assert id_for("session", "a", "b") == id_for("session", "a", "b")
        assert len({id_for("a", "b"), id_for("ab"), id_for("b", "a"), id_for("a", "b", "")}) == 4

    def test_it_is_the_one_that_was_stored_by_every_covey_before(self) -> None:
        namespace = UUID("6f1b2a52-6f0e-4c55-9a53-0c0c5e5a11e7")
        assert id_for("session", "Ärger", "b") == uuid5(namespace, "session\x1fÄrger\x1fb").hex

    def test_ids_are_32_hex_digits_and_new_ones_differ(self) -> None:
        for each in (new_id(), id_for("x")):
            assert len(each) == 32
            assert int(each, 16) >= 0
        assert new_id() != new_id()
