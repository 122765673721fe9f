-- What all files of the seed share, for this connection alone. The server has put its clock's time, whole minutes,
-- into the setting seed.now.

CREATE FUNCTION pg_temp.seed_now() RETURNS timestamptz
    LANGUAGE sql STABLE
    RETURN current_setting('seed.now')::timestamptz;

-- Midnight UTC of today.
CREATE FUNCTION pg_temp.seed_day() RETURNS timestamptz
    LANGUAGE sql STABLE
    RETURN date_trunc('day', current_setting('seed.now')::timestamptz, 'UTC');

-- The same name has the same key in every database: a UUID of version 8 (RFC 9562), made of the name's MD5.
-- Not version 5, because PostgreSQL has no SHA-1 without an extension.
CREATE FUNCTION pg_temp.seed_id(kind text, name text) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    RETURN overlay(overlay(md5('ogelbase seed/' || kind || '/' || name) PLACING '8' FROM 13) PLACING '8' FROM 17)::uuid;

-- Chance that is none: 0 to 1, the same for the same name on every version of PostgreSQL.
CREATE FUNCTION pg_temp.seed_noise(name text) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    RETURN ('x' || left(md5(name), 8))::bit(32)::bigint / 4294967296.0::double precision;
