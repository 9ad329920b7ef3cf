"""The model: what sessions are and how events change them. Pure: no I/O, no asyncio, no clock, no paths.

Read in this order: `status` (the words), `events` (what can happen), `session` (the record), `reducer` (`apply`: what
events make of it), `control` (what a human may ask for, and when), `tree` (the fold of a whole log), `activity` (signs
of life, which are no events).
"""
