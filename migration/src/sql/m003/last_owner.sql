-- An organization always keeps an owner who can act. Deferred, so that ownership can be handed over in
-- any order within one transaction. Touching the organization's row, rather than only locking it, makes
-- two removals at once wait for each other, and fail under REPEATABLE READ instead of both passing.
CREATE FUNCTION platform_private.require_an_owner(organization uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE platform.organizations SET updated_at = now() WHERE id = organization;
    IF NOT FOUND THEN
        RETURN; -- the organization itself is gone
    END IF;
    IF NOT EXISTS (
        SELECT FROM platform.organization_members m
        JOIN platform.users u ON u.id = m.user_id
        WHERE m.organization_id = organization AND m.role = 'owner'
          AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
    ) THEN
        RAISE EXCEPTION 'an organization keeps at least one owner'
            USING ERRCODE = 'check_violation', SCHEMA = 'platform', TABLE = 'organization_members',
                  CONSTRAINT = 'organization_keeps_an_owner';
    END IF;
END
$$;

CREATE FUNCTION platform.keep_an_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform_private.require_an_owner(OLD.organization_id);
    RETURN NULL;
END
$$;

CREATE FUNCTION platform.keep_an_owner_of_each() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform_private.require_an_owner(m.organization_id)
    FROM (SELECT organization_id FROM platform.organization_members
          WHERE user_id = NEW.id AND role = 'owner' ORDER BY organization_id) m;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER organization_keeps_an_owner
    AFTER UPDATE OR DELETE ON platform.organization_members
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.role = 'owner')
    EXECUTE FUNCTION platform.keep_an_owner();

-- Deleting an account is soft, so no membership goes with it by itself. (A ban is the operator's: it is never refused.)
CREATE CONSTRAINT TRIGGER organization_keeps_an_owner
    AFTER UPDATE OF deleted_at ON platform.users
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION platform.keep_an_owner_of_each();
