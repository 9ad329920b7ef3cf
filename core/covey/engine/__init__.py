"""The engine: one step loop over a small runtime protocol, and everything that keeps it going.

Read `loop` first (what happens to a session), then `turns` (how a step is decided and stored), `local` (tasks and
wake-ups), `controls` (what humans ask for), `recovery` (what a dead engine left), and `service` (all of it together).
"""
