"""What a front end may do: look at runs, follow the log, leave requests, list contexts, examine a project's health.

Nothing here imports or talks to an engine: the store is the only meeting place. Where none lives, `engine` starts one
as a process of its own. Each part is imported when it is first used, so that a look costs no more than that look.
"""
