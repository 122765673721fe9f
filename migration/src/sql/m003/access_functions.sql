-- Definer functions: they must see memberships that the caller's policies may hide, and a policy that asks
-- them must not come back to itself. Banned and deleted users have nothing.
CREATE FUNCTION platform.is_organization_owner(user_id uuid, org_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM platform.organization_members m
        JOIN platform.users u ON u.id = m.user_id
        WHERE m.organization_id = $2 AND m.user_id = $1 AND m.role = 'owner'
          AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
END
$$;

CREATE FUNCTION platform.has_project_access(user_id uuid, project_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM platform.projects p
        JOIN platform.organization_members m ON m.organization_id = p.organization_id AND m.user_id = $1
        JOIN platform.users u ON u.id = m.user_id
        LEFT JOIN platform.project_members pm ON pm.project_id = p.id AND pm.user_id = m.user_id
        WHERE p.id = $2 AND (m.role IN ('owner', 'admin') OR pm.id IS NOT NULL)
          AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now()));
END
$$;

-- They answer about anybody, so requests may not ask them.
