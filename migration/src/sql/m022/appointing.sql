-- Who appoints may be a person, an API key or the service. A key gives and takes no role that grants what the key itself
-- does not hold: each permission of the role is among its scopes, and its maker's present role grants it.

CREATE FUNCTION platform.current_appointable_roles(kind text) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    maker_role text;
BEGIN
    IF coalesce(current_setting('app.current_api_key_id', true), '') = '' THEN
        -- What bounds a person is who may write at all, and what the policies say of owners.
        RETURN ARRAY(SELECT DISTINCT r.role FROM platform_private.role_permissions r WHERE r.scope = kind);
    END IF;
    IF kind = 'project' THEN
        -- The maker's own role in the project is looked at by the other half of the policy.
        RETURN ARRAY(
            SELECT r.role FROM platform_private.role_permissions r WHERE r.scope = kind
             GROUP BY r.role HAVING bool_and(platform_private.key_has_scope(r.permission)));
    END IF;
    maker_role := platform_private.key_maker_role();
    RETURN ARRAY(
        SELECT r.role FROM platform_private.role_permissions r WHERE r.scope IN (kind, 'own')
         GROUP BY r.role
        HAVING bool_and(
            platform_private.key_has_scope(r.permission)
            AND EXISTS (SELECT FROM platform_private.role_permissions h
                         WHERE h.role = maker_role AND h.permission = r.permission
                           AND h.scope IN (kind, r.scope))));
END $$;
COMMENT ON FUNCTION platform.current_appointable_roles(text)
    IS 'Roles of an organization, or of a project, that the API key of this transaction holds whole; for a person all';
GRANT EXECUTE ON FUNCTION platform.current_appointable_roles(text) TO ogelbase_app;

CREATE FUNCTION platform_private.caller_may_appoint(organization uuid, wanted text) RETURNS bool
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    IF NOT organization = ANY (platform.current_org_ids_with('members:write')) THEN
        RETURN false;
    END IF;
    IF me IS NOT NULL THEN
        RETURN platform_private.may_appoint(me, organization, wanted);
    END IF;
    -- Without anybody in whose name, only the service gets here.
    RETURN platform.current_caller_id() IS NULL
        OR wanted = ANY (platform.current_appointable_roles('organization'));
END $$;
COMMENT ON FUNCTION platform_private.caller_may_appoint(uuid, text)
    IS 'Whether who acts in this transaction may give a role in an organization, or take it';

-- Members take their turn, also those whose role grants nothing before they have a second factor: they may leave. So
-- does a key or the service that manages members.
CREATE OR REPLACE FUNCTION platform_private.lock_organization(organization uuid) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT (organization = ANY (platform.current_membership_ids())
            OR organization = ANY (platform.current_org_ids_with('members:write')))
    THEN
        RETURN false;
    END IF;
    PERFORM FROM platform.organizations o WHERE o.id = organization FOR NO KEY UPDATE;
    -- It may have been otherwise before the wait.
    RETURN organization = ANY (platform.current_membership_ids())
        OR organization = ANY (platform.current_org_ids_with('members:write'));
END $$;
COMMENT ON FUNCTION platform_private.lock_organization(uuid)
    IS 'Lets this transaction alone change who belongs to an organization of the caller''s; whether it still is one';

-- A mutation that changed the roles of who made the key goes on with what is left of them.
CREATE FUNCTION platform_private.current_key_roles(
    OUT organization_role text, OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    organization_role := platform_private.key_maker_role();
    SELECT coalesce(array_agg(p.project_id), '{}'), coalesce(array_agg(p.role), '{}')
      INTO project_ids, project_roles
      FROM platform.project_members p
     WHERE p.user_id = platform.current_caller_id() AND p.organization_id = platform.get_current_org_id();
END $$;
COMMENT ON FUNCTION platform_private.current_key_roles()
    IS 'The roles of who made this transaction''s API key as they are now; a null role: the key is out';
GRANT EXECUTE ON FUNCTION platform_private.current_key_roles() TO ogelbase_app;
