"""The rules of semantics.md, sections 3, 5 and 8, as a small model of one run, written without a look at the engine.

A run of the design workflow: a root, its components' sessions, and the review that follows them. `Model.settle` lets
everything go on that can go on by itself; what stands then is what the engine has to come to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_REVISIONS = 2


class File(StrEnum):
    """What lies on disk for a session."""

    ABSENT = "absent"
    VALID = "valid"
    BAD = "bad"


class Play(StrEnum):
    """What an agent does with its work."""

    OK = "ok"
    FAIL = "fail"
    NOTHING = "nothing"
    BAD = "bad"
    CRASH = "crash"
    HOLD = "hold"


@dataclass(frozen=True)
class Request:
    """What a human asks for, on the attempt and the status that the human saw; `number` tells requests apart."""

    number: int
    action: str
    name: str
    attempt: int
    status: str
    note: bool = False
    resume: bool = False


@dataclass
class Member:
    """A session of the run, with its file and what its agent will do."""

    name: str
    position: int
    is_review: bool = False
    status: str = "active"
    attempt: int = 1
    started: bool = False
    held: bool = False
    interrupted: bool = False
    was_asked: bool = False
    step: str | None = None
    note: bool = False
    revisions: int = 0
    file: File = File.ABSENT
    issued_absent: bool = False
    play: Play = Play.OK
    decision: int | None = None

    @property
    def missing(self) -> bool:
        return self.status == "complete" and self.file is File.ABSENT

    def work(self) -> None:
        """Go on until the session has ended or its agent waits."""
        self.interrupted = False
        while self.status == "active" and not self.held:
            self._step()

    def _step(self) -> None:
        match self.step or ("ExecuteReview" if self.is_review else "Initialize"):
            case "Initialize":
                self.step = "Generate" if self.file is File.ABSENT else "Validate"
            case "Revise" if self.file is File.VALID and not self.note and not self.was_asked:
                self.step = "Validate"
            case "Generate" | "Revise" | "ExecuteReview" as step:
                asked, self.was_asked = self.was_asked, False
                if asked and self.issued_absent and self.file is not File.ABSENT:
                    self.agent_ended(well=True)  # what an engine that died had asked for is there
                else:
                    self._ask_the_agent(step, again=asked)
            case "Validate":
                self._validate()
            case "Finalize":
                self.status = "complete" if self.file is File.VALID else "failed"

    def _validate(self) -> None:
        if self.file is File.VALID and not self.note:
            self.step = "Finalize"
        elif self.revisions >= MAX_REVISIONS:
            self.step, self.status = "Validate", "failed"
        else:
            self.step = "Revise"

    def _ask_the_agent(self, step: str, *, again: bool) -> None:
        self.step = step
        self.issued_absent = self.issued_absent if again else self.file is File.ABSENT
        if self.play is Play.HOLD:
            self.held = True
        else:
            self.carry_out()

    def carry_out(self) -> None:
        """The agent does as it is told, and ends."""
        self.held = False
        if self.play is Play.CRASH:
            self.status = "failed"
            return
        self.file = {Play.OK: File.VALID, Play.BAD: File.BAD}.get(self.play, self.file)
        self.agent_ended(well=self.play is not Play.FAIL)

    def agent_ended(self, *, well: bool) -> None:
        """What follows from an agent's end, and from what it has left."""
        self.note = False
        if not well or self.file is File.ABSENT:
            self.status = "failed"
            return
        self.revisions += self.step == "Revise"
        self.step = "Finalize" if self.is_review else "Validate"

    def again(self, request: Request) -> None:
        """A new attempt."""
        self.status, self.attempt = "active", self.attempt + 1
        self.started = self.held = self.interrupted = self.was_asked = False
        self.step = self.step if request.resume else None
        self.note, self.revisions, self.decision = request.note, 0, None

    def end(self, status: str, request: Request) -> None:
        self.status, self.decision = status, request.number
        self.held = self.started = self.interrupted = self.was_asked = False


@dataclass
class Model:
    """The run as it has to stand."""

    slots: int
    members: dict[str, Member]
    root: Member = field(default_factory=lambda: Member("root", 0))
    stage: str = "design"
    blocked: bool = False

    # What humans ask for.

    def decide(self, request: Request) -> bool:
        """Carry a request out; whether it changes anything."""
        member = self.root if request.name == "root" else self.members[request.name]
        as_wished = {"skip": "skipped", "cancel": "cancelled"}.get(request.action) == member.status
        if as_wished or (request.attempt, request.status) != (member.attempt, member.status):
            return False
        match request.action:
            case "retry":
                return self._retry_root(request) if member is self.root else self._retry(member, request)
            case "skip":
                return self._skip(member, request)
            case _:
                return self._cancel(member, request)

    def _retry_root(self, request: Request) -> bool:
        if self.root.status == "active":
            looks, self.blocked = self.blocked, False
            return looks
        if self.root.status == "complete":
            return False
        decision = self.root.decision
        self.root.again(request)
        self.stage, self.blocked = "design", False
        for member in self.members.values():
            if member.status == "cancelled" and member.decision == decision:
                member.again(Request(request.number, "retry", member.name, member.attempt, "cancelled", request.note))
        return True

    def _retry(self, member: Member, request: Request) -> bool:
        fine = member.status == "complete" and not member.missing
        not_started = member.status == "active" and not member.started and not member.interrupted
        if self.root.status != "active" or fine or not_started:
            return False
        member.again(request)
        self.blocked = False
        return True

    def _skip(self, member: Member, request: Request) -> bool:
        if member is self.root or (member.status == "complete" and not member.missing):
            return False
        member.end("skipped", request)
        self.blocked = False  # the root looks again
        return True

    def _cancel(self, member: Member, request: Request) -> bool:
        if member.status != "active":
            return False
        for each in (member, *(self.members.values() if member is self.root else ())):
            if each.status == "active":
                each.end("cancelled", request)
        if member is self.root:
            self.blocked = False
        return True

    # What goes on by itself.

    def settle(self) -> None:
        """Let everything go on until it waits for an agent or for a human."""
        while self.root.status == "active":
            self._serve()
            if any(member.status == "active" for member in self._wanted()):
                self.blocked = False
                return
            if self._needs_human():
                self.blocked = True
                return
            self.blocked = False
            self._next_stage()

    def _wanted(self) -> Iterable[Member]:
        """Those that the root's step waits for, in the order of the queue."""
        return sorted(self.members.values(), key=lambda member: member.position)

    def _serve(self) -> None:
        for member in self._wanted():
            if member.status == "active" and member.started and not member.held:
                member.work()
        for member in self._wanted():
            taken = sum(each.held for each in self.members.values())
            if member.status == "active" and not member.started and taken < self.slots:
                member.started = True
                member.work()

    def _needs_human(self) -> bool:
        bad = any(member.status in {"failed", "cancelled"} or member.missing for member in self.members.values())
        designs = [member for member in self.members.values() if not member.is_review]
        return bad or (self.stage == "design" and all(member.status == "skipped" for member in designs))

    def _next_stage(self) -> None:
        if self.stage == "review":
            self.root.status = "complete"
            return
        self.stage = "review"
        if "Review" not in self.members:
            self.members["Review"] = Member("Review", len(self.members), is_review=True, play=self.root.play)

    # Engines that die.

    def engine_died(self) -> None:
        """What worked is interrupted; what its agents were asked for is still to be done, or is there."""
        for member in self.members.values():
            if member.status == "active" and member.started:
                member.interrupted, member.started = True, False
                member.was_asked, member.held = member.held, False
