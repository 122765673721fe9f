-- What is done again and again. A server that runs a job holds its row's lock: the others pass it by, and a server that
-- dies lets go of it.
CREATE TABLE platform_private.jobs (
    name text PRIMARY KEY CHECK (platform.is_clean_text(name, 60)),
    next_run_at timestamptz NOT NULL,
    last_run_at timestamptz,
    runs bigint NOT NULL DEFAULT 0 CHECK (runs >= 0),
    -- In a row; the next run that goes well sets it back.
    failures int NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_error text CHECK (char_length(last_error) <= 500)
);
COMMENT ON TABLE platform_private.jobs IS 'Jobs of the servers: when each runs next, and how the last run went';
