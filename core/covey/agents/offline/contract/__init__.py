"""The contract of a Python module, as pytest tests: what others rely on, read from its syntax and never by running it.

`promises` are the values that the rest passes on. `scope` tells which names a body binds for certain, `project` finds
what they stand for in the project's other modules, `decorators` whether a signature survives them, `importing` what
stands against importing the module, `doctests` which examples can run. `reading` and `classes` put these together;
`layout` and `writing` make a test file of it, `adding` extends one that is there, `marker` knows an unchanged draft
again, and `work` does it at the desk. A promise that cannot be checked safely at run time is weakened or left out, and
named in the file: a test that fails on unchanged code would be worse than none.
"""
