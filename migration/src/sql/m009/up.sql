-- The calls that come before there is a membership to check. Each does one thing. open_request trusts nothing but a
-- digest that only the holder of a 256-bit token can know; sign_in_lookup and open_session trust the server to check
-- the password in between, which PostgreSQL cannot do (Argon2id).

CREATE FUNCTION platform_private.memberships_of(
    session uuid, me uuid, narrowed uuid,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    outcome := 'ok';
    user_id := me;
    session_id := session;
    organization_id := narrowed;
    SELECT coalesce(array_agg(m.organization_id), '{}'), coalesce(array_agg(m.role), '{}')
      INTO organization_ids, organization_roles
      FROM platform.organization_members m
     WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed);
    SELECT coalesce(array_agg(p.project_id), '{}'), coalesce(array_agg(p.role), '{}')
      INTO project_ids, project_roles
      FROM platform.project_members p
     WHERE p.user_id = me AND (narrowed IS NULL OR p.organization_id = narrowed);
END $$;
COMMENT ON FUNCTION platform_private.memberships_of(uuid, uuid, uuid) IS 'The caller as the server''s guards see it';

-- Rides on BEGIN: resolves a session's token and sets the context of this transaction.
CREATE FUNCTION platform_private.open_request(
    wanted_token_hash text, wanted_slug text,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid;
    session uuid;
    narrowed uuid;
BEGIN
    SELECT s.id, s.user_id INTO session, me
      FROM platform.user_sessions s
      JOIN platform.users u ON u.id = s.user_id
     WHERE s.token_hash = wanted_token_hash
       AND s.revoked_at IS NULL AND s.expires_at > now()
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now());
    IF me IS NULL THEN
        outcome := 'refused';
        RETURN;
    END IF;
    IF wanted_slug IS NOT NULL THEN
        SELECT o.id INTO narrowed
          FROM platform.organizations o
          JOIN platform.organization_members m ON m.organization_id = o.id AND m.user_id = me
         WHERE o.slug = wanted_slug;
        IF narrowed IS NULL THEN
            outcome := 'no_organization';
            RETURN;
        END IF;
        PERFORM set_config('app.current_org_id', narrowed::text, true);
    END IF;
    PERFORM set_config('app.current_user_id', me::text, true);
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(session, me, narrowed);
END $$;
COMMENT ON FUNCTION platform_private.open_request(text, text) IS 'Resolves a session and sets the context of this transaction';

CREATE FUNCTION platform_private.sign_in_lookup(wanted_email text)
    RETURNS TABLE (user_id uuid, password_hash text, banned bool, second_factor bool)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT u.id, u.password_hash, coalesce(u.banned_until > now(), false), u.mfa_enabled
      FROM platform.users u
     WHERE lower(u.email) = lower(wanted_email) AND u.deleted_at IS NULL;
END;
COMMENT ON FUNCTION platform_private.sign_in_lookup(text) IS 'The account that an address signs in to';

CREATE FUNCTION platform_private.open_session(
    new_id uuid, me uuid, checked_hash text, new_token_hash text, new_refresh_hash text, ends_at timestamptz,
    client_ip inet, client_agent text, request text,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE platform.users SET last_sign_in_at = now()
     WHERE id = me AND deleted_at IS NULL AND (banned_until IS NULL OR banned_until <= now())
       -- The hash is what the server checked; it may have been changed, or a factor added, while Argon2 was at work.
       AND password_hash = checked_hash AND NOT mfa_enabled;
    IF NOT FOUND THEN
        outcome := 'refused';
        RETURN;
    END IF;
    INSERT INTO platform.user_sessions
           (id, user_id, token_hash, refresh_token_hash, expires_at, ip_address, user_agent, last_activity_at)
    VALUES (new_id, me, new_token_hash, new_refresh_hash, ends_at, client_ip, left(client_agent, 500), now());
    PERFORM set_config('app.current_user_id', me::text, true);
    -- Who signs in anew is not narrowed by what an older credential of the same request asked for.
    PERFORM set_config('app.current_org_id', '', true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.signed_in', resource_type => 'session',
        resource_id => new_id, action => 'create', ip_address => client_ip, user_agent => left(client_agent, 500),
        request_id => request);
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(new_id, me, NULL);
END $$;
COMMENT ON FUNCTION platform_private.open_session(uuid, uuid, text, text, text, timestamptz, inet, text, text)
    IS 'Stores a session whose password was checked by the server, and makes its user the transaction''s';

CREATE FUNCTION platform_private.close_session(ended uuid, request text) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.user_sessions SET revoked_at = now()
     WHERE id = ended AND user_id = platform.get_current_user_id() AND revoked_at IS NULL;
    IF FOUND THEN
        PERFORM platform_private.record_audit(
            organization_id => NULL, project_id => NULL, event_type => 'user.signed_out', resource_type => 'session',
            resource_id => ended, action => 'delete', request_id => request);
    END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION platform_private.close_session(uuid, text) IS 'Ends one of the caller''s own sessions';

GRANT EXECUTE ON FUNCTION
    platform_private.open_request(text, text),
    platform_private.sign_in_lookup(text),
    platform_private.open_session(uuid, uuid, text, text, text, timestamptz, inet, text, text),
    platform_private.close_session(uuid, text)
    TO ogelbase_app;

-- Readiness is asked by replicas under the application role, which does not reach the ledger itself.
CREATE FUNCTION platform_private.applied_migrations() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT array_agg(version::text) FROM platform_private.schema_migrations), '{}');
END $$;
COMMENT ON FUNCTION platform_private.applied_migrations() IS 'Names of the migrations that were applied';
GRANT EXECUTE ON FUNCTION platform_private.applied_migrations() TO ogelbase_app;
