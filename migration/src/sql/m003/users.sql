CREATE TABLE platform.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CHECK (platform.is_email(email)),
    username text CHECK (platform.is_clean_text(username, 60)),
    first_name text CHECK (platform.is_clean_text(first_name, 120)),
    last_name text CHECK (platform.is_clean_text(last_name, 120)),
    avatar_url text CHECK (platform.is_url(avatar_url)),
    phone text CHECK (platform.is_clean_text(phone, 40)),
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    mfa_enabled boolean NOT NULL DEFAULT false,
    mfa_secret_sealed text CHECK (platform.is_sealed(mfa_secret_sealed)),
    mfa_last_step bigint,
    mfa_recovery_hashes text[] CHECK (cardinality(mfa_recovery_hashes) <= 32),
    external_issuer text CHECK (platform.is_clean_text(external_issuer, 500)),
    external_subject text CHECK (platform.is_clean_text(external_subject, 255)),
    email_confirmed_at timestamptz,
    banned_until timestamptz,
    deleted_at timestamptz,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    last_sign_in_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_mfa_check CHECK (NOT mfa_enabled OR mfa_secret_sealed IS NOT NULL),
    CONSTRAINT users_external_check CHECK ((external_issuer IS NULL) = (external_subject IS NULL)),
    CONSTRAINT users_external_issuer_external_subject_key UNIQUE (external_issuer, external_subject)
);

CREATE UNIQUE INDEX users_email_key ON platform.users (lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX users_created_at_idx ON platform.users (created_at);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.users
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.users IS 'People who sign in, here or through an outside issuer';

CREATE TABLE platform.user_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES platform.users (id) ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE CHECK (platform.is_digest(token_hash)),
    refresh_token_hash text UNIQUE CHECK (platform.is_digest(refresh_token_hash)),
    previous_refresh_hash text CHECK (platform.is_digest(previous_refresh_hash)),
    ip_address inet,
    user_agent text CHECK (char_length(user_agent) <= 1024),
    expires_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_sessions_expires_at_check CHECK (expires_at > created_at)
);

CREATE INDEX user_sessions_user_id_created_at_idx ON platform.user_sessions (user_id, created_at DESC);
CREATE INDEX user_sessions_expires_at_idx ON platform.user_sessions (expires_at);
CREATE INDEX user_sessions_previous_refresh_hash_idx ON platform.user_sessions (previous_refresh_hash)
    WHERE previous_refresh_hash IS NOT NULL;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.user_sessions
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.user_sessions IS 'Where a user is signed in; tokens only as hashes';
