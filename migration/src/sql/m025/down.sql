-- As 009 has it.
CREATE OR REPLACE FUNCTION platform_private.open_request(
    wanted_token_hash text, wanted_slug text,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid;
    session uuid;
    narrowed uuid;
BEGIN
    SELECT s.id, s.user_id INTO session, me
      FROM platform.user_sessions s
      JOIN platform.users u ON u.id = s.user_id
     WHERE s.token_hash = wanted_token_hash
       AND s.revoked_at IS NULL AND s.expires_at > now()
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now());
    IF me IS NULL THEN
        outcome := 'refused';
        RETURN;
    END IF;
    IF wanted_slug IS NOT NULL THEN
        SELECT o.id INTO narrowed
          FROM platform.organizations o
          JOIN platform.organization_members m ON m.organization_id = o.id AND m.user_id = me
         WHERE o.slug = wanted_slug;
        IF narrowed IS NULL THEN
            outcome := 'no_organization';
            RETURN;
        END IF;
        PERFORM set_config('app.current_org_id', narrowed::text, true);
    END IF;
    PERFORM set_config('app.current_user_id', me::text, true);
    SELECT * INTO outcome, user_id, session_id, organization_id,
                  organization_ids, organization_roles, project_ids, project_roles
      FROM platform_private.memberships_of(session, me, narrowed);
END $$;
