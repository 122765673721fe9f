-- The sets of 013, less the organizations that want a second factor from who has none.
CREATE OR REPLACE FUNCTION platform.current_org_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
    enrolled bool;
BEGIN
    -- Null: nobody, banned or deleted.
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

CREATE OR REPLACE FUNCTION platform.current_org_ids_with(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
    enrolled bool;
BEGIN
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
