"""What a front end may do: look at runs, follow the log, leave requests, list contexts, examine a project's health.

Nothing here starts, imports or talks to an engine: the store is the only meeting place. Each part is imported when it
is first used, so that a look at the state costs no more than that look.
"""
