"""Where contexts and components come from, and which files are theirs.

`python_package` finds them in a package's sources, `design_documents` in what is written about them; `choice` says
which of the two a project is read by. `writer` writes what they found to `covey.toml`, `manifest` reads that file and
checks it, `paths` says where each component's files are, `limits` what a path may be. Sessions and the contents of
artifacts are not known here.
"""
