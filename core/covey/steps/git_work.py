"""What the first and the last step of a session ask of git, and what they keep of it in the session's state.

`state.git` has the `branch`, its `base`, the `commit` it stands at and the `worktree` (relative to the project root,
None once it is removed), or a `reason` why there is no branch. A parent in isolation also has `state.isolated`, which
its children inherit: the run's branch that their work is merged into.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec.structs import replace

from covey.config.manifest import MANIFEST
from covey.config.settings import Isolation
from covey.model.command import Command, CommandKind, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import Status
from covey.projects.manifest import DeclaredProject
from covey.projects.names import branch_slug
from covey.steps.base import WORKSPACE, Handled, Step, Tools
from covey.workspace.git import GitError
from covey.workspace.repository import find_repository, lies_in_repository
from covey.workspace.worktrees import WORKTREES

GIT = "git"
GIT_BEFORE = "git_before"
ISOLATED = "isolated"
TAKEN = "taken"
GIT_FAILED = "git_failed"
"""In the result of a command that git could not carry out; any other result is the step's own to judge."""
IN_ORDER = "in_order"
"""In what a step has looked at for itself: whether its session's work may be merged, where the status says less."""

_BRANCHES = {
    "ContextComponentsDesignSessions": ("docs", "Design documents"),
    "ContextTestingSessions": ("test", "Tests"),
    "ContextCodingSessions": ("code", "Code"),
}
_OTHER = ("run", "Files")


class GitTask(StrEnum):
    """What a command of kind `git` asks for."""

    BEGIN = "begin"
    ISOLATE = "isolate"
    INTEGRATE = "integrate"
    FINISH = "finish"


async def repository_problems(project: DeclaredProject) -> tuple[str, ...]:
    """What keeps a run from the repository that `[run]` asks for, with its line; empty where nothing does."""
    run = project.settings.run
    asked = {"isolation": run.isolation is Isolation.WORKTREE, "push": run.push, "pull_request": run.pull_request}
    key = next((key for key, is_asked in asked.items() if is_asked), None)
    if key is None:
        return ()
    try:
        await find_repository(project.root)
    except GitError as error:
        where = f"{MANIFEST}:{project.lines.of('run', key)}: [run] {key}"
        reason = " ".join(str(error).split())
        return (f"{where} needs a git repository with a commit: {reason}; see to that, or take {key} out",)
    return ()


def is_isolated(session: Session) -> bool:
    """The session works in a worktree of its own."""
    return ISOLATED in session.state and session.session_id is not None


def begin_command(tools: Tools, step: str, session: Session) -> Command | None:
    """The command that makes the run's branch; None where there is no repository and nothing asks for one."""
    run = tools.settings.run
    isolated, pushed = run.isolation is Isolation.WORKTREE, run.push or run.pull_request
    if session.session_id is not None or not (isolated or pushed or lies_in_repository(tools.root)):
        return None
    word, _ = _BRANCHES.get(session.type, _OTHER)
    return tools.command(
        step,
        CommandKind.GIT,
        task=GitTask.BEGIN,
        name=f"{word}-{_slug(session)}",
        worktree=_worktree(session),
        isolated=isolated,
        push=pushed,
        pull_request=run.pull_request,
        git=_with_a_branch(session),
        before=session.state.get(GIT_BEFORE),
    )


async def finish_command(tools: Tools, scope: Scope, step: str, session: Session) -> Command | None:
    """The command that commits what the run's children have left; None where the run has no branch."""
    git = _with_a_branch(session)
    if session.session_id is not None or git is None:
        return None
    run = tools.settings.run
    below = await _below(tools, scope, session.id)
    left = [each for each in below if each.artifact_path is not None]
    skipped = [each for each in below if each.status is Status.SKIPPED]
    _, title = _BRANCHES.get(session.type, _OTHER)
    return tools.command(
        step,
        CommandKind.GIT,
        task=GitTask.FINISH,
        title=f"{title} of {session.component}",
        worktree=_worktree(session),
        artifacts=[_artifact(each) for each in left if each.status is Status.COMPLETE],
        skipped=[{"component": each.component, "reason": each.skip_reason} for each in skipped],
        paths=sorted({str(each.artifact_path) for each in left}),
        push=run.push or run.pull_request,
        pull_request=run.pull_request,
        git=git,
        before=session.state.get(GIT_BEFORE),
    )


def kept(result: Result) -> Mapping[str, Any]:
    """The updates of the session's state that a result of git brings along; none for any other result."""
    keys = (GIT, GIT_BEFORE, ISOLATED, WORKSPACE, TAKEN)
    state = {key: result.data[key] for key in keys if key in result.data}
    return {"state": state} if state else {}


class InWorktree:
    """A child's first or last step, beside which its worktree is opened or its work taken over; else the step alone."""

    def __init__(self, tools: Tools, step: Step, task: GitTask) -> None:
        self._tools = tools
        self._step = step
        self._task = task
        self.name = step.name

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """The step's own command; in isolation it is carried out in the worktree, with what git has to do."""
        command = await self._step.get_command(scope, session)
        if not is_isolated(session):
            return command
        facts = {
            "task": self._task,
            "name": f"{session.state[ISOLATED]['branch']}--{_slug(session)}",
            "worktree": _worktree(session),
            "run": session.state[ISOLATED],
            GIT: _with_a_branch(session),
            TAKEN: session.state.get(TAKEN),
        }
        return replace(command, command=CommandKind.GIT, metadata={**command.metadata, **facts})

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """The step's own judgement; an error of git stands as it is."""
        if not is_isolated(session):
            return await self._step.handle_result(scope, session, result)
        if result.data.get(GIT_FAILED):
            return Handled(kept(result), result)
        handled = await self._step.handle_result(scope, session, result)
        return handled._replace(updates={**handled.updates, **kept(result)})


def begins_in_worktree(step: Callable[[Tools], Step]) -> Callable[[Tools], Step]:
    """A child's first step, which opens its worktree where the run works in isolation."""
    return lambda tools: InWorktree(tools, step(tools), GitTask.ISOLATE)


def ends_in_worktree(step: Callable[[Tools], Step]) -> Callable[[Tools], Step]:
    """A child's last step, after which its work is merged into the run's branch where the run works in isolation."""
    return lambda tools: InWorktree(tools, step(tools), GitTask.INTEGRATE)


def _with_a_branch(session: Session) -> dict[str, Any] | None:
    git = session.state.get(GIT)
    return git if isinstance(git, dict) and git.get("branch") else None


def _worktree(session: Session) -> str:
    return f"{WORKTREES}/{session.id}"


def _slug(session: Session) -> str:
    return branch_slug(session.component, session.component_id or session.id)


def _artifact(session: Session) -> dict[str, object]:
    return {"component": session.component, "path": session.artifact_path}


async def _below(tools: Tools, scope: Scope, session_id: str) -> list[Session]:
    """All sessions below one; parents among them, whose own children follow."""
    family = await tools.store.family(scope, session_id) or ()
    found: list[Session] = []
    for child in family[1:]:
        found.append(child)
        if child.artifact_path is None:
            found.extend(await _below(tools, scope, child.id))
    return found
