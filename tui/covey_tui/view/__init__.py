"""What the monitor shows, decided without a screen: plain Python, no textual, no clock, no I/O.

`board` knows the runs; `rows` the tree as a flat list; the other modules turn what is known into lines. A `Line` is a
tuple of spans (`spans`), each a safe text with a tone; the widgets know how a tone looks, and nothing else about it.
"""
