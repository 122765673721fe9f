CREATE OR REPLACE FUNCTION platform_private.rotate_api_key(
    old uuid, new_id uuid, new_prefix text, new_hash text, ends_at timestamptz, overlap_seconds int) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept platform.api_keys;
BEGIN
    -- Locked: of two at once the second one meets the first one's key.
    SELECT k.* INTO kept FROM platform.api_keys k WHERE k.id = old FOR UPDATE;
    IF kept.id IS NULL OR NOT platform_private.may_write_api_key(kept.organization_id, kept.user_id) THEN
        RAISE EXCEPTION 'the caller may not rotate this key' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF kept.revoked_at IS NOT NULL OR kept.expires_at <= now() THEN
        RAISE EXCEPTION 'this key is out' USING ERRCODE = 'check_violation', CONSTRAINT = 'api_key_is_live';
    END IF;
    IF EXISTS (SELECT FROM platform.api_keys k WHERE k.rotated_from = old AND k.revoked_at IS NULL) THEN
        RAISE EXCEPTION 'this key was rotated' USING ERRCODE = 'check_violation', CONSTRAINT = 'api_key_rotated_once';
    END IF;
    PERFORM platform_private.create_api_key(
        new_id, kept.organization_id, kept.name, new_prefix, new_hash, kept.scopes, kept.project_ids, ends_at,
        kept.requests_per_minute, old);
    UPDATE platform.api_keys SET expires_at = least(expires_at, now() + make_interval(secs => overlap_seconds)) WHERE id = old;
END $$;
