-- Whether somebody may give a role: they may manage members, and each permission of the role is one that their own role
-- grants. Roles are sets, so this asks for a subset and not for a rank. It answers about anybody, so requests may not
-- ask it.
CREATE FUNCTION platform_private.may_appoint(who uuid, organization uuid, wanted text) RETURNS bool
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM platform.organization_members m
          JOIN platform.users u ON u.id = m.user_id
          JOIN platform.organizations o ON o.id = m.organization_id AND (u.mfa_enabled OR NOT o.mfa_required)
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
COMMENT ON FUNCTION platform_private.may_appoint(uuid, uuid, text)
    IS 'Whether a user''s role in an organization allows to give another role there';

-- Who changes memberships locks the organization first, so that two who do it at once take turns and never wait for
-- each other in a circle. Members may: who leaves has no right to change the organization itself.
CREATE FUNCTION platform_private.lock_organization(organization uuid) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT organization = ANY (platform.current_org_ids()) THEN
        RETURN false;
    END IF;
    PERFORM FROM platform.organizations o WHERE o.id = organization FOR NO KEY UPDATE;
    -- It may have been otherwise before the wait.
    RETURN organization = ANY (platform.current_org_ids());
END $$;
COMMENT ON FUNCTION platform_private.lock_organization(uuid)
    IS 'Lets this transaction alone change who belongs to one of the caller''s organizations; whether it still is one';

-- A mutation that changed the caller's own roles goes on as who they have become.
CREATE FUNCTION platform_private.current_memberships(
    session uuid,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(session, platform.get_current_user_id(), platform.get_current_org_id());
END $$;
COMMENT ON FUNCTION platform_private.current_memberships(uuid) IS 'The caller''s roles as they are now';

-- The founder is the first owner, and who works nowhere yet works there.
CREATE FUNCTION platform_private.create_organization(new_id uuid, new_name text, new_slug text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    IF me IS NULL OR platform.get_current_org_id() IS NOT NULL THEN
        RAISE EXCEPTION 'a new organization needs a user who is not narrowed to another one'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO platform.organizations (id, name, slug) VALUES (new_id, new_name, new_slug);
    INSERT INTO platform.organization_members (id, organization_id, user_id, role)
    VALUES (platform_private.uuid_v7(), new_id, me, 'owner');
    INSERT INTO platform.subscriptions (
        id, organization_id, plan_id, plan_name, billing_cycle_anchor, current_period_start, current_period_end)
    SELECT platform_private.uuid_v7(), new_id, p.id, p.name, now(), now(), now() + interval '1 month'
      FROM platform.billing_plans p WHERE p.id = 'tier_free';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no plan tier_free to begin with';
    END IF;
    UPDATE platform.users SET active_org_id = new_id WHERE id = me AND active_org_id IS NULL;
END $$;
COMMENT ON FUNCTION platform_private.create_organization(uuid, text, text)
    IS 'Makes an organization of the caller''s with a Free subscription';

GRANT EXECUTE ON FUNCTION
    platform_private.lock_organization(uuid),
    platform_private.current_memberships(uuid),
    platform_private.create_organization(uuid, text, text)
    TO ogelbase_app;
