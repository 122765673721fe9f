CREATE TABLE platform.feature_flags (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    flag_key text NOT NULL UNIQUE CHECK (flag_key ~ '^[a-z0-9_.-]{1,100}$'),
    flag_name text NOT NULL CHECK (platform.is_clean_text(flag_name, 120)),
    description text CHECK (platform.is_clean_text(description, 1000)),
    enabled boolean NOT NULL DEFAULT false,
    rollout_percentage int NOT NULL DEFAULT 0 CHECK (rollout_percentage BETWEEN 0 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.feature_flags
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.feature_flags IS 'Switches for all organizations, with a percentage rollout';

CREATE TABLE platform.organization_feature_flags (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    flag_id uuid NOT NULL REFERENCES platform.feature_flags (id) ON DELETE CASCADE,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organization_feature_flags_organization_id_flag_id_key UNIQUE (organization_id, flag_id)
);

CREATE INDEX organization_feature_flags_flag_id_idx ON platform.organization_feature_flags (flag_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.organization_feature_flags
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.organization_feature_flags IS 'An organization''s own answer to a flag, which wins over the rollout';

-- Where in the rollout an organization stands, 0 to 9999: the first four bytes of SHA-256 of "flag:organization".
-- It never changes, so a higher percentage only ever adds organizations.
CREATE FUNCTION platform.feature_flag_bucket(flag_key text, org_id uuid) RETURNS int
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (('x' || encode(substring(sha256(convert_to(flag_key || ':' || org_id::text, 'UTF8')) FROM 1 FOR 4), 'hex'))
            ::bit(32)::bigint % 10000)::int;

CREATE FUNCTION platform.get_active_feature_flags(org_id uuid)
    RETURNS TABLE (flag_id uuid, flag_key text, flag_name text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT f.id, f.flag_key, f.flag_name, CASE WHEN o.id IS NULL THEN 'rollout' ELSE 'override' END
    FROM platform.feature_flags f
    LEFT JOIN platform.organization_feature_flags o
        ON o.flag_id = f.id AND o.organization_id = get_active_feature_flags.org_id
    WHERE coalesce(o.enabled,
        f.enabled AND platform.feature_flag_bucket(f.flag_key, get_active_feature_flags.org_id)
                      < f.rollout_percentage * 100)
    ORDER BY f.flag_key
$$;

GRANT EXECUTE ON FUNCTION
    platform.feature_flag_bucket(text, uuid), platform.get_active_feature_flags(uuid)
    TO ogelbase_app;
