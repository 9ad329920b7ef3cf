"""Reading, writing, changing and listing files, as a model that means well does it."""

import stat
import threading
from pathlib import Path

import pytest

from covey.agents.anthropic_api.tools import Toolbox
from covey.agents.anthropic_api.tools.arguments import ListFiles
from covey.agents.anthropic_api.tools.files import FileTools
from covey.agents.anthropic_api.tools.result import in_thread
from covey.projects.paths import ArtifactKind
from covey.workspace.confined import Confined
from covey.workspace.credentials import Credentials
from tests.agents.anthropic_api.tools.bench import Bench, refused, said
from tests.workspace.traps import TARGET

KEPT = f".covey/replaced/s-1/{TARGET}"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def write(bench: Bench, path: str, text: str) -> Path:
    place = bench.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode())
    return place


class TestRead:
    """A file comes as it stands, in as many pieces as it takes."""

    @pytest.mark.parametrize("text", ["one\ntwo\n", "no end", "a\r\nb\r\n", "\ufefftitle\n\n\n", "ünï\n"])
    async def test_as_it_stands(self, bench: Bench, text: str) -> None:
        write(bench, "a.txt", text)
        assert await bench.done("read_file", path="a.txt") == text

    async def test_an_empty_file(self, bench: Bench) -> None:
        write(bench, "a.txt", "")
        assert await bench.done("read_file", path="a.txt") == "[the file is empty]"

    async def test_some_lines(self, bench: Bench) -> None:
        write(bench, "a.txt", "".join(f"{n}\n" for n in range(1, 11)))
        assert (
            await bench.done("read_file", path="a.txt", offset=3, limit=2)
            == "3\n4\n[lines 3 to 4 of 10; the next ones: offset 5]"
        )
        assert await bench.done("read_file", path="a.txt", offset=10) == "10\n[lines 10 to 10 of 10]"

    async def test_a_long_file_in_pieces(self, bench: Bench) -> None:
        write(bench, "a.txt", "".join(f"{n:>99}\n" for n in range(1, 1001)))
        first = await bench.done("read_file", path="a.txt")
        assert first.endswith("[lines 1 to 480 of 1,000; the next ones: offset 481]")
        assert len(first) < 50_000

    async def test_a_line_that_is_too_long_loses_its_middle(self, bench: Bench) -> None:
        write(bench, "a.txt", f"begin{'x' * 100_000}end\nnext\n")
        first = await bench.done("read_file", path="a.txt")
        assert first.startswith("begin")
        assert "[… 52,008 characters left out …]" in first
        assert first.endswith("end\n[lines 1 to 1 of 2; the next ones: offset 2]")


class TestWrite:
    """A new file is written whole; another's text is replaced only by one who has seen it, and is kept."""

    async def test_a_new_file(self, bench: Bench) -> None:
        assert await bench.done("write_file", path=TARGET, content="a\nb\n") == f"Wrote {TARGET}: 2 lines."
        assert (bench.root / TARGET).read_text() == "a\nb\n"
        assert not (bench.root / ".covey/replaced").exists()

    async def test_a_fixture(self, bench: Bench) -> None:
        await bench.done("write_file", path="tests/fixtures/test_shop/order.json", content="{}")
        assert (bench.root / "tests/fixtures/test_shop/order.json").read_text() == "{}"

    @pytest.mark.parametrize("kind", [ArtifactKind.DESIGN, ArtifactKind.CODE, ArtifactKind.REVIEW])
    async def test_no_fixtures_but_for_tests(self, bench: Bench, kind: ArtifactKind) -> None:
        call = {"path": "tests/fixtures/test_shop/order.json", "content": "{}"}
        assert "not written" in refused(await bench.toolbox(kind=kind).call("write_file", call))

    async def test_its_own_text_again(self, bench: Bench) -> None:
        toolbox = bench.toolbox()
        for text in ("one", "two", "three"):
            said(await toolbox.call("write_file", {"path": TARGET, "content": text}))
        assert (bench.root / TARGET).read_text() == "three"
        assert not (bench.root / ".covey/replaced").exists()

    async def test_a_text_that_was_not_read(self, bench: Bench) -> None:
        place = write(bench, TARGET, "theirs")
        assert "not read to its end" in refused(
            await bench.toolbox().call("write_file", {"path": TARGET, "content": "ours"})
        )
        assert place.read_text() == "theirs"

    async def test_a_text_of_which_some_was_read(self, bench: Bench) -> None:
        write(bench, TARGET, "one\ntwo\n")
        toolbox = bench.toolbox()
        said(await toolbox.call("read_file", {"path": TARGET, "limit": 1}))
        assert "not read to its end" in refused(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))

    async def test_a_text_that_was_read_is_kept(self, bench: Bench) -> None:
        place = write(bench, TARGET, "theirs")
        place.chmod(0o640)
        toolbox = await read(bench)
        answer = said(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))
        assert answer == f"Wrote {TARGET}: 1 line. What was there is kept in {KEPT}."
        assert place.read_text() == "ours"
        assert stat.S_IMODE(place.stat().st_mode) == 0o640
        assert (bench.root / KEPT).read_text() == "theirs"

    async def test_a_text_that_was_changed_since(self, bench: Bench) -> None:
        place = write(bench, TARGET, "theirs")
        toolbox = await read(bench)
        place.write_text("theirs, newer")
        assert "changed since" in refused(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))
        assert place.read_text() == "theirs, newer"

    async def test_what_somebody_wrote_between_two_of_ours_is_kept_too(self, bench: Bench) -> None:
        place = write(bench, TARGET, "theirs")
        toolbox = await read(bench)
        said(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))
        place.write_text("theirs again")
        said(await toolbox.call("read_file", {"path": TARGET}))
        said(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))
        assert (bench.root / KEPT).read_text() == "theirs"
        assert (bench.root / f"{KEPT}.2").read_text() == "theirs again"

    async def test_a_blank_file_holds_nothing_to_lose(self, bench: Bench) -> None:
        write(bench, TARGET, " \n")
        assert await bench.done("write_file", path=TARGET, content="ours") == f"Wrote {TARGET}: 1 line."

    async def test_where_it_cannot_be_kept_it_is_not_replaced(self, bench: Bench) -> None:
        place = write(bench, TARGET, "theirs")
        write(bench, ".covey/replaced", "a file in the way")
        toolbox = await read(bench)
        refused(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))
        assert place.read_text() == "theirs"


