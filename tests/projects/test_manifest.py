from collections.abc import Callable
from pathlib import Path

import pytest

from covey.errors import UsageError
from covey.projects.manifest import DeclaredProject, find_contexts, load_project

Load = Callable[[str], DeclaredProject]
Mistakes = Callable[[str], list[tuple[int, str]]]

SHOP = """\
[[context]]
name = "Billing"
module = "shop.billing"
description = "money"

[[context.component]]
name = "Invoice"
module = "shop.billing.invoice"
type = "schema"
priority = 3
depends_on = ["shop.billing.money", "shop.billing", "decimal"]

[[context.component]]
name = "Money"
module = "shop.billing.money"

[[context]]
name = "User Orders"
module = "shop.orders"

[[context]]
name = "shop"
module = "shop.__root__"

[[context.component]]
name = "main"
module = "main"
"""


def component(module: str, *, name: str = "x", more: str = "") -> str:
    """A manifest of one context and one component: the component's name is on line 5, its module on line 6."""
    return f'[[context]]\nname = "A"\nmodule = "a"\n[[context.component]]\nname = {name!r}\nmodule = {module!r}\n{more}'


class TestProject:
    """A manifest in order becomes a project, and the project records."""

    def test_contexts_and_components_in_the_order_of_the_file(self, load: Load) -> None:
        contexts = load(SHOP).contexts
        assert [(context.name, context.module) for context in contexts] == [
            ("Billing", "shop.billing"),
            ("User Orders", "shop.orders"),
            ("shop", "shop.__root__"),
        ]
        assert [child.module for child in contexts[0].components] == ["shop.billing.invoice", "shop.billing.money"]
        assert contexts[1].components == ()

    def test_records_have_contexts_as_parents(self, load: Load) -> None:
        records = {record.module_name: record for record in load(SHOP).components("p1")}
        assert list(records) == [
            "shop.billing", "shop.billing.invoice", "shop.billing.money", "shop.orders", "shop.__root__", "main",
        ]  # fmt: skip
        invoice, billing = records["shop.billing.invoice"], records["shop.billing"]
        assert invoice.parent_component_id == billing.id
        assert (invoice.name, invoice.type, invoice.priority) == ("Invoice", "schema", 3)
        assert invoice.dependencies == ("shop.billing.money", "shop.billing", "decimal")
        assert billing.parent_component_id is None
        assert (billing.description, billing.project_id) == ("money", "p1")

    def test_a_context_may_depend_on_modules(self, load: Load) -> None:
        text = '[[context]]\nname = "A"\nmodule = "a"\ndepends_on = ["b", "decimal", "b"]\n'
        text += '[[context]]\nname = "B"\nmodule = "b"\n'
        assert load(text).components("p")[0].dependencies == ("b", "decimal")

    def test_ids_are_the_same_each_time_and_differ_between_projects(self, load: Load) -> None:
        declared = load(SHOP)
        assert declared.components("p1") == load(SHOP).components("p1")
        assert not {one.id for one in declared.components("p1")} & {one.id for one in declared.components("p2")}

    def test_the_name_is_the_directorys_unless_given(self, load: Load, tmp_path: Path) -> None:
        assert load("").name == tmp_path.name
        assert load('[project]\nname = "shop"\n').name == "shop"

    def test_the_root_is_absolute_with_links_followed(self, load: Load, tmp_path: Path, kinds: object) -> None:
        load("")
        link = tmp_path.parent / f"{tmp_path.name}-link"
        link.symlink_to(tmp_path)
        assert load_project(link, kinds).root == tmp_path.resolve()  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "module", ["a.größe", "a.данные", "a.数据", "a.class", "a.__init__", "a.__main__", "ünicode.x"]
    )
    def test_any_letters_are_welcome(self, load: Load, module: str) -> None:
        assert load(component(module)).contexts[0].components[0].module == module

    def test_names_are_kept_in_composed_form(self, load: Load) -> None:
        child = load(component("a.cafe\u0301", name="Cafe\u0301")).contexts[0].components[0]
        assert (child.name, child.module) == ("Caf\u00e9", "a.caf\u00e9")


