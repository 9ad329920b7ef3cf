"""Where contexts and components come from, and which files are theirs.

`python_package` finds them in a package's sources, `writer` writes them to `covey.toml`, `manifest` reads that file
and checks it, `paths` says where each component's files are. Sessions and the contents of artifacts are not known here.
"""
