-- A token of an outside issuer is checked by the server, which knows the issuer's keys; the database is told whose it
-- is. Both names arrive as bytes, because the statement that opens a request carries hexadecimal digits alone.
CREATE FUNCTION platform_private.open_external_request(
    wanted_issuer bytea, wanted_subject bytea, wanted_slug text,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid;
    is_open bool;
    narrowed uuid;
BEGIN
    SELECT u.id, u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()) INTO me, is_open
      FROM platform.users u
     WHERE u.external_issuer = convert_from(wanted_issuer, 'UTF8')
       AND u.external_subject = convert_from(wanted_subject, 'UTF8');
    IF me IS NULL THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    IF NOT is_open THEN
        outcome := 'closed';
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
    -- There is no session of ours: the issuer keeps it.
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(NULL, me, narrowed);
END $$;
COMMENT ON FUNCTION platform_private.open_external_request(bytea, bytea, text)
    IS 'Resolves who an outside issuer''s token is of and sets the context of this transaction';

-- The account of somebody whom an issuer vouches for, at first sight. It never becomes an account that is there.
CREATE FUNCTION platform_private.create_external_user(
    new_id uuid, issuer text, subject text, address text, address_confirmed bool,
    client_ip inet, client_agent text, request text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT platform.is_email(address) THEN
        RETURN 'bad_address';
    END IF;
    INSERT INTO platform.users (id, email, email_confirmed_at, external_issuer, external_subject, last_sign_in_at)
    VALUES (new_id, address, CASE WHEN address_confirmed THEN now() END, issuer, subject, now())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- Another request of the same person was first, or the address is somebody else's.
        RETURN CASE WHEN EXISTS (
            SELECT FROM platform.users u WHERE u.external_issuer = issuer AND u.external_subject = subject)
            THEN 'linked' ELSE 'taken' END;
    END IF;
    PERFORM set_config('app.current_user_id', new_id::text, true);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'user.created', resource_type => 'user',
        resource_id => new_id, action => 'create',
        metadata => jsonb_build_object('after', jsonb_build_object('external_issuer', issuer)),
        ip_address => client_ip, user_agent => left(client_agent, 500), request_id => request);
    RETURN 'created';
END $$;
COMMENT ON FUNCTION platform_private.create_external_user(uuid, text, text, text, bool, inet, text, text)
    IS 'Creates the account of an outside identity at first sight; an account with the same address stays untouched';

GRANT EXECUTE ON FUNCTION
    platform_private.open_external_request(bytea, bytea, text),
    platform_private.create_external_user(uuid, text, text, text, bool, inet, text, text)
    TO ogelbase_app;
