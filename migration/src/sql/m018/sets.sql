-- An API key works in the name of who made it, with less: in one organization (app.current_org_id), with some
-- permissions (app.current_scopes), perhaps in some projects only (app.current_project_ids). The settings are this
-- transaction's, written by open_api_key. What is missing of them allows nothing.

CREATE FUNCTION platform_private.key_has_scope(wanted text) RETURNS bool
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN wanted = ANY (coalesce(nullif(current_setting('app.current_scopes', true), ''), '{}')::text[]);
END $$;
COMMENT ON FUNCTION platform_private.key_has_scope(text) IS 'Whether the API key of this transaction has the permission among its scopes';

CREATE FUNCTION platform_private.key_confinement() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN nullif(current_setting('app.current_project_ids', true), '')::uuid[];
END $$;
COMMENT ON FUNCTION platform_private.key_confinement() IS 'Projects that the API key of this transaction is confined to; null: it is not';

CREATE FUNCTION platform_private.key_maker_role() RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT m.role
          FROM platform.organization_members m
          JOIN platform.users u ON u.id = m.user_id
          JOIN platform.organizations o ON o.id = m.organization_id
         WHERE m.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid
           AND m.organization_id = nullif(current_setting('app.current_org_id', true), '')::uuid
           AND (u.mfa_enabled OR NOT o.mfa_required)
           AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
END $$;
COMMENT ON FUNCTION platform_private.key_maker_role() IS 'The present role of who made the API key of this transaction, in its organization';

CREATE FUNCTION platform_private.key_org_ids(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF platform_private.key_has_scope(wanted)
       -- A key of some projects sees of the whole organization only what tells nothing of the others.
       AND (platform_private.key_confinement() IS NULL
            OR wanted IN ('organization:read', 'members:read', 'flags:read'))
       AND platform_private.key_maker_role() IS NOT NULL
    THEN
        RETURN ARRAY[current_setting('app.current_org_id', true)::uuid];
    END IF;
    RETURN '{}'::uuid[];
END $$;
COMMENT ON FUNCTION platform_private.key_org_ids(text) IS 'The organization of this transaction''s API key, where it has the scope for all of it';

CREATE FUNCTION platform_private.key_org_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM platform_private.role_permissions r
                WHERE r.scope = 'organization' AND r.permission = wanted
                  AND r.role = platform_private.key_maker_role())
    THEN
        RETURN platform_private.key_org_ids(wanted);
    END IF;
    RETURN '{}'::uuid[];
END $$;
COMMENT ON FUNCTION platform_private.key_org_ids_with(text) IS 'The same, where the role of who made the key grants the permission as well';

CREATE FUNCTION platform_private.key_project_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    maker_role text := platform_private.key_maker_role();
    confinement uuid[] := platform_private.key_confinement();
BEGIN
    IF maker_role IS NULL OR NOT platform_private.key_has_scope(wanted) THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN ARRAY(
        SELECT p.id
          FROM platform.projects p
         WHERE p.organization_id = nullif(current_setting('app.current_org_id', true), '')::uuid
           AND (confinement IS NULL OR p.id = ANY (confinement))
           AND (EXISTS (SELECT FROM platform_private.role_permissions r
                         WHERE r.scope = 'organization' AND r.permission = wanted AND r.role = maker_role)
                OR EXISTS (SELECT FROM platform.project_members m
                             JOIN platform_private.role_permissions r
                               ON r.scope = 'project' AND r.permission = wanted AND r.role = m.role
                            WHERE m.project_id = p.id
                              AND m.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid)));
END $$;
COMMENT ON FUNCTION platform_private.key_project_ids_with(text) IS 'Projects in which scopes and maker''s role of this transaction''s API key grant a permission';

-- The service principal has no user, and everything.
CREATE FUNCTION platform_private.service_org_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('role', true) = 'ogelbase_service' THEN
        RETURN ARRAY(SELECT o.id FROM platform.organizations o);
    END IF;
    RETURN '{}'::uuid[];
END $$;
COMMENT ON FUNCTION platform_private.service_org_ids() IS 'All organizations where the session works under the service role, otherwise none';

-- The sets of 007, 013 and 016. For a person each costs one more look at a setting.

-- A key is no person: what is somebody's own is not a key's.
CREATE OR REPLACE FUNCTION platform.current_active_user_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
BEGIN
    IF me IS NULL OR current_setting('app.current_api_key_id', true) <> '' THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT u.id FROM platform.users u
             WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
END $$;
COMMENT ON FUNCTION platform.current_active_user_id() IS 'The person of this transaction; null when banned or deleted, and under an API key';

CREATE FUNCTION platform.current_caller_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
BEGIN
    IF me IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT u.id FROM platform.users u
             WHERE u.id = me AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
END $$;
COMMENT ON FUNCTION platform.current_caller_id() IS 'In whose name this transaction works: its person, or who made its API key; null when banned or deleted';

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
    enrolled := (SELECT u.mfa_enabled FROM platform.users u
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

-- What every member may: for a person the organizations it is a member of, for a key its own if the scope is among its
-- scopes. Half the price of current_org_ids_with.
CREATE FUNCTION platform.current_org_ids_for(every_members text) RETURNS uuid[]
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
    enrolled := (SELECT u.mfa_enabled FROM platform.users u
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
COMMENT ON FUNCTION platform.current_org_ids_for(text) IS 'Organizations of this transaction''s user; under an API key its own, if it has the scope';

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
    enrolled := (SELECT u.mfa_enabled FROM platform.users u
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
    enrolled := (SELECT u.mfa_enabled FROM platform.users u
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

-- A key sees its organization with the scope alone.
CREATE OR REPLACE FUNCTION platform.current_membership_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
BEGIN
    IF me IS NULL THEN
        RETURN platform.current_org_ids();
    END IF;
    RETURN ARRAY(
        SELECT m.organization_id FROM platform.organization_members m
         WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed));
END $$;

-- The rows of projects that a key sees without projects:list on the whole organization. For a person none: a member
-- sees them all.
CREATE FUNCTION platform.current_key_project_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('app.current_api_key_id', true), '') = '' THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN platform_private.key_project_ids_with('projects:read') || platform_private.key_project_ids_with('projects:list');
END $$;
COMMENT ON FUNCTION platform.current_key_project_ids() IS 'Projects that this transaction''s API key sees one by one';

GRANT EXECUTE ON FUNCTION platform.current_caller_id(), platform.current_org_ids_for(text),
    platform.current_key_project_ids() TO ogelbase_app;