class TestEdit:
    """One passage is replaced, and no other."""

    async def test_a_passage(self, bench: Bench) -> None:
        place = write(bench, TARGET, "one\r\ntwo\r\nthree\r\n")
        said(await bench.toolbox().call("edit_file", {"path": TARGET, "old": "two", "new": "2"}))
        assert place.read_bytes() == b"one\r\n2\r\nthree\r\n"
        assert (bench.root / KEPT).read_bytes() == b"one\r\ntwo\r\nthree\r\n"

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("a", "b", "2 times (lines 1, 3)"),
            ("aa", "b", "not in"),
            ("x\ny", "b", "end with CR LF"),
            ("b", "b", "the same"),
        ],
    )
    async def test_what_cannot_be_done(self, bench: Bench, old: str, new: str, why: str) -> None:
        place = write(bench, TARGET, "a\r\nb\r\na\r\n")
        assert why in refused(await bench.toolbox().call("edit_file", {"path": TARGET, "old": old, "new": new}))
        assert place.read_bytes() == b"a\r\nb\r\na\r\n"

    async def test_passages_that_overlap_are_several(self, bench: Bench) -> None:
        write(bench, TARGET, "a\na\na\n")
        call = {"path": TARGET, "old": "a\na", "new": "b"}
        assert "2 times (lines 1, 2)" in refused(await bench.toolbox().call("edit_file", call))

    async def test_very_many(self, bench: Bench) -> None:
        write(bench, TARGET, "a" * 1000)
        call = {"path": TARGET, "old": "a", "new": "b"}
        assert "more than 10 times" in refused(await bench.toolbox().call("edit_file", call))

    async def test_whoever_has_changed_a_passage_has_not_read_the_rest(self, bench: Bench) -> None:
        write(bench, TARGET, "one\ntwo\n")
        toolbox = bench.toolbox()
        said(await toolbox.call("edit_file", {"path": TARGET, "old": "two", "new": "2"}))
        refused(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))

    async def test_whoever_has_read_it_knows_it_after_an_edit(self, bench: Bench) -> None:
        place = write(bench, TARGET, "one\ntwo\n")
        toolbox = await read(bench)
        said(await toolbox.call("edit_file", {"path": TARGET, "old": "two", "new": "2"}))
        said(await toolbox.call("write_file", {"path": TARGET, "content": "ours"}))
        assert place.read_text() == "ours"
        assert (bench.root / KEPT).read_text() == "one\ntwo\n"


class TestList:
    """Files by their paths, in order, within bounds."""

    async def test_all_below(self, bench: Bench) -> None:
        for path in ("src/b.py", "src/a/c.py", "docs/d.md", ".env", "src/__pycache__/b.pyc", "node_modules/x/y.js"):
            write(bench, path, "x")
        (bench.root / "link").symlink_to("src")
        assert (await bench.done("list_files", path=".")).splitlines() == [
            "docs/d.md",
            "link  (a link)",
            "node_modules/  (not looked into)",
            "src/__pycache__/  (not looked into)",
            "src/a/c.py",
            "src/b.py",
        ]
        assert await bench.done("list_files", path="src", pattern="*.py") == "src/a/c.py\nsrc/b.py"
        assert await bench.done("list_files", path=".", pattern="src/*/*.py") == "src/a/c.py"
        assert await bench.done("list_files", path="src/b.py") == "src/b.py"

    async def test_very_many(self, bench: Bench) -> None:
        for n in range(501):
            write(bench, f"{n:03}.txt", "")
        lines = (await bench.done("list_files", path=".")).splitlines()
        assert len(lines) == 501
        assert lines[-1].startswith("[there are more than 500")

    async def test_when_its_time_is_over(self, bench: Bench) -> None:
        write(bench, "a.txt", "")
        tools = FileTools(Confined(bench.root), "s-1", Credentials({}))

        def work(stop: threading.Event) -> str:
            assert stop.wait(10)
            return tools.list(stop, ListFiles(path="."))

        assert await in_thread(0.0, work) == "[ended after 0 files and directories; ask for a directory further down]"


async def read(bench: Bench) -> Toolbox:
    """A toolbox whose model has read the target."""
    toolbox = bench.toolbox()
    said(await toolbox.call("read_file", {"path": TARGET}))
    return toolbox