class TestNames:
    """Names and modules become files and are shown: what cannot be either is a mistake with its line."""

    @pytest.mark.parametrize(
        "module",
        [
            "",
            " ",
            ".",
            "..",
            "a..b",
            ".a",
            "a.",
            "../x",
            "a/b",
            "a\\b",
            "/etc",
            "a.b c",
            "a.1b",
            "a-b",
            "a!",
            "ä" * 128,
        ],
    )
    def test_modules_that_are_none(self, mistakes: Mistakes, module: str) -> None:
        ((line, message),) = mistakes(component(module))
        assert line == 6
        assert message.startswith('"module" ')

    @pytest.mark.parametrize("name", ["", " ", "..", ".", "../x", "a/b", "a\\b", "x" * 256])
    def test_names_that_are_none(self, mistakes: Mistakes, name: str) -> None:
        ((line, message),) = mistakes(component("a.x", name=name))
        assert line == 5
        assert message.startswith('"name" ')

    @pytest.mark.parametrize("escape", ["\\u0000", "\\u001b[2J", "\\n", "\\u0085", "\\u2028", "\\u202e"])
    def test_control_characters(self, mistakes: Mistakes, escape: str) -> None:
        text = f'[[context]]\nname = "x{escape}"\nmodule = "x{escape}"\n'
        found = mistakes(text)
        assert [line for line, _ in found] == [2, 3]
        assert all("control characters" in message and message.isprintable() for _, message in found)

    def test_a_context_is_held_to_the_same(self, mistakes: Mistakes) -> None:
        assert [line for line, _ in mistakes('[[context]]\nname = "/"\nmodule = "a/b"\n')] == [2, 3]

    def test_files_that_no_file_system_holds(self, mistakes: Mistakes) -> None:
        found = mistakes(component(f"a.{'x' * 253}"))
        assert {line for line, _ in found} == {6}
        assert [message.split(" file ")[0] for _, message in found] == ["the design", "the code", "the test"]
        deep = mistakes(component(".".join(["x" * 200] * 21)))
        assert all("bytes long" in message for _, message in deep)

    def test_directories_outside_the_project_are_told_once(self, mistakes: Mistakes, tmp_path: Path) -> None:
        (tmp_path / "docs").symlink_to("/tmp")
        more = '[[context.component]]\nname = "y"\nmodule = "a.y"\n'
        found = mistakes(component("a.x", more=more))
        assert [line for line, _ in found] == [3, 3]
        assert ["design file" in message for _, message in found] == [True, False]
        assert ["review file" in message for _, message in found] == [False, True]
        assert all("leads out of the project root" in message for _, message in found)


