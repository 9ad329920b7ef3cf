"""The checks of `covey doctor`, one file per thing that is looked at; `covey.client.health` puts them together.

Each gives findings. One that can mend something is handed an `Alone` when it is to: the database, and nobody else at
work on it. What is of the user's is never removed by any of them.
"""
