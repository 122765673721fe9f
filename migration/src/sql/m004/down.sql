DELETE FROM platform.organizations WHERE id = '$organization';

-- The owner may have become somebody in other organizations meanwhile: then the account is theirs to keep.
DELETE FROM platform.users u WHERE u.id = '$owner'
    AND NOT EXISTS (SELECT FROM platform.organization_members m WHERE m.user_id = u.id)
    AND NOT EXISTS (SELECT FROM platform.organization_invitations i WHERE i.invited_by = u.id)
    AND NOT EXISTS (SELECT FROM platform.api_keys k WHERE k.user_id = u.id);

-- The last-owner triggers now, not at commit: pending ones would bar the next step's ALTER TABLE.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
