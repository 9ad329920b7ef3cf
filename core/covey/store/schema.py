"""The tables, as numbered migrations: the database's `user_version` is the number of the last one applied.

A record is stored whole in `body` (JSON), beside the few columns that queries and constraints need. A migration that
has been released is never edited; a change is a new one.

A table WITHOUT ROWID names the columns of its primary key first: SQLite 3.40 takes the others for NULL in its
integrity check where they come before it, and calls a sound database damaged.
"""

IS_USAGE = """substr(body, 1, 25) = '{"event":"usage_recorded"'"""
"""That an event is one of money spent: by the text with which the store begins it, for reading the JSON costs more."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE project (
        id     TEXT PRIMARY KEY,
        body   TEXT NOT NULL
    );
    CREATE TABLE components (
        id          TEXT PRIMARY KEY,
        project_id  TEXT NOT NULL REFERENCES project (id),
        parent_id   TEXT REFERENCES components (id) ON DELETE CASCADE,
        module_name TEXT NOT NULL,
        body        TEXT NOT NULL,
        UNIQUE (project_id, module_name)
    );
    CREATE INDEX components_by_parent ON components (parent_id);
    CREATE TABLE sessions (
        number       INTEGER PRIMARY KEY,
        id           TEXT NOT NULL UNIQUE,
        project_id   TEXT NOT NULL REFERENCES project (id),
        run_id       TEXT NOT NULL,
        parent_id    TEXT REFERENCES sessions (id) ON DELETE CASCADE,
        component_id TEXT,
        type         TEXT NOT NULL,
        position     INTEGER NOT NULL,
        status       TEXT NOT NULL,
        attempt      INTEGER NOT NULL,
        body         TEXT NOT NULL,
        UNIQUE (parent_id, component_id, type)
    );
    CREATE INDEX sessions_by_run ON sessions (run_id);
    CREATE INDEX active_children ON sessions (parent_id, position, number, id, attempt) WHERE status = 'active';
    CREATE TABLE events (
        seq        INTEGER PRIMARY KEY,
        run_id     TEXT,
        session_id TEXT,
        body       TEXT NOT NULL
    );
    CREATE INDEX events_by_run ON events (run_id, seq);
    CREATE TABLE interactions (
        number       INTEGER PRIMARY KEY,
        id           TEXT NOT NULL UNIQUE,
        session_id   TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        attempt      INTEGER NOT NULL,
        step         TEXT NOT NULL,
        kind         TEXT NOT NULL,
        epoch        INTEGER NOT NULL,
        inserted_at  TEXT NOT NULL,
        command      TEXT NOT NULL,
        status       TEXT,
        completed_at TEXT,
        result       TEXT
    );
    CREATE INDEX interactions_by_session ON interactions (session_id, attempt);
    CREATE TABLE transcripts (
        session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        attempt    INTEGER NOT NULL,
        n          INTEGER NOT NULL,
        step       TEXT NOT NULL,
        at         TEXT NOT NULL,
        kind       TEXT NOT NULL,
        text       TEXT NOT NULL,
        PRIMARY KEY (session_id, attempt, n)
    ) WITHOUT ROWID;
    CREATE TABLE controls (
        number     INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        state      TEXT NOT NULL,
        body       TEXT NOT NULL
    );
    CREATE INDEX controls_queued ON controls (state) WHERE state = 'queued';
    CREATE TABLE processes (
        pid        INTEGER NOT NULL,
        started    TEXT NOT NULL,
        pgid       INTEGER NOT NULL,
        session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        attempt    INTEGER NOT NULL,
        PRIMARY KEY (pid, started)
    );
    CREATE TABLE engine (
        one   INTEGER PRIMARY KEY CHECK (one = 1),
        epoch INTEGER NOT NULL,
        body  TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE orders (
        number INTEGER PRIMARY KEY,
        id     TEXT NOT NULL UNIQUE,
        state  TEXT NOT NULL,
        body   TEXT NOT NULL
    );
    CREATE INDEX orders_queued ON orders (state) WHERE state = 'queued';
    CREATE TABLE viewers (
        id    TEXT PRIMARY KEY,
        pid   INTEGER NOT NULL,
        until TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE activity (
        session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
        attempt    INTEGER NOT NULL,
        at         TEXT NOT NULL,
        beat       TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE archived (
        first  INTEGER PRIMARY KEY,
        last   INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        file   TEXT NOT NULL
    );
    CREATE INDEX archived_by_run ON archived (run_id);
    """,
    """
    CREATE TABLE conversations (
        session_id     TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        conversation   INTEGER NOT NULL,
        n              INTEGER NOT NULL,
        interaction_id TEXT NOT NULL,
        body           TEXT NOT NULL,
        PRIMARY KEY (session_id, conversation, n)
    ) WITHOUT ROWID;
    CREATE INDEX conversations_by_interaction ON conversations (interaction_id);
    """,
    # A turn is paid for once: whoever records it again, after a restart as well, is refused by the log itself.
    f"""
    CREATE UNIQUE INDEX usage_by_request ON events (session_id, json_extract(body, '$.request_id'))
        WHERE {IS_USAGE};
    """,
    """
    CREATE TABLE credentials (
        name TEXT PRIMARY KEY,
        body TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # What was spent today is asked whenever a run is looked at, and has nothing to do with the rest of the log.
    f"""
    CREATE INDEX usage_by_moment ON events (json_extract(body, '$.at')) WHERE {IS_USAGE};
    """,
)

VERSION = len(MIGRATIONS)
"""The schema that this covey reads and writes."""
