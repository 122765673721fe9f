-- What a role grants on one's own rows: until now the policies alone knew it, by naming the row's user.
ALTER TABLE platform_private.role_permissions DROP CONSTRAINT role_permissions_scope_check;
ALTER TABLE platform_private.role_permissions
    ADD CONSTRAINT role_permissions_scope_check CHECK (scope IN ('organization', 'project', 'own'));

-- Rides on BEGIN, as open_request does: resolves a key and sets the context of this transaction. The role of who made it
-- is read anew each time.
CREATE FUNCTION platform_private.open_api_key(
    wanted_key_hash text, wanted_slug text,
    OUT outcome text, OUT api_key_id uuid, OUT user_id uuid, OUT organization_id uuid, OUT organization_role text,
    OUT project_ids uuid[], OUT project_roles text[], OUT scopes text[], OUT confined_to uuid[],
    OUT expires_at timestamptz, OUT requests_per_minute int, OUT use_is_due bool)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    slug text;
BEGIN
    outcome := 'refused';
    SELECT k.id, k.user_id, k.organization_id, k.scopes, k.project_ids, k.expires_at, k.requests_per_minute,
           coalesce(k.last_used_at < now() - interval '1 minute', true), m.role, o.slug
      INTO api_key_id, user_id, organization_id, scopes, confined_to, expires_at, requests_per_minute,
           use_is_due, organization_role, slug
      FROM platform.api_keys k
      JOIN platform.users u ON u.id = k.user_id
      JOIN platform.organization_members m ON m.organization_id = k.organization_id AND m.user_id = k.user_id
      JOIN platform.organizations o ON o.id = k.organization_id
     WHERE k.key_hash = wanted_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now())
       -- Where the maker's role grants nothing before they have a second factor, a key of theirs does not either.
       AND (u.mfa_enabled OR NOT o.mfa_required);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF wanted_slug <> slug THEN
        outcome := 'no_organization';
        RETURN;
    END IF;
    SELECT coalesce(array_agg(p.project_id), '{}'), coalesce(array_agg(p.role), '{}')
      INTO project_ids, project_roles
      FROM platform.project_members p
     WHERE p.user_id = open_api_key.user_id AND p.organization_id = open_api_key.organization_id;
    PERFORM set_config('app.current_user_id', open_api_key.user_id::text, true),
            set_config('app.current_org_id', open_api_key.organization_id::text, true),
            set_config('app.current_api_key_id', open_api_key.api_key_id::text, true),
            set_config('app.current_scopes', open_api_key.scopes::text, true),
            set_config('app.current_project_ids', coalesce(open_api_key.confined_to::text, ''), true);
    outcome := 'ok';
END $$;
COMMENT ON FUNCTION platform_private.open_api_key(text, text) IS 'Resolves an API key and sets the context of this transaction';

