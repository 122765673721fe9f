-- As in 018, and the successor of a key of some projects is confined to those that are still there.
CREATE OR REPLACE FUNCTION platform_private.rotate_api_key(
    old uuid, new_id uuid, new_prefix text, new_hash text, ends_at timestamptz, overlap_seconds int) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept platform.api_keys;
    standing uuid[];
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
    IF kept.project_ids IS NOT NULL THEN
        standing := ARRAY(SELECT p.id FROM platform.projects p
                           WHERE p.id = ANY (kept.project_ids) AND p.organization_id = kept.organization_id ORDER BY p.id);
        -- Never none at all: that would be a key of every project.
        IF cardinality(standing) = 0 THEN
            RAISE EXCEPTION 'all projects of this key are gone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'api_key_has_projects';
        END IF;
    END IF;
    PERFORM platform_private.create_api_key(
        new_id, kept.organization_id, kept.name, new_prefix, new_hash, kept.scopes, standing, ends_at,
        kept.requests_per_minute, old);
    UPDATE platform.api_keys SET expires_at = least(expires_at, now() + make_interval(secs => overlap_seconds)) WHERE id = old;
END $$;
