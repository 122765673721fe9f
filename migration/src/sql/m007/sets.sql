-- What the server's table of permissions says, row by row; written with every `migrate up` (which `serve` does at its
-- start) from src/auth/permission.rs.
-- While it is empty nobody is granted anything.
CREATE TABLE platform_private.role_permissions (
    scope text NOT NULL CONSTRAINT role_permissions_scope_check CHECK (scope IN ('organization', 'project')),
    role text NOT NULL,
    permission text NOT NULL,
    PRIMARY KEY (scope, role, permission)
);
COMMENT ON TABLE platform_private.role_permissions IS 'Which role grants which permission; a copy of the server''s table';

-- A custom setting reads '' and not NULL after its first use in a connection.
CREATE FUNCTION platform.get_current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    RETURN nullif(current_setting('app.current_user_id', true), '')::uuid;

CREATE FUNCTION platform.get_current_org_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    RETURN nullif(current_setting('app.current_org_id', true), '')::uuid;

-- The sets that the policies compare with. Each is computed once per statement (policies call them in an
-- uncorrelated sub-select), by the owner, whom row-level security does not bind: a policy on the membership table
-- that read the membership table itself would recurse. plpgsql is three times faster here than SQL language.

CREATE FUNCTION platform.current_active_user_id() RETURNS uuid
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
COMMENT ON FUNCTION platform.current_active_user_id() IS 'The user of this transaction; null when banned or deleted';

CREATE FUNCTION platform.current_org_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
BEGIN
    IF me IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN coalesce((
        SELECT array_agg(m.organization_id)
          FROM platform.organization_members m
          JOIN platform.users u ON u.id = m.user_id
         WHERE m.user_id = me
           AND (narrowed IS NULL OR m.organization_id = narrowed)
           AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())), '{}'::uuid[]);
END $$;
COMMENT ON FUNCTION platform.current_org_ids() IS 'Organizations that the user of this transaction is a member of';

CREATE FUNCTION platform.current_org_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
BEGIN
    IF me IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN coalesce((
        SELECT array_agg(m.organization_id)
          FROM platform.organization_members m
          JOIN platform.users u ON u.id = m.user_id
          JOIN platform_private.role_permissions r ON r.scope = 'organization' AND r.role = m.role
         WHERE m.user_id = me
           AND r.permission = wanted
           AND (narrowed IS NULL OR m.organization_id = narrowed)
           AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())), '{}'::uuid[]);
END $$;
COMMENT ON FUNCTION platform.current_org_ids_with(text) IS 'Organizations in which the role of this transaction''s user grants a permission';

CREATE FUNCTION platform.current_project_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
BEGIN
    IF me IS NULL THEN
        RETURN '{}'::uuid[];
    END IF;
    RETURN coalesce((
        SELECT array_agg(p.project_id)
          FROM platform.project_members p
          JOIN platform.users u ON u.id = p.user_id
          JOIN platform_private.role_permissions r ON r.scope = 'project' AND r.role = p.role
         WHERE p.user_id = me
           AND r.permission = wanted
           AND (narrowed IS NULL OR p.organization_id = narrowed)
           AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())), '{}'::uuid[]);
END $$;
COMMENT ON FUNCTION platform.current_project_ids_with(text) IS 'Projects shared with this transaction''s user under a role that grants a permission';

CREATE FUNCTION platform.current_database_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((
        SELECT array_agg(d.id) FROM platform.databases d
         WHERE d.project_id = ANY (platform.current_project_ids_with(wanted))), '{}'::uuid[]);
END $$;
COMMENT ON FUNCTION platform.current_database_ids_with(text) IS 'Databases of the projects of current_project_ids_with';

GRANT EXECUTE ON FUNCTION platform.get_current_user_id(), platform.get_current_org_id(),
    platform.current_active_user_id(), platform.current_org_ids(), platform.current_org_ids_with(text),
    platform.current_project_ids_with(text), platform.current_database_ids_with(text) TO ogelbase_app;
