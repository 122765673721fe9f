ALTER TABLE platform.users ADD COLUMN active_org_id uuid;

COMMENT ON COLUMN platform.users.active_org_id IS 'The organization the user works in by preference; cleared when that membership ends';

-- The earliest membership. Before the key, so that adding it meets no pending event.
UPDATE platform.users u SET active_org_id = (
    SELECT m.organization_id FROM platform.organization_members m
    WHERE m.user_id = u.id ORDER BY m.joined_at, m.id LIMIT 1)
WHERE EXISTS (SELECT FROM platform.organization_members m WHERE m.user_id = u.id);

CREATE INDEX users_active_org_id_idx ON platform.users (active_org_id, id) WHERE active_org_id IS NOT NULL;

ALTER TABLE platform.users ADD CONSTRAINT users_active_org_fkey FOREIGN KEY (active_org_id, id)
    REFERENCES platform.organization_members (organization_id, user_id) ON DELETE SET NULL (active_org_id);

-- Read like any other column, written through the setter alone.
GRANT SELECT (active_org_id) ON platform.users TO ogelbase_app;

-- A null organization clears the preference.
CREATE FUNCTION platform.set_user_active_org(user_id uuid, org_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF $1 IS DISTINCT FROM nullif(current_setting('app.current_user_id', true), '')::uuid OR $1 IS NULL THEN
        RAISE EXCEPTION 'only the current user''s active organization can be set'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE platform.users u SET active_org_id = $2
    WHERE u.id = $1 AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
      AND ($2 IS NULL OR EXISTS (SELECT FROM platform.organization_members m
                                 WHERE m.organization_id = $2 AND m.user_id = u.id));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not a member of this organization' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- Runs as the caller: whose rows it shows, the policies decide.
CREATE FUNCTION platform.get_user_active_org(user_id uuid)
    RETURNS TABLE (organization_id uuid, name text, slug text, role text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o.id, o.name, o.slug, m.role
    FROM platform.users u
    JOIN platform.organization_members m ON m.organization_id = u.active_org_id AND m.user_id = u.id
    JOIN platform.organizations o ON o.id = m.organization_id
    WHERE u.id = $1 AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
$$;

GRANT EXECUTE ON FUNCTION
    platform.set_user_active_org(uuid, uuid), platform.get_user_active_org(uuid)
    TO ogelbase_app;
