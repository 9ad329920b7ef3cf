"""All there is to know of a run, in a number of reads that does not grow with it."""

from pathlib import Path

from covey.client.record import read_record
from covey.client.standing import left
from covey.model.events import RunStarted
from covey.store.sqlite import open_viewer
from tests.store.lives import engine_store, family, live, traced


async def test_the_record_of_a_real_run(shop: Path) -> None:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        (root,) = await viewer.roots(viewer.scope)
        record = await read_record(viewer, shop, root.id)
        assert record.left == await left(viewer, root.id)
    tax = next(session for session in record.view.sessions if session.component == "tax")
    assert (record.project, record.view.workflow, record.view.root.id) == ("shop", "design", root.id)
    assert [type(event) for event in record.events] == [RunStarted]
    assert [taken.step for taken in record.steps[tax.id]] == ["Initialize", "GenerateComponentDesign"]
    assert "syntax error" in record.transcripts[tax.id][-1].text
    assert {step for _, step in record.findings} == {"Finalize"}


async def test_the_number_of_reads_does_not_grow(tmp_path: Path) -> None:
    assert await reads(tmp_path / "few", 2) == await reads(tmp_path / "many", 60) <= 8


async def reads(root: Path, children: int) -> int:
    """How many statements it takes to read the record of a run with so many children, each of which has failed once."""
    root.mkdir()
    async with engine_store(root) as store:
        parent = await family(store, children)
        for number in range(children):
            await live(store, f"child-{number:04}", fails=True)
    async with open_viewer(root) as viewer:
        assert viewer is not None
        async with traced(viewer._connection) as statements:
            record = await read_record(viewer, root, parent.id)
    assert len(record.steps) == len(record.transcripts) == children
    return len(statements)
