-- What a link in a mail or a second step of a sign-in proves itself with: known by its digest alone, good once.
CREATE TABLE platform_private.one_time_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    purpose text NOT NULL
        CHECK (purpose IN ('confirm_email', 'reset_password', 'second_factor', 'enrol_second_factor')),
    user_id uuid NOT NULL REFERENCES platform.users (id) ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE CHECK (platform.is_digest(token_hash)),
    -- What it was made for: a confirmed address must be the one that the mail went to.
    email text,
    attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX one_time_tokens_user_id_idx ON platform_private.one_time_tokens (user_id, purpose);
CREATE INDEX one_time_tokens_expires_at_idx ON platform_private.one_time_tokens (expires_at);
COMMENT ON TABLE platform_private.one_time_tokens IS 'Tokens of links and second steps: a digest, a purpose, one use';
