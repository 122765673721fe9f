-- The row stays, so that what the person did keeps a name; what they could prove themselves with goes, and so do their
-- memberships: a list of members is of people who can come in, and a plan's limit counts them. The identity at an outside
-- issuer stays as well: without it the next token from there would make them anew.
CREATE FUNCTION platform_private.delete_account(
    me uuid, checked_hash text, client_ip inet, client_agent text, request text) RETURNS bool
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    membership record;
    owned uuid[];
BEGIN
    UPDATE platform.users
       SET deleted_at = now(), password_hash = NULL, mfa_enabled = false, mfa_secret_sealed = NULL,
           mfa_last_step = NULL, mfa_recovery_hashes = NULL
     WHERE id = me AND password_hash = checked_hash AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    owned := ARRAY(SELECT m.organization_id FROM platform.organization_members m
                    WHERE m.user_id = me AND m.role = 'owner' ORDER BY m.organization_id);
    FOR membership IN
        DELETE FROM platform.organization_members m WHERE m.user_id = me RETURNING m.id, m.organization_id, m.role
    LOOP
        PERFORM platform_private.record_audit(
            organization_id => membership.organization_id, project_id => NULL, event_type => 'member.left',
            resource_type => 'organization_member', resource_id => membership.id, action => 'delete',
            metadata => jsonb_build_object('before', jsonb_build_object('role', membership.role)),
            ip_address => client_ip, user_agent => client_agent, request_id => request);
    END LOOP;
    -- The triggers would say so at COMMIT; in one order, so that two who go at once wait for each other.
    PERFORM platform_private.require_an_owner(o.id) FROM (SELECT unnest(owned) AS id ORDER BY 1) o;
    UPDATE platform.api_keys SET revoked_at = now() WHERE user_id = me AND revoked_at IS NULL;
    PERFORM platform_private.end_access(me, NULL);
    DELETE FROM platform_private.one_time_tokens WHERE user_id = me;
    RETURN true;
END $$;
COMMENT ON FUNCTION platform_private.delete_account(uuid, text, inet, text, text)
    IS 'Deletes a person softly; refused where an organization would be left without an owner';
