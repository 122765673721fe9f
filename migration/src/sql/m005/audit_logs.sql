-- No foreign keys: the trail outlives what it names.
CREATE TABLE platform.audit_logs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    organization_id uuid,
    project_id uuid,
    user_id uuid,
    api_key_id uuid,
    actor_label text NOT NULL CHECK (char_length(actor_label) <= 320),
    event_type text NOT NULL CHECK (platform.is_clean_text(event_type, 100)),
    resource_type text CHECK (platform.is_clean_text(resource_type, 100)),
    resource_id uuid,
    action text NOT NULL CHECK (platform.is_clean_text(action, 60)),
    ip_address inet,
    user_agent text CHECK (char_length(user_agent) <= 1024),
    request_id text CHECK (char_length(request_id) <= 128),
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    severity text NOT NULL DEFAULT 'info' CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);

CREATE INDEX audit_logs_organization_id_created_at_idx ON platform.audit_logs (organization_id, created_at DESC);
CREATE INDEX audit_logs_user_id_created_at_idx ON platform.audit_logs (user_id, created_at DESC);
CREATE INDEX audit_logs_event_type_created_at_idx ON platform.audit_logs (event_type, created_at DESC);

COMMENT ON TABLE platform.audit_logs IS 'Who did what to what, when and from where; only ever appended to';

-- Append-only for everybody, the owner too. Old months go by dropping their partition.
CREATE FUNCTION platform.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON platform.audit_logs
    FOR EACH ROW EXECUTE FUNCTION platform.refuse_audit_change();
CREATE TRIGGER audit_is_append_only_truncate BEFORE TRUNCATE ON platform.audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_audit_change();

SELECT platform_private.ensure_partitions(13, 3);
