"""What an agent can do beside its work: it declares it, and it is recorded on the sessions that it works for. Pure."""

from enum import StrEnum


class Ability(StrEnum):
    """One thing that not every agent can do.

    `turns`: it works in turns, and asks its desk before each (`Desk.before_turn`), so that a hard pause takes effect
    there. `messages`: it takes what a human says to it while it works. `resume`: a conversation that was interrupted,
    or that failed, can be continued.
    """

    TURNS = "turns"
    MESSAGES = "messages"
    RESUME = "resume"
