DROP FUNCTION platform_private.open_service(uuid);
DROP TABLE platform_private.service_tokens;

DROP FUNCTION platform_private.revoke_api_key(uuid);
DROP FUNCTION platform_private.rotate_api_key(uuid, uuid, text, text, timestamptz, int);
DROP FUNCTION platform_private.create_api_key(uuid, uuid, text, text, text, text[], uuid[], timestamptz, int, uuid);
DROP FUNCTION platform_private.may_give_scope(uuid, uuid[], text);
DROP FUNCTION platform_private.may_write_api_key(uuid, uuid);
DROP FUNCTION platform_private.org_ids_with_own(text);
DROP FUNCTION platform_private.note_api_key_use(uuid);
DROP FUNCTION platform_private.open_api_key(text, text);
DELETE FROM platform_private.role_permissions WHERE scope = 'own';
ALTER TABLE platform_private.role_permissions DROP CONSTRAINT role_permissions_scope_check;
ALTER TABLE platform_private.role_permissions
    ADD CONSTRAINT role_permissions_scope_check CHECK (scope IN ('organization', 'project'));

DROP FUNCTION platform.current_key_project_ids();
DROP FUNCTION platform.current_org_ids_for(text);
DROP FUNCTION platform.current_caller_id();

-- As in 007.
CREATE OR REPLACE FUNCTION platform.current_active_user_id() RETURNS uuid
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

-- As in 016.
CREATE OR REPLACE FUNCTION platform.current_membership_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        SELECT m.organization_id FROM platform.organization_members m
         WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed));
END $$;
