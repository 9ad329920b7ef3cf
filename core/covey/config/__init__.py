"""`covey.toml` and what it sets: typed settings, and every mistake in it with its line.

Read `settings` for the tables and their defaults, `manifest` for how the file is read. Which modules make sense
together is the matter of `covey.projects`; which agents are installed is told by whoever calls. Nothing is imported
here: whoever only needs `state_dir` must not pay for reading manifests.
"""
