"""The store: the only place where engine, command line and viewers meet, and the only place with SQL.

`base` says what the store offers; `sqlite` is the one that exists: `EngineStore` for the engine, which writes, and
`Viewer` for everybody else, who reads and leaves requests.
"""