-- On a connection of its own: a request that fails was a use as well, and one that takes long locks no key.
CREATE FUNCTION platform_private.note_api_key_use(used uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.api_keys SET last_used_at = now()
     WHERE id = used AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
END $$;
COMMENT ON FUNCTION platform_private.note_api_key_use(uuid) IS 'Notes that a key was used, at most once a minute';

CREATE FUNCTION platform_private.org_ids_with_own(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT m.organization_id
          FROM platform.organization_members m
          JOIN platform_private.role_permissions r ON r.scope = 'own' AND r.permission = wanted AND r.role = m.role
         WHERE m.user_id = platform.current_caller_id()
           AND m.organization_id = ANY (platform.current_org_ids_for(wanted)));
END $$;
COMMENT ON FUNCTION platform_private.org_ids_with_own(text) IS 'Organizations in which the caller holds a permission on what they made';

CREATE FUNCTION platform_private.may_write_api_key(organization uuid, maker uuid) RETURNS bool
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN organization = ANY (platform.current_org_ids_with('api_keys:write'))
        OR (maker = platform.current_caller_id()
            AND organization = ANY (platform_private.org_ids_with_own('api_keys:write')));
END $$;
COMMENT ON FUNCTION platform_private.may_write_api_key(uuid, uuid) IS 'Whether the caller may change the keys that somebody made in an organization';

-- Nobody makes a key stronger than they are: each scope must be the caller's own, in every project that is named, or in
-- some project where none is.
CREATE FUNCTION platform_private.may_give_scope(organization uuid, projects uuid[], wanted text) RETURNS bool
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN organization = ANY (platform.current_org_ids_with(wanted))
        OR organization = ANY (platform_private.org_ids_with_own(wanted))
        OR CASE WHEN projects IS NULL
                THEN EXISTS (SELECT FROM platform.projects p
                              WHERE p.organization_id = organization
                                AND p.id = ANY (platform.current_project_ids_with(wanted)))
                ELSE projects <@ platform.current_project_ids_with(wanted) END;
END $$;
COMMENT ON FUNCTION platform_private.may_give_scope(uuid, uuid[], text) IS 'Whether the caller may give a permission to a key';

CREATE FUNCTION platform_private.create_api_key(
    new_id uuid, organization uuid, new_name text, new_prefix text, new_hash text, new_scopes text[],
    new_projects uuid[], ends_at timestamptz, per_minute int, replaced uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    maker uuid := platform.current_caller_id();
    latest timestamptz;
BEGIN
    IF maker IS NULL OR NOT platform_private.may_write_api_key(organization, maker) THEN
        RAISE EXCEPTION 'the caller may make no key here' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM unnest(new_projects) named (id)
                WHERE NOT EXISTS (SELECT FROM platform.projects p
                                   WHERE p.id = named.id AND p.organization_id = organization
                                     AND (p.organization_id = ANY (platform.current_org_ids_with('projects:read'))
                                          OR p.id = ANY (platform.current_project_ids_with('projects:read')))))
    THEN
        RAISE EXCEPTION 'the caller does not reach all these projects' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM unnest(new_scopes) named (scope)
                WHERE NOT platform_private.may_give_scope(organization, new_projects, named.scope))
    THEN
        RAISE EXCEPTION 'the caller does not hold all these permissions' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT k.expires_at INTO latest FROM platform.api_keys k
     WHERE k.id = nullif(current_setting('app.current_api_key_id', true), '')::uuid;
    IF coalesce(ends_at, 'infinity') > latest THEN
        RAISE EXCEPTION 'a key outlives no key that made it' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO platform.api_keys (
        id, organization_id, user_id, name, key_prefix, key_hash, scopes, project_ids, expires_at, requests_per_minute,
        rotated_from)
    VALUES (
        new_id, organization, maker, new_name, new_prefix, new_hash, new_scopes, new_projects, ends_at, per_minute,
        replaced);
END $$;
COMMENT ON FUNCTION platform_private.create_api_key(uuid, uuid, text, text, text, text[], uuid[], timestamptz, int, uuid)
    IS 'Stores a key of the caller''s that is no stronger than they are';

CREATE FUNCTION platform_private.rotate_api_key(
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
COMMENT ON FUNCTION platform_private.rotate_api_key(uuid, uuid, text, text, timestamptz, int)
    IS 'Stores the successor of a key, which itself ends after the overlap';

CREATE FUNCTION platform_private.revoke_api_key(old uuid) RETURNS bool
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE platform.api_keys SET revoked_at = now()
     WHERE id = old AND revoked_at IS NULL AND platform_private.may_write_api_key(organization_id, user_id);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION platform_private.revoke_api_key(uuid) IS 'Ends a key for ever';

GRANT EXECUTE ON FUNCTION
    platform_private.open_api_key(text, text),
    platform_private.note_api_key_use(uuid),
    platform_private.create_api_key(uuid, uuid, text, text, text, text[], uuid[], timestamptz, int, uuid),
    platform_private.rotate_api_key(uuid, uuid, text, text, timestamptz, int),
    platform_private.revoke_api_key(uuid)
    TO ogelbase_app;
