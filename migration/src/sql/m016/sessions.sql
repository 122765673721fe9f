-- The list of a person's sessions, in its order (docs/decisions.md, 2026-11-21: indexes of lists end with the id).
DROP INDEX platform.user_sessions_user_id_created_at_idx;
CREATE INDEX user_sessions_user_id_created_at_id_idx ON platform.user_sessions (user_id, created_at, id);

-- Who of several with the same token comes first locks the row; for the others the token is then the one before, and
-- that is its reuse. Nothing is changed here in that case: the caller's transaction fails and is rolled back, so the end
-- of the session is end_reused_session's, in a transaction of its own.
CREATE FUNCTION platform_private.refresh_session(
    presented_hash text, new_token_hash text, new_refresh_hash text, client_ip inet, client_agent text, request text,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid;
    session uuid;
BEGIN
    UPDATE platform.user_sessions s
       SET token_hash = new_token_hash, refresh_token_hash = new_refresh_hash, previous_refresh_hash = presented_hash,
           ip_address = client_ip, user_agent = left(client_agent, 500), last_activity_at = now()
      FROM platform.users u
     WHERE s.refresh_token_hash = presented_hash AND s.revoked_at IS NULL AND s.expires_at > now()
       AND u.id = s.user_id AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
    RETURNING s.id, s.user_id INTO session, me;
    IF me IS NULL THEN
        outcome := CASE WHEN EXISTS (
            SELECT FROM platform.user_sessions s
             WHERE s.previous_refresh_hash = presented_hash AND s.revoked_at IS NULL) THEN 'reused' ELSE 'refused' END;
        RETURN;
    END IF;
    PERFORM set_config('app.current_user_id', me::text, true);
    -- As at a sign-in: not narrowed by what another credential of the same request asked for.
    PERFORM set_config('app.current_org_id', '', true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.session_refreshed',
        resource_type => 'session', resource_id => session, action => 'update', ip_address => client_ip,
        user_agent => left(client_agent, 500), request_id => request);
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(session, me, NULL);
END $$;
COMMENT ON FUNCTION platform_private.refresh_session(text, text, text, inet, text, text)
    IS 'Gives the session of a refresh token new tokens, and makes its user the transaction''s';

CREATE FUNCTION platform_private.end_reused_session(
    presented_hash text, client_ip inet, client_agent text, request text) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid;
    session uuid;
BEGIN
    UPDATE platform.user_sessions s SET revoked_at = now()
     WHERE s.previous_refresh_hash = presented_hash AND s.revoked_at IS NULL
    RETURNING s.id, s.user_id INTO session, me;
    IF session IS NULL THEN
        RETURN false;
    END IF;
    PERFORM set_config('app.current_user_id', me::text, true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.refresh_token_reused',
        resource_type => 'session', resource_id => session, action => 'delete', severity => 'warning',
        ip_address => client_ip, user_agent => left(client_agent, 500), request_id => request);
    RETURN true;
END $$;
COMMENT ON FUNCTION platform_private.end_reused_session(text, inet, text, text)
    IS 'Ends the session whose former refresh token came back, and puts that on record';

CREATE FUNCTION platform_private.revoke_session(ended uuid) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.user_sessions SET revoked_at = now()
     WHERE id = ended AND user_id = platform.current_active_user_id() AND revoked_at IS NULL;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION platform_private.revoke_session(uuid) IS 'Ends one of the caller''s own sessions; its record is the caller''s to write';

CREATE FUNCTION platform_private.revoke_sessions(kept uuid) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended int;
BEGIN
    -- In one order, so that two who do this at once wait for each other and no more.
    PERFORM FROM platform.user_sessions s
      WHERE s.user_id = platform.current_active_user_id() AND s.revoked_at IS NULL ORDER BY s.id FOR NO KEY UPDATE;
    UPDATE platform.user_sessions s SET revoked_at = now()
     WHERE s.user_id = platform.current_active_user_id() AND s.revoked_at IS NULL AND s.expires_at > now()
       AND s.id IS DISTINCT FROM kept;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION platform_private.revoke_sessions(uuid) IS 'Ends the caller''s sessions, but for the one that is kept; how many';

CREATE FUNCTION platform_private.touch_session(used uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Several replicas may have seen it in the same minute.
    UPDATE platform.user_sessions SET last_activity_at = now()
     WHERE id = used AND revoked_at IS NULL AND last_activity_at < now() - interval '30 seconds';
END $$;
COMMENT ON FUNCTION platform_private.touch_session(uuid) IS 'Notes that a session is in use, at most once in half a minute';

GRANT EXECUTE ON FUNCTION
    platform_private.refresh_session(text, text, text, inet, text, text),
    platform_private.end_reused_session(text, inet, text, text),
    platform_private.revoke_session(uuid),
    platform_private.revoke_sessions(uuid),
    platform_private.touch_session(uuid)
    TO ogelbase_app;
