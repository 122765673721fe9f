DROP FUNCTION platform_private.applied_migrations();
DROP FUNCTION platform_private.close_session(uuid, text);
DROP FUNCTION platform_private.open_session(uuid, uuid, text, text, text, timestamptz, inet, text, text);
DROP FUNCTION platform_private.sign_in_lookup(text);
DROP FUNCTION platform_private.open_request(text, text);
DROP FUNCTION platform_private.memberships_of(uuid, uuid, uuid);
