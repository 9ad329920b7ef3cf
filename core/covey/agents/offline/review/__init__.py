"""The offline agent's review of a context's design: what can be decided from documents and code without a model.

`reading` reads the files of each component; `claims` tells what a document says of an API and `signatures` whether that
is what the code has; `dependencies` finds cycles; `findings` puts into words what is wrong; `document` arranges it.
"""
