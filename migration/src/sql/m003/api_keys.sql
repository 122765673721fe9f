CREATE TABLE platform.api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES platform.users (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (platform.is_clean_text(name, 120)),
    key_prefix text NOT NULL CHECK (platform.is_clean_text(key_prefix, 32)),
    key_hash text NOT NULL UNIQUE CHECK (platform.is_digest(key_hash)),
    scopes text[] NOT NULL CHECK (cardinality(scopes) <= 100 AND array_position(scopes, NULL) IS NULL),
    project_ids uuid[] CHECK (cardinality(project_ids) <= 1000 AND array_position(project_ids, NULL) IS NULL),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    rotated_from uuid REFERENCES platform.api_keys (id) ON DELETE SET NULL,
    requests_per_minute int CHECK (requests_per_minute > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX api_keys_organization_id_created_at_idx ON platform.api_keys (organization_id, created_at DESC);
CREATE INDEX api_keys_live_organization_id_idx ON platform.api_keys (organization_id) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_live_key_hash_idx ON platform.api_keys (key_hash) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_user_id_idx ON platform.api_keys (user_id);
CREATE INDEX api_keys_rotated_from_idx ON platform.api_keys (rotated_from);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.api_keys
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.api_keys IS 'Keys for scripts: one organization, some scopes, only a hash of the key';
