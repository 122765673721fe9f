-- Who comes with a token of an outside issuer has the second factor that the token tells of, or none: app.second_factor
-- says so of this transaction's user, as `<user>+` or `<user>-`. Who comes with a session of ours has the factor of their
-- account. The user's name is in it so that it is never taken for that of somebody who signs in later in the same
-- transaction.

CREATE OR REPLACE FUNCTION platform.current_org_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
    enrolled bool;
BEGIN
    IF me IS NULL THEN
        RETURN platform_private.service_org_ids();
    END IF;
    IF current_setting('app.current_api_key_id', true) <> '' THEN
        RETURN platform_private.key_org_ids('organization:read');
    END IF;
    -- Null: banned or deleted.
    enrolled := (SELECT CASE current_setting('app.second_factor', true)
                              WHEN me || '+' THEN true WHEN me || '-' THEN false ELSE u.mfa_enabled END
                   FROM platform.users u
                  WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
    IF enrolled IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN ARRAY(
        SELECT m.organization_id
          FROM platform.organization_members m
         WHERE m.user_id = me
           AND (narrowed IS NULL OR m.organization_id = narrowed)
           AND (enrolled OR NOT EXISTS (SELECT FROM platform.organizations o
                                         WHERE o.id = m.organization_id AND o.mfa_required)));
END $$;

CREATE OR REPLACE FUNCTION platform.current_org_ids_for(every_members text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
    enrolled bool;
BEGIN
    IF me IS NULL THEN
        RETURN platform_private.service_org_ids();
    END IF;
    IF current_setting('app.current_api_key_id', true) <> '' THEN
        RETURN platform_private.key_org_ids(every_members);
    END IF;
    -- Null: banned or deleted.
    enrolled := (SELECT CASE current_setting('app.second_factor', true)
                              WHEN me || '+' THEN true WHEN me || '-' THEN false ELSE u.mfa_enabled END
                   FROM platform.users u
                  WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
    IF enrolled IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN ARRAY(
        SELECT m.organization_id
          FROM platform.organization_members m
         WHERE m.user_id = me
           AND (narrowed IS NULL OR m.organization_id = narrowed)
           AND (enrolled OR NOT EXISTS (SELECT FROM platform.organizations o
                                         WHERE o.id = m.organization_id AND o.mfa_required)));
END $$;

CREATE OR REPLACE FUNCTION platform.current_org_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
    enrolled bool;
BEGIN
    IF me IS NULL THEN
        RETURN platform_private.service_org_ids();
    END IF;
    IF current_setting('app.current_api_key_id', true) <> '' THEN
        RETURN platform_private.key_org_ids_with(wanted);
    END IF;
    -- Null: banned or deleted.
    enrolled := (SELECT CASE current_setting('app.second_factor', true)
                              WHEN me || '+' THEN true WHEN me || '-' THEN false ELSE u.mfa_enabled END
                   FROM platform.users u
                  WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
    IF enrolled IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN ARRAY(
        SELECT m.organization_id
          FROM platform.organization_members m
         WHERE m.user_id = me
           AND m.role = ANY (ARRAY(SELECT r.role FROM platform_private.role_permissions r
                                    WHERE r.scope = 'organization' AND r.permission = wanted))
           AND (narrowed IS NULL OR m.organization_id = narrowed)
           AND (enrolled OR NOT EXISTS (SELECT FROM platform.organizations o
                                         WHERE o.id = m.organization_id AND o.mfa_required)));
END $$;

CREATE OR REPLACE FUNCTION platform.current_project_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
    enrolled bool;
BEGIN
    IF me IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    IF current_setting('app.current_api_key_id', true) <> '' THEN
        RETURN platform_private.key_project_ids_with(wanted);
    END IF;
    -- Null: banned or deleted.
    enrolled := (SELECT CASE current_setting('app.second_factor', true)
                              WHEN me || '+' THEN true WHEN me || '-' THEN false ELSE u.mfa_enabled END
                   FROM platform.users u
                  WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
    IF enrolled IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN ARRAY(
        SELECT p.project_id
          FROM platform.project_members p
         WHERE p.user_id = me
           AND p.role = ANY (ARRAY(SELECT r.role FROM platform_private.role_permissions r
                                    WHERE r.scope = 'project' AND r.permission = wanted))
           AND (narrowed IS NULL OR p.organization_id = narrowed)
           AND (enrolled OR NOT EXISTS (SELECT FROM platform.organizations o
                                         WHERE o.id = p.organization_id AND o.mfa_required)));
END $$;

CREATE OR REPLACE FUNCTION platform_private.memberships_of(
    session uuid, me uuid, narrowed uuid,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    withheld uuid[] := '{}';
BEGIN
    outcome := 'ok';
    user_id := me;
    session_id := session;
    organization_id := narrowed;
    IF NOT (SELECT CASE current_setting('app.second_factor', true)
                              WHEN me || '+' THEN true WHEN me || '-' THEN false ELSE u.mfa_enabled END
              FROM platform.users u WHERE u.id = me)
    THEN
        withheld := ARRAY(
            SELECT o.id FROM platform.organization_members m
              JOIN platform.organizations o ON o.id = m.organization_id AND o.mfa_required
             WHERE m.user_id = me);
    END IF;
    SELECT coalesce(array_agg(m.organization_id), '{}'),
           coalesce(array_agg(CASE WHEN m.organization_id <> ALL (withheld) THEN m.role END), '{}')
      INTO organization_ids, organization_roles
      FROM platform.organization_members m
     WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed);
    SELECT coalesce(array_agg(p.project_id), '{}'), coalesce(array_agg(p.role), '{}')
      INTO project_ids, project_roles
      FROM platform.project_members p
     WHERE p.user_id = me AND (narrowed IS NULL OR p.organization_id = narrowed)
       AND p.organization_id <> ALL (withheld);
END $$;

CREATE OR REPLACE FUNCTION platform_private.check_mfa_required() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    IF current_setting('role') = 'ogelbase_app' AND NOT EXISTS (
        SELECT FROM platform.users u
         WHERE u.id = me AND CASE current_setting('app.second_factor', true)
                              WHEN me || '+' THEN true WHEN me || '-' THEN false ELSE u.mfa_enabled END)
    THEN
        RAISE EXCEPTION 'a second factor is asked of others by who has one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organizations_mfa_required_by_enrolled';
    END IF;
    RETURN NEW;
END $$;

-- Asked about somebody who is not there: whether who signs in elsewhere has a second factor only their next token tells.
CREATE OR REPLACE FUNCTION platform_private.may_appoint(who uuid, organization uuid, wanted text) RETURNS bool
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM platform.organization_members m
          JOIN platform.users u ON u.id = m.user_id
          JOIN platform.organizations o
            ON o.id = m.organization_id AND (u.mfa_enabled OR u.external_subject IS NOT NULL OR NOT o.mfa_required)
          JOIN platform_private.role_permissions r
            ON r.scope = 'organization' AND r.role = m.role AND r.permission = 'members:write'
         WHERE m.organization_id = organization AND m.user_id = who
           AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
           AND NOT EXISTS (
               SELECT FROM platform_private.role_permissions w
                WHERE w.scope = 'organization' AND w.role = wanted
                  AND NOT EXISTS (
                      SELECT FROM platform_private.role_permissions h
                       WHERE h.scope = 'organization' AND h.role = m.role AND h.permission = w.permission)));
END $$;

CREATE OR REPLACE FUNCTION platform_private.create_external_user(
    new_id uuid, issuer text, subject text, address text, address_confirmed bool,
    client_ip inet, client_agent text, request text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT platform.is_email(address) THEN
        RETURN 'bad_address';
    END IF;
    -- An address that nobody proved is nobody's yet: an account with it would keep its owner out.
    IF address_confirmed IS NOT TRUE THEN
        RETURN 'unconfirmed';
    END IF;
    INSERT INTO platform.users (id, email, email_confirmed_at, external_issuer, external_subject, last_sign_in_at)
    VALUES (new_id, address, now(), issuer, subject, now())
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

DROP FUNCTION platform_private.open_external_request(bytea, bytea, text);
CREATE FUNCTION platform_private.open_external_request(
    wanted_issuer bytea, wanted_subject bytea, wanted_slug text, has_factor bool,
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
    PERFORM set_config('app.current_user_id', me::text, true),
            set_config('app.second_factor', me || CASE WHEN has_factor THEN '+' ELSE '-' END, true);
    -- There is no session of ours: the issuer keeps it.
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(NULL, me, narrowed);
END $$;
COMMENT ON FUNCTION platform_private.open_external_request(bytea, bytea, text, bool)
    IS 'Resolves who an outside issuer''s token is of and sets the context of this transaction';
GRANT EXECUTE ON FUNCTION platform_private.open_external_request(bytea, bytea, text, bool) TO ogelbase_app;
