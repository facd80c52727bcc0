using Microsoft.Data.Sqlite;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>
/// The tables, by version. Every table's key begins with the tenant. Times are Unix milliseconds, offsets and lengths are
/// ticks of 100 ns, ids are written as the outside knows them, and sort by the time they were made.
/// </summary>
internal static class Schema
{
    /// <summary>One script a version; a script that was released is never changed, the next one is added.</summary>
    internal static readonly string[] Versions =
    [
        """
        CREATE TABLE meetings (
            tenant      TEXT NOT NULL,
            id          TEXT NOT NULL,
            external_id TEXT,
            status      TEXT NOT NULL,
            known       INTEGER NOT NULL,      -- 0 while it is only announced
            created_at  INTEGER NOT NULL,
            title       TEXT NOT NULL,         -- lower case: to be looked for, not to be shown
            revision    INTEGER NOT NULL,
            state       TEXT NOT NULL,         -- JSON
            PRIMARY KEY (tenant, id)
        ) WITHOUT ROWID;
        CREATE INDEX meetings_by_external_id ON meetings (tenant, external_id, id) WHERE external_id IS NOT NULL;
        CREATE INDEX meetings_by_status ON meetings (tenant, status, id);
        CREATE INDEX meetings_unfinished ON meetings (status) WHERE status NOT IN ('completed', 'failed');

        CREATE TABLE participants (
            tenant      TEXT NOT NULL,
            participant TEXT NOT NULL,
            meeting     TEXT NOT NULL,
            PRIMARY KEY (tenant, participant, meeting)
        ) WITHOUT ROWID;

        CREATE TABLE segments (
            tenant      TEXT NOT NULL,
            meeting     TEXT NOT NULL,
            sequence    INTEGER NOT NULL,
            id          TEXT NOT NULL,
            track       INTEGER NOT NULL,      -- its number within the meeting
            start_ticks INTEGER NOT NULL,
            end_ticks   INTEGER NOT NULL,
            language    TEXT NOT NULL,
            late        INTEGER NOT NULL,
            sealed      BLOB NOT NULL,         -- text and words, under the meeting's key
            PRIMARY KEY (tenant, meeting, sequence)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX segments_by_id ON segments (tenant, meeting, id);

        CREATE TABLE recordings (
            tenant         TEXT NOT NULL,
            meeting        TEXT NOT NULL,
            id             TEXT NOT NULL,
            place          INTEGER NOT NULL,   -- in the order they were made
            kind           TEXT NOT NULL,
            track          TEXT,
            content_type   TEXT NOT NULL,
            codec          TEXT NOT NULL,
            bytes          INTEGER NOT NULL,
            duration_ticks INTEGER NOT NULL,
            sha256         TEXT NOT NULL,
            created_at     INTEGER NOT NULL,
            path           TEXT NOT NULL,
            PRIMARY KEY (tenant, meeting, id)
        ) WITHOUT ROWID;

        CREATE TABLE quality (
            tenant   TEXT NOT NULL,
            meeting  TEXT NOT NULL,
            snapshot TEXT NOT NULL,            -- JSON
            PRIMARY KEY (tenant, meeting)
        ) WITHOUT ROWID;

        CREATE TABLE tenants (
            tenant   TEXT NOT NULL PRIMARY KEY,
            last_seq INTEGER NOT NULL          -- outlives the events it numbered, so that no number is given twice
        ) WITHOUT ROWID;
        CREATE TABLE ledger (
            tenant  TEXT NOT NULL,
            seq     INTEGER NOT NULL,
            id      TEXT NOT NULL,
            type    TEXT NOT NULL,
            at      INTEGER NOT NULL,
            meeting TEXT NOT NULL,
            data    TEXT NOT NULL,             -- JSON
            PRIMARY KEY (tenant, seq)
        ) WITHOUT ROWID;
        CREATE INDEX ledger_by_meeting ON ledger (tenant, meeting, seq);
        """,
        """
        ALTER TABLE tenants ADD COLUMN last_change INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE segments ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;   -- how often it was corrected
        ALTER TABLE segments ADD COLUMN change INTEGER NOT NULL DEFAULT 0;     -- rises within the tenant with everything said or corrected
        UPDATE segments SET change = numbered.n FROM (
            SELECT tenant, meeting, sequence, row_number() OVER (PARTITION BY tenant ORDER BY meeting, sequence) AS n FROM segments) AS numbered
        WHERE segments.tenant = numbered.tenant AND segments.meeting = numbered.meeting AND segments.sequence = numbered.sequence;
        UPDATE tenants SET last_change = (SELECT count(*) FROM segments WHERE segments.tenant = tenants.tenant);
        CREATE UNIQUE INDEX segments_by_change ON segments (tenant, change);

        CREATE TABLE corrections (
            tenant   TEXT NOT NULL,
            meeting  TEXT NOT NULL,
            sequence INTEGER NOT NULL,         -- the segment's
            revision INTEGER NOT NULL,         -- 1, 2, …; the newest counts
            by       TEXT NOT NULL,
            at       INTEGER NOT NULL,
            sealed   BLOB NOT NULL,            -- the text, under the meeting's key
            PRIMARY KEY (tenant, meeting, sequence, revision)
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE api_keys (
            tenant     TEXT NOT NULL,
            id         TEXT NOT NULL,
            name       TEXT NOT NULL,
            scopes     TEXT NOT NULL,          -- separated by spaces
            created_at INTEGER NOT NULL,
            hash       BLOB NOT NULL,          -- SHA-256 of the key; the key itself is nowhere
            PRIMARY KEY (tenant, id)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);
        """,
        """
        CREATE INDEX meetings_owing_captions ON meetings (id) WHERE status IN ('completed', 'failed') AND json_extract(state, '$.Captions') = 'Deferred';
        """,
        """
        ALTER TABLE segments ADD COLUMN version INTEGER NOT NULL DEFAULT 0;      -- 1: only the refined transcript has it
        ALTER TABLE segments ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;   -- 1: only the live transcript has it
        ALTER TABLE segments ADD COLUMN refined BLOB;                            -- what the second pass heard, under the meeting's key; NULL: the same
        ALTER TABLE segments ADD COLUMN replaces TEXT NOT NULL DEFAULT '';       -- ids, separated by spaces
        CREATE INDEX meetings_owing_refinement ON meetings (id) WHERE status IN ('completed', 'failed') AND json_extract(state, '$.Refinement') = 'Owed';
        """,
        """
        ALTER TABLE recordings ADD COLUMN loudness REAL;                       -- LUFS
        ALTER TABLE recordings ADD COLUMN render TEXT;                         -- JSON: what was asked for; null: one of the meeting's own

        CREATE TABLE jobs (
            tenant     TEXT NOT NULL,
            id         TEXT NOT NULL,
            meeting    TEXT NOT NULL,
            status     TEXT NOT NULL,
            state      TEXT NOT NULL,          -- JSON
            PRIMARY KEY (tenant, id)
        ) WITHOUT ROWID;
        CREATE INDEX jobs_by_meeting ON jobs (tenant, meeting, id);
        CREATE INDEX jobs_unfinished ON jobs (status) WHERE status IN ('queued', 'running');
        """,
    ];

    /// <summary>Brings the database to the newest version. Throws for one that a newer program made.</summary>
    public static void Upgrade(SqliteConnection connection)
    {
        long version = connection.Scalar<long>("PRAGMA user_version");
        if (version > Versions.Length)
            throw new InvalidOperationException($"The archive is of version {version}; this program knows up to {Versions.Length}.");

        for (long next = version; next < Versions.Length; next++)
        {
            using var transaction = connection.BeginTransaction();
            connection.Run(Versions[next]);
            connection.Run($"PRAGMA user_version = {next + 1}");
            transaction.Commit();
        }
    }
}
