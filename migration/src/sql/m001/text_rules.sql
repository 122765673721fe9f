-- Nobody may call a function of ours unless it is granted: global for the owner, since a
-- per-schema default cannot take away what the global default gives.
ALTER DEFAULT PRIVILEGES FOR ROLE ogelbase_service REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Rules shared by the CHECKs of all tables. Not STRICT, so that the planner can inline them:
-- a null gives null, which a CHECK lets pass.
CREATE FUNCTION platform.is_clean_text(value text, max_length int) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN char_length(value) BETWEEN 1 AND max_length AND value = btrim(value, E' \t\r\n');

CREATE FUNCTION platform.is_email(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN char_length(value) <= 254 AND value ~ '^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$';

CREATE FUNCTION platform.is_url(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN char_length(value) <= 2048 AND value ~ '^https?://\S+$';

-- What the vault writes: ogv1.<key id>.<base64url>. Plaintext does not pass.
CREATE FUNCTION platform.is_sealed(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN value ~ '^ogv1\.[a-z0-9_-]{1,32}\.[A-Za-z0-9_-]+$';

-- A SHA-256 digest as text: hex (64) or base64 (43, 44).
CREATE FUNCTION platform.is_digest(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN value ~ '^([0-9a-f]{64}|[A-Za-z0-9_-]{43}|[A-Za-z0-9+/]{43}=)$';

GRANT EXECUTE ON FUNCTION
    platform.is_clean_text(text, int), platform.is_email(text), platform.is_url(text),
    platform.is_sealed(text), platform.is_digest(text)
    TO ogelbase_app;
