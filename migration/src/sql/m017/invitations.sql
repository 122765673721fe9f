-- Invitations are written here alone: the application role has no right to insert or change one, and reads no digest.

-- One open invitation for each address: inviting again renews it, also when it had expired.
CREATE FUNCTION platform_private.invite_member(
    new_id uuid, organization uuid, address text, wanted_role text, new_token_hash text,
    OUT outcome text, OUT invitation uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    IF NOT organization = ANY (platform.current_org_ids_with('members:write'))
       OR NOT platform_private.may_appoint(me, organization, wanted_role) THEN
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
    VALUES (new_id, organization, address, me, wanted_role, new_token_hash, now() + interval '7 days')
    ON CONFLICT (organization_id, lower(invited_email))
          WHERE accepted_at IS NULL AND declined_at IS NULL AND revoked_at IS NULL
    DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash, expires_at = excluded.expires_at,
                  invited_by = excluded.invited_by
        -- Who may not invite an owner does not turn an owner's invitation into something else.
        WHERE platform_private.may_appoint(me, i.organization_id, i.role)
    RETURNING i.id INTO invitation;
    outcome := CASE WHEN invitation IS NULL THEN 'forbidden' WHEN invitation = new_id THEN 'invited' ELSE 'renewed' END;
END $$;
COMMENT ON FUNCTION platform_private.invite_member(uuid, uuid, text, text, text)
    IS 'Invites an address for seven days, or renews its open invitation';

-- What one may not invite for, one does not send again or take back either.
CREATE FUNCTION platform_private.renew_invitation(wanted uuid, new_token_hash text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    kept platform.organization_invitations;
BEGIN
    SELECT i.* INTO kept FROM platform.organization_invitations i
     WHERE i.id = wanted AND i.organization_id = ANY (platform.current_org_ids_with('members:write')) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF NOT platform_private.may_appoint(me, kept.organization_id, kept.role) THEN
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
       SET token_hash = new_token_hash, expires_at = now() + interval '7 days', invited_by = me, revoked_at = NULL
     WHERE id = wanted;
    RETURN 'renewed';
END $$;
COMMENT ON FUNCTION platform_private.renew_invitation(uuid, text)
    IS 'Gives an unanswered invitation a new token and seven days';

CREATE FUNCTION platform_private.revoke_invitation(wanted uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept platform.organization_invitations;
BEGIN
    SELECT i.* INTO kept FROM platform.organization_invitations i
     WHERE i.id = wanted AND i.organization_id = ANY (platform.current_org_ids_with('members:write')) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF NOT platform_private.may_appoint(platform.current_active_user_id(), kept.organization_id, kept.role) THEN
        RETURN 'forbidden';
    ELSIF kept.accepted_at IS NOT NULL OR kept.declined_at IS NOT NULL THEN
        RETURN 'answered';
    END IF;
    UPDATE platform.organization_invitations SET revoked_at = now() WHERE id = wanted AND revoked_at IS NULL;
    RETURN 'revoked';
END $$;
COMMENT ON FUNCTION platform_private.revoke_invitation(uuid) IS 'Takes an unanswered invitation back';

-- An invitation is worth what its inviter is: it ends with their right to give that role.
CREATE FUNCTION platform_private.invitation_by_token(wanted_hash text)
    RETURNS TABLE (organization text, inviter text, role text, expires_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT o.name, coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email), i.role, i.expires_at
      FROM platform.organization_invitations i
      JOIN platform.organizations o ON o.id = i.organization_id
      JOIN platform.users u ON u.id = i.invited_by
     WHERE i.token_hash = wanted_hash
       AND i.accepted_at IS NULL AND i.declined_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
       AND platform_private.may_appoint(i.invited_by, i.organization_id, i.role);
END $$;
COMMENT ON FUNCTION platform_private.invitation_by_token(text) IS 'What who holds its token may know of an open invitation';

-- Locks the invitation of a token and says whether the caller may answer it.
CREATE FUNCTION platform_private.take_invitation(wanted_hash text) RETURNS text
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
          OR NOT platform_private.may_appoint(kept.invited_by, kept.organization_id, kept.role) THEN 'closed'
        ELSE 'open' END;
END $$;
COMMENT ON FUNCTION platform_private.take_invitation(text) IS 'Locks an invitation by its token; open where the caller may answer it';

CREATE FUNCTION platform_private.accept_invitation(
    wanted_hash text, new_id uuid, OUT outcome text, OUT invitation uuid, OUT organization uuid, OUT allowed int)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    kept platform.organization_invitations;
BEGIN
    outcome := platform_private.take_invitation(wanted_hash);
    IF outcome <> 'open' THEN
        RETURN;
    END IF;
    SELECT i.* INTO kept FROM platform.organization_invitations i WHERE i.token_hash = wanted_hash;
    invitation := kept.id;
    organization := kept.organization_id;
    IF EXISTS (SELECT FROM platform.organization_members m WHERE m.organization_id = organization AND m.user_id = me) THEN
        outcome := 'member';
        RETURN;
    END IF;
    -- The organization is locked, so those who accept at the same time count one after the other.
    SELECT p.max_members INTO allowed
      FROM platform.subscriptions s JOIN platform.billing_plans p ON p.id = s.plan_id
     WHERE s.organization_id = organization;
    IF allowed <= (SELECT count(*) FROM platform.organization_members m WHERE m.organization_id = organization) THEN
        outcome := 'full';
        RETURN;
    END IF;
    INSERT INTO platform.organization_members (id, organization_id, user_id, role, invited_at, invited_by)
    VALUES (new_id, organization, me, kept.role, kept.created_at, kept.invited_by);
    UPDATE platform.organization_invitations SET accepted_at = now(), accepted_by = me WHERE id = invitation;
    UPDATE platform.users SET active_org_id = organization WHERE id = me AND active_org_id IS NULL;
    outcome := 'accepted';
END $$;
COMMENT ON FUNCTION platform_private.accept_invitation(text, uuid)
    IS 'Makes the invited person a member, as long as the plan allows one more';

-- Who declines is no member, so the record of it cannot come from them by the ordinary way.
CREATE FUNCTION platform_private.decline_invitation(
    wanted_hash text, client_ip inet, client_agent text, request text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    reached text := platform_private.take_invitation(wanted_hash);
BEGIN
    IF reached <> 'open' THEN
        RETURN reached;
    END IF;
    WITH declined AS (
        UPDATE platform.organization_invitations i SET declined_at = now() WHERE i.token_hash = wanted_hash
        RETURNING i.id, i.organization_id
    )
    INSERT INTO platform.audit_logs (
        id, organization_id, user_id, actor_label, event_type, resource_type, resource_id, action, ip_address,
        user_agent, request_id)
    SELECT platform_private.uuid_v7(), d.organization_id, me, u.email, 'invitation.declined',
           'organization_invitation', d.id, 'decline', client_ip, left(client_agent, 1024), left(request, 128)
      FROM declined d, platform.users u WHERE u.id = me;
    RETURN 'declined';
END $$;
COMMENT ON FUNCTION platform_private.decline_invitation(text, inet, text, text)
    IS 'Says no to an invitation, and puts it on the organization''s record';

GRANT EXECUTE ON FUNCTION
    platform_private.invite_member(uuid, uuid, text, text, text),
    platform_private.renew_invitation(uuid, text),
    platform_private.revoke_invitation(uuid),
    platform_private.invitation_by_token(text),
    platform_private.accept_invitation(text, uuid),
    platform_private.decline_invitation(text, inet, text, text)
    TO ogelbase_app;
