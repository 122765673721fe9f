DROP FUNCTION platform_private.current_key_roles();
DROP FUNCTION platform_private.caller_may_appoint(uuid, text);
DROP FUNCTION platform.current_appointable_roles(text);
-- The step before knows no invitation of nobody's.
DELETE FROM platform.organization_invitations WHERE invited_by IS NULL;
ALTER TABLE platform.organization_invitations ALTER COLUMN invited_by SET NOT NULL;
COMMENT ON COLUMN platform.organization_invitations.invited_by IS NULL;
