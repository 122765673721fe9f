-- As in 007.

CREATE OR REPLACE FUNCTION platform.current_org_ids() RETURNS uuid[]
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

CREATE OR REPLACE FUNCTION platform.current_org_ids_with(wanted text) RETURNS uuid[]
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

CREATE OR REPLACE FUNCTION platform.current_project_ids_with(wanted text) RETURNS uuid[]
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
