-- As in 005, and under an API key the record names it. A key writes into the trail of its own organization alone.
CREATE OR REPLACE FUNCTION platform_private.record_audit(
    organization_id uuid, project_id uuid, event_type text, resource_type text, resource_id uuid, action text,
    metadata jsonb DEFAULT '{}', severity text DEFAULT 'info', ip_address inet DEFAULT NULL,
    user_agent text DEFAULT NULL, request_id text DEFAULT NULL, api_key_id uuid DEFAULT NULL,
    actor_label text DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    record_id uuid := platform_private.uuid_v7();
    actor uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    key uuid := nullif(current_setting('app.current_api_key_id', true), '')::uuid;
    label text := coalesce(left(record_audit.actor_label, 320), 'anonymous');
BEGIN
    -- A request writes into the trail of its actor's own organizations, under its actor's own name. The operator and
    -- the jobs, who work under the service role, may name others.
    IF current_setting('role') = 'ogelbase_app' THEN
        IF $1 IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM platform.organization_members m
             WHERE m.organization_id = $1 AND m.user_id = actor
               AND (key IS NULL OR m.organization_id = platform.get_current_org_id()))
        THEN
            RAISE EXCEPTION 'an audit record of an organization needs an actor who belongs to it'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF actor IS NOT NULL OR $1 IS NOT NULL THEN
            label := 'anonymous';
        END IF;
    ELSE
        key := coalesce($12, key);
        label := coalesce(left(record_audit.actor_label, 320),
                          nullif(current_setting('app.current_actor_label', true), ''), 'anonymous');
    END IF;
    IF actor IS NOT NULL THEN
        label := coalesce((SELECT u.email FROM platform.users u WHERE u.id = actor), 'unknown user');
        IF key IS NOT NULL THEN
            label := left(label || coalesce((SELECT format(' (API key %s)', k.name)
                                               FROM platform.api_keys k WHERE k.id = key), ''), 320);
        END IF;
    END IF;
    INSERT INTO platform.audit_logs (
        id, organization_id, project_id, user_id, api_key_id, actor_label, event_type, resource_type, resource_id,
        action, ip_address, user_agent, request_id, metadata, severity)
    VALUES (
        record_id, $1, $2, actor, key, label, $3, $4, $5,
        $6, $9, left($10, 1024), left($11, 128), coalesce($7, '{}'), coalesce($8, 'info'));
    RETURN record_id;
END
$$;
