-- The sealed columns are closed to the application role. This opens those that are named, of one project, to who holds
-- credentials:read there, and puts it on record in the same breath: nobody gets one without the other.
CREATE FUNCTION platform_private.sealed_credentials(
    project uuid, wanted text[], client_ip inet, client_agent text, request text)
    RETURNS TABLE (id uuid, project_id uuid, anon_key_sealed text, service_role_key_sealed text, jwt_secret_sealed text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    kept platform.credentials;
BEGIN
    SELECT c.* INTO kept FROM platform.credentials c
     WHERE c.project_id = project
       AND (c.organization_id = ANY (platform.current_org_ids_with('credentials:read'))
            OR c.project_id = ANY (platform.current_project_ids_with('credentials:read')));
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM platform_private.record_audit(
        organization_id => kept.organization_id, project_id => kept.project_id, event_type => 'credentials.revealed',
        resource_type => 'credentials', resource_id => kept.id, action => 'reveal',
        metadata => jsonb_build_object('keys', wanted), severity => 'warning', ip_address => client_ip,
        user_agent => client_agent, request_id => request);
    RETURN QUERY SELECT kept.id, kept.project_id,
        CASE WHEN 'anon_key' = ANY (wanted) THEN kept.anon_key_sealed END,
        CASE WHEN 'service_role_key' = ANY (wanted) THEN kept.service_role_key_sealed END,
        CASE WHEN 'jwt_secret' = ANY (wanted) THEN kept.jwt_secret_sealed END;
END $$;
COMMENT ON FUNCTION platform_private.sealed_credentials(uuid, text[], inet, text, text)
    IS 'A project''s sealed keys for who may read them; each call that gives any is recorded';

GRANT EXECUTE ON FUNCTION platform_private.sealed_credentials(uuid, text[], inet, text, text) TO ogelbase_app;
