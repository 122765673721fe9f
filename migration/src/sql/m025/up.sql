-- Resolving a session took three statements inside of two functions; this is one of each, for a sixth less. The roles are
-- those of memberships_of, which is still asked where the request is narrowed to one organization.
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
    -- An assignment evaluates its expression by itself, where PERFORM runs a statement.
    told text;
BEGIN
    SELECT s.user_id, s.id, coalesce(o.ids, '{}'), coalesce(o.roles, '{}'), coalesce(p.ids, '{}'), coalesce(p.roles, '{}')
      INTO me, session, organization_ids, organization_roles, project_ids, project_roles
      FROM platform.user_sessions s
      JOIN platform.users u ON u.id = s.user_id
     CROSS JOIN LATERAL (
           SELECT array_agg(m.organization_id) AS ids,
                  -- Null where the organization asks for a second factor first.
                  array_agg(CASE WHEN u.mfa_enabled OR NOT EXISTS (SELECT FROM platform.organizations a
                                                                    WHERE a.id = m.organization_id AND a.mfa_required)
                                 THEN m.role END) AS roles
             FROM platform.organization_members m
            WHERE m.user_id = s.user_id) o
     CROSS JOIN LATERAL (
           SELECT array_agg(m.project_id) AS ids, array_agg(m.role) AS roles
             FROM platform.project_members m
            WHERE m.user_id = s.user_id
              AND (u.mfa_enabled OR NOT EXISTS (SELECT FROM platform.organizations a
                                                 WHERE a.id = m.organization_id AND a.mfa_required))) p
     WHERE s.token_hash = wanted_token_hash
       AND s.revoked_at IS NULL AND s.expires_at > now()
       AND u.deleted_at IS NULL AND (u.banned_until IS NULL OR u.banned_until <= now());
    IF me IS NULL THEN
        outcome := 'refused';
        RETURN;
    END IF;
    outcome := 'ok';
    user_id := me;
    session_id := session;
    IF wanted_slug IS NOT NULL THEN
        SELECT o.id INTO narrowed
          FROM platform.organizations o
          JOIN platform.organization_members m ON m.organization_id = o.id AND m.user_id = me
         WHERE o.slug = wanted_slug;
        IF narrowed IS NULL THEN
            outcome := 'no_organization';
            RETURN;
        END IF;
        told := set_config('app.current_org_id', narrowed::text, true);
        SELECT * INTO outcome, user_id, session_id, organization_id,
                      organization_ids, organization_roles, project_ids, project_roles
          FROM platform_private.memberships_of(session, me, narrowed);
    END IF;
    told := set_config('app.current_user_id', me::text, true);
END $$;
