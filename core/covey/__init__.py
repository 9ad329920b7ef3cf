"""covey: a validated fan-out of parallel agent sessions with a human gate.

This package is the headless core. The rooms and who may enter which are in CONTRIBUTING.md;
what sessions, steps and workflows mean is told by the docstrings of `covey.model`.
"""