class TestAgainstOneAnother:
    """What two declarations make of each other names both lines."""

    def test_a_module_declared_twice(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(component("a.x", more='[[context.component]]\nname = "y"\nmodule = "a.x"\n'))
        assert line == 9
        assert message == 'the module "a.x" is declared twice: the first time on line 6'

    def test_a_context_declared_twice(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(component("a.x", more='[[context]]\nname = "B"\nmodule = "a"\n'))
        assert line == 9
        assert message == 'the context "a" is declared twice: the first time on line 3'

    def test_the_same_module_in_two_forms_of_one_letter(self, mistakes: Mistakes) -> None:
        text = component("a.caf\u00e9", more='[[context.component]]\nname = "y"\nmodule = "a.cafe\u0301"\n')
        assert [line for line, _ in mistakes(text)] == [9]

    def test_two_components_with_one_file(self, mistakes: Mistakes) -> None:
        text = component("a.x", more='[[context.component]]\nname = "y"\nmodule = "a.b.x"\n')
        ((line, message),) = mistakes(f'{text}[paths]\ntest = "tests/test_{{stem}}.py"\n')
        assert line == 9
        assert '"a.b.x" and "a.x" (line 6) have the same test file "tests/test_x.py"' in message

    def test_a_context_and_a_component_with_one_document(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(f'{component("b.a")}[paths]\ndesign = "{{stem}}.md"\n')
        assert line == 6
        assert 'same design file "a.md"' in message

    def test_a_component_whose_document_is_the_review_of_its_context(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(component("a.design_review"))
        assert line == 6
        said = (
            'the design file "docs/design/a/design_review.md" of "a.design_review" is the review file of "a" (line 3)'
        )
        assert message.startswith(said)
        assert "[paths]" in message

    def test_a_context_whose_review_is_its_document(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(f'{component("a.x")}[paths]\nreview = "docs/design/{{path}}.md"\n')
        assert line == 3
        assert 'the review file "docs/design/a.md" of "a" is the design file of "a" (line 3)' in message

    def test_two_contexts_with_one_review(self, mistakes: Mistakes) -> None:
        more = '[[context]]\nname = "B"\nmodule = "b"\n[paths]\nreview = "review.md"\n'
        ((line, message),) = mistakes(component("a.x", more=more))
        assert line == 9
        assert '"b" and "a" (line 3) have the same review file "review.md"' in message

    def test_two_elixir_modules_with_one_underscored_name(self, mistakes: Mistakes) -> None:
        text = component("A.GitHub", more='[[context.component]]\nname = "y"\nmodule = "A.Git_hub"\n')
        found = mistakes(f'{text}[project]\npreset = "elixir"\n')
        assert [line for line, _ in found] == [9, 9, 9]

    def test_an_unknown_dependency_inside_the_project(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(component("a.invoice", more='depends_on = [\n"os.path",\n"a.invoise"]\n'))
        assert line == 9
        assert message == 'the dependency "a.invoise" is no known module of this project; did you mean "a.invoice"?'

    def test_an_unknown_dependency_of_a_context(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes('[[context]]\nname = "A"\nmodule = "a"\ndepends_on = ["a.x"]\n')
        assert line == 4
        assert message.startswith('the dependency "a.x" is no known module of this project')

    def test_a_dependency_that_is_no_module(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes(component("a.x", more='depends_on = ["../etc"]\n'))
        assert line == 7
        assert message.startswith('"depends_on", entry 1 ')

    def test_all_kinds_of_mistakes_come_together(self, mistakes: Mistakes) -> None:
        text = component(
            "a.x", more='depends_on = ["a.z"]\n[[context.component]]\nname = "y"\nmodule = "a.x"\nwhat = 1\n'
        )
        found = mistakes(f"{text}[run]\nmax_sessions = 0\n")
        assert [line for line, _ in found] == [7, 10, 11, 13]

    def test_a_missing_module_hides_no_other_mistake(self, mistakes: Mistakes) -> None:
        assert [line for line, _ in mistakes('[[context]]\nname = "a/b"\n[[context]]\nmodule = "a/b"\n')] == [
            1,
            2,
            3,
            4,
        ]


class TestFindContexts:
    """A context is meant by its name or module, exact, or by an ending that only one has."""

    @pytest.mark.parametrize(
        ("name", "module"),
        [
            ("Billing", "shop.billing"),
            ("shop.billing", "shop.billing"),
            ("billing", "shop.billing"),
            ("Orders", "shop.orders"),
            ("orders", "shop.orders"),
            ("ling", "shop.billing"),
            ("op.orders", "shop.orders"),
            ("shop", "shop.__root__"),
            ("__root__", "shop.__root__"),
        ],
    )
    def test_ways_to_mean_one(self, load: Load, name: str, module: str) -> None:
        assert [context.module for context in find_contexts(load(SHOP), (name,))] == [module]

    def test_several_each_once_in_the_order_asked_for(self, load: Load) -> None:
        found = find_contexts(load(SHOP), ("orders", "Billing", "User Orders"))
        assert [context.module for context in found] == ["shop.orders", "shop.billing"]

    def test_an_unknown_one_is_told_with_the_nearest(self, load: Load) -> None:
        with pytest.raises(UsageError, match=r'no context "Biling"; did you mean "Billing"'):
            find_contexts(load(SHOP), ("Biling",))

    @pytest.mark.parametrize("name", ["zzzzzz", "", " "])
    def test_one_that_is_near_to_none_is_told_with_all(self, load: Load, name: str) -> None:
        with pytest.raises(UsageError, match=r'there are "Billing", "User Orders", "shop"'):
            find_contexts(load(SHOP), (name,))

    def test_an_ambiguous_ending_is_told_with_the_candidates(self, load: Load) -> None:
        text = '[[context]]\nname = "A"\nmodule = "x.core"\n[[context]]\nname = "B"\nmodule = "y.core"\n'
        with pytest.raises(UsageError, match=r'"core" could be any of the contexts "x.core", "y.core"'):
            find_contexts(load(text), ("core",))

    def test_a_part_of_a_module_wins_over_a_mere_ending(self, load: Load) -> None:
        text = '[[context]]\nname = "x.score"\nmodule = "x.score"\n[[context]]\nname = "x.core"\nmodule = "x.core"\n'
        assert [context.module for context in find_contexts(load(text), ("core",))] == ["x.core"]

    def test_a_project_without_contexts_says_what_to_do(self, load: Load) -> None:
        with pytest.raises(UsageError, match="declares none"):
            find_contexts(load(""), ("x",))
