-- Invitations of API keys, in the name of who made the key, and of the service, in nobody's: then they are the
-- platform's own, and worth what it is.
ALTER TABLE platform.organization_invitations ALTER COLUMN invited_by DROP NOT NULL;
COMMENT ON COLUMN platform.organization_invitations.invited_by IS 'Who invited, or made the API key that did; null: the platform itself';

CREATE OR REPLACE FUNCTION platform_private.invite_member(
    new_id uuid, organization uuid, address text, wanted_role text, new_token_hash text,
    OUT outcome text, OUT invitation uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    inviter uuid := platform.current_caller_id();
BEGIN
    IF NOT platform_private.caller_may_appoint(organization, wanted_role) THEN
        outcome := 'forbidden';
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
         WHERE m.organization_id = organization AND lower(u.email) = lower(address) AND u.deleted_at IS NULL)
    THEN
        outcome := 'member';
        RETURN;
    END IF;
    INSERT INTO platform.organization_invitations AS i (
        id, organization_id, invited_email, invited_by, role, token_hash, expires_at)
    VALUES (new_id, organization, address, inviter, wanted_role, new_token_hash, now() + interval '7 days')
    ON CONFLICT (organization_id, lower(invited_email))
          WHERE accepted_at IS NULL AND declined_at IS NULL AND revoked_at IS NULL
    DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash, expires_at = excluded.expires_at,
                  invited_by = excluded.invited_by
        -- Who may not invite an owner does not turn an owner's invitation into something else.
        WHERE platform_private.caller_may_appoint(i.organization_id, i.role)
    RETURNING i.id INTO invitation;
    outcome := CASE WHEN invitation IS NULL THEN 'forbidden' WHEN invitation = new_id THEN 'invited' ELSE 'renewed' END;
END $$;

CREATE OR REPLACE FUNCTION platform_private.renew_invitation(wanted uuid, new_token_hash text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept platform.organization_invitations;
BEGIN
    SELECT i.* INTO kept FROM platform.organization_invitations i
     WHERE i.id = wanted AND i.organization_id = ANY (platform.current_org_ids_with('members:write')) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF NOT platform_private.caller_may_appoint(kept.organization_id, kept.role) THEN
        RETURN 'forbidden';
    ELSIF kept.accepted_at IS NOT NULL OR kept.declined_at IS NOT NULL THEN
        RETURN 'answered';
    ELSIF EXISTS (
        SELECT FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
         WHERE m.organization_id = kept.organization_id AND lower(u.email) = lower(kept.invited_email)
           AND u.deleted_at IS NULL)
    THEN
        RETURN 'member';
    END IF;
    UPDATE platform.organization_invitations
       SET token_hash = new_token_hash, expires_at = now() + interval '7 days',
           invited_by = platform.current_caller_id(), revoked_at = NULL
     WHERE id = wanted;
    RETURN 'renewed';
END $$;

CREATE OR REPLACE FUNCTION platform_private.revoke_invitation(wanted uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept platform.organization_invitations;
BEGIN
    SELECT i.* INTO kept FROM platform.organization_invitations i
     WHERE i.id = wanted AND i.organization_id = ANY (platform.current_org_ids_with('members:write')) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF NOT platform_private.caller_may_appoint(kept.organization_id, kept.role) THEN
        RETURN 'forbidden';
    ELSIF kept.accepted_at IS NOT NULL OR kept.declined_at IS NOT NULL THEN
        RETURN 'answered';
    END IF;
    UPDATE platform.organization_invitations SET revoked_at = now() WHERE id = wanted AND revoked_at IS NULL;
    RETURN 'revoked';
END $$;

-- An invitation is worth what its inviter is: it ends with their right to give that role.
CREATE OR REPLACE FUNCTION platform_private.invitation_by_token(wanted_hash text)
    RETURNS TABLE (organization text, inviter text, role text, expires_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT o.name, coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email, 'ogelbase'), i.role, i.expires_at
      FROM platform.organization_invitations i
      JOIN platform.organizations o ON o.id = i.organization_id
      LEFT JOIN platform.users u ON u.id = i.invited_by
     WHERE i.token_hash = wanted_hash
       AND i.accepted_at IS NULL AND i.declined_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
       AND (i.invited_by IS NULL OR platform_private.may_appoint(i.invited_by, i.organization_id, i.role));
END $$;

CREATE OR REPLACE FUNCTION platform_private.take_invitation(wanted_hash text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    kept platform.organization_invitations;
    is_mine bool;
    is_confirmed bool;
BEGIN
    IF me IS NULL OR platform.get_current_org_id() IS NOT NULL THEN
        RAISE EXCEPTION 'an invitation is answered by a user who is not narrowed to another organization'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- The organization first, as everybody does who changes its memberships.
    PERFORM FROM platform.organizations o
      WHERE o.id = (SELECT i.organization_id FROM platform.organization_invitations i WHERE i.token_hash = wanted_hash)
        FOR NO KEY UPDATE;
    SELECT i.* INTO kept FROM platform.organization_invitations i WHERE i.token_hash = wanted_hash FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    SELECT lower(u.email) = lower(kept.invited_email), u.email_confirmed_at IS NOT NULL
      INTO is_mine, is_confirmed FROM platform.users u WHERE u.id = me;
    RETURN CASE
        WHEN NOT is_mine THEN 'other'
        WHEN NOT is_confirmed THEN 'unconfirmed'
        WHEN num_nonnulls(kept.accepted_at, kept.declined_at, kept.revoked_at) > 0 OR kept.expires_at <= now()
          OR (kept.invited_by IS NOT NULL
              AND NOT platform_private.may_appoint(kept.invited_by, kept.organization_id, kept.role)) THEN 'closed'
        ELSE 'open' END;
END $$;
